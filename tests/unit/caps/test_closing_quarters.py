"""Which run closes a quarter's totals: a scheduled one that is due, or one that is asked to.

Whatever else makes a person run the edge closes nothing: a refusal, another try, a correction.
"""

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from exchange.core.model.events import Heartbeat, Tally
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, Scheduled
from producers.caps import tally_batches
from producers.caps.tally import due_before
from producers.caps.tally_batches import first_batch_over
from producers.edge import Edge
from producers.errors import QuarterNotClosable
from producers.setup import confirm_holds
from producers.vault.store import Vault
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.unit.caps.test_edge_tally import needs, tallies

Q1, Q2 = parse_period("2026Q1"), parse_period("2026Q2")
APRIL_2, APRIL_10, APRIL_15, APRIL_16 = (date(2026, 4, day) for day in (2, 10, 15, 16))


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path, LegalClass.tally_only)


async def run(agency: Agency, clients: int, today: date, *, scheduled: bool = False, closes: str = "") -> list[int]:
    """Publish needs of so many clients; the quarters that are over and not closed after it."""
    closing = parse_period(closes) if closes else None
    options = replace(agency.options, scheduled=scheduled, closes=closing)
    async with agency.edge(today=today, options=options) as edge:
        for fact in needs(clients):
            await edge.publish(fact)
    return edge.report.not_closed


def food(agency: Agency) -> list[tuple[int, int]]:
    """(count, bits) of each tally of needs, in the order of their arrival."""
    return [
        (sum(event.body.counts), event.cap)
        for _, event in agency.exchange.events()
        if isinstance(event.body, Tally) and event.body.table == "needs_by_service"
    ]


async def test_a_run_by_hand_closes_nothing(agency: Agency) -> None:
    assert await run(agency, 3, date(2026, 9, 1)) == [Q1]
    assert tallies(agency) == []


async def test_a_refusal_closes_nothing_and_what_is_entered_after_it_is_in(agency: Agency) -> None:
    await run(agency, 6, APRIL_2, scheduled=True)
    async with agency.edge(today=APRIL_2, options=replace(agency.options, scheduled=False)) as edge:
        edge.hold("client5", retract=True)
    await run(agency, 12, APRIL_10)
    assert food(agency) == []
    assert await run(agency, 12, APRIL_16, scheduled=True) == []
    [(counted, bits)] = food(agency)
    assert (counted, bits > 0) == (11, True)


async def test_the_first_scheduled_run_after_the_fifteenth_day_closes(agency: Agency) -> None:
    assert await run(agency, 3, APRIL_15, scheduled=True) == [Q1]
    assert await run(agency, 4, APRIL_16, scheduled=True) == []
    assert await run(agency, 5, APRIL_16, scheduled=True) == []
    assert [(n, bits > 0) for n, bits in food(agency)] == [(4, True), (5, False)]


async def test_a_run_that_is_asked_to_closes_a_quarter_that_is_over(agency: Agency) -> None:
    assert await run(agency, 3, APRIL_2, closes="2026Q1") == []
    assert [(n, bits > 0) for n, bits in food(agency)] == [(3, True)]


async def killed_while_it_closes(opening: Edge) -> None:
    async with opening as edge:
        for fact in needs(6):
            await edge.publish(fact)
        edge.stage()
        raise InterruptedError


async def test_a_run_that_was_killed_while_it_closed_leaves_the_counting_to_the_next_that_closes(
    agency: Agency,
) -> None:
    options = replace(agency.options, scheduled=True)
    with pytest.raises(InterruptedError):
        await killed_while_it_closes(agency.edge(today=APRIL_16, options=options))
    async with agency.edge(today=APRIL_16, options=replace(options, scheduled=False)) as edge:
        edge.hold("client5", retract=True)
    assert food(agency) == []
    await run(agency, 8, APRIL_16, scheduled=True)
    assert [(n, bits > 0) for n, bits in food(agency)] == [(7, True)]


@pytest.mark.parametrize(
    ("quarter", "today", "why"),
    [
        ("2026Q2", APRIL_2, "no quarter that is over"),
        ("2026", date(2027, 2, 1), "no quarter that is over"),
        ("2025Q4", date(2026, 9, 1), "closed already"),
        ("2026Q1", date(2026, 9, 1), "closed already"),
    ],
)
async def test_what_cannot_be_closed_is_refused_by_name_and_changes_nothing(
    agency: Agency, quarter: str, today: date, why: str
) -> None:
    await run(agency, 3, APRIL_2, closes="2026Q1")
    before = agency.exchange.events()
    with pytest.raises(QuarterNotClosable, match=why):
        await run(agency, 9, today, closes=quarter)
    assert agency.exchange.events() == before
    with Vault.open(agency.profile, SECRET) as vault:
        assert vault.one("SELECT count(*) FROM fact WHERE kept") == (3,)


async def test_an_agency_of_single_events_has_no_quarter_to_close(tmp_path: Path) -> None:
    with pytest.raises(QuarterNotClosable, match="totals only"):
        await run(Agency(tmp_path, LegalClass.individual), 1, APRIL_16, closes="2026Q1")


async def test_only_a_run_that_its_schedule_began_says_so(agency: Agency) -> None:
    await run(agency, 3, APRIL_16)
    await run(agency, 3, APRIL_16, scheduled=True)
    async with agency.edge(today=APRIL_16, options=replace(agency.options, scheduled=False)) as edge:
        edge.retry_refused()
    beats = [event.body.scheduled for _, event in agency.exchange.events() if isinstance(event.body, Heartbeat)]
    assert beats == [Scheduled.no, Scheduled.yes, Scheduled.no]


# Read back after a restore


async def restored(agency: Agency) -> None:
    """The agency lost a run in which three had become five, and has its older copy back."""
    await run(agency, 3, APRIL_16, scheduled=True)
    agency.keep("backup")
    await run(agency, 5, APRIL_16, scheduled=True)
    agency.restore("backup")


def net(agency: Agency) -> int:
    """The need for food as the exchange counts it now."""
    return agency.admitted()[b"needs_by_service|2026Q1|ca|food"]


async def test_a_run_by_hand_counts_nothing_that_was_read_back(agency: Agency) -> None:
    await restored(agency)
    for clients in (3, 4):
        await run(agency, clients, APRIL_16)
        assert [n for n, _ in food(agency)] == [3, 5], "nobody knows yet what the lost run had read"
    await run(agency, 4, APRIL_16, scheduled=True)
    assert [n for n, _ in food(agency)] == [3, 5], "nor why it withdrew the total"
    assert confirm_holds(agency.profile, SECRET)
    await run(agency, 4, APRIL_16)
    assert [n for n, _ in food(agency)] == [3, 5], "a run by hand counts nothing"
    await run(agency, 4, APRIL_16, scheduled=True)
    assert [n for n, _ in food(agency)] == [3, 5, 4]
    assert net(agency) == 4


async def test_the_scheduled_run_that_reads_back_counts_at_once(agency: Agency) -> None:
    await restored(agency)
    await run(agency, 3, APRIL_16, scheduled=True)
    assert net(agency) == 5, "as the lost copy left it"
    assert confirm_holds(agency.profile, SECRET)
    await run(agency, 3, APRIL_16, scheduled=True)
    assert net(agency) == 3, "though this copy had counted them, and nothing has changed since"


async def test_a_total_that_is_counted_as_the_lost_copy_left_it_is_explained(agency: Agency) -> None:
    await restored(agency)
    await run(agency, 5, APRIL_16, scheduled=True)
    await run(agency, 7, APRIL_16, scheduled=True)
    assert net(agency) == 7


async def test_a_total_that_is_held_back_does_not_keep_the_next_quarter_open(agency: Agency) -> None:
    """Else one client's record would decide which batch counts in releases."""
    await restored(agency)
    await run(agency, 3, APRIL_16, scheduled=True)
    assert net(agency) == 5
    july = date(2026, 7, 16)
    assert await run(agency, 3, july, scheduled=True) == []
    with Vault.open(agency.profile, SECRET) as vault:
        assert first_batch_over(vault) == due_before(july)


async def test_a_total_that_was_read_back_is_stated_by_its_fact(agency: Agency) -> None:
    await restored(agency)
    async with agency.edge(today=APRIL_16) as edge:
        for fact in needs(5):
            await edge.publish(fact)
    assert not edge.report.unclaimed
    assert [n for n, _ in food(agency)] == [3, 5]


def test_a_total_that_is_held_back_and_keeps_a_quarter_open_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = BrokenRule(
        tally_batches, "end_first_batch", "(TALLY, prefix_end(TALLY), HELD_BACK)", "(TALLY, prefix_end(TALLY), '')"
    )
    break_rule(monkeypatch, broken)
    with pytest.raises(AssertionError):
        asyncio.run(
            test_a_total_that_is_held_back_does_not_keep_the_next_quarter_open(Agency(tmp_path, LegalClass.tally_only))
        )
