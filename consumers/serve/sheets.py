"""A view as a sheet: columns with a meaning each, and the same as a JSON document.

Every form (`consumers.serve.forms`) writes a sheet, so all say the same. Rules kept:
- A figure that is not shown has no number in any form: null beside its status in JSON, Parquet and
  Arrow, the words of its status in a text cell. An end of an interval without a bound is a null, or
  words, too.
- Numbers have the digits that were published.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from consumers.serve.asked import FigureRequest, dimensions_of
from consumers.serve.columns import USABLE, WITHHELD, Dictionaries, PointCodes
from consumers.serve.snapshot import Picture
from exchange.core.counting.cells import NATION
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.formulas import ALL
from exchange.core.metrics.table import BY_METRIC, CAVEAT
from exchange.core.metrics.view import Origin
from exchange.core.model.epochs import epoch_text, parse_epoch
from exchange.core.model.vocabulary import DIVISION, UsState
from exchange.core.picture.statuses import NO_HIGH, NO_LOW, FigureStatus, status_of
from exchange.wire.point_rows import Origins
from exchange.wire.public_records import period_of_point_text

_ANY: Final = Decimal(0)
_SAYS: Final = {
    "metric": "Name of the figure; /v1/metrics says what it means.",
    "period": "The quarter or year that is counted; arrivals: what arrived in the month of the epoch.",
    "epoch": "The month of arrival for which it was released.",
    "status": "Whether the number is shown, and if not, why.",
    "value": "The published number. Where it is not shown, its status.",
    "low": "Lower end of the 95 % interval, which covers the noise only.",
    "high": "Upper end of the 95 % interval, which covers the noise only.",
    "unit": "What is counted.",
    "computed_from": "The releases that it was computed from: table and month.",
}


@dataclass(frozen=True, slots=True)
class Column:
    """`typed`: text, numbers or None, for columnar files. `texts`: never empty, for text files."""

    name: str
    says: str
    typed: Sequence[object]
    texts: Sequence[str]
    number: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One view. `document`: as JSON has it, page by page."""

    name: str
    title: str
    columns: tuple[Column, ...]
    document: Mapping[str, object]
    notes: tuple[str, ...] = ()
    unit: str = ""
    as_of: str = ""
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)


class ShownFigure(NamedTuple):
    """A point as it is shown. Numbers are digits; None: not shown, or no bound."""

    dimensions: Mapping[str, str]
    period: str
    epoch: str
    status: FigureStatus
    value: str | None
    low: str | None
    high: str | None
    unit: str
    computed_from: Origins


@lru_cache(maxsize=1 << 14)
def status_in(flags: int, *, arrivals: bool, number: bool, origins: Origins) -> FigureStatus:
    """The status of a row, by the rule that all faces share."""
    computed_from = tuple(Origin(table, parse_epoch(epoch)) for table, epoch in origins)
    period = None if arrivals else 1
    value = _ANY if number else None
    withheld, usable = bool(flags & WITHHELD), bool(flags & USABLE)
    return status_of(MetricPoint("", (), period, 0, value, None, None, "", withheld, usable, computed_from))


def figure(row: PointCodes, epoch: int, names: Dictionaries) -> ShownFigure:
    """A row in words."""
    origins = names.origins.values[row.origins]
    has_number = row.value is not None
    status = status_in(row.flags, arrivals=not row.period, number=has_number, origins=origins)
    shown = (row.value, row.low, row.high) if status.shows_number else (None, None, None)
    value, low, high = (_digits(number, row.decimals) for number in shown)
    return ShownFigure(
        dict(names.series.values[row.series][1]),
        period_of_point_text(row.period or None),
        epoch_text(epoch),
        status,
        value,
        low,
        high,
        names.units.values[row.unit],
        origins,
    )


def _digits(number: int | None, decimals: int) -> str | None:
    """A whole number of 10**-decimals as it was published."""
    if number is None or not decimals:
        return None if number is None else str(number)
    digits = str(abs(number)).zfill(decimals + 1)
    return f"{'-' if number < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def figures(picture: Picture, asked: FigureRequest, epoch: int) -> list[ShownFigure]:
    """The figures that are asked for, as of a month: by month, then in the order of their rows."""
    return [one for month in picture.until(epoch) for one in figures_of_month(picture, asked, month)]


def figures_of_month(picture: Picture, asked: FigureRequest, month: int) -> Iterator[ShownFigure]:
    """Those that were released for one month."""
    names = picture.names
    for row in picture.epochs[month].rows(asked.metric):
        one = figure(row, month, names)
        if asked.takes(one.dimensions.items(), one.period):
            yield one


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


def sheet_of(asked: FigureRequest, found: list[ShownFigure], epoch: int, *, complete: bool) -> Sheet:
    """The sheet of a metric as of a month."""
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
    columns = tuple(_columns(asked.metric, found))
    return Sheet(metric.name, metric.says, columns, document, (CAVEAT,), metric.unit.name, epoch_text(epoch), where)


def _columns(metric: str, found: list[ShownFigure]) -> Iterator[Column]:
    yield _words("metric", [metric] * len(found))
    for name in dimensions_of(metric):
        yield _words(name, [_code(one, name) for one in found], f"Code of the list {name}.")
    yield _words("period", [one.period for one in found])
    yield _words("epoch", [one.epoch for one in found])
    yield _words("status", [one.status.value for one in found])
    yield _numbers("value", [(one.value, one.status, "") for one in found])
    yield _numbers("low", [(one.low, one.status, NO_LOW) for one in found])
    yield _numbers("high", [(one.high, one.status, NO_HIGH) for one in found])
    yield _words("unit", [one.unit for one in found])
    origins = ["; ".join(f"{table} {epoch}" for table, epoch in one.computed_from) for one in found]
    yield _words("computed_from", origins)


def _code(one: ShownFigure, name: str) -> str:
    """The code of a row in a column that it may lack.

    A row of a state has its division too. A row of a division is of `all` its states, and any other
    row of the nation. `all`: it is not broken down by this.
    """
    held = one.dimensions
    if name in held:
        return held[name]
    if name == "division":
        return str(DIVISION[UsState(held["state"])]) if "state" in held else NATION
    return NATION if name == "state" and "division" not in held else ALL


def _words(name: str, values: Sequence[str], says: str = "") -> Column:
    return Column(name, says or _SAYS[name], values, values)


def _numbers(name: str, found: Sequence[tuple[str | None, FigureStatus, str]]) -> Column:
    texts = [
        digits if digits is not None else unbounded if status.shows_number else status.cell
        for digits, status, unbounded in found
    ]
    return Column(name, _SAYS[name], [_float(digits) for digits, _, _ in found], texts, number=True)


def _float(digits: str | None) -> float | None:
    return None if digits is None else float(digits)
