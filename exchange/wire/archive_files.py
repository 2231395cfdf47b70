"""A file of an archive: an Avro container file that holds records of one topic, byte for byte.

Each Avro record is a run of Kafka records of one partition, in columns. Any Avro library reads the
file; the schema says how each column is packed. Values that Avro would read one by one took most of
the time of an archive and of a restore.

Rules kept: key, value and time are those of the Kafka record. A file is read only as a whole, and
raises `FileUnreadable` where its bytes are not those that were written.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate, chain, groupby, pairwise, repeat
from operator import sub
from pathlib import Path
from struct import pack, unpack
from typing import IO, Final, cast

import fastavro
from fastavro.schema import to_parsing_canonical_form
from fastavro.write import Writer

from exchange.core.errors import ExchangeError

CODEC: Final = "deflate"
LEVEL: Final = 1
BLOCK_BYTES: Final = 1 << 16
_KEYS: Final = {
    "type": "array",
    "items": {
        "type": "record",
        "name": "KeyOfRecords",
        "fields": [{"name": "key", "type": ["null", "bytes"]}, {"name": "records", "type": "int"}],
    },
}
SCHEMA: Final = fastavro.parse_schema(
    {
        "type": "record",
        "name": "ArchivedRun",
        "namespace": "exchange.wire",
        "doc": "Records of one partition, in order. Restricted. All numbers are signed and big-endian.",
        "fields": [
            {"name": "partition", "type": "int"},
            {
                "name": "offsets",
                "doc": "on the archived cluster: 8 bytes a record, by how much it is more than the one before",
                "type": "bytes",
            },
            {"name": "timestamps", "doc": "milliseconds since 1970, packed as the offsets are", "type": "bytes"},
            {"name": "keys", "doc": "each key, and how many records in a row have it", "type": _KEYS},
            {"name": "lengths", "doc": "of the values: 4 bytes a record; -1: no value", "type": "bytes"},
            {"name": "values", "doc": "one after another", "type": "bytes"},
        ],
    }
)
_CANONICAL: Final = to_parsing_canonical_form(SCHEMA)
_NO_VALUE: Final = -1


class FileUnreadable(ExchangeError):
    """A file of the archive is not an Avro file of records."""

    hint = "Use another copy of the archive."


@dataclass(frozen=True, slots=True)
class RecordRun:
    """Records of one partition, in order, in columns of equal length."""

    partition: int
    offsets: Sequence[int]
    timestamps: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]


class RunWriter:
    """Writes runs to a file. `digest`, `octets` and `records` are of the whole file after `end`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._out = _Hashing(file)
        out = cast("IO[bytes]", self._out)
        self._writer = Writer(out, SCHEMA, codec=CODEC, sync_interval=BLOCK_BYTES, compression_level=LEVEL)
        self.records = 0

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes that were written, hexadecimal."""
        return self._out.hash.hexdigest()

    @property
    def octets(self) -> int:
        """The number of bytes that were written."""
        return self._out.octets

    def add(self, run: RecordRun) -> None:
        """Write a run."""
        self._writer.write(_packed(run))
        self.records += len(run.offsets)

    def end(self) -> None:
        """Write what is left in memory."""
        self._writer.flush()


class _Hashing:
    """A file that is only written to, and hashed meanwhile."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.hash, self.octets = file, sha256(), 0

    def write(self, octets: bytes) -> int:
        self.hash.update(octets)
        self.octets += len(octets)
        return self._file.write(octets)

    def flush(self) -> None:
        """The Avro writer asks for it after each block. Only the file's end is certain."""

    def seekable(self) -> bool:
        """A new file: there is nothing to append to."""
        return False


@contextmanager
def run_writer(file: IO[bytes]) -> Iterator[RunWriter]:
    """A writer of runs; at the end of the block the file is whole."""
    writer = RunWriter(file)
    yield writer
    writer.end()


def read_runs(path: Path) -> Iterator[RecordRun]:
    """The runs of a file, in order. Raises FileUnreadable and OSError."""
    with path.open("rb") as file:
        try:
            for packed in _ours(fastavro.block_reader(file)):
                yield _unpacked(packed)
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - fastavro raises anything on foreign bytes, and quotes them
            raise FileUnreadable(f"{path.name} is not an Avro file of records.") from None


def _ours(blocks: "fastavro.block_reader") -> Iterator[dict[str, object]]:
    """The Avro records of a file with our schema. Another one would be read as if it were ours."""
    if to_parsing_canonical_form(blocks.writer_schema) != _CANONICAL:
        raise ValueError
    for block in blocks:
        yield from cast("Iterator[dict[str, object]]", block)


def _packed(run: RecordRun) -> dict[str, object]:
    values, count = run.values, len(run.values)
    return {
        "partition": run.partition,
        "offsets": _packed_steps(run.offsets),
        "timestamps": _packed_steps(run.timestamps),
        "keys": [{"key": key, "records": len(list(same))} for key, same in groupby(run.keys)],
        "lengths": pack(f">{count}i", *(_NO_VALUE if value is None else len(value) for value in values)),
        "values": b"".join(value for value in values if value is not None),
    }


def _unpacked(packed: dict[str, object]) -> RecordRun:
    """Raises where the columns are not of equal length."""
    lengths, octets = cast("bytes", packed["lengths"]), cast("bytes", packed["values"])
    count = len(lengths) // 4
    sizes = unpack(f">{count}i", lengths)
    bounds = list(accumulate((max(0, size) for size in sizes), initial=0))
    values: list[bytes | None] = [octets[start:end] for start, end in pairwise(bounds)]
    if _NO_VALUE in sizes:
        values = [None if size == _NO_VALUE else value for size, value in zip(sizes, values, strict=True)]
    groups = cast("list[dict[str, object]]", packed["keys"])
    keys = list(
        chain.from_iterable(repeat(cast("bytes | None", one["key"]), cast("int", one["records"])) for one in groups)
    )
    if bounds[-1] != len(octets) or len(keys) != count:
        raise ValueError
    offsets, times = (_unpacked_steps(cast("bytes", packed[name]), count) for name in ("offsets", "timestamps"))
    return RecordRun(cast("int", packed["partition"]), offsets, times, keys, values)


def _packed_steps(numbers: Sequence[int]) -> bytes:
    return pack(f">{len(numbers)}q", *map(sub, numbers, chain((0,), numbers)))


def _unpacked_steps(packed: bytes, count: int) -> list[int]:
    return list(accumulate(unpack(f">{count}q", packed)))


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal. Raises OSError."""
    found = sha256()
    with path.open("rb") as file:
        while octets := file.read(1 << 20):
            found.update(octets)
    return found.hexdigest()
