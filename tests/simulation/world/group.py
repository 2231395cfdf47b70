"""A consumer group in memory: generations, the eager protocol, sessions that expire.

And its member.

The coordinator's part is requests on the broker, like the log's; the member's part runs in a
process, beats every two seconds and obeys: revoke everything, join, take what is assigned.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from exchange.engine.errors import LogUnavailable
from exchange.engine.lanes.ownership import Owner
from exchange.testing.connection import Connection
from tests.simulation.world.exchange_world import World

SESSION_S = 6.0
REBALANCE_S = 6.0
BEAT_S = 2.0
PAUSE_S = 0.1


@dataclass
class Group:
    """The coordinator.

    `partitions` are handed out in turn to the members in the order of their names.
    """

    world: World
    partitions: int
    generation: int = 0
    rebalancing_since: float | None = None
    seen: dict[str, float] = field(default_factory=dict)
    joined: dict[str, None] = field(default_factory=dict)
    assignment: dict[str, list[int]] = field(default_factory=dict)

    def start(self) -> None:
        self._expire()

    def _expire(self) -> None:
        for member in [m for m, seen in self.seen.items() if self.world.now - seen > SESSION_S]:
            self.world.note("session of", member, "expired")
            self.evict(member)
        if self.rebalancing_since is not None and self.world.now - self.rebalancing_since > REBALANCE_S:
            for member in [m for m in self.seen if m not in self.joined]:
                self.evict(member)
        self._complete()
        self.world.after(0.25, self._expire)

    def evict(self, member: str) -> None:
        if self.seen.pop(member, None) is not None:
            self.joined.pop(member, None)
            self._rebalance()

    def _rebalance(self) -> None:
        if self.rebalancing_since is None:
            self.rebalancing_since, self.joined = self.world.now, {}

    def join(self, member: str) -> None:
        self.seen[member] = self.world.now
        self._rebalance()
        self.joined[member] = None
        self._complete()

    def _complete(self) -> None:
        if self.rebalancing_since is None or not self.seen or any(m not in self.joined for m in self.seen):
            return
        if self.world.now - self.rebalancing_since < 0.5:
            return  # others may be about to join
        members = sorted(self.joined)
        self.generation += 1
        self.rebalancing_since = None
        self.assignment = {m: [] for m in members}
        for partition in range(self.partitions):
            self.assignment[members[partition % len(members)]].append(partition)
        self.world.note("generation", self.generation, self.assignment)

    def assigned(self, member: str) -> tuple[int, list[int]] | None:
        """What this member got, or None while the others join.

        `KeyError` when it is not a member.
        """
        self.seen[member] = self.seen[member] and self.world.now
        if self.rebalancing_since is not None:
            return None
        return self.generation, self.assignment[member]

    def beat(self, member: str, generation: int) -> str:
        if member not in self.seen:
            return "unknown"
        self.seen[member] = self.world.now
        if self.rebalancing_since is not None or generation != self.generation:
            return "rebalance"
        return "well"

    def leave(self, member: str) -> None:
        self.evict(member)


class MemoryMembership:
    """One member; keeps `ownership.Membership`."""

    def __init__(self, group: Group, connect: Callable[[], Connection], name: str) -> None:
        self._group, self._connect, self._name = group, connect, name
        self._joins = 0
        self._task: asyncio.Task[None] | None = None
        self._assigned = asyncio.Event()

    @property
    def _member(self) -> str:
        return f"{self._name}#{self._joins}"

    async def join(self, owner: Owner) -> None:
        await self.leave()
        self._joins += 1
        self._task = asyncio.get_running_loop().create_task(self._stay(owner))

    async def poll(self, timeout_s: float) -> None:
        """Like aiokafka's, it waits for the end of a rebalance, however long that takes."""
        if self._task is None:
            raise LogUnavailable("not a member")
        await self._assigned.wait()
        await asyncio.sleep(timeout_s)

    async def leave(self) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        self._assigned.clear()
        task.cancel()
        await asyncio.wait({task})
        try:
            async with asyncio.timeout(1.0):
                await self._connect().call(lambda member=self._member: self._group.leave(member), "leave")
        except (LogUnavailable, TimeoutError):
            pass

    async def _stay(self, owner: Owner) -> None:
        connection = self._connect()
        while True:
            generation = await self._take_part(connection, owner)
            while generation is not None:
                await asyncio.sleep(BEAT_S)
                try:
                    answer = await connection.call(lambda g=generation: self._group.beat(self._member, g), "beat")
                except LogUnavailable:
                    continue
                if answer != "well":
                    if answer == "unknown":
                        self._joins += 1
                    self._assigned.clear()
                    await owner.revoked()
                    generation = None

    async def _take_part(self, connection: Connection, owner: Owner) -> int | None:
        try:
            await connection.call(lambda member=self._member: self._group.join(member), "join")
            while True:
                got = await connection.call(lambda member=self._member: self._group.assigned(member), "assigned")
                if got is not None:
                    break
                await asyncio.sleep(PAUSE_S)
        except (LogUnavailable, KeyError):
            await asyncio.sleep(PAUSE_S)
            return None
        generation, partitions = got
        await owner.assigned(partitions)
        self._assigned.set()
        return generation
