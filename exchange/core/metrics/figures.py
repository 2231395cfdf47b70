"""Figures and points: what a formula asks for, and what is published of it.

A formula yields figures: a count, a ratio or a quantile of sums, with its dimensions and period.
`point` works one out against a view. Rules kept, in this order and only here:

1. Sums are raw. `withheld` is decided on estimates, after the noise (k = 11): a count, both terms
   of a ratio, the total behind a quantile, wherever clients are counted. A withheld point has no
   value and no interval: an interval would give the value away. Agency tables are exact and have a
   rule of their own: a hidden cell (None) withholds.
2. `usable` is decided elsewhere, before the draw (PRIVACY). It is asked about sums and sees no
   estimate. A figure is usable if its terms are; a quantile, if the total behind it is. A *shown*
   point is usable and not withheld. The coverage of intervals is promised for shown points, and
   over all points.
3. Clamping comes last and only for display: at 0, and at 1 for parts of a whole. Values are rounded
   half to even, ends outwards.

The number and kind of an epoch's points depend on domains only, so a point's presence tells nothing
(every cell, every time).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Final

from exchange.core.metrics.estimates import Estimate, Exact
from exchange.core.metrics.intervals import Interval, of_ratio, of_sum
from exchange.core.metrics.quantiles import Band, quantile
from exchange.core.metrics.view import Origin, Period, Sum, View

K: Final = 11
"""Estimates of clients' events below this number are withheld (CMS: no cell of 1–10)."""

Sums = tuple[Sum, ...]
Usable = Callable[[Sum], bool]
Dimensions = tuple[tuple[str, str], ...]
"""(name, code) in the order of the metric's row."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a value, and the number of its decimals."""

    name: str
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """A number of events."""

    of: Sums


@dataclass(frozen=True, slots=True)
class Ratio:
    """One sum over another. `part`: the numerator is part of the denominator, so 1 is the most."""

    over: Sums
    under: Sums
    part: bool = False


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The q-th quantile of a table's bands. `cells`: the sums of each band."""

    cells: tuple[Sums, ...]
    bands: tuple[Band, ...]
    q: Fraction


@dataclass(frozen=True, slots=True)
class Figure:
    """The content of one point."""

    dimensions: Dimensions
    period: Period
    says: Count | Ratio | Quantiles


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One published value.

    `low`, `high`: the 95 % interval, noise only; None: no bound. `value` None: it is withheld, or
    there is nothing to divide by or to take a quantile of. `period` None: since the first release.
    `epoch`: as of the end of that month.
    """

    metric: str
    dimensions: Dimensions
    period: Period
    epoch: int
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    unit: str
    withheld: bool
    usable: bool
    computed_from: tuple[Origin, ...]

    @property
    def shown(self) -> bool:
        """Whether it may be read: usable, and not withheld."""
        return self.usable and not self.withheld


@dataclass(frozen=True, slots=True)
class _Worked:
    """A point before display. None: withheld or undefined."""

    value: Exact | None
    interval: Interval
    at_most: int | None = None


def point(metric: str, unit: Unit, figure: Figure, view: View, usable: Usable) -> MetricPoint:
    """The point of a figure, as of the view's epoch."""
    groups = _groups(figure.says)
    sums = tuple(one for group in groups for one in group)
    withheld = any(_withheld(view, group) for group in _tested(figure.says))
    worked = _Worked(None, (None, None)) if withheld else _worked(view, figure.says)
    low, high = worked.interval
    return MetricPoint(
        metric,
        figure.dimensions,
        figure.period,
        view.epoch,
        _shown(worked.value, unit, worked.at_most, round),
        _shown(low, unit, worked.at_most, floor),
        _shown(high, unit, worked.at_most, ceil),
        unit.name,
        withheld,
        all(usable(one) for one in _asked(figure.says)),
        view.origins(sums),
    )


def _groups(says: Count | Ratio | Quantiles) -> tuple[Sums, ...]:
    match says:
        case Count():
            return (says.of,)
        case Ratio():
            return says.over, says.under
        case Quantiles():
            return says.cells


def _asked(says: Count | Ratio | Quantiles) -> tuple[Sum, ...]:
    """The sums whose usability decides about the figure: its terms, or all bands of a quantile."""
    sums = tuple(dict.fromkeys(one for group in _groups(says) for one in group))
    if not isinstance(says, Quantiles):
        return sums
    return (replace(sums[0], values=tuple(values for one in sums for values in one.values)),)


def _tested(says: Count | Ratio | Quantiles) -> tuple[Sums, ...]:
    """The groups of sums that the threshold tests, each as a whole."""
    if isinstance(says, Quantiles):
        return (tuple(one for cell in says.cells for one in cell),)
    return _groups(says)


def _withheld(view: View, sums: Sums) -> bool:
    """Whether a sum has a hole, or counts clients' events and is estimated below K."""
    if view.estimate(sums) is None:
        return True
    clients = view.estimate(one for one in sums if view.clients(one.table))
    return clients is not None and bool(clients.loads) and clients.value < K


def _worked(view: View, says: Count | Ratio | Quantiles) -> _Worked:
    match says:
        case Count():
            estimate = _known(view, says.of)
            return _Worked(estimate.value, of_sum(estimate))
        case Ratio():
            over, under = _known(view, says.over), _known(view, says.under)
            value = Fraction(over.value) / Fraction(under.value) if under.value > 0 else None
            return _Worked(value, of_ratio(over, under), 1 if says.part else None)
        case Quantiles():
            found = quantile([_known(view, cell) for cell in says.cells], says.bands, says.q)
            return _Worked(found.value, found.interval)


def _known(view: View, sums: Sums) -> Estimate:
    estimate = view.estimate(sums)
    assert estimate is not None  # a hole was withheld
    return estimate


def _shown(
    number: Exact | None, unit: Unit, at_most: int | None, to_whole: Callable[[Fraction], int]
) -> Decimal | None:
    """Clamped to its range, then rounded to the unit's decimals; the same bytes everywhere."""
    if number is None:
        return None
    cut = max(0, number)
    if at_most is not None:
        cut = min(at_most, cut)
    scaled = cut * 10**unit.decimals
    whole = scaled if isinstance(scaled, int) else to_whole(scaled)  # most are whole numbers already
    return Decimal((0, tuple(map(int, str(whole))), -unit.decimals))
