"""The derived parts of `docs/METRICS.md`; `tools.derive.docs` puts them in place."""

from collections.abc import Iterator

from exchange.core.metrics.table import COUNTS, RATES, Metric
from exchange.core.release.catalogue import DECLARED, CatalogueEntry
from tools.derive.markdown import coded, table
from tools.derive.unanswered import UNRELEASED


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
            for metric in RATES
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


def _counted(one: CatalogueEntry) -> str:
    if one.table:
        return f"`{one.table.body.__name__}`"
    return "registered agencies" if one.snapshot else "any client's body"


def _axes(metric: Metric) -> str:
    return "; ".join(coded(axes) or "the nation" for axes in metric.dimensions)
