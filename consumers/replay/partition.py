"""One partition's replay, from offset 0 to its cut, and its comparison with the aggregates.

Order matters: the aggregates are read first, then the log's end, so that their position is inside
the log. Records are counted in batches larger than one fetch, because a cell that repeats within a
batch costs once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from consumers.admission.agency_lane import verify
from consumers.counting.aggregates import LivePartition, Snapshot
from consumers.replay.at_heads import UpToHeads
from consumers.replay.chains import Chains
from consumers.replay.errors import CutBeyondEnd, LogTruncated
from consumers.replay.recount import ByDefinition, ByStep, Recount
from consumers.replay.result import CellDifference, PartitionReplay
from exchange.core.admission.gate import Registration
from exchange.engine.errors import TransactionOpen
from exchange.engine.log import Log, Partition, Reader
from exchange.engine.reading import decided_ends, read_before
from exchange.wire.records import Position
from exchange.wire.topics import EVENTS, POSITION_KEY

BATCH_RECORDS = 60_000
"""Records counted at once; about 50 MB."""


@dataclass(frozen=True, slots=True)
class Task:
    """One partition to replay.

    `cut`: None for the position of the aggregates. `live`: whether there are aggregates. `heads`:
    count the events up to these only; the cut is the log's end then. `registered`: to check the
    signatures of the newest events; None: do not.
    """

    partition: int
    cut: int | None
    live: bool
    independent: bool
    heads: Mapping[str, int] | None = None
    registered: Mapping[str, Registration] | None = None


@dataclass(frozen=True, slots=True)
class PartitionProgress:
    """How far a partition is: `read` of `cut` offsets."""

    partition: int
    events: int
    read: int
    cut: int


Report = Callable[[PartitionProgress], None]


async def replay_partition(log: Log, task: Task, report: Report) -> PartitionReplay:
    """Count one partition again.

    Raises a ReplayError, StateDamaged for damaged aggregates, or the engine's errors.
    """
    source = Partition(EVENTS, task.partition)
    reader = await log.reader()
    try:
        live = await LivePartition(reader, task.partition).catch_up() if task.live else None
        end = await end_of(reader, source)
        cut = _cut(task, live)
        if cut > end:
            raise CutBeyondEnd(f"{EVENTS}-{task.partition}: the cut is {cut}, the log's end {end}.")
        undecided = await _undecided(reader, source, cut)
        recount: Recount = ByDefinition(task.partition) if task.independent else ByStep(task.partition)
        reader.assign([source])
        reader.seek(source, 0)
        chains = Chains(source)
        events, picked = 0, None if task.heads is None else UpToHeads(task.heads)
        report(PartitionProgress(task.partition, 0, 0, cut))
        batches = read_before(reader, source, cut, records_max=BATCH_RECORDS, records_min=BATCH_RECORDS)
        async for batch in batches:
            chains.take(batch)
            records = picked.of(batch) if picked else batch
            if records:
                recount.take(records)
            events += len(records)
            report(PartitionProgress(task.partition, events, batch[-1].offset + 1, cut))
        report(PartitionProgress(task.partition, events, cut, cut))
        readable = end if undecided is None else undecided
        left = picked.left_out if picked else await _any_from(reader, source, cut, readable)
        complete = undecided is None and not left
    finally:
        await reader.close()
    at, cells = recount.counted()
    if picked and not picked.clean:
        live = None
    return PartitionReplay(
        partition=task.partition,
        cut=at.position if picked else cut,
        end=end,
        complete=complete,
        undecided=undecided,
        replayed=at,
        live=live.position if live else None,
        cells=cells,
        differences=_differences(live, at, cells),
        clean=picked is None or picked.clean,
        broken=tuple(chains.broken),
        breaks=chains.breaks,
        heads=chains.heads(),
        unsigned=tuple(chains.unsigned(task.registered, verify)) if complete and task.registered is not None else None,
    )


async def end_of(reader: Reader, source: Partition) -> int:
    """The end of a partition of `events`. Raises LogTruncated if its beginning is gone."""
    begin = (await reader.beginning_offsets([source]))[source]
    if begin:
        raise LogTruncated(f"{source.topic}-{source.partition} begins at offset {begin}.")
    return (await reader.end_offsets([source]))[source]


async def _undecided(reader: Reader, source: Partition, cut: int) -> int | None:
    """The offset from which an open transaction leaves the log undecided; None: all is decided.

    Raises TransactionOpen where that is before the cut.
    """
    try:
        await decided_ends(reader, [source])
    except TransactionOpen:
        stable = (await reader.stable_offsets([source]))[source]
        if stable < cut:
            raise
        return stable
    return None


def _cut(task: Task, live: Snapshot | None) -> int:
    if task.cut is not None:
        return task.cut
    return live.position.position if live else 0


async def _any_from(reader: Reader, source: Partition, cut: int, end: int) -> bool:
    """Whether any record lies between the cut and the end; there may be only markers."""
    reader.seek(source, cut)
    async for _ in read_before(reader, source, end, records_max=1):
        return True
    return False


def _differences(live: Snapshot | None, at: Position, cells: Mapping[bytes, int]) -> tuple[CellDifference, ...]:
    if live is None or live.position.position != at.position:
        return ()
    partition, counted = live.partition, live.cells
    differing = sorted({cell for cell, _ in counted.items() ^ cells.items()})
    found = [CellDifference(cell, partition, counted.get(cell, 0), cells.get(cell, 0)) for cell in differing]
    if not found and live.position != at:
        found.append(CellDifference(POSITION_KEY, partition, live.position.events, at.events))
    return tuple(found)
