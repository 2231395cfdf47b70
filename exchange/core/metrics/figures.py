"""Figures and points: what a formula asks for, and what is published of it.

A formula yields figures: a count, a ratio or a quantile of sums, with its dimensions and period.
`point` works one out against a view. Rules kept, in this order and only here:

1. Sums are raw. `withheld` is decided on estimates, after the noise (k = 11): a count, both terms
   of a ratio, the total behind a quantile, wherever clients are counted. A withheld point has no
   value and no interval: an interval would give the value away. Agency tables are exact and have a
   rule of their own: a hidden cell (None) withholds.
2. `usable` is decided elsewhere, before the draw (PRIVACY). It is asked about terms and sees no
   estimate. A figure is usable if its terms are; a quantile, if the total behind it is. A *shown*
   point is usable and not withheld. The coverage of intervals is promised for shown points, and
   over all points.
3. Clamping comes last and only for display: at 0, and at 1 for parts of a whole. Values are rounded
   half to even, ends outwards.

The number and kind of an epoch's points depend on domains only, so a point's presence tells nothing
(every cell, every time).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Final

from exchange.core.metrics.estimates import Estimate, Exact
from exchange.core.metrics.intervals import Interval, of_ratio, of_sum
from exchange.core.metrics.quantiles import Band, quantile
from exchange.core.metrics.view import Origin, Period, Sum, View

K: Final = 11
"""Estimates of clients' events below this number are withheld (CMS: no cell of 1–10)."""

Sums = tuple[Sum, ...]
"""A term: what is added up as a whole."""
Usable = Callable[[Sums], bool]
Rounding = Callable[[int, int], int]
"""(numerator, denominator) → a whole number."""
Dimensions = tuple[tuple[str, str], ...]
"""(name, code) in the order of the metric's row."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a value, and the number of its decimals."""

    name: str
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """A number of events. `years`: the sums are of so many years, and the figure is their mean."""

    of: Sums
    years: int = 1


@dataclass(frozen=True, slots=True)
class Ratio:
    """One sum over another. `part`: the numerator is part of the denominator, so 1 is the most."""

    over: Sums
    under: Sums
    part: bool = False


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The q-th quantile of a table's bands. `cells`: the sum of each band."""

    cells: tuple[Sum, ...]
    bands: tuple[Band, ...]
    q: Fraction


Says = Count | Ratio | Quantiles


@dataclass(frozen=True, slots=True)
class Figure:
    """The content of one point."""

    dimensions: Dimensions
    period: Period
    says: Says


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One published value.

    `low`, `high`: the 95 % interval, noise only; None: no bound. `value` None: it is withheld, or
    there is nothing to divide by or to take a quantile of. `period` None: the arrivals so far, in
    the month of the epoch. `computed_from`: the releases.
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
class Worked:
    """A figure before display. None: undefined, or no bound."""

    value: Exact | None
    interval: Interval
    at_most: int | None = None


WITHHELD: Final = Worked(None, (None, None))


def point(metric: str, unit: Unit, figure: Figure, view: View, usable: Usable) -> MetricPoint:
    """The point of a figure, as of the view's epoch."""
    terms = terms_of(figure.says)
    least = K * figure.says.years if isinstance(figure.says, Count) else K
    withheld = any(_withheld(view, term, least) for term in terms)
    found = WITHHELD if withheld else worked(partial(_known, view), figure.says)
    low, high = found.interval
    return MetricPoint(
        metric,
        figure.dimensions,
        figure.period,
        view.epoch,
        displayed(found.value, unit, found.at_most, half_even),
        displayed(low, unit, found.at_most, down),
        displayed(high, unit, found.at_most, up),
        unit.name,
        withheld,
        all(map(usable, terms)),
        view.origins(one for term in terms for one in term),
    )


def terms_of(says: Says) -> tuple[Sums, ...]:
    """What is tested as a whole: the terms of a figure, or all bands of a quantile together."""
    match says:
        case Count():
            return (says.of,)
        case Ratio():
            return says.over, says.under
        case Quantiles():
            one = says.cells[0]
            return ((Sum(one.table, one.period, one.places, tuple(v for cell in says.cells for v in cell.values)),),)


def _withheld(view: View, term: Sums, least: int) -> bool:
    """Whether a term has a hole, or counts clients' events and is estimated below the least."""
    estimate = view.estimate(term)
    if estimate is None:
        return True
    clients = [one for one in term if view.clients(one.table)]
    if 0 < len(clients) < len(term):
        estimate = _known(view, clients)
    return bool(clients) and estimate.value < least


def worked(known: Callable[[Sums], Estimate], says: Says) -> Worked:
    """The value and interval of a figure without a hole. `known`: the estimate of a term."""
    match says:
        case Count():
            estimate = known(says.of)
            if says.years == 1:
                return Worked(estimate.value, of_sum(estimate))
            low, high = (None if end is None else Fraction(end) / says.years for end in of_sum(estimate))
            return Worked(Fraction(estimate.value, says.years), (low, high))
        case Ratio():
            over, under = known(says.over), known(says.under)
            value = Fraction(over.value, under.value) if under.value > 0 else None
            return Worked(value, of_ratio(over, under), 1 if says.part else None)
        case Quantiles():
            found = quantile([known((cell,)) for cell in says.cells], says.bands, says.q)
            return Worked(found.value, found.interval)


def _known(view: View, sums: Iterable[Sum]) -> Estimate:
    estimate = view.estimate(sums)
    assert estimate is not None  # a hole was withheld
    return estimate


def down(over: int, under: int) -> int:
    """The whole number at or below a fraction."""
    return over // under


def up(over: int, under: int) -> int:
    """The whole number at or above a fraction."""
    return -(-over // under)


def half_even(over: int, under: int) -> int:
    """The nearest whole number; the even one of two."""
    whole, rest = divmod(over, under)
    return whole + (2 * rest + whole % 2 > under)


def displayed(number: Exact | None, unit: Unit, at_most: int | None, to_whole: Rounding) -> Decimal | None:
    """Clamped to its range, then rounded to the unit's decimals; the same bytes everywhere."""
    if number is None:
        return None
    over, under, steps = number.numerator, number.denominator, 10**unit.decimals
    if at_most is not None:
        over = min(over, at_most * under)
    return Decimal(f"{to_whole(max(0, over) * steps, under)}E-{unit.decimals}")
