"""Closing what may hang: a client whose broker is gone is given a second, and ends in the background after that.

Harmless, because nothing that it still does can be seen: every later writer of its id fences it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine

CLOSE_S_MAX = 1.0


class BoundedClose:
    """Everything of one log that is still closing."""

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
        """Put an end to what is left."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_S_MAX)


def looked_at(future: asyncio.Future[None] | None) -> None:
    """Mark a future's error as seen: it was reported where it matters, and need not be logged as lost."""
    if future is not None and future.done() and not future.cancelled():
        future.exception()
