"""Points of a served picture, from its codes: the digits that were published."""

from decimal import Decimal
from functools import lru_cache

from consumers.serve.snapshot.columns import USABLE, WITHHELD, Dictionaries, PointCodes
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import Origin
from exchange.core.model.epochs import parse_epoch
from exchange.wire.point_rows import Origins


def point_of(row: PointCodes, epoch: int, names: Dictionaries) -> MetricPoint:
    """The point of a row."""
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


@lru_cache(maxsize=1 << 10)
def _origins(found: Origins) -> tuple[Origin, ...]:
    return tuple(Origin(table, parse_epoch(epoch)) for table, epoch in found)
