"""Long work in small pieces, so that Ctrl-C and other tasks are answered while it lasts.

asyncio looks at nothing while a loop of ours runs. What may take a second or more is therefore an iterator, each of whose
steps leaves the vault whole, and is walked through here.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

T = TypeVar("T")
STEPS: Final = 500
"""Between two looks at other tasks: some milliseconds."""


async def cooperative(steps: Iterable[T]) -> AsyncIterator[T]:
    """The same items; now and then other tasks run in between."""
    for number, step in enumerate(steps, start=1):
        yield step
        if not number % STEPS:
            await asyncio.sleep(0)


async def walked(steps: Iterable[object]) -> None:
    """Walk through steps of which nothing is wanted."""
    async for _ in cooperative(steps):
        pass
