"""Points of agency tables with hidden cells: a quarter, a year and a share when part is hidden."""

from decimal import Decimal

import pytest

from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.model.period import period_of
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release
from tests.kits.release_world import AFTER, APRIL, everything, of, release, released, releases

YEAR = period_of(2026)
QUARTERS = [period_of(2026, quarter) for quarter in range(1, 5)]
TABLE = "places_by_service"
SERVICE = DECLARED[TABLE].codes[0][0]


def value(made: list[Release], period: int, epoch: int = AFTER, metric: str = TABLE) -> Decimal | None:
    found = points(released(made), epoch, everything, [BY_METRIC[metric]])
    [one] = [p for p in of(found, service=SERVICE) if p.period == period]
    assert one.withheld == (one.value is None)
    return one.value


def a_year(counts: dict[int, int | None]) -> list[Release]:
    """One service's places in each period that is named; everything else is hidden."""
    return releases(
        [TABLE], APRIL, AFTER, lambda _, __, period, ___, cell: counts.get(period) if cell == (SERVICE,) else None
    )


def test_a_hidden_cell_is_withheld_and_no_other() -> None:
    made = a_year(dict.fromkeys(QUARTERS[1:], 40))
    assert value(made, QUARTERS[0], APRIL) is None
    assert value(made, QUARTERS[3]) == 40


@pytest.mark.parametrize(("of_the_year", "whole"), [(None, 160), (15, 175)])
def test_a_year_adds_its_own_records_where_they_are_shown(of_the_year: int | None, whole: int) -> None:
    assert value(a_year({**dict.fromkeys(QUARTERS, 40), YEAR: of_the_year}), YEAR) == whole


def test_a_year_needs_its_four_quarters() -> None:
    for hidden in QUARTERS:
        counts: dict[int, int | None] = {**dict.fromkeys(QUARTERS, 40), YEAR: 15}
        assert value(a_year({**counts, hidden: None}), YEAR) is None


@pytest.mark.parametrize("metric", [TABLE, "reporting_coverage", "practice_use_share", "dollars_by_service"])
def test_a_period_from_before_the_first_release_has_no_point(metric: str) -> None:
    made = [release(table, AFTER, lambda *_: 12) for table in BY_METRIC[metric].tables]
    assert {p.period for p in points(released(made), AFTER, everything, [BY_METRIC[metric]])} == {QUARTERS[3]}


def test_what_is_computed_with_a_hidden_cell_is_withheld() -> None:
    made = [*a_year(dict.fromkeys(QUARTERS[:3], 40)), *releases(["needs_by_service"], APRIL, AFTER, lambda *_: 50)]
    assert value(made, QUARTERS[3], metric="needs_per_place") is None
    assert value(made, YEAR, metric="needs_per_place") is None
    assert value(made, QUARTERS[0], APRIL, "needs_per_place") == Decimal("1.25")
