"""Long work in small steps, so that Ctrl-C and other tasks are answered meanwhile.

asyncio does nothing else while one of our loops runs. So work that may take a second or more is an
iterator. Each of its steps leaves the vault consistent, and the functions here walk through it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")
STEPS: Final = 500
"""Steps between two turns of other tasks: some milliseconds."""


async def cooperative(steps: Iterable[T]) -> AsyncIterator[T]:
    """The same items; now and then other tasks run between two of them."""
    for number, step in enumerate(steps, start=1):
        yield step
        if not number % STEPS:
            await asyncio.sleep(0)


async def walked(steps: Iterable[object]) -> None:
    """Walk through steps whose results are not needed."""
    async for _ in cooperative(steps):
        pass


async def walked_slowly(steps: Iterable[object]) -> None:
    """The same where one step takes long: other tasks run after each."""
    for _ in steps:
        await asyncio.sleep(0)


def some_at_once(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists of at most `STEPS`. Where their source fails, those before come first."""
    source, some = iter(items), list[T]()
    while True:
        try:
            some.extend(islice(source, STEPS))
        except Exception:
            yield some
            raise
        if not some:
            return
        yield some
        some = []
