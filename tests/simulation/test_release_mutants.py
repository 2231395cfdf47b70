"""Broken release lanes: the law notices each mistake, in a kill at some step or in a storm."""

from dataclasses import replace

import pytest

from consumers.release.release_lane import ReleaseLane
from exchange.engine.errors import LaneStalled
from exchange.engine.log import Partition
from exchange.testing.memory_log import MemoryLog
from exchange.wire.topics import AGENCIES, EVENTS
from tests.simulation.test_release_kills import SEEDS, killed_at, steps_of_a_close, stormy
from tests.simulation.world.closing_world import OF_DRAWS, OF_EPOCHS, OF_RELEASES, ONE, START, ClosingWorld, DrawHere
from tests.simulation.world.mutants import StableIsTheEnd


class Forgetful(ReleaseLane):
    """Redraws after a kill: it begins without what it had recorded."""

    def _note(self, seen) -> None:
        super()._note(type(seen)())

    async def _decided(self, record, closed):
        return await super()._decided(record, type(closed)())


class SpendsFirst(ReleaseLane):
    """Crash between spend and publish: the ledger is one transaction, the releases are the next."""

    async def _handle(self, record, follower) -> None:
        self._note(await follower.catch_up())
        if record.offset >= self._seen.closed.position:
            pairs = await self._decided(record, self._seen.closed)
            for some in (pairs[-1:], pairs[:-1]):
                writer = await self._log.writer(self.name)
                await writer.begin()
                await (await writer.send(OF_DRAWS, some))
                await writer.commit()
                await writer.close()
        self._note(await follower.catch_up())


class PublishesItself(ReleaseLane):
    """Writes `releases` in a transaction: readers of default isolation see what is aborted."""

    async def _handle(self, record, follower) -> None:
        writer = await self._log.writer(self.name)
        self._note(await follower.catch_up())
        pairs = await self._decided(record, self._seen.closed)
        await writer.begin()
        public = [((key or b"").removesuffix(b"|release"), value) for key, value in pairs[:-1]]
        await (await writer.send(OF_RELEASES, public))
        await (await writer.send(OF_DRAWS, pairs))
        await writer.commit()
        await writer.close()


class NeverFences(ReleaseLane):
    """Every worker has an id of its own, so nobody is fenced."""

    def __init__(self, log: MemoryLog, *args, **kwargs) -> None:
        super().__init__(log, *args, **kwargs)
        self.name = f"release-{id(self)}"


class LateCut(ReleaseLane):
    """Draws up to the end of the log but records an earlier cut: what lies between counts twice."""

    async def _decided(self, record, closed):
        drawer = self._drawer

        class Later:
            async def draw(self, task, report):
                drawn = await drawer.draw(task, report)
                heads = tuple((agency, max(0, sequence - 1)) for agency, sequence in drawn.cut.heads)
                offsets = tuple(max(0, n - 1) for n in drawn.cut.offsets)
                return replace(drawn, cut=replace(drawn.cut, heads=heads, offsets=offsets))

        self._drawer = Later()
        try:
            return await super()._decided(record, closed)
        finally:
            self._drawer = drawer


class JudgesByWhatIsDecided(ReleaseLane):
    """Reads `draws` to its last stable offset: behind an open transaction it looks undrawn."""

    async def _reader(self, resources):
        return StableIsTheEnd(await super()._reader(resources))


class DrawsByWhatIsDecided(DrawHere):
    """The draw reads the ledger too, and waits in the same way: it must be broken with the lane."""

    async def draw(self, task, report):
        class Decided(MemoryLog):
            async def reader(self):
                return StableIsTheEnd(await super().reader())

        assert isinstance(self.log, MemoryLog)
        broken = Decided(self.log._broker, self.log._connect)
        return await DrawHere(broken, self.noise).draw(task, report)


def held_open(lane: type[ReleaseLane], topic: Partition, drawer: type[DrawHere] = DrawHere) -> ClosingWorld:
    """A foreign transaction is open while an epoch is closed and workers die, and then ends."""
    world = ClosingWorld(lane=lane, drawer=drawer)
    world.send(ONE, ONE)
    world.close(START)
    first = world.worker()
    world.run(20)
    world.hold(topic, 250)
    world.close(START + 1)
    for _ in range(3):
        world.run(20)
        world.world.kill(first)
        first = world.worker()
    world.run(300)  # longer than a single lane may stall
    return world


@pytest.mark.parametrize("topic", [OF_DRAWS, OF_EPOCHS, Partition(EVENTS, 0), Partition(AGENCIES, 0)])
def test_no_epoch_is_drawn_twice_while_a_foreign_transaction_is_open(topic: Partition) -> None:
    world = held_open(ReleaseLane, topic)
    try:
        assert not world.halted()
        closings = world.check()
        assert world.outcomes().keys() == {record.offset for record in world.broker.committed(OF_EPOCHS)}
        assert world.published() == {part.key for part in closings.parts}
        assert (len(closings.commands), closings.closed.last_epoch) == (2, START + 1)
    finally:
        world.end()


def test_a_lane_that_judges_by_what_is_decided_is_noticed() -> None:
    world = held_open(JudgesByWhatIsDecided, OF_DRAWS, DrawsByWhatIsDecided)
    try:
        with pytest.raises(AssertionError, match="second draw"):
            world.settled()
    finally:
        world.end()


class CallsWaitingAStall(ReleaseLane):
    """Knows no open transactions: what waits for one has got nowhere."""

    def _moved(self) -> None:
        """Note nothing."""


def held_by_one_after_the_other(lane: type[ReleaseLane], topic: Partition, seconds: float) -> ClosingWorld:
    """Foreign transactions of so many seconds; each begins before the one before it ends."""
    world = ClosingWorld(lane=lane)
    world.send(ONE, ONE)
    world.close(START)
    world.hold(topic, seconds)
    world.worker()
    for _ in range(8):
        world.run(seconds - 1)
        world.hold(topic, seconds)
    return world


@pytest.mark.parametrize("seconds", [29, *(pytest.param(some, marks=pytest.mark.slow) for some in (17, 41))])
@pytest.mark.parametrize("topic", [OF_DRAWS, OF_EPOCHS, OF_RELEASES, Partition(EVENTS, 0), Partition(AGENCIES, 0)])
def test_foreign_transactions_one_after_the_other_are_no_stall(topic: Partition, seconds: float) -> None:
    world = held_by_one_after_the_other(ReleaseLane, topic, seconds)
    try:
        assert not world.ended
        world.run(120)
        drawn = {part.key for part in world.closings().parts}
        assert (len(world.outcomes()), drawn <= world.published()) == (1, True)
        assert not world.ended
    finally:
        world.end()


def test_a_lane_that_calls_waiting_a_stall_is_noticed() -> None:
    world = held_by_one_after_the_other(CallsWaitingAStall, OF_DRAWS, 29)
    try:
        assert [type(error) for error in world.ended] == [LaneStalled]
    finally:
        world.end()


BROKEN: dict[str, type[ReleaseLane]] = {
    "redraw after a kill": Forgetful,
    "crash between spend and publish": SpendsFirst,
    "a transaction writing releases": PublishesItself,
    "nobody is fenced": NeverFences,
    "events behind the cut": LateCut,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_lane_is_noticed(name: str) -> None:
    """By a kill at one of the steps, or by a storm; the storms that notice most come first."""
    broken = BROKEN[name]
    assert (
        any(noticed_in_a_storm(broken, seed) for seed in range(3))
        or any(noticed(broken, step) for step in range(1, steps_of_a_close()))
        or any(noticed_in_a_storm(broken, seed) for seed in range(3, SEEDS))
    )


def noticed(lane: type[ReleaseLane], step: int) -> bool:
    world = ClosingWorld(lane=lane)
    try:
        killed_at(world, step)
        world.settled()
    except AssertionError:
        return True
    finally:
        world.end()
    return False


def noticed_in_a_storm(lane: type[ReleaseLane], seed: int) -> bool:
    world = ClosingWorld(seed, lane)
    try:
        stormy(world, seed)
        world.settled()
    except AssertionError:
        return True
    finally:
        world.end()
    return False
