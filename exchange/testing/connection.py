"""A client's way to the broker in memory: direct, or over a network that a simulation disturbs."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from exchange.testing.memory_broker import MemoryBroker

T = TypeVar("T")


class Connection(Protocol):
    """One client's connection; requests are carried out in order."""

    async def call(self, request: Callable[[], T], kind: str = "") -> T:
        """Carry out a request at the broker and return its answer.

        Raises LogUnavailable when no answer comes.
        """

    async def arrival(self, broker: MemoryBroker, timeout_s: float) -> None:
        """Return when a record was written anywhere, or after the timeout."""

    def shuffle(self, things: list[T]) -> None:
        """Put things in the order in which the broker looks at them."""


class DirectConnection:
    """A connection that always works."""

    async def call(self, request: Callable[[], T], kind: str = "") -> T:  # noqa: ARG002 - of the protocol
        """Carry out a request; other tasks run first."""
        await asyncio.sleep(0)
        return request()

    async def arrival(self, broker: MemoryBroker, timeout_s: float) -> None:
        """Return when a record was written anywhere, or after the timeout."""
        arrived = asyncio.Event()
        broker.arrivals.append(arrived.set)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await arrived.wait()

    def shuffle(self, things: list[T]) -> None:
        """Leave the order as it is."""
