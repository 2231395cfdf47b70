"""Numbers and words of table cells: every digit that was published, or the words of a status.

Rules kept: no cell is ever blank, a dash or a 0 in place of what is not shown. A share stands in
percent here, out of 100 in sentences; both have the digits of the point.
"""

from decimal import Decimal
from typing import Final

from exchange.core.metrics.figures import MetricPoint
from exchange.core.picture.wording.readings import reading
from exchange.core.picture.wording.statuses import NO_HIGH, NO_LOW, FigureStatus, status_of

EXACT: Final = "exact"
_PERCENT: Final = {"share"}
_MONEY: Final = "US dollars"


def value(point: MetricPoint | None) -> str:
    """The number, or the words of its status."""
    if point is None:
        return FigureStatus.NOT_RELEASED.cell
    status = status_of(point)
    if not status.shows_number or point.value is None:
        return status.cell
    return f"{number(point.value, point.unit)} {status.shorthand}".strip()


def interval(point: MetricPoint | None) -> str:
    """From where to where, or why there is none."""
    if point is None:
        return FigureStatus.NOT_RELEASED.cell
    status = status_of(point)
    if not status.shows_number:
        return status.cell
    if reading(point).bare:
        return EXACT
    low = NO_LOW if point.low is None else number(point.low, point.unit)
    return f"{low} or more, {NO_HIGH}" if point.high is None else f"{low} to {number(point.high, point.unit)}"


def number(digits: Decimal, unit: str) -> str:
    """With thousands apart and its unit's sign; no digit is lost."""
    if unit in _PERCENT:
        return f"{digits * 100:,.2f} %"
    if unit.startswith(_MONEY) or unit == "dollars":
        return f"${digits:,f}"
    return f"{digits:,f}"


def is_number(point: MetricPoint | None) -> bool:
    """Whether a cell holds a number."""
    return point is not None and status_of(point).shows_number
