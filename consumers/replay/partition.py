"""One partition's replay, from offset 0 to its cut, and its comparison with the aggregates. Runs where it is called.

Order matters: the aggregates are read first, then the log's end, so that the position they stand at is inside the log.
Records are counted in lots larger than one fetch, because cells that repeat within a lot cost once.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from consumers.counting.aggregates import LivePartition, Snapshot
from consumers.replay.errors import CutBeyondEnd, LogTruncated
from consumers.replay.recount import ByDefinition, ByStep, Recount
from consumers.replay.result import CellDifference, PartitionReplay
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.reading import read_to
from exchange.wire.records import Position
from exchange.wire.topics import EVENTS, POSITION_KEY

LOT_RECORDS = 60_000
"""Counted at once; about 50 MB of records."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to replay. `cut`: None for where the aggregates stand. `live`: whether there are any to read."""

    partition: int
    cut: int | None
    live: bool
    independent: bool


@dataclass(frozen=True, slots=True)
class PartitionProgress:
    """How far a partition is: offsets `read` of `cut`."""

    partition: int
    events: int
    read: int
    cut: int


Report = Callable[[PartitionProgress], None]


async def replay_partition(log: Log, task: Task, report: Report) -> PartitionReplay:
    """Fold one partition again. Raises a ReplayError, StateDamaged when the aggregates are, or the engine's errors."""
    source = Partition(EVENTS, task.partition)
    reader = await log.reader()
    try:
        live = await LivePartition(reader, task.partition).catch_up() if task.live else None
        end = await end_of(reader, source)
        cut = _cut(task, live)
        if cut > end:
            raise CutBeyondEnd(f"{EVENTS}-{task.partition}: the cut is {cut}, the log's end {end}.")
        recount: Recount = ByDefinition(task.partition) if task.independent else ByStep(task.partition)
        reader.assign([source])
        reader.seek(source, 0)
        events = 0
        report(PartitionProgress(task.partition, 0, 0, cut))
        async for records in _before(reader, source, cut):
            recount.take(records)
            events += len(records)
            report(PartitionProgress(task.partition, events, records[-1].offset + 1, cut))
        report(PartitionProgress(task.partition, events, cut, cut))
        complete = not await _any_from(reader, source, cut, end)
    finally:
        await reader.close()
    at, cells = recount.counted()
    return PartitionReplay(
        partition=task.partition,
        cut=cut,
        end=end,
        complete=complete,
        replayed=at,
        live=live.position if live else None,
        cells=cells,
        differences=_differences(live, at, cells),
    )


async def end_of(reader: Reader, source: Partition) -> int:
    """The end of a partition of `events`; raises LogTruncated when its beginning is gone."""
    begin = (await reader.beginning_offsets([source]))[source]
    if begin:
        raise LogTruncated(f"{source.topic}-{source.partition} begins at offset {begin}.")
    return (await reader.end_offsets([source]))[source]


def _cut(task: Task, live: Snapshot | None) -> int:
    if task.cut is not None:
        return task.cut
    return live.position.position if live else 0


async def _before(reader: Reader, source: Partition, cut: int) -> AsyncIterator[Sequence[Record]]:
    """The records before the cut, exactly, in lots."""
    lot: list[Sequence[Record]] = []
    async for _, records in read_to(reader, {source: cut}, records_max=LOT_RECORDS):
        wanted = records if records[-1].offset < cut else [r for r in records if r.offset < cut]
        if wanted:
            lot.append(wanted)
        if sum(map(len, lot)) >= LOT_RECORDS:
            yield list(chain.from_iterable(lot))
            lot.clear()
    if lot:
        yield list(chain.from_iterable(lot))


async def _any_from(reader: Reader, source: Partition, cut: int, end: int) -> bool:
    """Whether any record stands from the cut to the end; there may be nothing but markers."""
    reader.seek(source, cut)
    async for _, records in read_to(reader, {source: end}, records_max=1):
        return records[0].offset < end
    return False


def _differences(live: Snapshot | None, at: Position, cells: Mapping[bytes, int]) -> tuple[CellDifference, ...]:
    if live is None or live.position.position != at.position:
        return ()
    partition, theirs = live.partition, live.cells
    differing = sorted({cell for cell, _ in theirs.items() ^ cells.items()})
    found = [CellDifference(cell, partition, theirs.get(cell, 0), cells.get(cell, 0)) for cell in differing]
    if not found and live.position != at:
        found.append(CellDifference(POSITION_KEY, partition, live.position.events, at.events))
    return tuple(found)
