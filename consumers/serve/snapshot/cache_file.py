"""The snapshot in a file, so that a service that starts again answers at once, without Kafka too.

    line 1       the kind of file and its version line 2       SHA-256 of all that follows, in
    hexadecimal the head     its length (8 bytes, big-endian), then JSON: names, runs, settled
    epochs, position, mark, and which rows each metric has the rest     an Arrow stream: one batch
    an epoch, with the codes of `consumers.serve.snapshot.columns`

Rules kept:
- It is replaced whole, by one rename, after it reached the disk. The columns are mapped, not read:
  they stay in the file until somebody asks for them.
- Nothing in it is trusted unread: another version, or a byte that differs, and it is thrown away
  with a word in the log. Whether its place is in the log, and is followed by the same records, is
  for the reader of Kafka to find.
- One service writes it at a time (a lock beside it); a second one only reads it.

It holds released figures and nothing else.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Final, cast

import pyarrow as pa

from consumers.serve.snapshot.columns import SCHEMA, Dictionaries, EpochColumns
from consumers.serve.snapshot.snapshot import Picture, PointRun
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus

VERSION: Final = b"exchange serve cache 1\n"
_DIGEST_LINE: Final = 65
"""Bytes of line 2."""


class CacheUnfit(Exception):
    """The file is not used; its text says why."""


class CacheUnwritable(ExchangeError):
    """The cache file cannot be written."""

    exit_code = ExitStatus.USAGE
    hint = "Name a file in a folder that this user may write to, or serve without --cache."


def read_cache(path: Path) -> Picture | None:
    """The snapshot of a file; None: there is no file. Raises CacheUnfit."""
    try:
        file = pa.memory_map(str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CacheUnfit(f"it cannot be read ({type(error).__name__})") from None
    buffer = file.read_buffer()
    view = memoryview(buffer)
    start = len(VERSION) + _DIGEST_LINE
    if bytes(view[: len(VERSION)]) != VERSION:
        raise CacheUnfit("it is of another version")
    if sha256(view[start:]).hexdigest().encode() != bytes(view[len(VERSION) : start - 1]):
        raise CacheUnfit("it is damaged")
    try:
        return _picture(buffer, start)
    except (ValueError, KeyError, TypeError, IndexError, pa.ArrowException):
        raise CacheUnfit("it is of another version") from None


def _picture(buffer: pa.Buffer, start: int) -> Picture:
    reader = pa.BufferReader(buffer.slice(start))
    head, at = _head(memoryview(buffer)[start:])
    reader.seek(at)
    batches = list(pa.ipc.open_stream(reader))
    epochs = {
        int(one["epoch"]): EpochColumns(batch, {name: slice(*ends) for name, ends in one["parts"].items()})
        for one, batch in zip(head["epochs"], batches, strict=True)
    }
    if any(batch.schema != SCHEMA for batch in batches):
        raise ValueError
    names = Dictionaries()
    for metric, dimensions in head["series"]:
        names.series_of(metric, tuple((name, code) for name, code in dimensions))
    for unit in head["units"]:
        names.units.of(unit)
    for origins in head["origins"]:
        names.origins.of(tuple((table, epoch) for table, epoch in origins))
    runs = tuple(PointRun(*run) for run in head["runs"])
    settled = frozenset(head["settled"])
    return Picture(names, MappingProxyType(epochs), runs, settled, int(head["position"]), str(head["mark"]))


def _head(view: memoryview) -> tuple[dict[str, Any], int]:
    """The line of JSON, and where the next begins."""
    length = int.from_bytes(view[:8], "big")
    return cast("dict[str, Any]", json.loads(bytes(view[8 : 8 + length]))), 8 + length


class _Hashed:
    """A file, and the hash of what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self.closed = False
        self.digest = sha256()
        self._file = file

    def write(self, octets: bytes) -> int:
        """Write on."""
        self.digest.update(octets)
        return self._file.write(octets)

    def flush(self) -> None:
        """Nothing: whoever opened the file does."""


def write_picture(picture: Picture, file: BinaryIO) -> None:
    """Write a snapshot to an empty file, piece by piece: in memory it is there once only."""
    file.write(VERSION + b"0" * (_DIGEST_LINE - 1) + b"\n")
    body = _Hashed(file)
    words = json.dumps(_words(picture), separators=(",", ":")).encode()
    body.write(len(words).to_bytes(8, "big") + words)
    with pa.ipc.new_stream(pa.PythonFile(body, "w"), SCHEMA) as stream:
        for epoch in sorted(picture.epochs):
            stream.write_batch(picture.epochs[epoch].batch)
    file.seek(len(VERSION))
    file.write(body.digest.hexdigest().encode())


def _words(picture: Picture) -> dict[str, object]:
    """The line of JSON."""
    names, order = picture.names, sorted(picture.epochs)
    return {
        "series": names.series.values,
        "units": names.units.values,
        "origins": names.origins.values,
        "runs": [(run.epoch, run.first, run.last) for run in picture.runs],
        "settled": sorted(picture.settled),
        "position": picture.position,
        "mark": picture.mark,
        "epochs": [{"epoch": epoch, "parts": _parts(picture.epochs[epoch].parts)} for epoch in order],
    }


def _parts(parts: Mapping[str, slice]) -> dict[str, tuple[int, int]]:
    return {metric: (part.start, part.stop) for metric, part in parts.items()}


class CacheFile:
    """A file that one service writes. `ours`: whether it is this one."""

    def __init__(self, path: Path, *, ours: bool) -> None:
        self.path = path
        self.ours = ours

    def write(self, picture: Picture) -> None:
        """Replace the file. Raises OSError."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        try:
            with fresh.open("wb") as out:
                write_picture(picture, out)
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(self.path)
        finally:
            fresh.unlink(missing_ok=True)


@contextmanager
def held(path: Path) -> Iterator[CacheFile]:
    """The file for as long as a service runs. Raises CacheUnwritable."""
    try:
        lock = path.with_name(f"{path.name}.lock").open("wb")
    except OSError as error:
        raise CacheUnwritable(f"{path}: {error.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield CacheFile(path, ours=False)
        else:
            yield CacheFile(path, ours=True)
