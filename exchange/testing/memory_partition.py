"""One partition of the in-memory log: committed, open and aborted records, markers, compaction."""

from dataclasses import dataclass, field
from typing import NamedTuple

from exchange.engine.log import Pair

OPEN, COMMITTED, ABORTED, MARKER = "open", "committed", "aborted", "marker"


class StoredRecord(NamedTuple):
    """A record as a reader gets it: the fields of `log.Record`."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    offset: int
    timestamp: int
    """Milliseconds."""


@dataclass(slots=True)
class Entry:
    """A record with its producer and `state`: OPEN, COMMITTED, ABORTED or MARKER."""

    record: StoredRecord
    producer: int
    state: str


@dataclass(slots=True)
class PartitionLog:
    """The records of one partition."""

    begin: int = 0
    end: int = 0
    entries: list[Entry] = field(default_factory=list)
    open_since: dict[int, int] = field(default_factory=dict)
    """Producer → offset of the first record of its open transaction."""
    sequences: dict[tuple[int, int], int] = field(default_factory=dict)
    """(producer, epoch) → the sequence number that its next record must have."""

    @property
    def stable_end(self) -> int:
        """Where the first open transaction begins: everything below is decided."""
        return min(self.open_since.values(), default=self.end)

    def append(self, pair: Pair, producer: int, at_ms: int, state: str) -> None:
        """Append a record of this time, in milliseconds."""
        self.entries.append(Entry(StoredRecord(*pair, (), self.end, at_ms), producer, state))
        self.end += 1

    def mark(self, producer: int, state: str, now_s: float) -> None:
        """End this producer's open transaction as `state`; the marker takes an offset."""
        if self.open_since.pop(producer, None) is not None:
            for entry in self.entries:
                if entry.producer == producer and entry.state == OPEN:
                    entry.state = state
        self.append((None, None), producer, int(now_s * 1000), MARKER)

    def compact(self, keep_from: int) -> None:
        """Below `keep_from`, and below the stable end: keep the last committed record of each key.

        Like Kafka's cleaner under `min.compaction.lag.ms`, it looks at old records only: a young
        record does not remove an old one of its key.
        """
        keep_from = min(keep_from, self.stable_end)
        last = {
            e.record.key: e.record.offset for e in self.entries if e.state == COMMITTED and e.record.offset < keep_from
        }
        self.entries = [
            e
            for e in self.entries
            if e.record.offset >= keep_from or (e.state == COMMITTED and last[e.record.key] == e.record.offset)
        ]
