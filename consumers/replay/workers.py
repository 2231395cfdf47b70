"""Child processes that replay one partition after another.

Counting is CPU work, which would hold up the caller's event loop. Records never travel between
processes, only progress and counts do (`consumers.child_processes`).
"""

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from typing import Final

from consumers.child_processes import ChildLost, LogJob, log_process
from consumers.log_source import LogSource
from consumers.replay.errors import ReplayFailed, ReplayProcessLost
from consumers.replay.partition import Report, Task, replay_partition
from consumers.replay.result import PartitionReplay
from exchange.engine.defects import defects_as
from exchange.engine.log import Log


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def in_processes(
    source: LogSource, tasks: Sequence[Task], processes: int, report: Report
) -> list[PartitionReplay]:
    """Do all tasks in at most so many processes. The first error ends them all and is raised."""
    left, done = deque(tasks), list[PartitionReplay]()
    workers = [asyncio.create_task(_one_process(source, left, done, report)) for _ in range(min(processes, len(tasks)))]
    try:
        await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        for worker in workers:
            if worker.done():
                worker.result()
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)
    return done


async def in_this_process(source: LogSource, tasks: Sequence[Task], report: Report) -> list[PartitionReplay]:
    """Do all tasks here, on this loop: for a log that cannot leave this process."""
    async with source.open() as log:
        return [await _replay(log, task, report) for task in tasks]


async def _one_process(source: LogSource, left: deque[Task], done: list[PartitionReplay], report: Report) -> None:
    """Take tasks until none is left."""
    where = "before its first partition"
    try:
        async with log_process(REPLAY, source) as process:
            while left:
                task = left.popleft()
                where = f"at partition {task.partition}"
                done.append(await process.do(task, report))
    except ChildLost:
        raise ReplayProcessLost(f"A process of the replay ended {where}.") from None


async def _replay(log: Log, task: Task, report: Report) -> PartitionReplay:
    with defects_as(ReplayFailed, f"Partition {task.partition}"):
        return await replay_partition(log, task, report)


REPLAY: Final = LogJob("replay", _replay, ReplayFailed, (__name__,))
