"""First totals are final, so they are never too small because of damage.

A generated agency of totals reads its files once a week; of each file, some rows are refused, or a
part is missing. Then all of it is read. Law: whatever came before, the first totals of a quarter
count every record that the agency had when they were sent. Each fault put back breaks it.
"""

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from exchange.core.model.events import Tally
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass
from producers.delivery import quarter_closing
from producers.delivery.report import Report
from producers.edge import Edge
from producers.errors import QuarterKeptOpen, WithdrawalsUnconfirmed
from producers.facts import Complete, NotWhole, Reading, RowRefused, Where
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.kits.edge_kit.facts import FOOD, HERE, need

QUARTERS = [parse_period(f"2026Q{q}") for q in (1, 2, 3)]
TODAY = date(2026, 10, 20)
MISSING = NotWhole(Where("Services.csv", 0), "the file is missing")
WHOLE = Complete("x/", HERE)
CLIENTS = 6


@dataclass(frozen=True)
class Week:
    """One reading. `refused`: (quarter's place, client), `dated`: whether their period is known."""

    refused: frozenset[tuple[int, int]] = frozenset()
    dated: bool = True
    missing: bool = False
    lost: frozenset[tuple[int, int]] = frozenset()
    """Records that are not there, though the source says that it is complete."""


RECORDS = st.frozensets(st.tuples(st.integers(0, 2), st.integers(1, CLIENTS)), max_size=8)
WEEKS = st.lists(st.builds(Week, RECORDS, st.booleans(), st.booleans()), max_size=4)


def readings(week: Week) -> list[Reading]:
    found: list[Reading] = [MISSING] if week.missing else []
    for place, quarter in enumerate(QUARTERS):
        for client in range(1, CLIENTS + 1):
            if (place, client) in week.refused:
                period = quarter if week.dated else 0
                found.append(RowRefused(HERE, "EntryDate", "is no date", period=period))
            elif (place, client) not in week.lost:
                found.append(need(f"x/{quarter}/{client}", FOOD, quarter, client=f"{client}"))
    return [*found, WHOLE] if week.lost else found


def first_totals(agency: Agency) -> dict[int, int]:
    """Needs in the totals that releases take, by quarter."""
    said = [event for _, event in agency.exchange.events() if isinstance(event.body, Tally) and event.cap]
    return {event.period: sum(event.body.counts) for event in said if event.body.table == "needs_by_service"}


async def lived(weeks: list[Week], folder: Path) -> None:
    agency = Agency(folder, LegalClass.tally_only)
    options = replace(agency.options, withdraw=False, incomplete=False)
    for week in [*weeks, Week()]:
        link = agency.exchange.link()
        with suppress(QuarterKeptOpen, WithdrawalsUnconfirmed):
            async with Edge.open(agency.profile, secret=SECRET, link=link, today=TODAY, options=options) as edge:
                await edge.read_all(readings(week))
        assert set(first_totals(agency).values()) <= {CLIENTS}, "a first total is too small"
    assert first_totals(agency) == dict.fromkeys(QUARTERS, CLIENTS)


def live(weeks: list[Week]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(lived(weeks, Path(folder)))


ONE = frozenset({(1, 2)})
REFUSED, UNDATED, LACKING = [Week(ONE)], [Week(ONE, dated=False)], [Week(ONE, missing=True)]


@settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(WEEKS)
@example(REFUSED)
@example(UNDATED)
@example(LACKING)
def test_no_first_total_is_too_small_because_of_damage(weeks: list[Week]) -> None:
    live(weeks)


def closing_all(_: int, asked: int, __: object) -> int:
    return asked


def only_known_periods(closed: int, asked: int, doubtful: set[int]) -> int:
    return SURE_BEFORE(closed, asked, doubtful - {0})


SURE_BEFORE = quarter_closing.sure_before
FAULTS: dict[str, tuple[list[Week], object, str, Any]] = {
    "refused rows keep nothing open": (REFUSED, quarter_closing, "sure_before", closing_all),
    "rows of an unknown period keep nothing open": (UNDATED, quarter_closing, "sure_before", only_known_periods),
    "missing parts keep nothing open": (
        [Week(frozenset(), missing=True, lost=ONE)],
        Report,
        "doubtful",
        lambda report: {"": {row.period for row in report.refused_rows}},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_makes_first_totals_too_small(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    weeks, *place = FAULTS[fault]
    live(weeks)
    holder, name, mutant = place
    monkeypatch.setattr(holder, name, mutant)
    with pytest.raises(AssertionError):
        live(weeks)
