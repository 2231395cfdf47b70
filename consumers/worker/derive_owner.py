"""Who derives: the worker to which partition 0 of `releases` is assigned, for as long as it has it.

Rules kept:
- A named error ends the derivation and not the worker, whose lanes do not need it. It is logged,
  and the derivation starts again after `RETRY_S`, from the beginning.
- An error without a name is a defect and ends the worker.

Not promised: that no two workers derive at the same moment (a frozen one thaws). They write the
same bytes.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from consumers.metrics.arrivals import Arrivals
from consumers.metrics.derive import Derive
from exchange.core.errors import ExchangeError
from exchange.engine.lanes.stall_timer import cancelled
from exchange.engine.loop_time import loop_s
from exchange.wire.topics import LaneName

RETRY_S: Final = 15.0
logger = structlog.get_logger(__name__)


class DeriveOwner:
    """Runs a derivation while it is this worker's.

    Call `look` every `LOOK_S` seconds, and `end` at last.

    `make`: a new derivation, fed by the arrivals that it is given. `mine`: whether it is assigned
    here.
    """

    def __init__(self, make: Callable[[Arrivals], Derive], mine: Callable[[], bool]) -> None:
        self.arrivals = Arrivals()
        """Where the agent hands on what it reads."""
        self._make = make
        self._mine = mine
        self._running: asyncio.Task[None] | None = None
        self._start_after_s = float("-inf")

    async def look(self) -> None:
        """Start, end or restart the derivation, as the assignment says now."""
        if self._running is not None and self._running.done():
            self._note_failure(self._running)
        elif not self._mine():
            await self.end()
        elif self._running is None and loop_s() >= self._start_after_s:
            self._running = asyncio.create_task(self._make(self.arrivals).run(), name=LaneName.DERIVE)

    async def end(self) -> None:
        """End the derivation, if it runs, and wait until it is over."""
        running, self._running = self._running, None
        if running is not None:
            await cancelled(running)

    def _note_failure(self, ended: "asyncio.Task[None]") -> None:
        self._running = None
        try:
            ended.result()
        except ExchangeError as error:
            self._start_after_s = loop_s() + RETRY_S
            logger.error("derive stopped; trying again", error=type(error).__name__, says=str(error), in_s=RETRY_S)  # noqa: TRY400 - a traceback says no more
