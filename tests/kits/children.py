"""The child processes of a process, as the operating system sees them."""

import asyncio
import time
from contextlib import suppress

import psutil


def fork_server(parent: psutil.Process) -> psutil.Process | None:
    """The fork server of a process, if it has one."""
    return next(iter(_with("multiprocessing.forkserver", parent)), None)


def kill_and_wait(child: psutil.Process) -> None:
    """Kill a child and wait until it has ended. Its parent collects its exit status, as ever."""
    child.kill()
    while child.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.005)


def working_children(parent: psutil.Process) -> list[psutil.Process]:
    """The processes that work for a process: forked by its fork server, or spawned."""
    server = fork_server(parent)
    with suppress(psutil.NoSuchProcess):
        return _with("spawn_main", parent) if server is None else server.children()
    return []


async def working_soon(parent: psutil.Process) -> list[psutil.Process]:
    """The same, as soon as there are any; within a minute."""
    async with asyncio.timeout(60):
        while not (found := working_children(parent)):  # noqa: ASYNC110 - the operating system gives no event
            await asyncio.sleep(0.01)
    return found


def _with(word: str, parent: psutil.Process) -> list[psutil.Process]:
    found = []
    for child in parent.children():
        with suppress(psutil.Error):  # it is over already
            if word in " ".join(child.cmdline()):
                found.append(child)
    return found
