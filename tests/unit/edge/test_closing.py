"""First totals are final: a quarter stays open while rows are unread, unless a person insists."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from exchange.core.model.events import Heartbeat, Tally
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass
from producers.delivery.quarter_closing import sure_before
from producers.edge import Edge
from producers.errors import QuarterKeptOpen, WithdrawalsUnconfirmed
from producers.facts import Complete, Fact, NotWhole, Reading, RowRefused, Where
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.kits.edge_kit.facts import FOOD, HERE, need

Q1, Q2, Q3, Q4 = (parse_period(f"2026Q{q}") for q in (1, 2, 3, 4))
IN_Q4 = date(2026, 10, 20)
MISSING = NotWhole(Where("Services.csv", 0), "Services.csv is missing")


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path, LegalClass.tally_only)


def facts(count: int, *periods: int) -> list[Reading]:
    return [need(f"x/{period}/{n}", FOOD, period, client=f"{n}") for period in periods for n in range(count)]


def refused(period: int) -> RowRefused:
    return RowRefused(HERE, "EntryDate", "is no date", period=period)


def run(agency: Agency, **how: Any) -> Edge:
    options = replace(agency.options, **({"withdraw": False, "incomplete": False} | how))
    return Edge.open(agency.profile, secret=SECRET, link=agency.exchange.link(), today=IN_Q4, options=options)


async def read(edge: Edge, readings: list[Reading]) -> None:
    async with edge:
        await edge.read_all(readings)


def first_totals(agency: Agency) -> dict[int, int]:
    """Needs in the totals that releases take, by quarter."""
    said = [event for _, event in agency.exchange.events() if isinstance(event.body, Tally) and event.cap]
    return {event.period: sum(event.body.counts) for event in said if event.body.table == "needs_by_service"}


@pytest.mark.parametrize(("of", "closed"), [(0, []), (Q1, []), (Q2, [Q1]), (Q3, [Q1, Q2]), (Q4, [Q1, Q2, Q3])])
async def test_a_quarter_with_a_refused_row_stays_open_and_those_after_it(
    agency: Agency, of: int, closed: list[int]
) -> None:
    edge = run(agency)
    if of == Q4:
        await read(edge, [*facts(3, Q1, Q2, Q3), refused(of)])
    else:
        with pytest.raises(QuarterKeptOpen, match="2026Q3"):
            await read(edge, [*facts(3, Q1, Q2, Q3), refused(of)])
    assert first_totals(agency) == dict.fromkeys(closed, 3)
    assert edge.report.kept_open == [period for period in (Q1, Q2, Q3) if period not in closed]
    assert isinstance(agency.exchange.events()[-1][1].body, Heartbeat)


async def test_the_first_totals_are_those_of_the_run_that_read_all(agency: Agency) -> None:
    with pytest.raises(QuarterKeptOpen, match="Refused here: 1 row"):
        await read(run(agency), [*facts(2, Q1), refused(0)])
    assert first_totals(agency) == {}
    await read(run(agency), facts(5, Q1))
    assert first_totals(agency) == {Q1: 5}


async def test_another_kind_of_file_does_not_close_what_one_left_open(agency: Agency) -> None:
    row, line = Where("Enrollment.csv", 2), Where("facts.jsonl", 2)
    with pytest.raises(QuarterKeptOpen):
        await read(run(agency), [*facts(2, Q1), RowRefused(row, "EntryDate", "is no date")])
    lines = [need("y/1", FOOD, Q1, client="y")]
    with pytest.raises(QuarterKeptOpen, match="An earlier run refused rows"):
        await read(run(agency), [replace(fact, where=line) for fact in lines])
    assert first_totals(agency) == {}
    await read(run(agency), [replace(fact, where=row) for fact in facts(5, Q1) if isinstance(fact, Fact)])
    assert first_totals(agency) == {Q1: 6}


async def test_a_part_that_is_missing_keeps_all_open(agency: Agency) -> None:
    with pytest.raises(QuarterKeptOpen, match=r"Services\.csv is missing"):
        await read(run(agency), [*facts(2, Q1), MISSING])
    assert first_totals(agency) == {}


async def test_a_person_may_insist(agency: Agency) -> None:
    await read(run(agency, incomplete=True), [*facts(2, Q1), refused(0), MISSING])
    assert first_totals(agency) == {Q1: 2}


async def test_a_quarter_that_is_asked_for_stays_open_too(agency: Agency) -> None:
    with pytest.raises(QuarterKeptOpen, match="2026Q2"):
        await read(run(agency, scheduled=False, closes=Q2), [refused(Q2)])


async def test_a_run_by_hand_closes_nothing_and_so_keeps_nothing_open(agency: Agency) -> None:
    edge = run(agency, scheduled=False)
    await read(edge, [*facts(2, Q1), refused(0)])
    assert edge.report.kept_open == []


async def test_while_withdrawals_wait_nothing_is_closed(agency: Agency) -> None:
    await read(run(agency, scheduled=False), facts(20, Q1))
    with pytest.raises(WithdrawalsUnconfirmed):
        await read(run(agency), [*facts(5, Q1), Complete("x/", HERE)])
    assert first_totals(agency) == {}
    await read(run(agency), [*facts(20, Q1), Complete("x/", HERE)])
    assert first_totals(agency) == {Q1: 20}


async def test_what_is_closed_stays_closed_whatever_is_refused_later(agency: Agency) -> None:
    await read(run(agency), facts(4, Q1))
    edge = run(agency)
    await read(edge, [*facts(5, Q1), refused(Q1)])
    assert first_totals(agency) == {Q1: 4}


@pytest.mark.parametrize(
    ("closed", "asked", "doubtful", "before"),
    [
        (Q1, Q3, (), Q3),
        (Q1, Q3, (0,), Q1),
        (Q1, Q3, (Q2,), Q2),
        (Q2, Q3, (Q1,), Q3),
        (Q1, Q3, (Q4,), Q3),
        (Q2, Q3, (0, Q4), Q2),
        (Q1, Q3, (parse_period("2026"),), Q1),
    ],
)
def test_the_first_quarter_that_is_not_closed(closed: int, asked: int, doubtful: tuple[int, ...], before: int) -> None:
    assert sure_before(closed, asked, doubtful) == before
