"""Who derives: the worker to which Faust assigns partition 0 of `releases`, for as long as it has it.

Faust's part is the assignment and nothing else: its agent throws away what it reads, because what an agent is given depends on
offsets committed before and may not be committed data. `Derive` reads both topics itself, from offset 0.

Rules kept: a named error ends the derivation and not the worker, whose lanes do not need it; it is logged and tried again after
`RETRY_S`, from the beginning. An error without a name is a defect and ends the worker. Two workers that derive for a moment
(a frozen one thaws) write the same bytes.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

import faust
import structlog
from mode import Service

from consumers.metrics.derive import Derive
from exchange.core.errors import ExchangeError
from exchange.core.metrics.expected import Yearly
from exchange.engine.log import Log
from exchange.wire.topics import RELEASES, LaneName

LOOK_S: Final = 0.5
RETRY_S: Final = 15.0
logger = structlog.get_logger(__name__)


def add_derive(app: faust.App, log: Log, planned: Yearly) -> None:
    """Let the app derive. `planned`: public sizes."""

    def mine() -> bool:
        return any(tp.topic == RELEASES for tp in app.consumer.assignment())

    async def derive(stream: Any) -> None:
        async for _ in stream:
            pass

    topic = app.topic(RELEASES, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    app.agent(topic, name=LaneName.DERIVE)(derive)
    app.service(cast("Any", Deriving(lambda: Derive(log, planned), mine)))  # an instance does as well as a class


class Deriving(Service):
    """Runs a `Derive` while it is ours."""

    def __init__(self, make: Callable[[], Derive], mine: Callable[[], bool]) -> None:
        super().__init__()
        self._make = make
        self._mine = mine
        self._running: asyncio.Task[None] | None = None

    async def on_stop(self) -> None:
        """Stop while the loop still runs."""
        await self._end()

    @Service.task
    async def _own(self) -> None:
        while not self.should_stop:
            if self._running is not None and self._running.done():
                await self._failed(self._running)
            elif self._mine() and self._running is None:
                self._running = asyncio.create_task(self._make().run(), name=LaneName.DERIVE)
            elif not self._mine():
                await self._end()
            await self.sleep(LOOK_S)

    async def _failed(self, ended: "asyncio.Task[None]") -> None:
        self._running = None
        try:
            ended.result()
        except ExchangeError as error:
            logger.error("derive stopped; trying again", error=type(error).__name__, says=str(error), in_s=RETRY_S)  # noqa: TRY400 - a traceback says no more
            await self.sleep(RETRY_S)

    async def _end(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
            self._running = None
