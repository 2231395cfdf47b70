"""Points as people and programs read them: rows of a table, JSON Lines, CSV.

Rules kept: a withheld value is written as `withheld`, with nothing about the value; an open end of
an interval is written too; in files numbers have the digits that were published.
"""

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from exchange.core.metrics.table import BY_METRIC, CAVEAT
from exchange.core.model.epochs import epoch_text
from exchange.core.words import number_of
from exchange.wire.public_records import period_of_point_text

if TYPE_CHECKING:
    from decimal import Decimal

    from rich.table import Table

    from exchange.core.metrics.figures import MetricPoint

COLUMNS: Final = (
    "metric",
    "dimensions",
    "period",
    "epoch",
    "value",
    "low",
    "high",
    "unit",
    "withheld",
    "usable",
)
Key = tuple[str, tuple[tuple[str, str], ...], str]


def period_of(point: "MetricPoint") -> str:
    """`2026Q2`, `2026`, or `arrivals`: those so far, of the epoch's month."""
    return period_of_point_text(point.period)


def as_plain(point: "MetricPoint") -> dict[str, object]:
    """A point as JSON has it; numbers are numbers, null is none."""
    return {
        "metric": point.metric,
        "dimensions": dict(point.dimensions),
        "period": period_of(point),
        "epoch": epoch_text(point.epoch),
        **{name: _number(getattr(point, name)) for name in ("value", "low", "high")},
        "unit": point.unit,
        "withheld": point.withheld,
        "usable": point.usable,
        "computed_from": [{"table": one.table, "epoch": epoch_text(one.epoch)} for one in point.computed_from],
    }


def _number(digits: "Decimal | None") -> int | float | None:
    if digits is None:
        return None
    return int(digits) if digits == digits.to_integral_value() else float(digits)


def as_csv(points: Iterable["MetricPoint"], *, header: bool) -> str:
    """Rows of a CSV file; dimensions share one column, as `state=ca|service_group=housing`."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    if header:
        rows.writerow(COLUMNS)
    for point in points:
        dimensions = "|".join(f"{name}={code}" for name, code in point.dimensions)
        numbers = ("" if n is None else f"{n:f}" for n in (point.value, point.low, point.high))
        flags = (str(flag).lower() for flag in (point.withheld, point.usable))
        rows.writerow(
            (point.metric, dimensions, period_of(point), epoch_text(point.epoch), *numbers, point.unit, *flags)
        )
    return out.getvalue()


def value_and_interval(point: "MetricPoint") -> tuple[str, str]:
    """Value and interval, for people; an interval with two ends is one word, never folded."""
    if point.withheld:
        return "withheld", ""
    if point.value is None:
        return "undefined", ""
    return f"{point.value:,}", _interval(point.low, point.high)


def _interval(low: "Decimal | None", high: "Decimal | None") -> str:
    if low is None:
        return "no bound" if high is None else f"up to {high:,}"
    return f"from {low:,}" if high is None else f"{low:,}–{high:,}"


class Newest:
    """For each figure the point of its newest epoch, in the order of first sight."""

    def __init__(self) -> None:
        self._points: dict[Key, MetricPoint] = {}

    def add(self, points: Iterable["MetricPoint"]) -> None:
        """Take points that have come."""
        for point in points:
            key = (point.metric, point.dimensions, period_of(point))
            if key not in self._points or point.epoch >= self._points[key].epoch:
                self._points[key] = point

    def points(self) -> list["MetricPoint"]:
        """Newest epoch first; within one, as published."""
        order = {name: number for number, name in enumerate(BY_METRIC)}
        found = enumerate(self._points.values())
        ranked = sorted(found, key=lambda one: (-one[1].epoch, order.get(one[1].metric, len(order)), one[0]))
        return [point for _, point in ranked]


def points_table(points: list["MetricPoint"], *, hidden: int = 0, rows_max: int | None = None) -> "Table":
    """The table; `hidden`: number of points left out because they are not usable."""
    from exchange.cli.shared.console import table

    shown = points if rows_max is None else points[:rows_max]
    notes = (
        [f"{len(points) - len(shown):,} more: narrow the list with METRIC or --where"]
        if len(points) > len(shown)
        else []
    )
    notes += [f"{number_of(hidden, 'point')} left out, as not usable; --all shows them"] if hidden else []
    made = table(
        "metric",
        "of",
        "period",
        "as of",
        "value",
        "95 %",
        "unit",
        right=("value",),
        caption="\n".join((*notes, CAVEAT)),
    )
    for point in shown:
        value, interval = value_and_interval(point)
        unit = point.unit if point.usable else f"{point.unit}; not usable"
        made.add_row(
            point.metric,
            ", ".join(code for _, code in point.dimensions) or "the nation",
            period_of(point),
            epoch_text(point.epoch),
            value,
            interval,
            unit,
            style=None if point.usable else "dim",
        )
    return made
