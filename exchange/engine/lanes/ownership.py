"""Who runs which lanes: one consumer group decides, its partitions are the lanes' partitions.

The member reads nothing; it is only polled, so that the group keeps it. A new generation of the group that assigns p
starts the lanes of p; a revocation stops them and waits until they are over. That is all the coordination there is:
it makes two owners of a lane rare, and `Fenced` makes them harmless.

Rules kept:
- A lane that was fenced is started again only by a new generation. If none comes by itself (the coordinator gave up a
  transaction, or a ghost of our own took the id), this member leaves and joins again, which makes one.
- A lane that fails for good ends `run` with its error, after all lanes are stopped and the group is left.
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
    """A lane, as its owner sees it. `run` ends as `Lane.run` does: by being cancelled, with `Fenced`, or for good."""

    @property
    def name(self) -> str:
        """Its name, which is its transactional id where it has one."""

    @property
    def progress(self) -> LaneProgress:
        """One look at it."""

    async def run(self) -> None:
        """Work until cancelled."""


class Owner(Protocol):
    """Who is told about generations. The group waits for both calls."""

    async def revoked(self) -> None:
        """Everything that was assigned is not any more."""

    async def assigned(self, partitions: Collection[int]) -> None:
        """A new generation assigns these partitions."""


class Membership(Protocol):
    """One member of the group. Raises `LogUnavailable` when joining again may help."""

    async def join(self, owner: Owner) -> None:
        """Join the group; a member that is in it leaves first, so that a new generation comes."""

    async def poll(self, timeout_s: float) -> None:
        """Stay in the group for this long. Never called for minutes, the group evicts the member."""

    async def leave(self) -> None:
        """Leave the group, in bounded time; never raises."""


@dataclass(frozen=True, slots=True)
class OwnershipLimits:
    """When to help, and when to give up."""

    poll_s: float = 1.0
    rejoin_after_s: float = 5.0
    """A fenced lane waits this long for a generation before this member makes one."""
    stall_after_s: float = 12.0
    """A fenced lane that got no generation for this long, though this member asked for one, is a stall."""
    lost_after_s: float = 20.0
    """Without the group for this long: end. Others may take two sessions to notice who died."""
    fenced_max: int = 5
    """Fenced this often in a row without a commit: somebody outside the group uses the same names."""


class Ownership:
    """Runs the lanes of the partitions that the group assigns. `run` is its whole life."""

    def __init__(
        self, membership: Membership, factories: Sequence[LaneFactory], *, limits: OwnershipLimits | None = None
    ) -> None:
        self._membership = membership
        self._factories = factories
        self._limits = limits or OwnershipLimits()
        self._lanes: dict[Owned, asyncio.Task[None]] = {}
        self._generation = 0
        self._turn = 0
        self._fenced: dict[str, float] = {}
        self._fenced_in_a_row: dict[str, int] = {}
        self._rejoined_at = float("-inf")
        self._failed: asyncio.Future[None] | None = None
        self._patience = StallTimer(self._limits.lost_after_s)

    @property
    def progress(self) -> Sequence[LaneProgress]:
        """One look at every lane that runs here, in the order of their start."""
        return [lane.progress for lane in self._lanes]

    @property
    def generation(self) -> int:
        """How many generations of the group assigned something to this member."""
        return self._generation

    async def run(self) -> None:
        """Run lanes until cancelled. Raises the named error of the first lane that failed for good, or `GroupLost`."""
        self._failed = asyncio.get_running_loop().create_future()
        polling = asyncio.create_task(self._poll(), name="ownership")
        ended = asyncio.create_task(first_of(self._failed, polling))
        try:
            if not await self._patience.lasts(ended):
                raise GroupLost(f"Not in the group for {self._patience.spent_s:.0f} s.")
            ended.result()
        finally:
            await cancelled(ended)
            await cancelled(polling)
            self._failed.cancel()  # what fails from here on, fails because it is stopped
            await self.revoked()
            await self._membership.leave()

    # What the group says

    async def revoked(self) -> None:
        """Stop every lane and wait until it is over."""
        self._turn += 1
        await self._stop()

    async def _stop(self) -> None:
        lanes, self._lanes = self._lanes, {}
        for task in lanes.values():
            task.cancel()
        if lanes:
            await asyncio.wait(lanes.values())

    async def assigned(self, partitions: Collection[int]) -> None:
        """Start the lanes of these partitions, unless the group says something else before the old ones are over."""
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

    # What the lanes say

    async def _keep(self, lane: Owned) -> None:
        try:
            await lane.run()
        except Fenced as error:
            in_a_row = 1 if lane.progress.transactions else self._fenced_in_a_row.get(lane.name, 0) + 1
            self._fenced_in_a_row[lane.name] = in_a_row
            self._fenced[lane.name] = loop_s()
            if in_a_row > self._limits.fenced_max:
                self._fail(LaneGaveUp(f"Lane {lane.name} was fenced {in_a_row} times in a row: {error}"))
        except Exception as error:  # noqa: BLE001 (whatever ended the lane ends the worker, in `run`)
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(error)

    # Staying in the group

    async def _poll(self) -> None:
        joined = False
        while True:
            try:
                if not joined:
                    await self.revoked()
                    await self._membership.join(self)
                await self._membership.poll(self._limits.poll_s)
                self._patience.renew()
                joined = not self._wants_generation()
            except LogUnavailable:
                joined = False
                await asyncio.sleep(self._limits.poll_s)

    def _wants_generation(self) -> bool:
        """Whether a fenced lane has waited long enough. Asks once; raises when asking did not help."""
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
