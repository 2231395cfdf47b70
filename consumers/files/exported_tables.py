"""Tables of an export: columns with a meaning each, as texts and as typed values.

Rules kept:
- A figure that is not shown has no number: in texts the words of its status stand there, in columns
  of numbers nothing does, and `status` is beside it in both.
- No text is empty, a dash, or a 0 that was not published.
- Numbers have the digits that were published.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Final

from consumers.files.published import PublishedMonth
from consumers.sheets.figure_columns import SAYS, all_together, by_dimension, shown
from consumers.sheets.sheet import Column, Sheet
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.formulas import ALL
from exchange.core.metrics.table import BY_METRIC, CAVEAT, METRICS
from exchange.core.model.epochs import epoch_text
from exchange.core.model.period import period_text
from exchange.core.picture.wording.statuses import NO_HIGH, NO_LOW, FigureStatus
from exchange.core.release.released import Release
from exchange.core.release.tiers import ARRIVED
from exchange.wire.public_records import ARRIVALS_TEXT
from schemas.lists import list_names, read_list

NATION: Final = "the nation"
"""In words, of a figure that is not broken down."""


def tables_of(published: PublishedMonth) -> Iterator[Sheet]:
    """Every table of an export."""
    about = {"as_of": published.month, "notes": CAVEAT}
    yield from (figures_of(metric, points, about) for metric, points in published.by_metric.items())
    yield _all_figures(published.points, about)
    yield _releases(published.releases, about)
    yield _metrics()
    yield _statuses()
    yield _codes()


def figures_of(metric: str, points: Sequence[MetricPoint], about: Mapping[str, str]) -> Sheet:
    """One metric, with a column for each dimension that its points have."""
    row = BY_METRIC[metric]
    columns = by_dimension(metric, [shown(one) for one in points])
    return Sheet(f"figures/{metric}", row.says, columns, {**about, "unit": row.unit.name})


def _all_figures(points: Sequence[MetricPoint], about: Mapping[str, str]) -> Sheet:
    columns = all_together([one.metric for one in points], [shown(one) for one in points])
    return Sheet("all_figures", "Every figure of every metric", columns, about)


def _releases(releases: Sequence[Release], about: Mapping[str, str]) -> Sheet:
    """Every released cell with its noise: unbiased, maybe negative, and never rounded or cut."""
    rows = [row for release in releases for row in _cells(release)]
    table, epoch, period, place, codes, counts, sigmas = zip(*rows, strict=True)
    shown = tuple(FigureStatus.HIDDEN_AGENCIES.cell if count is None else str(count) for count in counts)
    statuses = [FigureStatus.SHOWN if count is not None else FigureStatus.HIDDEN_AGENCIES for count in counts]
    says = "The count with its noise: unbiased, so it may be negative. Add first, and cut at 0 only for display."
    return Sheet(
        "noisy_releases",
        "Every released count with its noise, for statisticians",
        (
            Column("table", "Name of the released table.", table),
            Column("epoch", SAYS["epoch"], epoch),
            Column("period", SAYS["period"], period),
            Column("place", "A state's code; us: the nation, where the table has no states.", place),
            Column("dimensions", SAYS["dimensions"], codes),
            Column("status", SAYS["status"], [status.value for status in statuses]),
            Column("count", says, shown, counts, whole=True),
            Column(
                "sigma",
                "Standard deviation of the noise on this count; 0: it counts agencies, exactly.",
                tuple(f"{sigma:.6f}" for sigma in sigmas),
                sigmas,
            ),
        ),
        about,
    )


def _cells(release: Release) -> Iterator[tuple[str, str, str, str, str, int | None, float]]:
    sigma = round(float(release.variance) ** 0.5, 6)
    for period in release.periods:
        when = ARRIVALS_TEXT if period == ARRIVED else period_text(period)
        cells = product(release.places, product(*release.codes))
        for (place, values), count in zip(cells, release.of(period), strict=True):
            codes = "|".join(f"{name}={code}" for name, code in zip(release.dimensions, values, strict=True))
            yield release.table, epoch_text(release.epoch), when, place, codes or ALL, count, sigma


def _metrics() -> Sheet:
    dimensions = ["; ".join(", ".join(kind) or NATION for kind in metric.dimensions) for metric in METRICS]
    return Sheet(
        "metrics",
        "What each figure means",
        (
            Column("metric", "Name of the figure.", [metric.name for metric in METRICS]),
            Column("meaning", "What it says.", [metric.says for metric in METRICS]),
            Column("unit", SAYS["unit"], [metric.unit.name for metric in METRICS]),
            Column("dimensions", "By what it is broken down, each way.", dimensions),
            Column(
                "tables",
                "The released tables that it is computed from.",
                [", ".join(metric.tables) for metric in METRICS],
            ),
            Column(
                "answers",
                "The questions of 2003 and 2008 that it speaks to.",
                [", ".join(metric.answers) or "none of these" for metric in METRICS],
            ),
            Column("caveat", "What it is not.", [CAVEAT] * len(METRICS)),
        ),
    )


def _statuses() -> Sheet:
    return Sheet(
        "statuses",
        "What may be said of a figure",
        (
            Column("status", "The code in the column status.", [status.value for status in FigureStatus]),
            Column("cell", "The words that stand in place of a number.", [status.cell for status in FigureStatus]),
            Column("meaning", "What it means.", [status.sentence for status in FigureStatus]),
        ),
    )


def _codes() -> Sheet:
    rows = [(name, row["code"], row["label"]) for name in (*list_names(), "missing_reason") for row in read_list(name)]
    names, codes, labels = zip(*rows, strict=True)
    return Sheet(
        "codes",
        "The words behind codes",
        (
            Column("list", "Name of the list; the dimension state has the list us_state.", names),
            Column("code", "The code in a column of its dimension.", codes),
            Column("label", "The words.", labels),
        ),
    )


def missing_values() -> Iterator[tuple[str, str]]:
    """Every text that stands in place of a number, and what it means."""
    yield from ((status.cell, status.sentence) for status in FigureStatus if not status.shows_number)
    yield NO_LOW, "The interval has no lower end."
    yield NO_HIGH, "The interval has no upper end."
