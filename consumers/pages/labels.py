"""Periods, as titles and rows have them. Words for codes are in `exchange.core.picture.words`."""

from typing import Final

from exchange.core.metrics.figures import MetricPoint
from exchange.core.model.epochs import month_of
from exchange.core.model.period import period_text, quarter_of, year_of
from exchange.core.picture.words import label_of as words_of

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_QUARTERS: Final = ("first", "second", "third", "fourth")


def period_in_title(period: int) -> str:
    """Such as `fourth quarter of 2025`, or `2025`."""
    quarter = quarter_of(period)
    return f"{_QUARTERS[quarter - 1]} quarter of {year_of(period)}" if quarter else str(year_of(period))


def period_in_row(period: int) -> str:
    """Such as `2025Q4, October to December`, or `2025`."""
    quarter = quarter_of(period)
    if not quarter:
        return str(year_of(period))
    first = 3 * (quarter - 1)
    return f"{period_text(period)}, {MONTHS[first]} to {MONTHS[first + 2]}"


def month_words(epoch: int) -> str:
    """Such as `January 2026`."""
    return f"{MONTHS[month_of(epoch) - 1]} {epoch // 12}"


def label_of(point: MetricPoint, dimension: str) -> str:
    """The words for a point's code in a dimension."""
    return words_of(dimension, dict(point.dimensions)[dimension])
