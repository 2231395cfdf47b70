"""The publisher publishes what was drawn; the calendar closes each month once, when over."""

from collections.abc import Iterator

import pytest

from consumers.release.calendar import AGAIN_MS, HOUR_MS, Calendar, month_to_close
from consumers.release.close_request import CommandsLost, close_epoch
from consumers.release.publisher_lane import PublisherLane
from exchange.core.model.epochs import begins_ms, ends_ms
from exchange.core.release.closed_epochs import Closed
from exchange.core.release.privacy_ledger import Ledger
from exchange.engine.lanes.progress import LaneProgress, LaneState
from exchange.engine.log import Partition
from exchange.testing.memory_log import MemoryLog
from exchange.wire.release_records import Asker, decode_close
from exchange.wire.topics import EPOCHS, EVENTS
from tests.kits.draw_world import event
from tests.simulation.world.closing_world import NOW_MS, OF_EPOCHS, OF_RELEASES, PARTITIONS, START, ClosingWorld
from tests.unit.release.test_draw import FOOD


@pytest.fixture
def world() -> Iterator[ClosingWorld]:
    world = ClosingWorld()
    yield world
    world.end()


def drawn(world: ClosingWorld) -> None:
    """One epoch is drawn, recorded and public."""
    world.close(START)
    process = world.worker()
    world.run(10)
    world.settled()
    world.world.kill(process)


def publishing(world: ClosingWorld) -> list[LaneProgress]:
    """Another publisher, alone."""
    process = world.world.process("publisher")
    log = MemoryLog(world.broker, lambda: world.network.connect(process))
    seen: list[LaneProgress] = []
    process.spawn(PublisherLane(log, world.witness(), hook=seen.append).run())
    world.run(10)
    return seen


def test_a_publisher_that_starts_again_adds_nothing(world: ClosingWorld) -> None:
    drawn(world)
    before = len(world.releases())
    assert publishing(world)[-1].state is LaneState.RUNNING
    assert len(world.releases()) == before


def test_a_repeat_by_two_publishers_is_the_same_and_harmless(world: ClosingWorld) -> None:
    drawn(world)
    [first, *_] = world.releases()
    world.broker.append(OF_RELEASES, (first.key, first.value), at_ms=ends_ms(START))
    assert publishing(world)[-1].state is LaneState.RUNNING
    world.settled()


@pytest.mark.parametrize("what", ["another value", "another key", "another time"])
def test_what_was_never_drawn_stops_the_publisher(world: ClosingWorld, what: str) -> None:
    drawn(world)
    intruded(world, what)


def test_a_publisher_that_finds_another_draw_stops_and_adds_nothing(world: ClosingWorld) -> None:
    drawn(world)
    intruded(world, "another value")


def intruded(world: ClosingWorld, what: str) -> None:
    [first, *_] = world.releases()
    key, value, at_ms = first.key, first.value or b"", ends_ms(START)
    if what == "another value":
        value = value[:-1] + bytes([value[-1] ^ 1])
    elif what == "another key":
        key = b"arrivals_cases|2026-03"
    else:
        at_ms += 1
    world.broker.append(OF_RELEASES, (key, value), at_ms=at_ms)
    world.close(START + 1)
    world.broker.delete(EVENTS)  # nobody draws any more, whoever looks
    world.broker.create(EVENTS, PARTITIONS)
    before = len(world.releases())
    seen = publishing(world)
    assert (seen[-1].state, seen[-1].error) == (LaneState.FAILED, "PublishedDiffers")
    world.run(60)
    assert len(world.releases()) == before


# The calendar


def asked(world: ClosingWorld) -> list[int]:
    found = [decode_close(record.value or b"") for record in world.broker.committed(OF_EPOCHS)]
    assert all(close.by is Asker.CALENDAR for close in found)
    return [close.epoch for close in found]


def with_calendar(world: ClosingWorld, grace_ms: int = 6 * HOUR_MS) -> None:
    process = world.world.process("calendar")
    log = MemoryLog(world.broker, lambda: world.network.connect(process))
    process.spawn(Calendar(log, PARTITIONS, grace_ms, world.witness(), clock=lambda: world.now_ms).run())


def arrived_at(world: ClosingWorld, at_ms: int) -> None:
    from exchange.wire.codec import encode

    world.broker.append(Partition(EVENTS, 1), (b"an-agency", encode(event(FOOD))), at_ms=at_ms)


def test_the_calendar_closes_each_month_that_is_over_once_and_in_order(world: ClosingWorld) -> None:
    arrived_at(world, begins_ms(START + 1) + 5)
    world.now_ms = ends_ms(START + 3) + 6 * HOUR_MS
    world.worker()
    with_calendar(world)
    world.run(120)
    assert asked(world) == [START + 1, START + 2]
    world.now_ms += 1
    world.run(60)
    assert asked(world) == [START + 1, START + 2, START + 3]
    assert all(not spent.refused for spent in world.settled().commands.values())


@pytest.mark.parametrize("topic", [OF_EPOCHS, Partition(EVENTS, 0)])
def test_a_foreign_transaction_holds_the_calendar_up_and_no_longer_than_it_is_open(
    world: ClosingWorld, topic: Partition
) -> None:
    """Its marker stays in `epochs`, and is no command that waits."""
    arrived_at(world, begins_ms(START + 1) + 5)
    world.now_ms = ends_ms(START + 2) + 6 * HOUR_MS + 1
    world.hold(topic, 100)
    world.worker()
    with_calendar(world)
    world.run(90)
    assert asked(world) == []
    world.run(120)
    assert asked(world) == [START + 1, START + 2]
    assert all(not spent.refused for spent in world.check().commands.values())


def test_an_exchange_that_nobody_has_sent_anything_to_closes_nothing(world: ClosingWorld) -> None:
    world.worker()
    with_calendar(world)
    world.run(300)
    assert asked(world) == []


def test_the_calendar_waits_for_its_command_and_asks_again_only_after_an_hour(world: ClosingWorld) -> None:
    arrived_at(world, begins_ms(START))
    with_calendar(world)
    world.run(300)  # no release lane
    assert asked(world) == [START]
    world.broker.append(Partition(EVENTS, 0), (b"an-agency", b""))
    world.now_ms = ends_ms(START)  # by the lane's clock it is not over
    world.worker()
    world.run(100)
    assert list(world.outcomes().values()) == ["EpochNotOver"]
    world.now_ms += 6 * HOUR_MS + 1 - HOUR_MS + AGAIN_MS - 2
    world.run(100)
    assert asked(world) == [START]
    world.now_ms += 1 + HOUR_MS
    world.run(100)
    assert asked(world)[:2] == [START, START]


def test_where_commands_were_lost_nobody_asks_for_more(world: ClosingWorld) -> None:
    """A command at an offset handled before would be skipped, and the old outcome reported."""
    drawn(world)
    world.broker.delete(EPOCHS)
    world.broker.create(EPOCHS)
    with_calendar(world)
    found: list[BaseException] = []

    async def by_hand(log: MemoryLog) -> None:
        try:
            await close_epoch(log, START + 1)
        except CommandsLost as error:
            found.append(error)

    process = world.world.process("operator")
    process.spawn(by_hand(MemoryLog(world.broker, lambda: world.network.connect(process))))
    world.run(120)
    assert [str(error).startswith("epochs ends at offset 0, and commands up to 1 ") for error in found] == [True]
    assert asked(world) == []


@pytest.mark.parametrize("last", [None, START])
def test_a_month_is_asked_for_when_it_and_the_grace_are_over(last: int | None) -> None:
    closed = Closed(ledger=Ledger(last_epoch=last))
    epoch = START + 1
    first_ms = None if last else begins_ms(epoch)
    over = ends_ms(epoch) + HOUR_MS
    assert month_to_close(closed, first_ms, over, HOUR_MS) is None
    assert month_to_close(closed, first_ms, over + 1, HOUR_MS) == epoch
    assert month_to_close(Closed(), None, NOW_MS, HOUR_MS) is None
