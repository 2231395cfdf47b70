"""The whole periods that funders ask for, each as the quarters that it has.

`2026Q3` a quarter, `2026H2` a half year, `2026` a calendar year, `FY2026` a federal fiscal year,
which begins with October 2025.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from exchange.core.errors import ExchangeError, PeriodInvalid
from exchange.core.exit_status import ExitStatus
from exchange.core.model.period import period_of, quarter_of, year_period
from producers.sources.hmis.reading.dates import period_days

_TEXT: Final = re.compile(r"(FY)?(2\d{3})(?:(Q)([1-4])|(H)([12]))?", re.IGNORECASE)


class ReportPeriodInvalid(ExchangeError):
    """The period is none that a report can have."""

    exit_code = ExitStatus.USAGE
    hint = "Write a quarter as 2026Q3, a half year as 2026H2, a year as 2026, and a federal fiscal year as FY2026."


class PeriodForm(StrEnum):
    """The form of a period."""

    QUARTER = "a quarter"
    HALF = "a half year"
    YEAR = "a calendar year"
    FISCAL_YEAR = "a federal fiscal year"


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """A whole period. `quarters`: all of them, in order."""

    text: str
    form: PeriodForm
    quarters: tuple[int, ...]

    @property
    def first(self) -> date:
        """Its first day."""
        return period_days(self.quarters[0])[0]

    @property
    def last(self) -> date:
        """Its last day."""
        return period_days(self.quarters[-1])[1]

    def has(self, period: int) -> bool:
        """Whether a quarter, or a whole calendar year, lies in it."""
        return period in self.quarters if quarter_of(period) else {*range(period + 1, period + 5)} <= {*self.quarters}

    def cuts(self, period: int) -> bool:
        """Whether it has a part of a whole calendar year, and not all of it."""
        part = any(year_period(one) == period for one in self.quarters)
        return not quarter_of(period) and part and not self.has(period)

    def within(self, first: int, last: int) -> bool:
        """Whether all its quarters lie between two quarters, both included."""
        return first <= self.quarters[0] and self.quarters[-1] <= last

    def __str__(self) -> str:
        """`2026H2 (1 July 2026 to 31 December 2026)`."""
        return f"{self.text} ({_day(self.first)} to {_day(self.last)})"


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def parse_report_period(text: str) -> ReportPeriod:
    """The period of a text; raises ReportPeriodInvalid."""
    match = _TEXT.fullmatch(text.strip())
    if match is None or (match[1] and (match[3] or match[5])):
        raise ReportPeriodInvalid
    try:
        return _period(match[0].upper(), int(match[2]), fiscal=bool(match[1]), quarter=match[4], half=match[6])
    except PeriodInvalid:
        raise ReportPeriodInvalid from None


def _period(text: str, year: int, *, fiscal: bool, quarter: str | None, half: str | None) -> ReportPeriod:
    whole = tuple(period_of(year, number) for number in (1, 2, 3, 4))
    if quarter:
        return ReportPeriod(text, PeriodForm.QUARTER, (whole[int(quarter) - 1],))
    if half:
        return ReportPeriod(text, PeriodForm.HALF, whole[:2] if half == "1" else whole[2:])
    if fiscal:
        return ReportPeriod(text, PeriodForm.FISCAL_YEAR, (period_of(year - 1, 4), *whole[:3]))
    return ReportPeriod(text, PeriodForm.YEAR, whole)


def words_of(forms: Collection[PeriodForm]) -> str:
    """The forms in words: `a quarter or a federal fiscal year`."""
    return " or ".join(forms)
