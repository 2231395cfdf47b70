"""Numbers as they stand beside marks: those of the figure's sentence, put on the chart's scale."""

from decimal import Decimal
from typing import Final

from exchange.core.metrics.figures import MetricPoint
from exchange.core.picture.wording.metric_wording import wording_of
from exchange.core.picture.wording.readings import NumbersRead, reading, text
from exchange.core.picture.wording.statuses import NO_HIGH, status_of
from exchange.core.picture.wording.wording_kinds import PerHundred

SHARE: Final = "share"
EVENTS, NUMBER = "events", "number"
"""The unit of needs, services and the like, and its word: a title says what they are."""
HUNDRED: Final = 100


def scale_of(point: MetricPoint) -> int:
    """By what a value is multiplied to be drawn: what sentences count out of 100 is drawn so."""
    return HUNDRED if isinstance(wording_of(point.metric), PerHundred) else 1


def unit_of_chart(point: MetricPoint) -> str:
    """What the numbers on the axis count."""
    if scale_of(point) == 1:
        return NUMBER if point.unit == EVENTS else point.unit
    return "of 100" if point.unit == SHARE else f"{point.unit.partition(' per ')[0]} for every 100"


def beside(point: MetricPoint) -> str:
    """Such as `44 (34 to 55)`; of what is not shown its status, in words."""
    status = status_of(point)
    if not status.shows_number:
        return status.cell
    read = reading(point)
    value, shorthand = _on_scale(read.value, read), f" {status.shorthand}" if status.shorthand else ""
    if read.bare:
        return value + shorthand
    low = _on_scale(read.low or Decimal(0), read)
    if read.high is None:
        return f"{value} ({low} or more, {NO_HIGH}){shorthand}"
    return f"{value} ({low} to {_on_scale(read.high, read)}){shorthand}"


def _on_scale(number: Decimal, read: NumbersRead) -> str:
    """Of 1,000 or 10,000, the same of 100: 42 of 1,000 is 4.2."""
    return text(number / (read.base // HUNDRED) if read.base > HUNDRED else number)
