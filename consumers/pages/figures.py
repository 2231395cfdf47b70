"""The figures that a page may ask for: all points released up to one month, by metric.

    figures.one("cases", period)                                  a point, or None
    figures.over_time("unmet_need_share", Span.QUARTER, service="housing")
    figures.across("unmet_need_share", "service", period)         all codes of a dimension

Rules kept: nothing here computes or rounds; a page shows published points and nothing else. A point
is chosen by its dimensions and its period, never by its value.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from exchange.core.metrics.figures import Dimensions, MetricPoint
from exchange.core.metrics.questions import Span
from exchange.core.metrics.table import BY_METRIC
from exchange.core.metrics.view import ARRIVALS
from exchange.core.model.period import quarter_of
from exchange.core.picture.measured import Behind

Source = Callable[[str], Iterable[MetricPoint]]
"""Of a metric: every point that was released so far."""
Key = tuple[frozenset[tuple[str, str]], int]
"""(dimensions, period)."""


def span_of(period: int) -> Span:
    """Whether a period is a quarter or a year."""
    return Span.QUARTER if quarter_of(period) else Span.YEAR


class Figures:
    """The points of `source` up to the epoch `as_of`, each metric read when it is first asked for.

    `behind`: the noise behind points; without it nothing is ranked, and no change is told.
    """

    def __init__(self, source: Source, as_of: int, behind: Behind | None = None) -> None:
        self.as_of: Final = as_of
        self.behind: Final = behind
        self._source = source
        self._points: dict[str, tuple[MetricPoint, ...]] = {}
        self._found: dict[str, Mapping[Key, MetricPoint]] = {}

    def points(self, metric: str) -> tuple[MetricPoint, ...]:
        """All points of a metric, in the order of their release. Raises KeyError for no metric."""
        if metric not in self._points:
            known = BY_METRIC[metric].name
            self._points[metric] = tuple(one for one in self._source(known) if one.epoch <= self.as_of)
        return self._points[metric]

    def one(self, metric: str, period: int | None, /, **where: str) -> MetricPoint | None:
        """The point with exactly these dimensions; None: it is in no release so far."""
        return None if period is None else self._by_key(metric).get((frozenset(where.items()), period))

    def newest(self, metric: str, span: Span) -> int | None:
        """The newest quarter or year that the metric has points of."""
        return max((p for p in self._periods(metric) if span_of(p) is span), default=None)

    def over_time(self, metric: str, span: Span, /, **where: str) -> Sequence[MetricPoint]:
        """One figure in every quarter, or every year, in order."""
        wanted = frozenset(where.items())
        periods = sorted(p for p in self._periods(metric) if span_of(p) is span)
        found = (self._by_key(metric).get((wanted, period)) for period in periods)
        return [one for one in found if one is not None]

    def arrivals(self, metric: str) -> Sequence[MetricPoint]:
        """The arrivals of every month, in order."""
        return sorted((one for one in self.points(metric) if one.period is ARRIVALS), key=lambda one: one.epoch)

    def across(self, metric: str, dimension: str, period: int | None, /, **where: str) -> Sequence[MetricPoint]:
        """All codes of a dimension in one period; what else the points have is given."""
        names, wanted = {dimension, *where}, set(where.items())
        return [
            one
            for one in self.points(metric)
            if one.period == period is not None and _names(one.dimensions) == names and wanted <= set(one.dimensions)
        ]

    def _by_key(self, metric: str) -> Mapping[Key, MetricPoint]:
        if metric not in self._found:
            found = ((one, one.period) for one in self.points(metric))
            self._found[metric] = {(frozenset(one.dimensions), when): one for one, when in found if when is not None}
        return self._found[metric]

    def _periods(self, metric: str) -> set[int]:
        return {period for _, period in self._by_key(metric)}


def _names(dimensions: Dimensions) -> set[str]:
    return {name for name, _ in dimensions}
