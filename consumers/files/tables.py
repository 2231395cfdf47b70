"""Tables of an export: columns with a meaning each, as texts and as typed values.

Rules kept:
- A figure that is not shown has no number: in texts the words of its status stand there, in columns
  of numbers nothing does, and `status` is beside it in both.
- No text is empty, a dash, or a 0 that was not published.
- Numbers have the digits that were published.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

from consumers.files.published import PublishedMonth
from exchange.core.counting.cells import NATION as NATION_CODE
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import BY_METRIC, CAVEAT, METRICS
from exchange.core.model.epochs import epoch_text
from exchange.core.model.period import period_text
from exchange.core.model.vocabulary import DIVISION
from exchange.core.picture.statuses import NO_HIGH, NO_LOW, FigureStatus, status_of
from exchange.core.release.released import Release
from exchange.core.release.tiers import ARRIVED
from exchange.wire.public_records import ARRIVALS_TEXT, period_of_point_text
from schemas.lists import list_names, read_list

if TYPE_CHECKING:
    from decimal import Decimal

EVERY: Final = "all"
"""In a column that a figure is not broken down by: it is of all of them together."""
NATION: Final = "the nation"


@dataclass(frozen=True, slots=True)
class FileColumn:
    """`texts`: none is empty. `numbers`: where it is a column of numbers; None: not shown.

    `whole`: they are whole numbers.
    """

    name: str
    says: str
    texts: tuple[str, ...]
    numbers: tuple[float | int | None, ...] | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class FileTable:
    """`name`: of its files, which may have a folder."""

    name: str
    title: str
    columns: tuple[FileColumn, ...]

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.columns[0].texts)


SAYS: Final = {
    "metric": "Name of the figure; metrics.csv says what it means.",
    "dimensions": "What it is about, as name=code pairs; codes.csv has the words.",
    "period": "The quarter or year that is counted; arrivals: what arrived in the month of the epoch.",
    "epoch": "The month of arrival for which it was released.",
    "status": "Whether the number is shown, and if not, why; statuses.csv explains.",
    "value": "The published number. Where it is not shown, its status in words.",
    "low": "Lower end of the 95 % interval, which covers the noise only.",
    "high": "Upper end of the 95 % interval, which covers the noise only.",
    "unit": "What is counted.",
    "computed_from": "The releases that it was computed from: table and month.",
}


def tables_of(published: PublishedMonth) -> Iterator[FileTable]:
    """Every table of an export."""
    yield from (figures_of(metric, points) for metric, points in published.by_metric.items())
    yield _all_figures(published.points)
    yield _releases(published.releases)
    yield _metrics()
    yield _statuses()
    yield _codes()


def figures_of(metric: str, points: Sequence[MetricPoint]) -> FileTable:
    """One metric, with a column for each dimension that its points have."""
    row = BY_METRIC[metric]
    names = tuple(dict.fromkeys(name for kind in row.dimensions for name in kind))
    dimensions = [
        _texts(name, f"Code of {name}; codes.csv has the words.", [_code(one, name) for one in points])
        for name in names
    ]
    return FileTable(f"figures/{metric}", row.says, (*_head(points), *dimensions, *_tail(points)))


def _all_figures(points: Sequence[MetricPoint]) -> FileTable:
    dimensions = ["|".join(f"{name}={code}" for name, code in one.dimensions) or NATION for one in points]
    columns = (*_head(points), _texts("dimensions", SAYS["dimensions"], dimensions), *_tail(points))
    return FileTable("all_figures", "Every figure of every metric", columns)


def _head(points: Sequence[MetricPoint]) -> Iterator[FileColumn]:
    yield _texts("metric", SAYS["metric"], [one.metric for one in points])


def _tail(points: Sequence[MetricPoint]) -> Iterator[FileColumn]:
    statuses = [status_of(one) for one in points]
    yield _texts("period", SAYS["period"], [period_of_point_text(one.period) for one in points])
    yield _texts("epoch", SAYS["epoch"], [epoch_text(one.epoch) for one in points])
    yield _texts("status", SAYS["status"], [status.value for status in statuses])
    for name, unbounded in (("value", ""), ("low", NO_LOW), ("high", NO_HIGH)):
        digits: list[Decimal | None] = [
            getattr(one, name) if status.shows_number else None for one, status in zip(points, statuses, strict=True)
        ]
        texts = tuple(
            f"{number:f}" if number is not None else unbounded if status.shows_number else status.cell
            for number, status in zip(digits, statuses, strict=True)
        )
        yield FileColumn(name, SAYS[name], texts, tuple(None if number is None else float(number) for number in digits))
    yield _texts("unit", SAYS["unit"], [one.unit for one in points])
    origins = ["; ".join(f"{of.table} {epoch_text(of.epoch)}" for of in one.computed_from) for one in points]
    yield _texts("computed_from", SAYS["computed_from"], origins)


def _code(point: MetricPoint, name: str) -> str:
    """A row of a state has its division too; a row of a division is of all its states."""
    held = dict(point.dimensions)
    if name == "division" and "state" in held:
        return DIVISION.get(held["state"], EVERY)
    return held.get(name, EVERY)


def _texts(name: str, says: str, texts: Sequence[str]) -> FileColumn:
    return FileColumn(name, says, tuple(texts))


def _releases(releases: Sequence[Release]) -> FileTable:
    """Every released cell with its noise: unbiased, maybe negative, and never rounded or cut."""
    rows = [row for release in releases for row in _cells(release)]
    table, epoch, period, place, codes, counts, sigmas = zip(*rows, strict=True)
    shown = tuple(FigureStatus.HIDDEN_AGENCIES.cell if count is None else str(count) for count in counts)
    statuses = [FigureStatus.SHOWN if count is not None else FigureStatus.HIDDEN_AGENCIES for count in counts]
    says = "The count with its noise: unbiased, so it may be negative. Add first, and cut at 0 only for display."
    return FileTable(
        "noisy_releases",
        "Every released count with its noise, for statisticians",
        (
            _texts("table", "Name of the released table.", table),
            _texts("epoch", SAYS["epoch"], epoch),
            _texts("period", SAYS["period"], period),
            _texts("place", "A state's code; the nation where the table has no states.", place),
            _texts("dimensions", SAYS["dimensions"], codes),
            _texts("status", SAYS["status"], [status.value for status in statuses]),
            FileColumn("count", says, shown, counts, whole=True),
            FileColumn(
                "sigma",
                "Standard deviation of the noise on this count; 0: it counts agencies, exactly.",
                tuple(f"{sigma:.6f}" for sigma in sigmas),
                sigmas,
            ),
        ),
    )


def _cells(release: Release) -> Iterator[tuple[str, str, str, str, str, int | None, float]]:
    sigma = round(float(release.variance) ** 0.5, 6)
    for period in release.periods:
        when = ARRIVALS_TEXT if period == ARRIVED else period_text(period)
        cells = product(release.places, product(*release.codes))
        for (place, values), count in zip(cells, release.of(period), strict=True):
            codes = "|".join(f"{name}={code}" for name, code in zip(release.dimensions, values, strict=True))
            where = NATION if place == NATION_CODE else place
            yield release.table, epoch_text(release.epoch), when, where, codes or EVERY, count, sigma


def _metrics() -> FileTable:
    dimensions = ["; ".join(", ".join(kind) or NATION for kind in metric.dimensions) for metric in METRICS]
    return FileTable(
        "metrics",
        "What each figure means",
        (
            _texts("metric", "Name of the figure.", [metric.name for metric in METRICS]),
            _texts("meaning", "What it says.", [metric.says for metric in METRICS]),
            _texts("unit", SAYS["unit"], [metric.unit.name for metric in METRICS]),
            _texts("dimensions", "By what it is broken down, each way.", dimensions),
            _texts(
                "tables",
                "The released tables that it is computed from.",
                [", ".join(metric.tables) for metric in METRICS],
            ),
            _texts(
                "answers",
                "The questions of 2003 and 2008 that it speaks to.",
                [", ".join(metric.answers) or "none of these" for metric in METRICS],
            ),
            _texts("caveat", "What it is not.", [CAVEAT] * len(METRICS)),
        ),
    )


def _statuses() -> FileTable:
    return FileTable(
        "statuses",
        "What may be said of a figure",
        (
            _texts("status", "The code in the column status.", [status.value for status in FigureStatus]),
            _texts("cell", "The words that stand in place of a number.", [status.cell for status in FigureStatus]),
            _texts("meaning", "What it means.", [status.sentence for status in FigureStatus]),
        ),
    )


def _codes() -> FileTable:
    rows = [(name, row["code"], row["label"]) for name in (*list_names(), "missing_reason") for row in read_list(name)]
    names, codes, labels = zip(*rows, strict=True)
    return FileTable(
        "codes",
        "The words behind codes",
        (
            _texts("list", "Name of the list; the dimension state has the list us_state.", names),
            _texts("code", "The code in a column of its dimension.", codes),
            _texts("label", "The words.", labels),
        ),
    )


def missing_values() -> Iterator[tuple[str, str]]:
    """Every text that stands in place of a number, and what it means."""
    yield from ((status.cell, status.sentence) for status in FigureStatus if not status.shows_number)
    yield NO_LOW, "The interval has no lower end."
    yield NO_HIGH, "The interval has no upper end."
