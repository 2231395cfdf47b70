"""A month that was closed and paid is never reported as a failure, whatever becomes of looking."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import pytest

from consumers.release.close_request import (
    PULSES,
    Awaited,
    CloseResult,
    ExchangeEmpty,
    OutcomeUnread,
    close_epoch,
    gets_on,
)
from exchange.engine.errors import EngineError, LogUnavailable, NotAuthorized
from exchange.engine.log import Partition
from exchange.testing.memory_log import MemoryLog, MemoryReader
from exchange.wire.pulse import Pulse, encode_pulse
from exchange.wire.topics import EVENTS, PULSE
from tests.simulation.world.closing_world import OF_DRAWS, OF_EPOCHS, OF_RELEASES, ONE, PARTITIONS, START, ClosingWorld


@pytest.fixture
def world() -> Iterator[ClosingWorld]:
    world = ClosingWorld()
    yield world
    world.end()


class BlindReader(MemoryReader):
    """Fails at one topic as soon as the command is written, or a while later."""

    hidden: Partition
    error: EngineError

    async def end_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        if self.hidden in partitions and self._broker.end_of(OF_EPOCHS) > 0:
            raise self.error
        return await super().end_offsets(partitions)


class BlindLog(MemoryLog):
    def __init__(self, world: ClosingWorld, hidden: Partition, error: EngineError) -> None:
        process = world.world.process("operator")
        super().__init__(world.broker, lambda: world.network.connect(process))
        self._hidden, self._error, self.process = hidden, error, process

    async def reader(self) -> MemoryReader:
        made = await super().reader()
        blind = BlindReader(made._broker, made._connection)
        blind.hidden, blind.error = self._hidden, self._error
        return blind


def closed_by(world: ClosingWorld, log: BlindLog) -> "CloseResult | EngineError | OutcomeUnread":
    found: list[CloseResult | EngineError | OutcomeUnread] = []

    async def by_hand() -> None:
        try:
            found.append(await close_epoch(log, START))
        except (EngineError, OutcomeUnread) as error:
            found.append(error)

    world.worker()
    log.process.spawn(by_hand())
    world.run(120)
    [one] = found
    return one


@pytest.mark.parametrize("error", [NotAuthorized("reading"), LogUnavailable("away")])
def test_a_month_that_is_closed_and_paid_is_reported_so(world: ClosingWorld, error: EngineError) -> None:
    result = closed_by(world, BlindLog(world, OF_RELEASES, error))
    assert isinstance(result, CloseResult)
    assert not result.spent.refused
    assert result.tables > 0
    assert str(error) in result.unseen
    assert world.broker.end_of(OF_DRAWS) > 0


@pytest.mark.parametrize("error", [NotAuthorized("reading"), LogUnavailable("away")])
def test_an_outcome_that_cannot_be_read_is_no_failure_of_the_closing(world: ClosingWorld, error: EngineError) -> None:
    result = closed_by(world, BlindLog(world, OF_DRAWS, error))
    assert isinstance(result, OutcomeUnread)
    assert "exchange release list" in str(result)


@pytest.mark.parametrize("arrived", [False, True])
def test_the_first_month_is_not_closed_unasked_before_there_is_an_event(world: ClosingWorld, arrived: bool) -> None:
    if arrived:
        world.send(ONE, partition=1)
    world.worker()
    process, said = world.world.process("operator"), list[object]()
    log = MemoryLog(world.broker, lambda: world.network.connect(process))
    events = [Partition(EVENTS, number) for number in range(PARTITIONS)]

    async def close(epoch: int, *, asked: bool) -> None:
        try:
            said.append((await close_epoch(log, epoch, events=() if asked else events)).spent.refused)
        except ExchangeEmpty:
            said.append("empty")

    async def by_hand() -> None:
        await close(START, asked=False)
        await close(START, asked=True)
        await close(START + 1, asked=False)

    process.spawn(by_hand())
    world.run(120)
    assert said == (["", "EpochClosed", ""] if arrived else ["empty", "", ""])
    assert world.broker.end_of(OF_EPOCHS) == len(said) - (not arrived)


NOW_MS = 1_800_000_000_000
AT_WORK = Pulse("release-0", "worker-a", NOW_MS - 2_000, "running", 0, 0, 0, 0, -1, 0, 0, 0, stuck_ms=900)


@pytest.mark.parametrize(
    ("pulses", "works"),
    [
        ([], False),
        ([AT_WORK], True),
        ([replace(AT_WORK, at_ms=NOW_MS - 60_000)], False),
        ([replace(AT_WORK, stuck_ms=60_000)], False),
        ([replace(AT_WORK, state="backing off")], False),
        ([AT_WORK, replace(AT_WORK, state="failed")], False),
        ([replace(AT_WORK, state="failed"), AT_WORK, replace(AT_WORK, lane="publisher-0", state="failed")], True),
    ],
)
def test_a_lane_gets_on_if_its_newest_pulse_is_recent_and_says_so(
    world: ClosingWorld, pulses: list[Pulse], *, works: bool
) -> None:
    if pulses:
        world.broker.create(PULSE)
        world.broker.append(PULSES, *[(one.lane.encode(), encode_pulse(one)) for one in pulses])
    process = world.world.process("operator")
    log = MemoryLog(world.broker, lambda: world.network.connect(process))
    asked = process.spawn(gets_on(log, Awaited.LANE.lane, NOW_MS))
    world.run(5)
    assert asked.result() is works


def test_whoever_waits_is_told_every_few_seconds_that_the_lane_works(
    world: ClosingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker carries the command out: there is nothing but the pulse."""
    monkeypatch.setattr("consumers.release.close_request.wall_ms", lambda: NOW_MS)
    world.broker.create(PULSE)
    told, process = list[float](), world.world.process("operator")
    log = MemoryLog(world.broker, lambda: world.network.connect(process))
    process.spawn(close_epoch(log, START, works=lambda: told.append(world.world.now)))
    world.run(20)
    assert not told
    world.broker.append(PULSES, (b"release-0", encode_pulse(AT_WORK)))
    world.run(20)
    assert 3 <= len(told) <= 4
