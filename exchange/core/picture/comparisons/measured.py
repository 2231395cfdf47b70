"""A figure with its noise: what comparisons need, and a point does not hold.

    behind = Behind(released)
    behind.of(point)        a MeasuredFigure, or None

A point has an interval of 95 %. A comparison of many figures needs wider ones, and must know which
noise two figures share. Both follow from the releases, which are public, so anybody finds the same.

Rules kept: only a figure that is shown is compared. Quantiles are not: their intervals run from
band to band. Nothing is clamped here but an interval's end below 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from types import MappingProxyType
from typing import Final

from exchange.core.metrics.estimates import Estimate, Exact
from exchange.core.metrics.figures import Count, Dimensions, MetricPoint, Ratio, Says
from exchange.core.metrics.intervals import Interval, Z, of_ratio, of_sum
from exchange.core.metrics.table import BY_METRIC
from exchange.core.metrics.view import ARRIVALS, Period, View
from exchange.core.model.period import quarter_of
from exchange.core.picture.wording.statuses import status_of
from exchange.core.release.released import Release, Released

MONTHS_KEPT: Final = 32
"""Metrics with their month whose figures are remembered: a chart over time has twenty."""
FIGURES_KEPT: Final = 8_192
"""Single figures that are remembered: those of all pages of the menu are some thousand."""


@dataclass(frozen=True, slots=True)
class MeasuredFigure:
    """One figure: `over`, or `over` by `under`; `years`: a mean of so many.

    `span`: the length of its period, in quarters; 0: arrivals of a month.
    """

    over: Estimate
    under: Estimate | None = None
    years: int = 1
    span: int = 1

    @property
    def value(self) -> Fraction | None:
        """The value, unclamped; None: there is nothing to divide by."""
        if self.under is None:
            return Fraction(self.over.value, self.years)
        return Fraction(self.over.value, self.under.value) if self.under.value > 0 else None

    @property
    def exact(self) -> bool:
        """Whether it has no noise."""
        return not any(term.noise for term in self.terms)

    def interval(self, z: Fraction = Z) -> Interval:
        """The interval that reaches z standard deviations."""
        if self.under is not None:
            return of_ratio(self.over, self.under, z)
        low, high = of_sum(self.over, z)
        return _over(low, self.years), _over(high, self.years)

    def shares_noise_with(self, other: "MeasuredFigure") -> bool:
        """Whether one cell's noise is in both."""
        return any(
            cells & two.noise.get(block, 0)
            for one, two in product(self.terms, other.terms)
            for block, cells in one.noise.items()
        )

    @property
    def terms(self) -> tuple[Estimate, ...]:
        """What is above the line, and below it."""
        return (self.over,) if self.under is None else (self.over, self.under)


def _over(end: Exact | None, years: int) -> Exact | None:
    return None if end is None else Fraction(end) / years


class Behind:
    """Looks up the noise behind points.

    A metric needs the releases of its own tables only. What was found is remembered, within limits.
    """

    def __init__(self, released: Released) -> None:
        self._releases: dict[str, list[Release]] = {}
        for (table, _), release in released.held.items():
            self._releases.setdefault(table, []).append(release)
        self._figures = lru_cache(MONTHS_KEPT)(self._figures_of)
        self._measured = lru_cache(FIGURES_KEPT)(self._measured_of)

    def of(self, point: MetricPoint) -> MeasuredFigure | None:
        """The figure behind a point; None: it is not shown, is no number of events, or unknown."""
        if not status_of(point).shows_number or point.metric not in BY_METRIC:
            return None
        return self._measured(point.metric, point.epoch, point.dimensions, point.period)

    def _measured_of(self, metric: str, epoch: int, dimensions: Dimensions, period: Period) -> MeasuredFigure | None:
        view, figures = self._figures(metric, epoch)
        says = figures.get((dimensions, period))
        span = 0 if period is ARRIVALS else 1 if quarter_of(period) else 4
        match says:
            case Count(of, years):
                over = view.estimate(of)
                return None if over is None else MeasuredFigure(over, None, years, span)
            case Ratio(over_sums, under_sums):
                over, under = view.estimate(over_sums), view.estimate(under_sums)
                return None if over is None or under is None else MeasuredFigure(over, under, 1, span)
            case _:  # a quantile, or no figure
                return None

    def _figures_of(self, metric: str, epoch: int) -> tuple[View, Mapping[tuple[Dimensions, Period], Says]]:
        """What a metric brings in an epoch, and the view that estimates it."""
        row = BY_METRIC[metric]
        own = (release for table in sorted(row.tables) for release in self._releases.get(table, ()))
        view = View(Released(MappingProxyType({(one.table, one.epoch): one for one in own})), epoch)
        return view, {(figure.dimensions, figure.period): figure.says for figure in row.formula(view)}
