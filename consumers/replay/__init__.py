"""Replay: count `events` again up to a cut and compare with the aggregates, cell by cell.

    result = await replay(KafkaSource(settings))
    assert result.matched, result.differences[0]

Rules kept: the counting is the fold's own (`recount`); only committed records are read; the cut is
exact. A partition is compared only if its aggregates are exactly at the cut. `matched` needs every
partition compared and equal.

Promised: nothing is written to the log; the replay of a growing log ends. Not promised: that the
fold has caught up with the log. `result.partitions` gives the fold's position and the log's end.
"""

import asyncio
from collections.abc import Mapping, Sequence

from consumers.admission.registry import read_registry
from consumers.counting.aggregates import merged
from consumers.log_source import KafkaSource, LogSource
from consumers.replay.errors import CutBeyondEnd, CutInvalid, NoAggregates, NoEvents, ReplayError
from consumers.replay.partition import PartitionProgress, Task, end_of
from consumers.replay.result import (
    CellDifference,
    Hook,
    PartitionReplay,
    ReplayProgress,
    ReplayResult,
    ReplayVerdict,
    no_hook,
)
from consumers.replay.workers import cores, in_processes, in_this_process
from exchange.core.admission.gate import Registration
from exchange.core.counting.generation import GENERATION
from exchange.engine.errors import EngineError
from exchange.engine.log import Partition
from exchange.wire.topics import AGENCIES, EVENTS, aggregates_of

__all__ = [
    "CellDifference",
    "KafkaSource",
    "LogSource",
    "PartitionReplay",
    "ReplayError",
    "ReplayProgress",
    "ReplayResult",
    "ReplayVerdict",
    "replay",
]


async def replay(
    source: LogSource,
    cut: Mapping[int, int] | None = None,
    progress: Hook = no_hook,
    *,
    heads: Mapping[str, int] | None = None,
    independent: bool = False,
    processes: int | None = None,
) -> ReplayResult:
    """Count the log again up to `cut`: partition → first offset left out.

    Or up to `heads`: agency → last sequence inside. Neither: the position of the aggregates.

    `independent` decodes every event instead of counting slices; it is slower, and meant for
    auditors. `processes`: the most child processes, one partition each at a time; None: one for
    each core; 0: all work is done on this loop. `progress` is called on this loop. Raises a
    ReplayError, StateDamaged if the aggregates do not have their digest, or the engine's errors.
    Memory: all cells once more in this process.
    """
    topics = await source.partitions()
    ends = await _ends(source, topics)
    live = aggregates_of(GENERATION) in topics
    cut = ends if heads is not None else cut
    _check(cut, ends, live=live)
    # the longest first, so that no core is left with it at the end
    order = sorted(ends, key=lambda partition: -(ends if cut is None else cut)[partition])
    registered = await _registered(source, topics)
    tasks = [
        Task(partition, None if cut is None else cut[partition], live, independent, heads, registered)
        for partition in order
    ]
    report = _Sum(tasks, ends, progress)
    if processes == 0:
        parts = await in_this_process(source, tasks, report)
    else:
        parts = await in_processes(source, tasks, processes or cores(), report)
    if cut is None and not any(part.live and part.live.events for part in parts):
        raise NoAggregates(f"{aggregates_of(GENERATION)} is empty.")
    if heads is not None and (counted := sum(part.replayed.events for part in parts)) != sum(heads.values()):
        raise CutBeyondEnd(f"The heads name {sum(heads.values())} events; the log holds {counted} of them.")
    return await asyncio.to_thread(_whole, parts)


async def _ends(source: LogSource, topics: Mapping[str, int]) -> dict[int, int]:
    """The end of each partition of the log. Raises LogTruncated before anything is counted."""
    if EVENTS not in topics:
        raise NoEvents
    async with source.open() as log:
        reader = await log.reader()
        try:
            return {number: await end_of(reader, Partition(EVENTS, number)) for number in range(topics[EVENTS])}
        finally:
            await reader.close()


async def _registered(source: LogSource, topics: Mapping[str, int]) -> Mapping[str, Registration] | None:
    """The registered agencies, for the signatures of their newest events.

    None where this principal may not read them, or they cannot be read now.
    """
    if AGENCIES not in topics:
        return None
    async with source.open() as log:
        try:
            return dict((await read_registry(log)).agencies)
        except EngineError:
            return None


def _check(cut: Mapping[int, int] | None, ends: Mapping[int, int], *, live: bool) -> None:
    if cut is None:
        if not live:
            raise NoAggregates(f"There is no topic {aggregates_of(GENERATION)}.")
        return
    if cut.keys() != ends.keys():
        raise CutInvalid(f"`{EVENTS}` has the partitions {_listed(ends)}, the cut names {_listed(cut)}.")
    for partition, offset in sorted(cut.items()):
        if offset < 0:
            raise CutInvalid(f"{EVENTS}-{partition}: no offset is {offset}.")
        if offset > ends[partition]:
            raise CutBeyondEnd(f"{EVENTS}-{partition}: the cut is {offset}, the log's end {ends[partition]}.")


def _listed(partitions: Mapping[int, int]) -> str:
    return ", ".join(map(str, sorted(partitions))) or "none"


def _whole(parts: Sequence[PartitionReplay]) -> ReplayResult:
    in_order = tuple(sorted(parts, key=lambda part: part.partition))
    return ReplayResult(in_order, merged(part.cells for part in in_order), GENERATION)


class _Sum:
    """Adds up the progress of the partitions.

    Until a partition reports its cut, its end is used instead.
    """

    def __init__(self, tasks: Sequence[Task], ends: Mapping[int, int], progress: Hook) -> None:
        self._progress = progress
        self._at = {
            t.partition: PartitionProgress(t.partition, 0, 0, ends[t.partition] if t.cut is None else t.cut)
            for t in tasks
        }
        self._started: set[int] = set()

    def __call__(self, step: PartitionProgress) -> None:
        self._at[step.partition] = step
        self._started.add(step.partition)
        steps = self._at.values()
        self._progress(
            ReplayProgress(
                events=sum(step.events for step in steps),
                read=sum(step.read for step in steps),
                total=sum(step.cut for step in steps),
                partitions_done=sum(step.read >= step.cut for step in steps if step.partition in self._started),
                partitions=len(steps),
            )
        )
