"""Child processes: they do CPU work on a log, so that the caller's event loop stays free.

    async with log_process(job, source) as process:
        result = await process.do(task, report)

Each process opens the log for itself. Only tasks, reports of progress, results and errors travel,
never records. An error arrives as itself where its class can be built again, else as the job's own
error. A defect is named by type and place.

On Linux, children are forked from a fork server: a small process, started anew, that has loaded the
job's modules and does nothing else. It has no event loop, no socket and no log that a child could
inherit. Elsewhere children are spawned, because the system libraries of macOS do not survive a
fork. They are spawned on Linux too where the fork server cannot be reached: its socket is a file in
the folder for temporary files, which may have a path that is too long, be full or be cleaned up.

Rules kept: no child and no fork server outlives the process that started it, however that one ends;
Ctrl-C reaches none of them, because ending them is their parent's work; starting one never holds up
the event loop.
"""

import asyncio
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext, SpawnProcess
from typing import Final, Generic, TypeAlias, TypeVar, cast

from consumers.log_source import LogSource
from exchange.core.errors import ExchangeError
from exchange.engine.defects import defects_as
from exchange.engine.gc_tuning import relax_collector
from exchange.engine.log import Log

FORKS: Final[bool] = sys.platform == "linux"
TaskT = TypeVar("TaskT")
ProgressT = TypeVar("ProgressT")
ResultT = TypeVar("ResultT")
Process: TypeAlias = ForkServerProcess | SpawnProcess
Context: TypeAlias = ForkServerContext | SpawnContext


class ChildLost(Exception):
    """A child process ended, or did not start. Whoever started it says what that means."""


@dataclass(frozen=True, slots=True)
class LogJob(Generic[TaskT, ProgressT, ResultT]):
    """What children of one kind do.

    `work` gets the log, a task and a report of progress; it is importable by name.
    """

    name: str
    """One word, for the process and for the message of a defect."""
    work: Callable[[Log, TaskT, Callable[[ProgressT], None]], Awaitable[ResultT]]
    failed: type[ExchangeError]
    """The error for a defect, and for an error that cannot travel."""
    modules: Sequence[str]
    """Loaded by the fork server, so that no child has to. The first job of a process decides."""


class LogProcess(Generic[TaskT, ProgressT, ResultT]):
    """A running child. It does one task at a time; after an error it has ended."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def do(self, task: TaskT, report: Callable[[ProgressT], None]) -> ResultT:
        """Have a task done; `report` is called on this loop.

        Raises the work's error, or ChildLost.
        """
        message = await self._exchange(task)
        while isinstance(message, _Progress):
            report(message.value)
            message = await self._exchange()
        if isinstance(message, _Result):
            return message.value
        raise message

    async def _exchange(self, *tasks: TaskT) -> "_Progress[ProgressT] | _Result[ResultT] | ExchangeError":
        """Send a task, if there is one, and wait for the child's next message."""
        try:
            for task in tasks:  # in a thread: a long one waits until the child has opened its log
                await asyncio.to_thread(self._connection.send, task)
            return cast(
                "_Progress[ProgressT] | _Result[ResultT] | ExchangeError",
                await asyncio.to_thread(self._connection.recv),
            )
        except (EOFError, OSError):
            raise ChildLost from None


@dataclass(frozen=True, slots=True)
class _Progress(Generic[ProgressT]):
    value: ProgressT


@dataclass(frozen=True, slots=True)
class _Result(Generic[ResultT]):
    value: ResultT


# The parent's side


@asynccontextmanager
async def log_process(
    job: LogJob[TaskT, ProgressT, ResultT], source: LogSource
) -> AsyncIterator[LogProcess[TaskT, ProgressT, ResultT]]:
    """A child for as long as the block lasts; it is killed at the end.

    Raises ChildLost if it does not start.
    """
    parent_end, child_end = multiprocessing.Pipe()
    started: list[Process] = []

    def make(context: Context) -> Process:
        return context.Process(target=_serve, args=(child_end, job, source), name=f"exchange-{job.name}", daemon=True)

    try:
        await in_thread_to_end(lambda: started.append(_start(make, job.modules)))
        child_end.close()
        yield LogProcess(parent_end)
    finally:
        child_end.close()
        for process in started:
            await _ended(process)
        parent_end.close()


def start_fork_server(modules: Sequence[str]) -> Context:
    """The context for child processes. On Linux its fork server has been started unseen by Ctrl-C.

    `modules`: what the fork server loads, if this starts it. A process has one fork server; it ends
    with that process. Where it cannot be started, the context spawns.
    """
    if not FORKS:
        return SpawnContext()
    context = ForkServerContext()
    context.set_forkserver_preload(list(modules))
    try:
        with without_ctrl_c():
            forkserver.ensure_running()
    except OSError:
        return SpawnContext()
    return context


def wait_for_fork_server(context: Context) -> None:
    """Wait until the fork server has loaded its modules. From then on a process starts at once."""
    if isinstance(context, ForkServerContext):
        process = context.Process(target=end_with_parent, daemon=True)
        process.start()
        process.join()


def _start(make: Callable[[Context], Process], modules: Sequence[str]) -> Process:
    """Blocks until the fork server has loaded its modules, so it belongs in a thread."""
    with suppress(EOFError, OSError):  # its socket is gone, or it was killed a moment ago
        return _started(make(start_fork_server(modules)))
    try:
        return _started(make(SpawnContext()))
    except (EOFError, OSError):
        raise ChildLost from None


def _started(process: Process) -> Process:
    with without_ctrl_c():
        process.start()
    return process


async def _ended(process: Process) -> None:
    """Kill a process and wait for its end.

    Whoever waits for its next message learns that none will come.
    """
    process.kill()
    await in_thread_to_end(process.join)
    process.close()  # with it goes the pipe that the child watches: should the kill not have reached it, this does


async def in_thread_to_end(call: Callable[[], object]) -> None:
    """Run a call in a thread and wait for its end, even if this is cancelled meanwhile."""
    running = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


@contextmanager
def without_ctrl_c() -> Iterator[None]:
    """No process that is started in this block sees Ctrl-C.

    At a terminal Ctrl-C reaches every process.
    """
    resource_tracker.ensure_running()  # if it were started in the block, it would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# The child's side


def end_with_parent() -> None:
    """End this process at once when its parent is gone, whatever it is doing."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # a child writes nothing that could be left half done


def _serve(connection: Connection, job: LogJob[TaskT, ProgressT, ResultT], source: LogSource) -> None:
    """The whole life of a child."""
    end_with_parent()
    relax_collector()
    asyncio.run(_work(connection, job, source))


async def _work(connection: Connection, job: LogJob[TaskT, ProgressT, ResultT], source: LogSource) -> None:
    """Do task after task; the first error is sent and is the end."""
    try:
        with defects_as(job.failed, f"The {job.name}"):
            async with source.open() as log:
                while True:
                    task = cast("TaskT", _next(connection))
                    result = await job.work(log, task, lambda value: _send(connection, _Progress(value)))
                    _send(connection, _Result(result))
    except ExchangeError as error:
        _send(connection, _picklable(error, job.failed))


def _next(connection: Connection) -> object:
    try:
        return cast("object", connection.recv())
    except (EOFError, OSError):
        sys.exit()  # nobody asks any more


def _send(connection: Connection, message: object) -> None:
    try:
        connection.send(message)
    except OSError:
        sys.exit()  # nobody listens any more


def _picklable(error: ExchangeError, otherwise: type[ExchangeError]) -> ExchangeError:
    """The error itself if its pickle can be read again, else another one with its message."""
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - whatever its constructor asks for
        return otherwise(str(error))
    return again if isinstance(again, ExchangeError) else otherwise(str(error))
