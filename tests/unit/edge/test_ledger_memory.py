"""What a vault remembers of the exchange's ledger, and what it tells its person."""

from pathlib import Path

import pytest

from exchange.core.model.epochs import epoch_of
from exchange.core.model.ledger_head import LedgerHead
from producers.delivery.remembered.ledger_memory import LedgerMemory, LedgerTrouble, after
from producers.setup import look, settle_ledger
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.kits.edge_kit.facts import need, publish

JUNE = LedgerHead(epoch_of(2026, 6), b"j" * 32)
MAY, JULY = LedgerHead(JUNE.epoch - 1, b"m" * 32), LedgerHead(JUNE.epoch + 1, b"k" * 32)
AGAIN = LedgerHead(JUNE.epoch, b"x" * 32)


def after_all(*named: LedgerHead) -> LedgerMemory:
    memory = LedgerMemory()
    for head in named:
        memory = after(memory, head)
    return memory


def test_the_furthest_month_is_remembered_and_none_is_no_trouble() -> None:
    assert after_all(LedgerHead(), MAY, JUNE, JUNE) == LedgerMemory(JUNE)
    assert after_all(LedgerHead()).says == ""


@pytest.mark.parametrize("again", [JUNE, JULY])
def test_an_earlier_month_is_a_loss_until_the_exchange_has_it_again(again: LedgerHead) -> None:
    for lost in (MAY, LedgerHead()):
        behind = after_all(MAY, JUNE, lost)
        assert behind == LedgerMemory(JUNE, LedgerTrouble.BEHIND)
        assert "ends before 2026-06" in behind.says
        assert after(behind, again) == LedgerMemory(again)


def test_a_second_draw_stays_known() -> None:
    differs = after_all(JUNE, AGAIN)
    assert differs == LedgerMemory(JUNE, LedgerTrouble.DIFFERS)
    assert "up to 2026-06 are not the ones" in differs.says
    assert after_all(JUNE, MAY, AGAIN) == differs
    for later in (JULY, JUNE, MAY):
        assert after(differs, later) == differs


async def test_a_person_who_names_the_month_ends_a_notice_and_nothing_else_does(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    for number, head in enumerate((JUNE, AGAIN)):
        agency.exchange.ledger = head
        await publish(agency, need(str(number)))
    assert "exchange edge settle 2026-06" in look(agency.profile, SECRET).ledger
    for epoch in (MAY.epoch, JULY.epoch):
        assert not settle_ledger(agency.profile, SECRET, epoch)
    assert look(agency.profile, SECRET).ledger
    assert settle_ledger(agency.profile, SECRET, JUNE.epoch)
    assert look(agency.profile, SECRET).ledger == ""
    await publish(agency, need("c"))  # its receipt names the head that the exchange has now
    assert (look(agency.profile, SECRET).last_closed_month, look(agency.profile, SECRET).ledger) == ("2026-06", "")
    assert not settle_ledger(agency.profile, SECRET, JUNE.epoch)
    agency.exchange.ledger = JUNE
    await publish(agency, need("d"))
    assert "up to 2026-06 are not the ones" in look(agency.profile, SECRET).ledger


async def test_a_run_is_told_and_everything_is_sent_and_the_vault_shows_it(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    agency.exchange.ledger = JUNE
    await publish(agency, need("a"))
    shown = look(agency.profile, SECRET)
    assert (shown.last_closed_month, shown.ledger) == ("2026-06", "")
    before = len(agency.exchange.admitted)
    agency.exchange.ledger = MAY  # Kafka was put back
    await publish(agency, need("b"))
    assert len(agency.exchange.admitted) > before
    shown = look(agency.profile, SECRET)
    assert shown.last_closed_month == "2026-06"
    assert shown.ledger.startswith("The exchange has lost months")
    agency.exchange.ledger = None  # a receipt that names nothing says nothing
    await publish(agency, need("c"))
    assert look(agency.profile, SECRET) != shown
    assert look(agency.profile, SECRET).ledger == shown.ledger
