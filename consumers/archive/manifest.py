"""The manifest of an archive: its files, their digests, and the exchange that they are of.

Only files that the manifest names count. It is written last and in one step, so a directory holds a
whole archive at any moment, whatever was interrupted.

Rules kept: the manifest has a digest of itself. What cannot be read is damaged, never empty.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from consumers.archive.errors import ArchiveDamaged, NoArchive
from exchange.core.errors import ExchangeError
from exchange.core.model.epochs import epoch_text, parse_epoch
from exchange.engine.private_file import write_private

KIND: Final = "exchange archive"
FORMAT: Final = 2
MANIFEST: Final = "manifest.json"
NOTICE: Final = "Restricted: every event of every agency. For operators only; keep it encrypted, never pass it on."
OPEN: Final = 0
"""In place of an epoch: the records after the last closed one."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One file: the records of a topic that belong to one epoch, or to the open one.

    `sha256`: of the file. `content`: of its records, of all topics but `events`. `heads`: of
    `events`: (sequence, digest) of the last event of each agency that is in it.
    """

    topic: str
    epoch: int
    file: str
    records: int
    octets: int
    sha256: str
    content: str = ""
    heads: Mapping[str, tuple[int, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """An archive. `exchange`: a digest of the first registration, which a restore keeps.

    `cluster`: the id of the archived cluster. `partitions`: of its `events`. `segments`: each
    topic's in order.
    """

    exchange: str
    cluster: str
    partitions: int
    at_ms: int
    segments: tuple[Segment, ...]

    def of(self, topic: str) -> tuple[Segment, ...]:
        """The segments of one topic, in order; the open one last."""
        return tuple(one for one in self.segments if one.topic == topic)

    @property
    def epochs(self) -> tuple[int, ...]:
        """The closed epochs, in order."""
        return tuple(sorted({one.epoch for one in self.segments if one.epoch != OPEN}))

    def heads(self, *, closed: bool = False) -> dict[str, tuple[int, str]]:
        """(sequence, digest) of the last event of each agency. `closed`: of closed epochs only."""
        found: dict[str, tuple[int, str]] = {}
        for one in self.segments:
            if one.epoch != OPEN or not closed:
                found |= one.heads
        return found

    def records(self, topic: str) -> int:
        """The number of records of a topic."""
        return sum(one.records for one in self.of(topic))

    @property
    def digest(self) -> str:
        """The archive's digest, hexadecimal: SHA-256 of everything in the manifest."""
        return sha256(_canonical(self._plain())).hexdigest()

    def _plain(self) -> dict[str, object]:
        return {
            "kind": KIND,
            "format": FORMAT,
            "notice": NOTICE,
            "exchange": self.exchange,
            "cluster": self.cluster,
            "partitions": self.partitions,
            "at_ms": self.at_ms,
            "segments": [
                {**asdict(one), "epoch": _epoch_name(one.epoch), "heads": dict(one.heads)} for one in self.segments
            ],
        }

    def encoded(self) -> bytes:
        """The bytes of the file."""
        return json.dumps({**self._plain(), "digest": self.digest}, indent=1).encode() + b"\n"


def _canonical(plain: Mapping[str, object]) -> bytes:
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()


def _epoch_name(epoch: int) -> str:
    return "open" if epoch == OPEN else epoch_text(epoch)


def file_name(topic: str, epoch: int, digest: str) -> str:
    """The name of a segment's file. It names the content, so no file is ever changed."""
    return f"{topic}-{_epoch_name(epoch)}-{digest[:12]}.avro"


def read_manifest(directory: Path) -> Manifest | None:
    """The manifest in a directory; None where there is none. Raises ArchiveDamaged, OSError."""
    try:
        octets = (directory / MANIFEST).read_bytes()
    except FileNotFoundError:
        return None
    try:
        found = json.loads(octets)
        if found["kind"] != KIND:
            raise NoArchive(f"{directory / MANIFEST} is not the manifest of an archive.")
        if found["format"] != FORMAT:
            raise ArchiveDamaged(f"The archive has format {int(found['format'])}; this program reads format {FORMAT}.")
        manifest = _parsed(found)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ArchiveDamaged(f"{MANIFEST} cannot be read.") from None
    if manifest.digest != found.get("digest"):
        raise ArchiveDamaged(f"{MANIFEST} does not have its digest.")
    return manifest


def _parsed(found: Mapping[str, object]) -> Manifest:
    segments = found["segments"]
    if not isinstance(segments, list):
        raise TypeError
    return Manifest(
        str(found["exchange"]),
        str(found["cluster"]),
        _number(found["partitions"]),
        _number(found["at_ms"]),
        tuple(_segments(segments)),
    )


def _segments(rows: Sequence[Mapping[str, object]]) -> Iterator[Segment]:
    for row in rows:
        heads = row["heads"]
        if not isinstance(heads, dict):
            raise TypeError
        yield Segment(
            str(row["topic"]),
            _epoch(str(row["epoch"])),
            str(row["file"]),
            _number(row["records"]),
            _number(row["octets"]),
            str(row["sha256"]),
            str(row["content"]),
            {str(agency): (_number(sequence), str(digest)) for agency, (sequence, digest) in heads.items()},
        )


def _epoch(name: str) -> int:
    try:
        return OPEN if name == "open" else parse_epoch(name)
    except ExchangeError:
        raise ValueError from None


def _number(found: object) -> int:
    if not isinstance(found, int):
        raise TypeError
    return found


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Put a manifest in the place of an earlier one, in one step. Raises OSError."""
    write_private(directory / MANIFEST, manifest.encoded())
