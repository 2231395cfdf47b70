"""A log without events for draws in real processes, which build it for themselves.

It imports little: every child process that a test starts imports it again.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from exchange.core.model.epochs import begins_ms, epoch_of
from exchange.core.release.closed_epochs import Closed, Moment
from exchange.core.release.closing import Draw, DrawTask, decide_close
from exchange.engine.log import Log
from exchange.wire.topics import AGENCIES, DRAWS
from tests.unit.replay.replay_world import Broken, World

JANUARY = epoch_of(2027, 1)


@dataclass(frozen=True)
class Empty:
    """A log without events that each process builds for itself. `trouble`: how it fails there."""

    trouble: str = ""

    async def partitions(self) -> dict[str, int]:
        return {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Log]:
        if self.trouble == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.trouble == "slow":
            await asyncio.sleep(3600)
        if self.trouble == "late":
            await asyncio.sleep(1)
        if self.trouble == "defect":
            yield Broken()
            return
        world = World(1)
        for topic in (AGENCIES, DRAWS):
            world.broker.create(topic)
        yield world.log


def january() -> DrawTask:
    """Every table is due, over no events: every count of a client table is noise."""
    return task_of(JANUARY)


def february() -> DrawTask:
    """A short task: four numbers."""
    return task_of(JANUARY + 1)


def task_of(epoch: int) -> DrawTask:
    draw = decide_close(Closed(), epoch, Moment(begins_ms(epoch + 1), (0,), 0))
    assert isinstance(draw, Draw)
    return draw.task


async def length_of(_: Log, task: bytes, __: object) -> int:
    return len(task)
