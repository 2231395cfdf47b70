"""Points of agency tables with hidden cells: a quarter, a year and all time when part is hidden."""

from decimal import Decimal

import pytest

from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.model.period import period_of
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release
from tests.kits.release_world import JUNE, MARCH, everything, of, release, released

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
