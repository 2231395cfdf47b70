"""The derived parts of `docs/METRICS.md`; `tools.derive.docs` puts them in place."""

from collections.abc import Iterator

from exchange.cli.shared.questions import COLUMNS, NOT_MET, costs, rows
from exchange.core.metrics.answers import answers
from exchange.core.metrics.table import COUNTS, MEANS, RATES, Metric
from exchange.core.picture.asked.unanswered import UNRELEASED
from exchange.core.picture.wording.statuses import FigureStatus
from exchange.core.release.catalogue import DECLARED, CatalogueEntry
from exchange.wire.planned_sizes import national_clients, planned_sizes
from tools.derive.markdown import coded, table


def metrics() -> Iterator[str]:
    """Every metric that is more than a count: meaning, dimensions, unit, tables."""
    yield from table(
        ("metric", "says", "by", "unit", "from", "answers"),
        (
            (
                f"`{metric.name}`",
                metric.says,
                _axes(metric),
                metric.unit.name,
                coded(metric.tables),
                coded(metric.answers) or "–",
            )
            for metric in (*RATES, *MEANS)
        ),
    )


def metric_counts() -> Iterator[str]:
    """The metrics that are counts: one a released table, under its name."""
    yield from table(
        ("metric", "counts", "by", "unit", "released"),
        (
            (
                f"`{metric.name}`",
                _counted(DECLARED[metric.name]),
                _axes(metric),
                metric.unit.name,
                DECLARED[metric.name].tier.value,
            )
            for metric in COUNTS
        ),
    )


def not_metrics() -> Iterator[str]:
    """Questions that no released table answers, with the smallest table that would."""
    yield from table(
        ("asked", "why not", "smallest released table that would answer it", "answers"),
        ((row.says, f"never released: {coded(row.never)}", row.smallest, coded(row.answers)) for row in UNRELEASED),
    )


def evaluators_questions() -> Iterator[str]:
    """What evaluators ask, how precisely, and whether it is met at the planned sizes."""
    found = list(answers(planned_sizes(national_clients())))
    yield from table(COLUMNS, rows(found))
    yield ""
    yield from table(NOT_MET, costs(found))


def _counted(one: CatalogueEntry) -> str:
    if one.table:
        return f"`{one.table.body.__name__}`"
    return "registered agencies" if one.snapshot else "any client's body"


def _axes(metric: Metric) -> str:
    return "; ".join(coded(axes) or "the nation" for axes in metric.dimensions)


def statuses() -> Iterator[str]:
    """Every status of a figure: code, shorthand, meaning."""
    rows = ((f"`{status}`", status.shorthand or "–", status.sentence) for status in FigureStatus)
    yield from table(("status", "shorthand", "meaning"), rows)
