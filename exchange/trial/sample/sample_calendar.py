"""The sample's calendar: quarters of 13 whole weeks, 91 days; day 0 begins the first quarter.

A quarter's months have 4, 4 and 5 weeks, so that each week is in one month.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from exchange.core.model.epochs import first_month
from exchange.core.model.period import period_of, quarter_of, year_of, year_period

WEEKS_A_QUARTER: Final = 13
WEEKS_A_YEAR: Final = 52
_WEEKS_A_MONTH: Final = 4


@dataclass(frozen=True, slots=True)
class SampledQuarters:
    """The quarters of a sample. The last `open_quarters` are not over: no tally of them is sent."""

    first: int = period_of(2025, 1)
    quarters: int = 4
    open_quarters: int = 0

    def __post_init__(self) -> None:
        if not (quarter_of(self.first) and self.quarters > 0 and 0 <= self.open_quarters <= self.quarters):
            raise ValueError("A span starts at a quarter, has at least one, and no more open ones than that.")

    @property
    def periods(self) -> tuple[int, ...]:
        """The quarters, in order; raises PeriodInvalid past 2099."""
        return _periods(self)

    @property
    def closed(self) -> tuple[int, ...]:
        """The quarters that are over: those of tallies."""
        return self.periods[: self.quarters - self.open_quarters]

    @property
    def weeks(self) -> int:
        """Whole weeks from the first day to the last."""
        return self.quarters * WEEKS_A_QUARTER

    @property
    def days(self) -> int:
        """Days from the first to the last."""
        return self.weeks * 7

    @property
    def years(self) -> float:
        """Length in years of four quarters."""
        return self.quarters / 4

    @property
    def months(self) -> tuple[int, ...]:
        """The months, in order, as epochs (`exchange.core.model.epochs`)."""
        return _months(self)

    def month_at(self, day: int) -> int:
        """The month of a day, as an epoch."""
        quarter, week = divmod(day // 7, WEEKS_A_QUARTER)
        return self.months[quarter * 3 + min(week // _WEEKS_A_MONTH, 2)]

    def period_at(self, day: int, *, year_only: bool) -> int:
        """The quarter of a day, or its year for an agency that may give no more."""
        quarter = self.periods[day // (WEEKS_A_QUARTER * 7)]
        return year_period(quarter) if year_only else quarter


@cache
def _periods(span: SampledQuarters) -> tuple[int, ...]:
    start = year_of(span.first) * 4 + quarter_of(span.first) - 1
    return tuple(period_of(n // 4, n % 4 + 1) for n in range(start, start + span.quarters))


@cache
def _months(span: SampledQuarters) -> tuple[int, ...]:
    return tuple(first_month(period) + n for period in span.periods for n in range(3))
