"""Reading `aggregates.<generation>` while the fold writes it: whole snapshots, never torn ones.

The rule (DESIGN §3): a reader stops only at a position record. Cells are held back until the
position record of their transaction comes, then applied together. So a snapshot always holds the
counts at one position of `events`. Every snapshot is checked against the digest in that record,
because compaction during a read can hide a cell: it removed the record to be read next, in favour
of one behind the sampled end. Reading to a later position record brings the cell back.

Promised: a snapshot's counts are exactly those that the fold committed with its position. It
reaches at least to the topic's end when the call began. A topic that keeps moving is read to that
end and no further. Not promised: that the snapshots of two partitions are from the same moment;
each has its own position.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from exchange.core.counting.counts import Counts, merge
from exchange.core.counting.generation import GENERATION
from exchange.core.errors import ExchangeError, StateDamaged
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.reading import decided_ends, read_to
from exchange.wire.records import Position, decode_position
from exchange.wire.topics import POSITION_KEY, aggregates_of

RECORDS_MAX = 10_000
"""Records of one read. The work on them stays under 50 ms of CPU."""
LOOKS_MAX = 10
"""Reads of a moving topic, none of which gave counts with their digest, before giving up."""


class NoWholeSnapshot(ExchangeError):
    """The aggregates keep moving, and no counts that were read had the digest written with them."""

    hint = (
        "Try again. If it stays so, the counts are damaged, or cells are compacted away while they are read:"
        " `exchange topics check` compares min.compaction.lag.ms."
    )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counts of one partition at one position of `events`."""

    partition: int
    position: Position
    cells: Mapping[bytes, int]

    @property
    def written(self) -> bool:
        """Whether the fold ever wrote here."""
        return self.position.events > 0


@dataclass(slots=True)
class _Held:
    """The counts at the last position record, and the later cells, held back."""

    topic: str
    generation: str
    counts: Counts = field(default_factory=Counts)
    at: Position | None = None
    pending: dict[bytes, int] = field(default_factory=dict)
    pending_since: int = 0

    def take(self, records: Sequence[Record]) -> None:
        """Take records in order. Those up to the last position record among them take effect."""
        latest: dict[bytes, int] = {}
        for record in records:
            if record.key == POSITION_KEY:
                self.at = self._position(record.value)
                latest.update(self.pending)
                self.pending.clear()
            else:
                if not self.pending:
                    self.pending_since = record.offset
                self._hold(record)
        try:
            self.counts.put(latest)
        except OverflowError:
            raise StateDamaged(f"{self.topic} holds a count beyond 64 bits.") from None

    def whole_to(self, end: int) -> bool:
        """Whether everything before `end` has taken effect and has the digest written with it."""
        if self.pending and self.pending_since < end:
            return False
        return self.counts.digest == (self.at.digest if self.at else 0)

    def _position(self, value: bytes | None) -> Position:
        if value is None:
            raise StateDamaged(f"{self.topic} holds a position record without a position.")
        position = decode_position(value)
        if position.fingerprint != self.generation:
            raise StateDamaged(f"{self.topic} was written by other code ({position.fingerprint}).")
        return position

    def _hold(self, record: Record) -> None:
        if record.key is None:
            raise StateDamaged(f"{self.topic} holds a record without a key.")
        try:
            self.pending[record.key] = int(record.value) if record.value else 0
        except ValueError:
            raise StateDamaged(f"{self.topic} holds a count that is no number, at offset {record.offset}.") from None


class LivePartition:
    """One partition of the aggregates, read again and again. It has a reader of its own."""

    def __init__(self, reader: Reader, partition: int, generation: str = GENERATION) -> None:
        self._reader = reader
        self._partition = Partition(aggregates_of(generation), partition)
        self._held = _Held(f"{self._partition.topic}-{partition}", generation)
        self._generation = generation
        self._assigned = False

    async def catch_up(self) -> Snapshot:
        """The newest whole snapshot.

        Raises StateDamaged if the counts do not have their digest, NoWholeSnapshot if the topic
        also keeps moving, TransactionOpen, or PartitionUnknown. The next call continues from here
        and reads only new records.
        """
        end = await self._end()
        if not self._assigned:
            begin = (await self._reader.beginning_offsets([self._partition]))[self._partition]
            self._reader.assign([self._partition])
            self._reader.seek(self._partition, begin)
            self._assigned = True
        await self._read_whole(end)
        at = self._held.at or Position(0, 0, self._generation, 0)
        return Snapshot(self._partition.partition, at, self._held.counts.cells())

    async def _read_whole(self, end: int) -> None:
        """Read to the end, again and again if it moves, until the counts are whole."""
        for _ in range(LOOKS_MAX):
            await self._read_to(end)
            if self._held.whole_to(end):
                return
            before, end = end, await self._end()
            if end == before:
                raise StateDamaged(f"{self._held.topic}: the counts do not have the digest written with them.")
        raise NoWholeSnapshot(f"{self._held.topic} was read {LOOKS_MAX} times to its moving end.")

    async def _end(self) -> int:
        return (await decided_ends(self._reader, [self._partition]))[self._partition]

    async def _read_to(self, end: int) -> None:
        async for _, records in read_to(self._reader, {self._partition: end}, records_max=RECORDS_MAX):
            self._held.take(records)


async def read_aggregates(log: Log, partitions: Iterable[int], generation: str = GENERATION) -> list[Snapshot]:
    """A whole snapshot of each of these partitions, in their order.

    Raises as `LivePartition.catch_up` does.
    """
    reader = await log.reader()
    try:
        return [await LivePartition(reader, partition, generation).catch_up() for partition in partitions]
    finally:
        await reader.close()


def merged(parts: Iterable[Mapping[bytes, int]]) -> dict[bytes, int]:
    """The counts of several partitions as one set of tables, in the cells' order, without zeros.

    Equal cells are summed: a state's cell is in every partition whose agencies work there, and only
    the sum is a figure.
    """
    total = merge(chain.from_iterable(part.items() for part in parts))
    return {cell: total[cell] for cell in sorted(total) if total[cell]}
