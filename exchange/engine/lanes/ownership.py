"""Which worker runs which lanes.

One consumer group decides: its partitions are the lanes' partitions.

The member reads nothing. It is only polled, so that the group keeps it. A new generation of the
group that assigns partition p starts the lanes of p. A revocation stops them and waits until they
have ended. That is all the coordination: it makes two owners of a lane rare, and `Fenced` makes
them harmless.

Rules kept:
- Only a new generation starts a fenced lane again. There may be none by itself: the coordinator
  gave a transaction up, or an earlier connection of this worker took the id. Then this member
  leaves and joins again, which makes one.
- A lane that fails for good ends `run` with its error. All lanes are stopped first, and the group
  is left.
- Lanes are stopped before the group may give their partition away.

Not promised: that no two workers ever run one lane at the same time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from exchange.engine.errors import Fenced, GroupLost, LaneGaveUp, LaneStalled, LogUnavailable
from exchange.engine.lanes.stall_timer import StallTimer, cancelled, first_of
from exchange.engine.loop_time import loop_s

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from exchange.engine.lanes.progress import LaneProgress

    LaneFactory: TypeAlias = Callable[[int], "Owned | None"]
    """What runs where this partition is owned, if anything."""


class Owned(Protocol):
    """A lane, as its owner sees it. `run` ends as `SupervisedTask.run` does."""

    @property
    def name(self) -> str:
        """Its name, which is its transactional id where it has one."""

    @property
    def progress(self) -> LaneProgress:
        """How far it is."""

    async def run(self) -> None:
        """Work until cancelled."""


class Owner(Protocol):
    """Hears about generations. The group waits for both calls."""

    async def revoked(self) -> None:
        """Nothing is assigned to this member any more."""

    async def assigned(self, partitions: Collection[int]) -> None:
        """A new generation assigns these partitions."""


class Membership(Protocol):
    """One member of the group. Raises `LogUnavailable` where joining again may help."""

    async def join(self, owner: Owner) -> None:
        """Join the group. A member of it leaves first, so that there is a new generation."""

    async def poll(self, timeout_s: float) -> None:
        """Stay in the group for this long.

        The group evicts a member that is not polled for minutes.
        """

    async def leave(self) -> None:
        """Leave the group, in bounded time; never raises."""


@dataclass(frozen=True, slots=True)
class OwnershipLimits:
    """When to ask for a new generation, and when to give up."""

    poll_s: float = 1.0
    rejoin_after_s: float = 5.0
    """How long a fenced lane waits for a new generation before this member causes one."""
    stall_after_s: float = 12.0
    """A lane stalls that stays fenced for so long though this member asked for a new generation."""
    lost_after_s: float = 20.0
    """The worker ends that is outside the group for so long. Others may notice a dead member after
    two sessions."""
    fenced_max: int = 5
    """A lane gives up that is fenced more often in a row without a commit: others use its name
    outside the group."""


class Ownership:
    """Runs the lanes of the partitions that the group assigns. Await `run`.

    `on_failure` hears of the error that ends `run` at once: the lanes may take long to stop.
    """

    def __init__(
        self,
        membership: Membership,
        factories: Sequence[LaneFactory],
        *,
        limits: OwnershipLimits | None = None,
        on_failure: Callable[[BaseException], None] = lambda _: None,
    ) -> None:
        self._membership = membership
        self._factories = factories
        self._limits = limits or OwnershipLimits()
        self._on_failure = on_failure
        self._lanes: dict[Owned, asyncio.Task[None]] = {}
        self._generation = 0
        self._turn = 0
        self._fenced: dict[str, float] = {}
        self._fenced_in_a_row: dict[str, int] = {}
        self._rejoined_at = float("-inf")
        self._failed: asyncio.Future[None] | None = None
        self._stall_timer = StallTimer(self._limits.lost_after_s)

    @property
    def progress(self) -> Sequence[LaneProgress]:
        """How far each lane is that runs here, in the order of their start."""
        return [lane.progress for lane in self._lanes]

    @property
    def generation(self) -> int:
        """How many generations of the group assigned something to this member."""
        return self._generation

    async def run(self) -> None:
        """Run lanes until cancelled.

        Raises the error of the first lane that failed for good, or `GroupLost`.
        """
        self._failed = asyncio.get_running_loop().create_future()
        polling = asyncio.create_task(self._stay(), name="ownership")
        ended = asyncio.create_task(first_of(self._failed, polling))
        try:
            if not await self._stall_timer.lasts(ended):
                self._fail(GroupLost(f"Not in the group for {self._stall_timer.spent_s:.0f} s."))
            await ended
        finally:
            await cancelled(ended)
            await cancelled(polling)
            self._failed.cancel()  # lanes that fail from here on fail because they are stopped
            await self.revoked()
            await self._membership.leave()

    # Generations of the group

    async def revoked(self) -> None:
        """Stop every lane and wait until it has ended."""
        self._turn += 1
        await self._stop()

    async def _stop(self) -> None:
        lanes, self._lanes = self._lanes, {}
        for task in lanes.values():
            task.cancel()
        if lanes:
            await asyncio.wait(lanes.values())

    async def assigned(self, partitions: Collection[int]) -> None:
        """Start the lanes of these partitions.

        Not where another generation comes before the old lanes have ended.
        """
        self._turn += 1
        turn = self._turn
        await self._stop()
        if turn != self._turn:
            return
        self._generation += 1
        self._fenced.clear()
        for partition in sorted(partitions):
            for factory in self._factories:
                lane = factory(partition)
                if lane is None:
                    continue
                self._lanes[lane] = asyncio.create_task(self._keep(lane), name=f"keep {lane.name}")

    # Ends of lanes

    async def _keep(self, lane: Owned) -> None:
        try:
            await lane.run()
        except Fenced as error:
            in_a_row = 1 if lane.progress.transactions else self._fenced_in_a_row.get(lane.name, 0) + 1
            self._fenced_in_a_row[lane.name] = in_a_row
            self._fenced[lane.name] = loop_s()
            if in_a_row > self._limits.fenced_max:
                self._fail(LaneGaveUp(f"Lane {lane.name} was fenced {in_a_row} times in a row: {error}"))
        except Exception as error:  # noqa: BLE001 (any error that ends a lane ends the worker, in `run`)
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self._failed is not None and not self._failed.done():
            self._on_failure(error)
            self._failed.set_exception(error)

    # Staying in the group

    async def _stay(self) -> None:
        try:
            await self._poll()
        except Exception as error:  # noqa: BLE001 (as in `_keep`)
            self._fail(error)

    async def _poll(self) -> None:
        joined = False
        while True:
            try:
                if not joined:
                    await self.revoked()
                    await self._membership.join(self)
                await self._membership.poll(self._limits.poll_s)
                self._stall_timer.renew()
                joined = not self._wants_generation()
            except LogUnavailable:
                joined = False
                await asyncio.sleep(self._limits.poll_s)

    def _wants_generation(self) -> bool:
        """Whether a fenced lane has waited long enough.

        Asks once, and raises when that did not help.
        """
        if not self._fenced:
            return False
        lane, since = min(self._fenced.items(), key=lambda fenced: fenced[1])
        waited = loop_s() - since
        if waited > self._limits.stall_after_s and self._rejoined_at > since:
            raise LaneStalled(f"Lane {lane} was fenced {waited:.0f} s ago and the group made no new generation.")
        if waited < self._limits.rejoin_after_s or self._rejoined_at > since:
            return False
        self._rejoined_at = loop_s()
        return True
