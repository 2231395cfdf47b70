"""Periods and their texts are one to one, and quarters lie in their year."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.errors import PeriodInvalid
from exchange.core.model.period import (
    FIRST,
    LAST,
    is_period,
    parse_period,
    period_of,
    period_text,
    quarter_of,
    quarter_of_month,
    year_of,
    year_period,
)
from tests.kits.strategies import periods


@given(period=periods)
def test_a_period_reads_back_from_its_text_and_from_its_parts(period: int) -> None:
    assert parse_period(period_text(period)) == period
    assert period_of(year_of(period), quarter_of(period)) == period


@given(year=st.integers(2000, 2099), quarter=st.integers(0, 4))
def test_every_year_and_quarter_has_one_period_inside_its_year(year: int, quarter: int) -> None:
    period = period_of(year, quarter)
    assert is_period(period)
    assert (year_of(period), quarter_of(period)) == (year, quarter)
    assert year_period(period) == period_of(year)
    assert period_text(period) == (f"{year}Q{quarter}" if quarter else str(year))


def test_the_range_is_exactly_a_century() -> None:
    assert (period_of(2000), period_of(2099, 4)) == (FIRST, LAST)
    assert not is_period(FIRST - 1)
    assert not is_period(LAST + 1)
    assert len({period_text(p) for p in range(FIRST, LAST + 1)}) == 500


@pytest.mark.parametrize(("year", "quarter"), [(1999, 4), (2100, 0), (2026, 5), (2026, -1)])
def test_what_is_outside_raises(year: int, quarter: int) -> None:
    with pytest.raises(PeriodInvalid):
        period_of(year, quarter)


@pytest.mark.parametrize(
    "text", ["", "26Q1", "2026Q0", "2026Q5", "2026-Q1", "2026q1", "2026Q1 ", "２０２６", "1999", "2100", "2026Q1\n"]
)
def test_another_spelling_raises(text: str) -> None:
    with pytest.raises(PeriodInvalid):
        parse_period(text)


def test_months_fall_into_quarters_of_three() -> None:
    assert [quarter_of_month(month) for month in range(1, 13)] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
