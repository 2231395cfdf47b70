"""Periods: a quarter or a year as one small integer, never a date.

`(year - 1900) * 5 + quarter`; quarter 0 is the year as a whole. Years 2000–2099 only, so that Avro
always writes a period in two bytes. Text form: `2026Q1` or `2026`.
"""

import re
from typing import Final

from exchange.core.errors import PeriodInvalid

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2099
FIRST: Final = (FIRST_YEAR - 1900) * 5
LAST: Final = (LAST_YEAR - 1900) * 5 + 4
_TEXT = re.compile(r"(2\d{3})(?:Q([1-4]))?")


def period_of(year: int, quarter: int = 0) -> int:
    """The period of a quarter (1–4) or a whole year (0). Raises PeriodInvalid outside 2000–2099."""
    if not (FIRST_YEAR <= year <= LAST_YEAR and 0 <= quarter <= 4):
        raise PeriodInvalid
    return (year - 1900) * 5 + quarter


def quarter_of_month(month: int) -> int:
    """1–4 for a month of 1–12."""
    return (month + 2) // 3


def is_period(number: int) -> bool:
    """Whether the number names a period of 2000–2099."""
    return FIRST <= number <= LAST


def year_of(period: int) -> int:
    """The calendar year of a period."""
    return period // 5 + 1900


def quarter_of(period: int) -> int:
    """1–4, or 0 for a year as a whole."""
    return period % 5


def year_period(period: int) -> int:
    """The whole year that a period lies in."""
    return period - period % 5


def quarter_before(quarter: int) -> int:
    """The quarter before a quarter."""
    return quarter - (2 if quarter_of(quarter) == 1 else 1)


def year_before(year: int) -> int:
    """The year before a whole year."""
    return year - 5


def period_text(period: int) -> str:
    """`2026Q1`, or `2026` for a year."""
    quarter = quarter_of(period)
    return f"{year_of(period)}Q{quarter}" if quarter else f"{year_of(period)}"


def parse_period(text: str) -> int:
    """The period of `2026Q1` or `2026`; raises PeriodInvalid otherwise."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise PeriodInvalid
    return period_of(int(match[1]), int(match[2] or 0))
