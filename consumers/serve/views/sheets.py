"""The figures of a view: as a sheet for files (`consumers.sheets`), and as a JSON document.

Rules kept: both hold the same figures, in the same words. A figure that is not shown has no number
in either: in JSON null stands beside its status, as it does where an interval has no end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from consumers.serve.snapshot.columns import Dictionaries, PointCodes
from consumers.serve.snapshot.served_points import point_of
from consumers.serve.snapshot.snapshot import Picture
from consumers.serve.views.requested import FigureRequest
from consumers.sheets.figure_columns import ShownFigure, by_dimension, shown
from consumers.sheets.sheet import Sheet
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import BY_METRIC, CAVEAT
from exchange.core.model.epochs import epoch_text
from exchange.wire.public_records import period_of_point_text


@dataclass(frozen=True, slots=True)
class ServedSheet:
    """One view. `document`: as JSON has it, page by page. `where`: the codes asked for."""

    sheet: Sheet
    document: Mapping[str, object]
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)


def figure(row: PointCodes, epoch: int, names: Dictionaries) -> ShownFigure:
    """A row in words."""
    return shown(point_of(row, epoch, names))


def figures(picture: Picture, asked: FigureRequest, epoch: int) -> list[ShownFigure]:
    """The figures that are asked for, as of a month: by month, then in the order of their rows."""
    return [shown(point) for point in points(picture, asked, epoch)]


def points(picture: Picture, asked: FigureRequest, epoch: int) -> Iterator[MetricPoint]:
    """Their points, in the same order."""
    for month in picture.until(epoch):
        for row in picture.epochs[month].rows(asked.metric):
            point = point_of(row, month, picture.names)
            if asked.takes(point.dimensions, period_of_point_text(point.period)):
                yield point


def as_plain(one: ShownFigure) -> dict[str, object]:
    """A figure as JSON has it."""
    return {
        "dimensions": one.dimensions,
        "period": one.period,
        "epoch": one.epoch,
        "status": one.status.value,
        "value": _number(one.value),
        "low": _number(one.low),
        "high": _number(one.high),
        "unit": one.unit,
        "computed_from": [{"table": table, "epoch": epoch} for table, epoch in one.computed_from],
    }


def _number(digits: str | None) -> int | float | None:
    if digits is None:
        return None
    return float(digits) if "." in digits else int(digits)


def sheet_of(asked: FigureRequest, found: list[ShownFigure], epoch: int, *, complete: bool) -> ServedSheet:
    """The view of a metric as of a month."""
    metric = BY_METRIC[asked.metric]
    where = {name: list(codes) for name, codes in asked.where}
    page = found[asked.start : asked.start + asked.limit]
    after = asked.start + len(page)
    address = f"/v1/metrics/{asked.metric}"
    document = {
        "metric": metric.name,
        "meaning": metric.says,
        "unit": metric.unit.name,
        "caveat": CAVEAT,
        "as_of": epoch_text(epoch),
        **({} if complete else {"complete": False}),
        "permanent": address + asked.of_page(asked.start, epoch).query(),
        "where": where,
        "total": len(found),
        "start": asked.start,
        "next": address + asked.of_page(after, epoch).query() if after < len(found) else None,
        "figures": [as_plain(one) for one in page],
    }
    about = {"as_of": epoch_text(epoch), "notes": CAVEAT, "unit": metric.unit.name}
    return ServedSheet(Sheet(metric.name, metric.says, by_dimension(metric.name, found), about), document, where)
