"""Who runs which lanes: how an owner handles fenced or failed lanes and the loss of its group."""

import asyncio

import pytest

from exchange.core.errors import ExchangeError
from exchange.engine.errors import GroupLost, LaneGaveUp, PositionOutOfRange
from exchange.engine.lanes.lane import Lane
from exchange.engine.lanes.ownership import Ownership
from exchange.engine.lanes.progress import LaneState
from exchange.engine.log import Partition
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from tests.simulation.world.exchange_world import Process, World
from tests.simulation.world.faults import Fault
from tests.simulation.world.group import Group, MemoryMembership
from tests.simulation.world.network import Network
from tests.simulation.world.scenario import simulate
from tests.simulation.world.steps import POSITION, Count

PARTITIONS = 3


class Office:
    """A world with a group of counting lanes, and workers that are hired one by one."""

    def __init__(self) -> None:
        self.world = World(1)
        self.network = Network(self.world)
        self.broker = MemoryBroker(self.world.after, lambda: self.world.now)
        self.sources = self.broker.create("events", PARTITIONS)
        self.states = self.broker.create("aggregates", PARTITIONS)
        self.group = Group(self.world, PARTITIONS)
        self.group.start()
        self.ended: dict[str, ExchangeError | asyncio.CancelledError] = {}

    def hire(self, name: str) -> tuple[Ownership, Process]:
        process = self.world.process(name)
        connect = lambda: self.network.connect(process)  # noqa: E731
        log = MemoryLog(self.broker, connect)

        def fold(p: int) -> Lane:
            source, state = Partition("events", p), Partition("aggregates", p)
            return Lane(log, "fold", p, lambda: Count(source, state), state)

        ownership = Ownership(MemoryMembership(self.group, connect, name), [fold])

        async def work() -> None:
            try:
                await ownership.run()
            except (ExchangeError, asyncio.CancelledError) as error:
                self.ended[name] = error

        process.spawn(work())
        return ownership, process

    def publish(self, partition: int) -> None:
        self.broker.append(self.sources[partition], (b"a", b"cell"))

    def run(self, seconds: float) -> None:
        self.world.run_until(self.world.now + seconds)

    def running(self, ownership: Ownership, process: Process) -> list[int]:
        seen: list[int] = []
        process.call_soon(lambda: seen.extend(p.partition for p in ownership.progress if p.state is LaneState.RUNNING))
        self.run(0.0)
        return seen


@pytest.fixture
def office():
    office = Office()
    yield office
    office.world.end()
    assert not office.world.unhandled


def test_an_assignment_that_is_overtaken_while_lanes_stop_starts_none(office: Office) -> None:
    """Else a worker that has left its group would go on with lanes that nobody stops."""
    ownership, process = office.hire("one")
    office.run(10)
    assert office.running(ownership, process) == [0, 1, 2]

    async def overtaken() -> None:
        await asyncio.gather(ownership.assigned([0, 1]), ownership.revoked())

    process.spawn(overtaken())
    office.run(0.1)
    assert office.running(ownership, process) == []


def test_the_members_of_a_group_share_the_lanes(office: Office) -> None:
    one, two = office.hire("one"), office.hire("two")
    office.run(10)
    assert sorted(office.running(*one) + office.running(*two)) == [0, 1, 2]
    office.world.kill(two[1])
    office.run(20)
    assert office.running(*one) == [0, 1, 2]


def test_a_member_that_is_cancelled_stops_its_lanes_and_leaves(office: Office) -> None:
    one, two = office.hire("one"), office.hire("two")
    office.run(10)
    two[1].tasks[0].cancel()
    office.run(4)  # no session has to expire
    assert isinstance(office.ended["two"], asyncio.CancelledError)
    assert office.running(*one) == [0, 1, 2]


def test_a_fenced_lane_comes_back_with_a_generation_that_its_owner_makes(office: Office) -> None:
    """An intruder took its id, and no rebalance follows from that."""
    ownership, process = office.hire("one")
    office.run(10)
    office.broker.take_over("fold-1")
    office.publish(1)
    office.run(2)
    assert office.running(ownership, process) == [0, 2]
    assert ownership.generation == 1
    office.run(12)
    assert office.running(ownership, process) == [0, 1, 2]
    assert ownership.generation == 2
    assert (b"cell", b"1") in [(r.key, r.value) for r in office.broker.committed(office.states[1])]
    assert not office.ended


def test_whoever_is_fenced_again_and_again_without_a_commit_gives_up(office: Office) -> None:
    """A second deployment with the same names, in another group, on the same topics."""
    office.hire("one")

    def intrude() -> None:
        office.broker.take_over("fold-1")
        office.world.after(0.005, intrude)

    office.publish(1)
    intrude()
    office.run(120)
    assert isinstance(office.ended["one"], LaneGaveUp)
    assert "fold-1 was fenced" in str(office.ended["one"])


def test_a_lane_that_fails_ends_the_worker_after_all_lanes_stopped(office: Office) -> None:
    ownership, _ = office.hire("one")
    other, _ = office.hire("two")
    office.broker.append(office.states[0], (POSITION, b"99 0"))
    office.run(20)
    failed = [name for name, error in office.ended.items() if isinstance(error, PositionOutOfRange)]
    assert failed  # whoever owned partition 0, and then whoever inherited it
    assert all(not ownership.progress for ownership in (ownership, other))
    assert all(not log.open_since for log in office.broker.logs.values())


def test_a_worker_without_its_group_ends(office: Office) -> None:
    _, process = office.hire("one")
    office.run(10)
    office.network.deaf_until[process.name] = 1e9
    office.group.evict("one#1")
    office.run(40)
    assert not office.ended  # it cannot know, and nobody has taken its lanes
    office.hire("two")
    for _ in range(60):
        office.publish(0)
        office.run(1)
    assert isinstance(office.ended["one"], GroupLost)


@pytest.mark.parametrize("seed", range(3))
def test_intruders_cost_a_generation_and_nothing_else(seed: int) -> None:
    faults = [Fault(at, "intrude", number) for number, at in enumerate((10, 20, 30, 40))]
    report = simulate(seed, faults)
    assert report.exits == []
    assert report.generations <= 1 + len(faults)
    assert report.fenced >= 1
