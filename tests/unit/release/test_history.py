"""The history of closings shows what can be read, and names what cannot."""

from collections.abc import Iterator

import pytest

from consumers.release.history import History, read_history
from exchange.core.model.epochs import parse_epoch
from exchange.core.release.cuts import Cut
from exchange.engine.errors import PartitionUnknown
from exchange.engine.log import Partition
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.wire.release_records import Spent, encode_spent, ledger_part
from exchange.wire.topics import DRAWS, EPOCHS, RELEASES
from tests.simulation.world.exchange_world import World

MARCH = parse_epoch("2026-03")
TOPICS = (DRAWS, EPOCHS, RELEASES)


class Desk:
    def __init__(self) -> None:
        self.world = World(0)
        self.broker = MemoryBroker(self.world.after, lambda: self.world.now)
        for topic in TOPICS:
            self.broker.create(topic)
        self.broker.append(Partition(RELEASES, 0), (b"cases|2026-03", b"a release"))
        refused = Spent(1, MARCH, 1, 1, "BudgetExhausted", 0, Cut(), ())
        self.broker.append(Partition(DRAWS, 0), (ledger_part(0), encode_spent(refused)))

    def read(self) -> History:
        task = self.world.process("operator").spawn(read_history(MemoryLog(self.broker)))
        self.world.run_until(self.world.now + 120)
        return task.result()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.world.end()


def test_all_is_shown_where_all_can_be_read(desk: Desk) -> None:
    found = desk.read()
    assert [(one.epoch, one.refused) for one in found.refused] == [("", "BudgetExhausted")]
    assert (found.epochs, found.unknown) == ((), ())


@pytest.mark.parametrize("lost", ["damaged", "cut off", "missing"])
def test_without_its_ledger_the_published_epochs_are_shown_and_the_ledger_is_unknown(desk: Desk, lost: str) -> None:
    if lost == "missing":
        desk.broker.delete(DRAWS)
    else:
        desk.broker.append(Partition(DRAWS, 0), (b"no", b"draw"), (b"no", b"draw"))
    if lost == "cut off":
        desk.broker.delete_before(Partition(DRAWS, 0), 3)
    found = desk.read()
    (one,) = found.epochs
    assert (one.epoch, one.tables, one.public, one.at_ms, one.rho_paid) == ("2026-03", ("cases",), 1, None, None)
    assert found.refused == ()
    (unknown,) = found.unknown
    assert unknown.section == DRAWS
    assert {"damaged": "offset 1", "cut off": "begins at offset 3", "missing": "exchange topics apply"}[
        lost
    ] in unknown.says


def test_without_the_commands_the_ledger_is_shown(desk: Desk) -> None:
    desk.broker.delete(EPOCHS)
    found = desk.read()
    assert [one.refused for one in found.refused] == ["BudgetExhausted"]
    assert [one.section for one in found.unknown] == [EPOCHS]


def test_where_nothing_can_be_read_that_is_an_error(desk: Desk) -> None:
    for topic in TOPICS:
        desk.broker.delete(topic)
    with pytest.raises(PartitionUnknown):
        desk.read()
