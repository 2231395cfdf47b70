"""What lives at one partition beside the lanes of `exchange.engine.lanes.lane`: looked at, tried again and ended as those are.

Rules kept: nothing in memory survives a failure; what may help when tried again is tried again from nothing, a limited number
of times in a row; `Fenced` ends a life until the group has a new generation; no message holds a key or a value. What `stays`
names ends a life and not its worker: epochs wait for an operator, and what agencies send is still to be taken in.

Not promised: that a life which waits for nothing in particular is noticed: each awaits only what ends in bounded time.
"""

import asyncio
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import ClassVar, Final

import structlog

from exchange.core.errors import ExchangeError
from exchange.engine.errors import Fenced, LaneGaveUp, LaneStalled, LogUnavailable
from exchange.engine.lanes.progress import Hook, LaneProgress, LaneState, no_hook
from exchange.engine.lanes.stall_timer import StallTimer, cancelled
from exchange.engine.lanes.step import defects_named
from exchange.engine.log import Partition
from exchange.engine.loop_time import loop_s

FAILURES_MAX: Final = 8
BACKOFF_S: Final = 0.2
BACKOFF_S_MAX: Final = 2.0
STALL_S: Final = 45.0
"""Longer than any one wait for brokers takes (`reading.SILENT_S_MAX`); what moves renews it."""
logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Told:
    """What a life says of itself."""

    positions: dict[Partition, int]
    lag: int | None = None
    records: int = 0
    transactions: int = 0
    restored: int = 0


class SupervisedTask(ABC):
    """Runs at partition 0, where the one partition of its topics is. `run` is its whole life."""

    stays: ClassVar[tuple[type[ExchangeError], ...]] = ()
    """Errors after which it stays, failed, and does nothing more."""

    def __init__(self, step: str, *, hook: Hook = no_hook, stall_s: float = STALL_S) -> None:
        self.name = f"{step}-0"
        self._step, self._hook = step, hook
        self._state = LaneState.STARTING
        self._told = Told({})
        self._restarts = 0
        self._done_at: float | None = None
        self._error = ""
        self._patience = StallTimer(stall_s)

    @property
    def progress(self) -> LaneProgress:
        """How far it is."""
        told = self._told
        return LaneProgress(
            step=self._step,
            partition=0,
            state=self._state,
            positions=dict(told.positions),
            lag=told.lag,
            records=told.records,
            transactions=told.transactions,
            restarts=self._restarts,
            restored=told.restored,
            rereads=0,
            since_commit_s=None if self._done_at is None else loop_s() - self._done_at,
            error=self._error,
        )

    async def run(self) -> None:
        """Work until cancelled. Raises `Fenced`, or the named error that ends it for good; one of `stays` it only tells."""
        life = asyncio.create_task(self._live(), name=self.name)
        try:
            if not await self._patience.lasts(life):
                raise LaneStalled(
                    f"Lane {self.name} is {self._state} and got nowhere for {self._patience.spent_s:.0f} s."
                )
            life.result()
        except asyncio.CancelledError:
            self._enter(LaneState.STOPPED)
            raise
        except ExchangeError as error:
            self._error = type(error).__name__
            self._enter(LaneState.FENCED if isinstance(error, Fenced) else LaneState.FAILED)
            if not isinstance(error, self.stays):
                raise
            logger.critical("closing or publishing stopped", lane=self.name, reason=str(error))
            await asyncio.Event().wait()
        finally:
            await cancelled(life)

    @abstractmethod
    async def _one_life(self, resources: AsyncExitStack) -> None:
        """From nothing to the first error."""

    async def _live(self) -> None:
        failures = 0
        while True:
            done = self._told.transactions
            try:
                async with AsyncExitStack() as resources:
                    with defects_named(self.name):
                        await self._one_life(resources)
            except LogUnavailable as error:
                self._error = type(error).__name__
                failures = 1 if self._told.transactions > done else failures + 1
                if failures > FAILURES_MAX:
                    raise LaneGaveUp(f"Lane {self.name} failed {failures} times in a row: {error}") from error
            self._restarts += 1
            self._enter(LaneState.BACKING_OFF)
            await asyncio.sleep(min(BACKOFF_S * 2 ** (failures - 1), BACKOFF_S_MAX))

    def _enter(self, state: LaneState) -> None:
        self._state = state
        self._hook(self.progress)

    def _moved(self) -> None:
        """It is well: at its end, or further than before."""
        self._patience.renew()

    def _works(self) -> None:
        """It is in the middle of something that takes long, and gets on with it: that is no stall."""
        self._done_at = loop_s()
        self._patience.renew()

    def _did(self, records: int = 0) -> None:
        """Something was written, and is acknowledged."""
        self._told.transactions += 1
        self._told.records += records
        self._done_at = loop_s()
        self._patience.renew()
        self._hook(self.progress)
