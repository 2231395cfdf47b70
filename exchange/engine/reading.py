"""Reading topics to their present end, for those who look and own nothing.

`read_to` is the one loop that does it: it ends at the end that it was given, however the topic goes on, and it does not
wait for ever for brokers that give nothing.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Final, TypeAlias

from exchange.engine.errors import LogUnavailable
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.loop_time import loop_s
from exchange.wire.records import Position, decode_position
from exchange.wire.topics import POSITION_KEY

RECORDS_MAX: Final = 5_000
"""Of one read; what is done with them stays under 50 ms of CPU."""
WAIT_S: Final = 0.1
"""Of one read. Where only control markers are left, a read brings nothing for so long: it moves the position and no more."""
SILENT_S_MAX: Final = 30.0
"""So long nothing may come of what is waited for although there is more: then the brokers are away."""
TAIL_OFFSETS: Final = 256
Extent: TypeAlias = tuple[int, int]
"""First offset that still exists, and last stable offset."""


async def extents(reader: Reader, partitions: Collection[Partition]) -> dict[Partition, Extent]:
    """Where partitions begin and end. Raises PartitionUnknown."""
    begins = await reader.beginning_offsets(partitions)
    ends = await reader.end_offsets(partitions)
    return {partition: (begins[partition], ends[partition]) for partition in partitions}


async def read_to(
    reader: Reader, ends: Mapping[Partition, int], *, records_max: int = RECORDS_MAX
) -> AsyncIterator[tuple[Partition, Sequence[Record]]]:
    """The records from where an assigned reader stands until it is at `ends` or further on, batch by batch.

    The last batches may hold records behind the ends: go on from there with the next ends. Raises LogUnavailable when
    nothing comes although there is more.
    """
    for partition, end in ends.items():
        moved_at, position = loop_s(), await reader.position(partition)
        while position < end:
            batch = await reader.getmany(timeout_s=WAIT_S, records_max=records_max)
            before, position = position, await reader.position(partition)
            moved_at = loop_s() if position != before else moved_at
            if loop_s() - moved_at > SILENT_S_MAX:
                where = f"{partition.topic}-{partition.partition}"
                raise LogUnavailable(f"{where}: nothing comes behind offset {position}, and the log goes on to {end}.")
            for source, records in batch.items():
                if records:
                    yield source, records
            if partition in batch:
                moved_at = loop_s()  # what the caller did with them is not silence


async def read_whole(
    reader: Reader, partition: Partition, *, records_max: int = RECORDS_MAX
) -> AsyncIterator[Sequence[Record]]:
    """Everything that a partition holds now, in order; the reader is assigned to it alone, and stays at its end."""
    begins = await reader.beginning_offsets([partition])
    ends = await reader.end_offsets([partition])
    reader.assign([partition])
    reader.seek(partition, begins[partition])
    async for _, records in read_to(reader, ends, records_max=records_max):
        yield records


async def newest_by_key(log: Log, partition: Partition) -> dict[bytes, bytes]:
    """What a compacted partition says now: the newest value of each key that has one."""
    newest: dict[bytes, bytes] = {}
    reader = await log.reader()
    try:
        async for records in read_whole(reader, partition):
            for record in records:
                apply_compacted(newest, record)
    finally:
        await reader.close()
    return newest


def apply_compacted(newest: dict[bytes, bytes], record: Record) -> None:
    """Apply a record of a compacted topic."""
    if record.key is None:
        return
    if record.value is None:
        newest.pop(record.key, None)
    else:
        newest[record.key] = record.value


class NewestPositions:
    """The newest position records of partitions of `aggregates`. The reader is this one's alone.

    It is assigned once: a client that is assigned others again and again leaves a waiting fetch behind each time, and
    what it asks next stands behind all of them.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._looked_at: dict[Partition, int] = {}
        self._found: dict[Partition, Position] = {}

    async def newest(self, extents: Mapping[Partition, Extent]) -> Mapping[Partition, Position]:
        """Of each partition that was ever written, given the extents of always the same ones.

        Reads back from the ends, further and further: behind the record stands at least a control marker, and there may
        be aborted transactions.
        """
        if not self._looked_at:
            stand_at_ends(self._reader, extents)
        missing = {p: extent for p, extent in extents.items() if extent[1] > self._looked_at.get(p, extent[0])}
        span = TAIL_OFFSETS
        while missing:
            starts = {p: max(begin, self._looked_at.get(p, begin), end - span) for p, (begin, end) in missing.items()}
            for partition, start in starts.items():
                self._reader.seek(partition, start)
            found = await self._read({p: end for p, (_, end) in missing.items()})
            whole = {p for p, (begin, _) in missing.items() if starts[p] == max(begin, self._looked_at.get(p, begin))}
            missing = {p: extent for p, extent in missing.items() if p not in found | whole}
            span *= 16
        self._looked_at = {p: end for p, (_, end) in extents.items()}
        return self._found

    async def _read(self, ends: Mapping[Partition, int]) -> set[Partition]:
        found = set()
        async for partition, records in read_to(self._reader, ends):
            for record in records:
                if record.key == POSITION_KEY and record.value is not None:
                    self._found[partition] = decode_position(record.value)
                    found.add(partition)
        return found


class Unread:
    """How much of partitions is not read yet. The reader is this one's alone, and assigned once, as in `NewestPositions`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[Partition, tuple[int, int, int]] = {}

    async def offsets(
        self, positions: Mapping[Partition, int], extents: Mapping[Partition, Extent]
    ) -> dict[Partition, int]:
        """How many offsets lie between each position and the end of its partition: none if no record does.

        Behind a transaction's last record stands a control marker that nobody reads, so the plain difference would
        never come to 0. Give always the same partitions.
        """
        if not self._known:
            stand_at_ends(self._reader, extents)
        asked = {p: (at, extents[p][1]) for p, at in positions.items()}
        unknown = {p for p, pair in asked.items() if pair[0] < pair[1] and self._known.get(p, ())[:2] != pair}
        lags = {p: self._known[p][2] if self._known.get(p, ())[:2] == pair else 0 for p, pair in asked.items()}
        for partition in unknown:
            self._reader.seek(partition, positions[partition])
        decided_at = loop_s()
        while unknown:
            batch = await self._reader.getmany(timeout_s=WAIT_S, records_max=RECORDS_MAX)
            for partition in unknown & set(batch):
                lags[partition] = max(0, asked[partition][1] - batch[partition][0].offset)
            decided = unknown & set(batch) | {p for p in unknown if await self._reader.position(p) >= asked[p][1]}
            decided_at = loop_s() if decided else decided_at
            if loop_s() - decided_at > SILENT_S_MAX:
                raise LogUnavailable("Nothing comes from partitions that go on.")
            unknown -= decided
        self._known = {p: (*pair, lags[p]) for p, pair in asked.items()}
        return lags


def stand_at_ends(reader: Reader, extents: Mapping[Partition, Extent]) -> None:
    """Assign partitions and stand where each ends."""
    reader.assign(extents.keys())
    for partition, (_, end) in extents.items():
        reader.seek(partition, end)
