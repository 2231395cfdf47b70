"""The points of a served picture, as a page asks for them: no more of them is read."""

from collections.abc import Iterator
from decimal import Decimal

from consumers.pages.figures import Where
from consumers.serve.columns import ARRIVALS_CODE, USABLE, WITHHELD, Dictionaries, PointCodes
from consumers.serve.snapshot import Picture
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import Origin, Period
from exchange.core.model.epochs import parse_epoch
from exchange.wire.point_rows import Origins


class PicturePoints:
    """The points of a picture up to a month. They never change, as the picture does not."""

    def __init__(self, picture: Picture, as_of: int) -> None:
        self._picture = picture
        self._epochs = picture.until(as_of)

    def periods(self, metric: str) -> Iterator[int]:
        """The quarters and years that a metric has points of."""
        for epoch in self._epochs:
            yield from (one for one in self._picture.epochs[epoch].periods(metric) if one != ARRIVALS_CODE)

    def of_period(self, metric: str, period: Period) -> Iterator[MetricPoint]:
        """The points of a metric in one period."""
        return self._points(metric, period=period or ARRIVALS_CODE)

    def of_series(self, metric: str, where: Where) -> Iterator[MetricPoint]:
        """The points of a metric with exactly these dimensions, in every period."""
        for number in self._picture.names.numbers_of(metric, where):
            yield from self._points(metric, series=number)

    def _points(self, metric: str, **only: int) -> Iterator[MetricPoint]:
        for epoch in self._epochs:
            for row in self._picture.epochs[epoch].rows(metric, **only):
                yield point_of(row, epoch, self._picture.names)


def point_of(row: PointCodes, epoch: int, names: Dictionaries) -> MetricPoint:
    """The point of a row: the digits that were published."""
    metric, dimensions = names.series.values[row.series]
    return MetricPoint(
        metric,
        dimensions,
        row.period or None,
        epoch,
        _decimal(row.value, row.decimals),
        _decimal(row.low, row.decimals),
        _decimal(row.high, row.decimals),
        names.units.values[row.unit],
        bool(row.flags & WITHHELD),
        bool(row.flags & USABLE),
        _origins(names.origins.values[row.origins]),
    )


def _decimal(number: int | None, decimals: int) -> Decimal | None:
    return None if number is None else Decimal(number).scaleb(-decimals)


def _origins(found: Origins) -> tuple[Origin, ...]:
    return tuple(Origin(table, parse_epoch(epoch)) for table, epoch in found)
