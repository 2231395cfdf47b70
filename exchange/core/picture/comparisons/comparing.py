"""Ranks with intervals, and whether a figure rose or fell.

Rules kept:
- The interval of a difference is made of the intervals of the two figures (G. Zou, A. Donner 2008,
  "Construction of confidence limits about effect measures: a general approach", Statistics in
  Medicine 27, 1693–1702). For counts it is the usual one, value ± z·√(σ₁² + σ₂²).
- It holds for figures with independent noise. Where two share a cell's noise, such as a share and
  its whole, or two means with a common year, nothing can be told.
- What is said together holds together, 95 times in 100: all ranks of one list; all changes of one
  chart (`among`). So the largest of many is not called the largest for its luck.
- Shares of one total have the order of their counts, which have no noise in common (`larger`).
- Arrivals have no trend: they are a sign of life, and no figure of a period.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Final

from exchange.core.metrics.estimates import Exact
from exchange.core.metrics.intervals import Interval, root_up
from exchange.core.picture.comparisons.critical import reach_for, reach_for_all_pairs
from exchange.core.picture.comparisons.measured import MeasuredFigure

UNTOLD: Final[Interval] = (None, None)
"""The interval of a difference that cannot be told."""


class Trend(StrEnum):
    """What became of a figure. `SAME` is for exact figures only."""

    ROSE = "rose"
    FELL = "fell"
    SAME = "stayed the same"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Change:
    """The trend, and the interval of the difference, later less earlier; None: no bound."""

    trend: Trend
    low: Exact | None = None
    high: Exact | None = None


@dataclass(frozen=True, slots=True)
class Rank:
    """The first and the last place that a figure may have; 1: the largest. `of`: how many."""

    first: int
    last: int
    of: int

    @property
    def words(self) -> str:
        """Such as `the largest`, `among the two largest` or `between rank 3 and rank 7`."""
        if self.of == 1:
            return "the only one"
        if self.first == 1 and self.last <= self.of // 2:
            return "the largest" if self.last == 1 else f"among the {_small_number(self.last)} largest"
        if self.last == self.of and self.first > (self.of + 1) // 2:
            tail = self.of - self.first + 1
            return "the smallest" if tail == 1 else f"among the {_small_number(tail)} smallest"
        if self.first == self.last:
            return f"rank {self.first}"
        if (self.first, self.last) == (1, self.of):
            return "no rank can be told"
        return f"between rank {self.first} and rank {self.last}"


def _small_number(number: int) -> str:
    words = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[number - 2] if number - 2 < len(words) else str(number)


def difference(one: MeasuredFigure, other: MeasuredFigure, z: Fraction) -> Interval:
    """The interval of one less other, at z standard deviations; no bounds where noise is shared."""
    if one.value is None or other.value is None or one.shares_noise_with(other):
        return UNTOLD
    (low, high), (other_low, other_high) = one.interval(z), other.interval(z)
    middle = one.value - other.value
    down = _reach(one.value, low, other.value, other_high)
    up = _reach(one.value, high, other.value, other_low)
    return None if down is None else middle - down, None if up is None else middle + up


def _reach(one: Fraction, end: Exact | None, other: Fraction, other_end: Exact | None) -> Fraction | None:
    """How far an end of the difference is from its middle."""
    if end is None or other_end is None:
        return None
    return root_up((one - end) ** 2 + (other - other_end) ** 2)


def larger(one: MeasuredFigure, other: MeasuredFigure, z: Fraction) -> int:
    """1: one is surely larger; -1: other is; 0: it cannot be told.

    Two ratios to one number are in the order of what is above the line.
    """
    if one.under is not None and one.under == other.under:
        one, other = MeasuredFigure(one.over), MeasuredFigure(other.over)
    low, high = difference(one, other, z)
    return int(low is not None and low > 0) - int(high is not None and high < 0)


def change(earlier: MeasuredFigure | None, later: MeasuredFigure | None, *, among: int = 1) -> Change:
    """Whether a figure rose or fell. `among`: how many such changes are shown together."""
    if earlier is None or later is None or earlier.span != later.span:
        return Change(Trend.CANNOT_TELL)
    low, high = difference(later, earlier, reach_for(among))
    if low is not None and low > 0:
        return Change(Trend.ROSE, low, high)
    if high is not None and high < 0:
        return Change(Trend.FELL, low, high)
    if earlier.exact and later.exact and low == high == 0:
        return Change(Trend.SAME, low, high)
    return Change(Trend.CANNOT_TELL, low, high)


def changes(series: Sequence[MeasuredFigure | None], *, among: int = 0) -> tuple[Change, ...]:
    """The change from each figure of a series to the next. `among`: as `change`; 0: these alone."""
    pairs = list(pairwise(series))
    return tuple(change(earlier, later, among=among or len(pairs)) for earlier, later in pairs)


def ranks(figures: Sequence[MeasuredFigure]) -> tuple[Rank, ...]:
    """The rank of each figure among all of them, the largest first; all of them hold together."""
    reach = reach_for_all_pairs(len(figures))
    of = len(figures)
    above, below = [0] * of, [0] * of
    for i, j in combinations(range(of), 2):
        order = larger(figures[i], figures[j], reach)
        if order:
            greater, less = (i, j) if order > 0 else (j, i)
            above[less] += 1
            below[greater] += 1
    return tuple(Rank(1 + above[i], of - below[i], of) for i in range(of))
