"""The points of a served picture, metric by metric, as a page asks for them."""

from collections.abc import Iterator
from decimal import Decimal

from consumers.pages.figures import Source
from consumers.serve.columns import USABLE, WITHHELD, Dictionaries, Origins, PointCodes
from consumers.serve.snapshot import Picture
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import Origin
from exchange.core.model.epochs import parse_epoch


def source_of(picture: Picture) -> Source:
    """What reads the points of a picture. It never changes, as the picture does not."""

    def points(metric: str) -> Iterator[MetricPoint]:
        for epoch in sorted(picture.epochs):
            for row in picture.epochs[epoch].rows(metric):
                yield point_of(row, epoch, picture.names)

    return points


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
