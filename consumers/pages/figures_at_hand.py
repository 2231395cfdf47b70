"""The figures that a page may ask for: all points released up to one month, by metric.

    figures.one("cases", period)                                  a point, or None
    figures.over_time("unmet_need_share", Span.QUARTER, service="housing")
    figures.across("unmet_need_share", "service", period)         all codes of a dimension

Rules kept: nothing here computes or rounds; a page shows published points and nothing else. A point
is chosen by its dimensions and its period, never by its value.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Protocol

from exchange.core.metrics.figures import Dimensions, MetricPoint
from exchange.core.metrics.questions import Span
from exchange.core.metrics.table import BY_METRIC
from exchange.core.metrics.view import ARRIVALS, Period
from exchange.core.model.period import quarter_of
from exchange.core.picture.comparisons.measured import Behind

Where = frozenset[tuple[str, str]]
"""Dimensions with their codes, in no order."""


class PointSource(Protocol):
    """Where points come from: those released up to one month, in the order of their release."""

    def periods(self, metric: str) -> Iterable[int]:
        """The quarters and years that a metric has points of."""

    def of_period(self, metric: str, period: Period, months: int = 0) -> Iterable[MetricPoint]:
        """The points of a metric in one period; `months`: of the newest so many months alone."""

    def of_series(self, metric: str, where: Where, periods: Collection[Period]) -> Iterable[MetricPoint]:
        """The points of a metric with exactly these dimensions, in some periods."""


class HeldPoints:
    """A source over points that are held already, by metric."""

    def __init__(self, by_metric: Mapping[str, Sequence[MetricPoint]]) -> None:
        self._by_metric = by_metric

    def periods(self, metric: str) -> Iterable[int]:
        """The quarters and years that a metric has points of."""
        return {one.period for one in self._of(metric) if one.period is not None}

    def of_period(self, metric: str, period: Period, months: int = 0) -> Iterable[MetricPoint]:
        """The points of a metric in one period; `months`: of the newest so many months alone."""
        found = [one for one in self._of(metric) if one.period == period]
        newest = sorted({one.epoch for one in found})[-months:]
        return (one for one in found if one.epoch in newest)

    def of_series(self, metric: str, where: Where, periods: Collection[Period]) -> Iterable[MetricPoint]:
        """The points of a metric with exactly these dimensions, in some periods."""
        return (one for one in self._of(metric) if one.period in periods and frozenset(one.dimensions) == where)

    def _of(self, metric: str) -> Sequence[MetricPoint]:
        return self._by_metric.get(metric, ())


def span_of(period: int) -> Span:
    """Whether a period is a quarter or a year."""
    return Span.QUARTER if quarter_of(period) else Span.YEAR


class Figures:
    """The points of `source`, which were released up to the epoch `as_of`.

    Only what a page asks for is read, and kept: a period of a metric, which has few points of all.
    `behind`: the noise behind points; without it nothing is ranked, and no change is told.
    """

    def __init__(self, source: PointSource, as_of: int, behind: Behind | None = None) -> None:
        self.as_of: Final = as_of
        self.behind: Final = behind
        self._source = source
        self._found: dict[tuple[str, Period], Mapping[Where, MetricPoint]] = {}

    def periods(self, metric: str) -> Sequence[int]:
        """The quarters and years that a metric has points of, in order.

        Raises KeyError for no metric, as all of these do.
        """
        return sorted(set(self._source.periods(BY_METRIC[metric].name)))

    def of_period(self, metric: str, period: int | None) -> Sequence[MetricPoint]:
        """All points of a metric in one quarter or year, in the order of their release."""
        return () if period is None else tuple(self._by_where(metric, period).values())

    def of_series(self, metric: str, /, **where: str) -> Sequence[MetricPoint]:
        """One figure in every period that it was released of."""
        return tuple(self._source.of_series(metric, frozenset(where.items()), (*self.periods(metric), ARRIVALS)))

    def one(self, metric: str, period: int | None, /, **where: str) -> MetricPoint | None:
        """The point with exactly these dimensions; None: it is in no release so far."""
        return None if period is None else self._by_where(metric, period).get(frozenset(where.items()))

    def newest(self, metric: str, span: Span) -> int | None:
        """The newest quarter or year that the metric has points of."""
        return max((p for p in self.periods(metric) if span_of(p) is span), default=None)

    def over_time(self, metric: str, span: Span, last: int = 0, /, **where: str) -> Sequence[MetricPoint]:
        """One figure in every quarter, or every year, in order; `last`: in so many alone."""
        periods = [one for one in self.periods(metric) if span_of(one) is span][-last:]
        points = self._source.of_series(metric, frozenset(where.items()), frozenset(periods))
        found = {one.period: one for one in points}
        return [found[period] for period in periods if period in found]

    def arrivals(self, metric: str, last: int = 0, /) -> Sequence[MetricPoint]:
        """The arrivals of every month, in order; `last`: of so many months alone."""
        return sorted(self._source.of_period(BY_METRIC[metric].name, ARRIVALS, last), key=lambda one: one.epoch)

    def across(self, metric: str, dimension: str, period: int | None, /, **where: str) -> Sequence[MetricPoint]:
        """All codes of a dimension in one period; what else the points have is given."""
        names, wanted = {dimension, *where}, set(where.items())
        return [
            one
            for one in self.of_period(metric, period)
            if _names(one.dimensions) == names and wanted <= set(one.dimensions)
        ]

    def _by_where(self, metric: str, period: int) -> Mapping[Where, MetricPoint]:
        key = (BY_METRIC[metric].name, period)
        if key not in self._found:
            self._found[key] = {frozenset(one.dimensions): one for one in self._source.of_period(*key)}
        return self._found[key]


def _names(dimensions: Dimensions) -> set[str]:
    return {name for name, _ in dimensions}
