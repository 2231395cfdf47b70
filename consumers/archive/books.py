"""The small topics of an exchange, read whole, and where each closed epoch ends in them.

`releases` is read before `draws`, and `draws` before all others. So every release that was read has
its draw, and everything that the ledger names was there when it was read.

Rules kept: the topics begin at offset 0. The ledger belongs to this cluster, and no restore is
under way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from consumers.archive.errors import LogBeginsLate
from consumers.archive.manifest import OPEN
from consumers.release.draws_state import DrawsState
from exchange.core.release.closed_epochs import Closed, check_address
from exchange.core.release.cuts import Cut
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.reading import read_whole
from exchange.wire.public_records import parse_release_key
from exchange.wire.records import decode_registration
from exchange.wire.release_records import decode_spent, parse_ledger_part
from exchange.wire.topics import AGENCIES, DRAWS, EPOCHS, RELEASES

SMALL_TOPICS: Final = (RELEASES, DRAWS, EPOCHS, AGENCIES)
"""In the order in which they are read. Each has one partition."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a closed epoch ends: the first offset of the next one in each topic."""

    epoch: int
    draws: int
    epochs: int
    agencies: int

    def of(self, topic: str) -> int:
        """In one topic."""
        return {DRAWS: self.draws, EPOCHS: self.epochs, AGENCIES: self.agencies}[topic]


@dataclass(frozen=True, slots=True)
class Books:
    """The records of the small topics, and the ledger. `cluster`: the id of the cluster."""

    cluster: str
    records: dict[str, list[Record]]
    closed: Closed
    bounds: tuple[Bound, ...]

    def of_epochs(self, topic: str) -> Iterator[tuple[int, list[Record]]]:
        """The records of a topic by closed epoch, in order; those of the open epoch last."""
        if topic == RELEASES:
            yield from self._releases()
            return
        start = 0
        for bound in self.bounds:
            end = bound.of(topic)
            yield bound.epoch, [one for one in self.records[topic] if start <= one.offset < end]
            start = end
        yield OPEN, [one for one in self.records[topic] if one.offset >= start]

    def _releases(self) -> Iterator[tuple[int, list[Record]]]:
        """By their own epoch: the publisher may be behind the ledger."""
        for bound in self.bounds:
            yield (
                bound.epoch,
                [one for one in self.records[RELEASES] if parse_release_key(one.key or b"") == bound.epoch],
            )
        yield OPEN, []

    @property
    def exchange(self) -> str:
        """A digest of the first registration, which no restore changes; empty before it."""
        for record in self.records[AGENCIES]:
            if record.value is not None:
                keys = ",".join(f"{number}:{key.hex()}" for number, key in decode_registration(record.value).keys[:1])
                return sha256(b"%b|%d|%b" % (record.key or b"", record.timestamp, keys.encode())).hexdigest()
        return ""

    def cut(self, epoch: int) -> Cut:
        """The cut of a closed epoch."""
        return self.closed.cuts[epoch]


async def read_books(log: Log) -> Books:
    """Read the small topics of a cluster.

    Raises LogBeginsLate, ClusterUnknown, RestoreUnfinished, DrawsDamaged and the engine's errors.
    """
    cluster = await log.cluster_id()
    reader = await log.reader()
    try:
        records = {topic: await _whole(reader, topic) for topic in SMALL_TOPICS}
    finally:
        await reader.close()
    books = books_of(cluster, records)
    check_address(books.closed, cluster)
    return books


def books_of(cluster: str, records: dict[str, list[Record]]) -> Books:
    """The books of these records. Raises DrawsDamaged, MessageUnreadable."""
    state, bounds = DrawsState(), list[Bound]()
    for record in records[DRAWS]:
        state.take(record)
        if (found := _bound(record)) is not None:
            bounds.append(found)
    return Books(cluster, records, state.closed, tuple(bounds))


def _bound(record: Record) -> Bound | None:
    """Where an epoch ends, if this is the ledger's record of one that was closed."""
    if record.key is None or record.value is None or parse_ledger_part(record.key) is None:
        return None
    spent = decode_spent(record.value)
    return None if spent.refused else Bound(spent.epoch, record.offset + 1, spent.position, spent.registered)


async def _whole(reader: Reader, topic: str) -> list[Record]:
    source = Partition(topic, 0)
    await begins_at_zero(reader, [source])
    return [record async for records in read_whole(reader, source) for record in records]


async def begins_at_zero(reader: Reader, sources: Sequence[Partition]) -> None:
    """Raise LogBeginsLate unless each partition still has its first offset."""
    for source, begin in (await reader.beginning_offsets(sources)).items():
        if begin:
            raise LogBeginsLate(f"{source.topic}-{source.partition} begins at offset {begin}.")
