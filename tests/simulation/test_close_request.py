"""A month that was closed and paid is never reported as a failure, whatever becomes of looking."""

from collections.abc import Collection, Iterator

import pytest

from consumers.release.close_request import CloseResult, ExchangeEmpty, OutcomeUnread, close_epoch
from exchange.engine.errors import EngineError, LogUnavailable, NotAuthorized
from exchange.engine.log import Partition
from exchange.testing.memory_log import MemoryLog, MemoryReader
from exchange.wire.topics import EVENTS
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
