"""Figures as the columns of a sheet, with a column for each dimension that a metric has.

Rules kept:
- A figure that is not shown has no number: its texts have the words of its status. An end of an
  interval without a bound is words, too.
- Numbers have the digits that were published.
- `all` stands in the column of a dimension that a figure is not broken down by; `us` in those of
  places, where it is of the nation. A row of a state has its division too.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from consumers.sheets.sheet import Column
from exchange.core.counting.cells import NATION
from exchange.core.metrics.figures import Dimensions, MetricPoint
from exchange.core.metrics.formulas import ALL
from exchange.core.metrics.query import codes_of
from exchange.core.metrics.table import BY_METRIC, METRICS
from exchange.core.model.epochs import epoch_text
from exchange.core.model.vocabulary import DIVISION
from exchange.core.picture.wording.statuses import NO_HIGH, NO_LOW, FigureStatus, status_of
from exchange.wire.public_records import period_of_point_text

SAYS: Final = {
    "metric": "Name of the figure; the list of metrics says what it means.",
    "dimensions": "What it is about, as name=code pairs; all: it is not broken down.",
    "period": "The quarter or year that is counted; arrivals: what arrived in the month of the epoch.",
    "epoch": "The month of arrival for which it was released.",
    "status": "Whether the number is shown, and if not, why.",
    "value": "The published number. Where it is not shown, its status in words.",
    "low": "Lower end of the 95 % interval, which covers the noise only.",
    "high": "Upper end of the 95 % interval, which covers the noise only.",
    "unit": "What is counted.",
    "computed_from": "The releases that it was computed from: table and month.",
}
_METRIC_ORDER: Final = {metric.name: number for number, metric in enumerate(METRICS)}


class ShownFigure(NamedTuple):
    """A point as it is shown. Numbers are digits; None: not shown, or no bound.

    `computed_from`: (table, epoch in words) of each release.
    """

    dimensions: Mapping[str, str]
    period: str
    epoch: str
    status: FigureStatus
    value: str | None
    low: str | None
    high: str | None
    unit: str
    computed_from: tuple[tuple[str, str], ...]


def shown(point: MetricPoint) -> ShownFigure:
    """A point as it is shown."""
    status = status_of(point)
    numbers = (point.value, point.low, point.high) if status.shows_number else (None, None, None)
    value, low, high = (None if number is None else f"{number:f}" for number in numbers)
    return ShownFigure(
        dict(point.dimensions),
        period_of_point_text(point.period),
        epoch_text(point.epoch),
        status,
        value,
        low,
        high,
        point.unit,
        tuple((of.table, epoch_text(of.epoch)) for of in point.computed_from),
    )


def dimensions_of(metric: str) -> tuple[str, ...]:
    """Every dimension that points of a metric may have."""
    return tuple(dict.fromkeys(name for kind in BY_METRIC[metric].dimensions for name in kind))


def by_dimension(metric: str, found: Sequence[ShownFigure]) -> tuple[Column, ...]:
    """The figures of one metric."""
    dimensions = [
        Column(name, f"Code of the list {name}.", [_code(one.dimensions, name) for one in found])
        for name in dimensions_of(metric)
    ]
    return (_named([metric] * len(found)), *dimensions, *_rest(found))


def all_together(metrics: Sequence[str], found: Sequence[ShownFigure]) -> tuple[Column, ...]:
    """Figures of any metrics, with all their dimensions in one column."""
    pairs = ["|".join(f"{name}={code}" for name, code in one.dimensions.items()) or ALL for one in found]
    return (_named(metrics), Column("dimensions", SAYS["dimensions"], pairs), *_rest(found))


def _named(metrics: Sequence[str]) -> Column:
    return Column("metric", SAYS["metric"], metrics)


def _rest(found: Sequence[ShownFigure]) -> Iterator[Column]:
    yield Column("period", SAYS["period"], [one.period for one in found])
    yield Column("epoch", SAYS["epoch"], [one.epoch for one in found])
    yield Column("status", SAYS["status"], [one.status.value for one in found])
    yield _numbers("value", [(one.value, one.status, "") for one in found])
    yield _numbers("low", [(one.low, one.status, NO_LOW) for one in found])
    yield _numbers("high", [(one.high, one.status, NO_HIGH) for one in found])
    yield Column("unit", SAYS["unit"], [one.unit for one in found])
    origins = ["; ".join(f"{table} {epoch}" for table, epoch in one.computed_from) for one in found]
    yield Column("computed_from", SAYS["computed_from"], origins)


def _numbers(name: str, found: Sequence[tuple[str | None, FigureStatus, str]]) -> Column:
    texts = [
        digits if digits is not None else unbounded if status.shows_number else status.cell
        for digits, status, unbounded in found
    ]
    return Column(name, SAYS[name], texts, [None if digits is None else float(digits) for digits, _, _ in found])


def _code(held: Mapping[str, str], name: str) -> str:
    """The code of a row in a column that it may lack.

    A row of a division is of `all` its states; any other row without a state is of the nation.
    """
    if name in held:
        return held[name]
    if name == "division":
        return DIVISION[held["state"]] if "state" in held else NATION
    return NATION if name == "state" and "division" not in held else ALL


@cache
def _places_of_codes(dimension: str) -> Mapping[str, int]:
    """The place of each code of a dimension in its list."""
    return {code: number for number, code in enumerate(codes_of(dimension))}


def order_of_metric(metric: str) -> tuple[int, str]:
    """What metrics are sorted by. One that this version does not know comes last."""
    return _METRIC_ORDER.get(metric, len(METRICS)), metric


def order_of_dimensions(dimensions: Dimensions) -> tuple[tuple[str, int, str], ...]:
    """What dimensions are sorted by: the order of the code lists."""
    places = ((name, _places_of_codes(name), code) for name, code in dimensions)
    return tuple((name, known.get(code, len(known)), code) for name, known, code in places)
