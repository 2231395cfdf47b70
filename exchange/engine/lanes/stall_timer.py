"""How long to wait for progress: seconds in which this process ran and made none.

A process that was stopped (SIGSTOP, a suspended machine) and goes on did not wait, whatever the
clock shows: it had no chance to make progress. Nor did one task of a loop that is busy with others,
or that has half a core: each answer waits for its turn. So time is counted in small steps, and the
later a step ends, the less it counts: half where it took twice as long, a quarter at four times.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable


class StallTimer:
    """Runs out after `limit_s` seconds without `renew`."""

    def __init__(self, limit_s: float, step_s: float = 0.5) -> None:
        self._limit_s = limit_s
        self._step_s = step_s
        self.spent_s = 0.0

    def renew(self) -> None:
        """There was progress: begin to count again."""
        self.spent_s = 0.0

    async def lasts(self, awaited: asyncio.Future[None]) -> bool:
        """Wait for the end of something: True when it ended, False when the time ran out first."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while not (await asyncio.wait({awaited}, timeout=self._step_s))[0]:
            now = loop.time()
            self.spent_s += self._step_s * min(1.0, self._step_s / max(now - last, self._step_s))
            last = now
            if self.spent_s >= self._limit_s:
                return False
        return True


async def first_of(*awaited: Awaitable[None]) -> None:
    """Wait until one of them ends, and end as it does.

    When several have ended, the first in the list decides.
    """
    futures = [asyncio.ensure_future(one) for one in awaited]
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    next(future for future in futures if future.done()).result()


async def cancelled(task: asyncio.Future[None]) -> None:
    """Cancel a task and wait until it has ended. Its own error, if any, is reported elsewhere."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


def failed(task: asyncio.Task[None] | None) -> bool:
    """Whether a task, if any, has ended in an error or by being cancelled."""
    return task is not None and task.done() and (task.cancelled() or task.exception() is not None)
