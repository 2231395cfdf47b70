"""The supervision that every lane shares: watching for a stall, trying again, backing off, ending.

Rules kept:
- Nothing in memory survives a failure. `LogUnavailable` starts a new attempt from nothing, after a
  pause and a limited number of times in a row.
- `TransactionOpen` does so too, without a limit: only its owner or an operator can end a foreign
  transaction, and meanwhile the other lanes go on.
- `Fenced` ends a task until its group has a new generation. Every other named error ends it for
  good.
- A task that gets nowhere for too long ends with `LaneStalled`.
- No message holds a key or a value of a record.

Not promised: that a task is noticed which waits for something that never ends. So each awaits only
calls whose time is bounded.

All time is the event loop's (`loop_s`, `asyncio.sleep`): a simulated loop gives simulated time.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import structlog

from exchange.core.errors import ExchangeError
from exchange.engine.errors import Fenced, LaneGaveUp, LaneStalled, LogUnavailable, TransactionOpen
from exchange.engine.lanes.progress import Hook, LaneProgress, LaneState, no_hook
from exchange.engine.lanes.stall_timer import StallTimer, cancelled
from exchange.engine.lanes.step import defects_named
from exchange.engine.loop_time import loop_s

if TYPE_CHECKING:
    from exchange.engine.log import Partition

SINGLE_STALL_S: Final = 45.0
"""Longer than any one wait for brokers takes (`reading.SILENT_S_MAX`)."""
logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How a task tries again: pauses that double with each failure in a row, then giving up."""

    first_s: float = 0.2
    longest_s: float = 2.0
    failures_max: int = 8
    """Failures in a row, with nothing written between them, after which one more ends the task."""

    def pause_s(self, failures: int) -> float:
        """How long to wait after this many failures in a row."""
        return min(self.first_s * 2.0 ** (failures - 1), self.longest_s)


BACKOFF: Final = Backoff()
"""What every lane has unless it is given another."""


class SupervisedTask(ABC):
    """One step on one partition, supervised. Await `run`; `progress` may be read at any time."""

    def __init__(
        self,
        step_name: str,
        partition: int,
        *,
        stall_after_s: float,
        backoff: Backoff = BACKOFF,
        hook: Hook = no_hook,
    ) -> None:
        self.step_name = step_name
        self.partition = partition
        self.name = f"{step_name}-{partition}"
        self._backoff = backoff
        self._hook = hook
        self._stall_timer = StallTimer(stall_after_s)
        self._state = LaneState.STARTING
        self._positions: dict[Partition, int] = {}
        self._lag: int | None = None
        self._records = self._transactions = self._restarts = self._restored = 0
        self._written_at: float | None = None
        self._error = ""

    @property
    def progress(self) -> LaneProgress:
        """How far the task is."""
        return LaneProgress(
            step=self.step_name,
            partition=self.partition,
            state=self._state,
            positions=dict(self._positions),
            lag=self._lag,
            records=self._records,
            transactions=self._transactions,
            restarts=self._restarts,
            restored=self._restored,
            rereads=0,
            since_commit_s=None if self._written_at is None else loop_s() - self._written_at,
            error=self._error,
            stuck_s=self._stall_timer.spent_s,
        )

    async def run(self) -> None:
        """Work until cancelled; never returns.

        Raises `Fenced`, or the named error that ends the task for good.
        """
        attempts = asyncio.create_task(self._attempts(), name=self.name)
        try:
            if not await self._stall_timer.lasts(attempts):
                raise self._stalled()
            attempts.result()
        except asyncio.CancelledError:
            self._enter(LaneState.STOPPED)
            raise
        except ExchangeError as error:
            self._error = type(error).__name__
            self._enter(LaneState.FENCED if isinstance(error, Fenced) else LaneState.FAILED)
            raise
        finally:
            await cancelled(attempts)

    @abstractmethod
    async def _attempt(self, resources: AsyncExitStack) -> None:
        """Work from nothing to the first error. `resources` are closed when the attempt ends."""

    async def _attempts(self) -> None:
        failures = 0
        while True:
            transactions = self._transactions
            try:
                async with AsyncExitStack() as resources:
                    await self._attempt(resources)
            except LogUnavailable as error:
                self._error = type(error).__name__
                failures = 1 if self._transactions > transactions else failures + 1
                if failures > self._backoff.failures_max:
                    raise LaneGaveUp(f"Lane {self.name} failed {failures} times in a row: {error}") from error
            except TransactionOpen as error:
                self._error, failures = type(error).__name__, 1
                self._stall_timer.renew()
                logger.error("an open transaction holds up a lane", lane=self.name, reason=str(error))  # noqa: TRY400 - it is no defect
            self._restarts += 1
            self._enter(LaneState.BACKING_OFF)
            await asyncio.sleep(self._backoff.pause_s(failures))

    def _stalled(self) -> LaneStalled:
        lag = self.progress.lag
        return LaneStalled(
            f"Lane {self.name} is {self._state} and got nowhere for {self._stall_timer.spent_s:.0f} s"
            f" (lag {'unknown' if lag is None else lag}{', last error ' + self._error if self._error else ''})."
        )

    def _enter(self, state: LaneState) -> None:
        self._state = state
        self._hook(self.progress)


class SingleLane(SupervisedTask):
    """A lane that exists once: at partition 0, where the one partition of its topics is.

    Errors in `halts_on` halt this lane and not its worker. Nothing is lost meanwhile: closing and
    publishing wait for an operator, and the exchange goes on admitting events.
    """

    halts_on: ClassVar[tuple[type[ExchangeError], ...]] = ()

    def __init__(self, step_name: str, *, hook: Hook = no_hook) -> None:
        super().__init__(step_name, 0, stall_after_s=SINGLE_STALL_S, hook=hook)

    async def run(self) -> None:
        """As `SupervisedTask.run`.

        After an error in `halts_on` it stays, failed, and does nothing more.
        """
        try:
            await super().run()
        except self.halts_on as error:
            logger.critical("closing or publishing stopped", lane=self.name, reason=str(error))
            await asyncio.Event().wait()

    @abstractmethod
    async def _work(self, resources: AsyncExitStack) -> None:
        """Work from nothing to the first error."""

    async def _attempt(self, resources: AsyncExitStack) -> None:
        with defects_named(self.name):
            await self._work(resources)

    def _moved(self) -> None:
        """Note that the lane is at its end or further on, or waits for an open transaction."""
        self._stall_timer.renew()

    def _busy(self) -> None:
        """Note that the lane gets on with something long: that is no stall."""
        self._written_at = loop_s()
        self._stall_timer.renew()

    def _wrote(self, records: int = 0) -> None:
        """Note that something was written and acknowledged."""
        self._transactions += 1
        self._records += records
        self._busy()
        self._hook(self.progress)
