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
from itertools import product

from exchange.core.metrics.estimates import Estimate, Exact
from exchange.core.metrics.figures import Count, Dimensions, MetricPoint, Quantiles, Ratio, Says
from exchange.core.metrics.intervals import Interval, Z, of_ratio, of_sum
from exchange.core.metrics.table import BY_METRIC
from exchange.core.metrics.view import ARRIVALS, Period, View
from exchange.core.model.period import quarter_of
from exchange.core.picture.wording.statuses import status_of
from exchange.core.release.released import Released


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
    """Looks up the noise behind points. Remembers the figures of each metric and epoch."""

    def __init__(self, released: Released) -> None:
        self._released = released
        self._views: dict[int, View] = {}
        self._says: dict[tuple[str, int], Mapping[tuple[Dimensions, Period], Says]] = {}

    def of(self, point: MetricPoint) -> MeasuredFigure | None:
        """The figure behind a point; None: it is not shown, is no number of events, or unknown."""
        if not status_of(point).shows_number or point.metric not in BY_METRIC:
            return None
        view = self._view(point.epoch)
        says = self._figures(point.metric, view).get((point.dimensions, point.period))
        if says is None:
            return None
        span = 0 if point.period is ARRIVALS else 1 if quarter_of(point.period) else 4
        match says:
            case Count(of, years):
                over = view.estimate(of)
                return None if over is None else MeasuredFigure(over, None, years, span)
            case Ratio(over_sums, under_sums):
                over, under = view.estimate(over_sums), view.estimate(under_sums)
                return None if over is None or under is None else MeasuredFigure(over, under, 1, span)
            case Quantiles():
                return None

    def _figures(self, metric: str, view: View) -> Mapping[tuple[Dimensions, Period], Says]:
        key = metric, view.epoch
        if key not in self._says:
            found = BY_METRIC[metric].formula(view)
            self._says[key] = {(figure.dimensions, figure.period): figure.says for figure in found}
        return self._says[key]

    def _view(self, epoch: int) -> View:
        if epoch not in self._views:
            self._views[epoch] = View(self._released, epoch)
        return self._views[epoch]
