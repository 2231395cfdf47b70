"""Periods, as titles and rows have them.

Words for codes are in `exchange.core.picture.wording.phrases`.
"""

from exchange.core.metrics.figures import MetricPoint
from exchange.core.model.period import period_text, quarter_of, year_of
from exchange.core.picture.wording.phrases import MONTHS, QUARTERS
from exchange.core.picture.wording.phrases import label_of as words_of


def period_in_title(period: int) -> str:
    """Such as `fourth quarter of 2025`, or `2025`."""
    quarter = quarter_of(period)
    return f"{QUARTERS[quarter - 1]} quarter of {year_of(period)}" if quarter else str(year_of(period))


def period_in_row(period: int) -> str:
    """Such as `2025Q4, October to December`, or `2025`."""
    quarter = quarter_of(period)
    if not quarter:
        return str(year_of(period))
    first = 3 * (quarter - 1)
    return f"{period_text(period)}, {MONTHS[first]} to {MONTHS[first + 2]}"


def label_of(point: MetricPoint, dimension: str) -> str:
    """The words for a point's code in a dimension."""
    return words_of(dimension, dict(point.dimensions)[dimension])
