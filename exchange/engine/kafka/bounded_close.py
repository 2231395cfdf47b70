"""Closing clients that may hang: each gets a second, then ends in the background.

This is harmless: a client whose broker is gone has no visible effect any more, because every later
writer of its id fences it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine

CLOSE_S_MAX = 1.0


class BoundedClose:
    """The clients of one log that are still closing."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def let_go(self, *closing: Coroutine[None, None, None]) -> None:
        """Wait a second for clients to close."""
        tasks = [asyncio.ensure_future(one) for one in closing]
        for task in tasks:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(looked_at)
        await asyncio.wait(tasks, timeout=CLOSE_S_MAX)

    async def end(self) -> None:
        """End the remaining ones."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_S_MAX)


def looked_at(future: asyncio.Future[None] | None) -> None:
    """Mark a future's error as seen: it was reported already, and need not be logged as lost."""
    if future is not None and future.done() and not future.cancelled():
        future.exception()
