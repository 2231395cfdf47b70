"""Points of agency tables with hidden cells: a quarter, a year and all time when part is hidden."""

from decimal import Decimal

import pytest

from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.model.period import period_of
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release
from tests.kits.release_world import JANUARY, JUNE, MARCH, everything, of, release, released, releases

Q1, Q2, YEAR = period_of(2026, 1), period_of(2026, 2), period_of(2026)
TABLE = "places_by_service"
SERVICE = DECLARED[TABLE].codes[0][0]


def quarter(epoch: int, reported: int | None, late: int | None = None) -> Release:
    """The epoch's own quarter as reported, and late reports of the last; the rest is hidden."""
    own, before = (Q1, None) if epoch == MARCH else (Q2, Q1)

    def count(period: int, _: str, values: tuple[str, ...]) -> int | None:
        if values != (SERVICE,):
            return None
        return reported if period == own else late if period == before else None

    return release(TABLE, epoch, count)


def value(made: list[Release], period: int | None) -> Decimal | None:
    epoch = max(one.epoch for one in made)
    found = points(released(made), epoch, everything, [BY_METRIC[TABLE]])
    [one] = [p for p in of(found, service=SERVICE) if p.period == period]
    assert one.withheld == (one.value is None)
    return one.value


def figures(made: list[Release]) -> list[Decimal | None]:
    """Of both quarters, the year and all time."""
    return [value(made, period) for period in (Q1, Q2, YEAR, None)]


@pytest.mark.parametrize(("late", "whole"), [(None, 60), (15, 75)])
def test_a_quarter_stays_when_nothing_of_it_came_late_and_grows_by_what_may_be_shown(
    late: int | None, whole: int
) -> None:
    assert value([quarter(MARCH, 60)], Q1) == 60
    later = [quarter(MARCH, 60), quarter(JUNE, 40, late)]
    assert figures(later) == [whole, 40, whole + 40, whole + 40]


def test_a_quarter_that_was_hidden_while_it_was_open_stays_so_and_with_it_its_year() -> None:
    later = [quarter(MARCH, None), quarter(JUNE, 40, 15)]
    assert figures(later) == [None, 40, None, None]


# Before the first release


def withheld(made: list[Release], metric: str) -> set[tuple[int | None, bool]]:
    """(period, whether all its points are withheld), as of the newest epoch."""
    epoch = max(one.epoch for one in made)
    found = list(points(released(made), epoch, everything, [BY_METRIC[metric]]))
    return {(n, all(p.withheld for p in found if p.period == n)) for n in {p.period for p in found}}


def counting(_: int, __: str, ___: tuple[str, ...]) -> int:
    return 12


@pytest.mark.parametrize("metric", [TABLE, "reporting_coverage", "practice_use_share", "dollars_by_service"])
def test_a_period_that_begins_before_the_first_release_is_withheld_and_not_0(metric: str) -> None:
    """None of its own increments was drawn: what came late and is hidden would count as nothing."""
    made = [release(table, MARCH, counting) for table in BY_METRIC[metric].tables]
    before = {(period_of(2025, 4), True), (period_of(2025), True)}
    assert withheld(made, metric) == {*before, (Q1, False), (YEAR, False), (None, False)}


def test_a_period_in_which_the_first_release_begins_is_withheld() -> None:
    made = [release(TABLE, MARCH, counting, since=JANUARY + 1)]
    assert {(Q1, True), (YEAR, True), (None, False)} < withheld(made, TABLE)
    made.append(release(TABLE, JUNE, counting, since=JANUARY + 1))
    assert {(Q1, True), (YEAR, True), (Q2, False), (None, False)} < withheld(made, TABLE)


def test_what_is_computed_from_a_period_before_the_first_release_is_withheld() -> None:
    """Dollars of 2025 are not known, so neither are dollars for each unmet need: it is not 0.00."""
    metric = "dollars_per_unmet_need"
    dollars, needs = BY_METRIC[metric].tables
    made = [release(dollars, MARCH, counting), *releases([needs], JANUARY, MARCH, lambda *_: 50)]
    found = withheld(made, metric)
    assert {(period_of(2025, 4), True), (period_of(2025), True), (Q1, False), (YEAR, False)} <= found


def test_clients_figures_of_a_period_before_the_first_release_are_as_they_were() -> None:
    made = releases(["cases"], JANUARY, MARCH, lambda *_: 50)
    assert all(not hidden for _, hidden in withheld(made, "cases"))
