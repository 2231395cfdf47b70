"""Processes that replay one partition after another: counting is CPU, and no caller's event loop shall feel it.

Each process opens the log for itself; records never travel between processes, only progress and counts do. None outlives
the process that started it: that one ends them in the end, on an error and on Ctrl-C, and they end themselves should it
be gone. They are spawned, not forked: a fork would copy a running event loop and its sockets.
"""

import asyncio
import multiprocessing
import os
import traceback
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from consumers.child_processes import end_with_parent, joined, portable, without_ctrl_c
from consumers.log_source import LogSource
from consumers.replay.errors import ReplayFailed, ReplayProcessLost
from consumers.replay.partition import PartitionProgress, Report, Task, replay_partition
from consumers.replay.result import PartitionReplay
from exchange.core.errors import ExchangeError
from exchange.engine.gc_tuning import relax_collector
from exchange.engine.log import Log


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def in_processes(
    source: LogSource, tasks: Sequence[Task], processes: int, report: Report
) -> list[PartitionReplay]:
    """Do all tasks in so many processes at most; the first error ends them all and is raised."""
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
        return [await _named(log, task, report) for task in tasks]


async def _one_process(source: LogSource, left: deque[Task], done: list[PartitionReplay], report: Report) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, source), name="exchange-replay", daemon=True)
    with without_ctrl_c():
        process.start()
    theirs.close()
    try:
        while left:
            task = left.popleft()
            ours.send(task)
            done.append(await _answer(ours, task, report))
    finally:
        process.terminate()  # whoever still waits for its next message is told that there is none
        await joined(process)
        ours.close()


async def _answer(ours: Connection, task: Task, report: Report) -> PartitionReplay:
    while True:
        try:
            said = await asyncio.to_thread(ours.recv)
        except (EOFError, OSError):
            raise ReplayProcessLost(f"The process that replayed partition {task.partition} ended.") from None
        if isinstance(said, PartitionReplay):
            return said
        if isinstance(said, PartitionProgress):
            report(said)
        else:
            raise said


def serve(theirs: Connection, source: LogSource) -> None:
    """The life of one process: a task, its progress, its result; until it is ended or nobody listens."""
    end_with_parent()
    relax_collector()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        asyncio.run(_serve(theirs, source))


async def _serve(theirs: Connection, source: LogSource) -> None:
    async with source.open() as log:
        while True:
            task = theirs.recv()
            try:
                theirs.send(await _named(log, task, theirs.send))
            except ExchangeError as error:
                theirs.send(portable(error, ReplayFailed))


async def _named(log: Log, task: Task, report: Report) -> PartitionReplay:
    """One task; an error without a name becomes one with its type and place, without its text."""
    try:
        return await replay_partition(log, task, report)
    except (ExchangeError, EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - a defect of ours; its text could hold a value
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise ReplayFailed(
            f"Partition {task.partition}: {type(error).__name__} at {place.filename}:{place.lineno}."
        ) from None
