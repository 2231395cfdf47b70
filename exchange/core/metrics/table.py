"""The metrics: one row each. Evaluators, funders and researchers may subscribe to them.

A row names the metric, its formula, its dimensions (each over the fixed domain of its tables), its
unit, the questions of 2003 and 2008 that it answers, and one sentence for an evaluator.
docs/ARCHITECTURE.md says how to add one; `docs/METRICS.md` is derived.

Questions that cannot be answered today are in `exchange.core.picture.asked.unanswered`, with the
smallest released table that would change that.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from exchange.core.counting.tables import Tier
from exchange.core.metrics.figures import MetricPoint, Usable, point
from exchange.core.metrics.rates import RATES
from exchange.core.metrics.shapes import Metric, count_of, mean_of
from exchange.core.metrics.view import View
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Released

CAVEAT: Final = (
    "Intervals cover the noise only; counts are capped for each client, and people are not de-duplicated across agencies: "
    "these are services, not prevalence."
)
"""For every page that shows a point."""

__all__ = ["BY_METRIC", "CAVEAT", "COUNTS", "MEANS", "METRICS", "RATES", "Metric", "all_points", "points"]

COUNTS: Final = tuple(map(count_of, DECLARED.values()))
MEANS: Final = tuple(mean_of(one) for one in DECLARED.values() if one.tier is Tier.STATE_YEARLY)

METRICS: Final[tuple[Metric, ...]] = (*COUNTS, *MEANS, *RATES)
BY_METRIC: Final[Mapping[str, Metric]] = {metric.name: metric for metric in METRICS}


def points(
    released: Released, epoch: int, usable: Usable, metrics: Iterable[Metric] = METRICS
) -> Iterator[MetricPoint]:
    """The points of the periods that an epoch's releases bring, in the order of the table."""
    view = View(released, epoch)
    for metric in metrics:
        for figure in metric.formula(view):
            yield point(metric.name, metric.unit, figure, view, usable)


def all_points(released: Released, usable: Usable, metrics: Iterable[Metric] = METRICS) -> Iterator[MetricPoint]:
    """The points of every epoch so far."""
    rows = tuple(metrics)
    for epoch in released.epochs():
        yield from points(released, epoch, usable, rows)
