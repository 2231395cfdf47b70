"""Which figures are worth reading: decided before the draw, from noise and public sizes.

A term (what is added up as a whole) is *usable* when the noise on it has a standard deviation of at
most 30 % of the count that public sizes lead one to expect, and that count is at least 11. 30 % is
the relative standard error above which the National Center for Health Statistics calls an estimate
unreliable; 11 is the least count that CMS lets be shown.

Nothing here sees the estimate that it decides about. To choose cells by their own estimate keeps
those whose noise happens to be high; their intervals then hold the truth in as few as 81 % of cases
instead of 95 %. For the same reason, a usable cell tells nothing about any client.

Rules kept (docs/adr/0019-public-sizes.md):
- The size that is expected in year Y is the nation's figure for year Y-1, from the releases of
  January Y. A mean is judged by the year before its first. Where there is no such figure, and for
  arrivals, planned sizes decide, which were fixed before the first release. So no figure is judged
  by anything that holds a part of its own noise, and a usable figure stays usable.
- A state's size is its share of the population (2020 Census) of the nation's size.
- A quarter's size is a quarter of the year's, and a month's a twelfth. A cell without a size adds
  nothing.
- Agency tables are exact, so their sums are usable.
"""

import re
from collections.abc import Hashable, Mapping
from fractions import Fraction
from functools import lru_cache, reduce
from operator import add
from typing import Final, TypeVar

from exchange.core.counting.cells import NATION
from exchange.core.metrics.estimates import Exact
from exchange.core.metrics.figures import Sums
from exchange.core.metrics.view import ARRIVALS, Period, Sum, View, parts_of
from exchange.core.model.epochs import is_epoch
from exchange.core.model.period import period_of, quarter_of, year_of
from exchange.core.model.vocabulary import UsState
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Released

C = TypeVar("C", bound=Hashable)
Values = tuple[str, ...]
Yearly = Mapping[tuple[str, Values], Fraction | int]
"""(released table, values) → events of the nation in a year, within caps."""

RELATIVE_SD_MAX: Final = Fraction(3, 10)
_LEAST_PRECISION: Final = 1 / RELATIVE_SD_MAX**2
EXPECTED_MIN: Final = 11
_CENSUS_2020: Final = """
al 5024 ak 733 az 7152 ar 3012 ca 39538 co 5774 ct 3606 de 990 dc 690 fl 21538 ga 10712 hi 1455 id 1839 il 12813
in 6786 ia 3190 ks 2938 ky 4506 la 4658 me 1362 md 6177 ma 7030 mi 10077 mn 5706 ms 2961 mo 6155 mt 1084 ne 1962
nv 3105 nh 1378 nj 9289 nm 2118 ny 20201 nc 10439 nd 779 oh 11799 ok 3959 or 4237 pa 13003 ri 1097 sc 5118 sd 887
tn 6911 tx 29146 ut 3272 vt 643 va 8631 wa 7705 wv 1794 wi 5894 wy 577 as 50 gu 154 mp 47 pr 3286 vi 87
"""
POPULATION: Final[dict[UsState, int]] = {
    UsState(code): int(thousands) for code, thousands in re.findall(r"([a-z]+) (\d+)", _CENSUS_2020)
}
"""Residents in thousands, 2020 Census (Census Bureau: states and island areas)."""
_REMEMBERED: Final = 4_096


def is_usable(expected: Exact, variance: Exact) -> bool:
    """Whether a figure with noise of this variance is usable, given its expected size."""
    if variance <= 0:
        raise ValueError("Every figure about clients has noise.")
    return expected >= EXPECTED_MIN and expected * expected >= _LEAST_PRECISION * variance


def usable_cells(sizes: Mapping[C, Exact], variance: Exact) -> frozenset[C]:
    """The usable ones of these cells, by public size; a cell without a size is not usable."""
    return frozenset(cell for cell, size in sizes.items() if is_usable(size, variance))


def by_population(national: Exact) -> dict[UsState, Fraction]:
    """A national figure over the states by population: the public size of each.

    Codes for a missing state have none.
    """
    people = sum(POPULATION.values())
    return {state: Fraction(national) * thousands / people for state, thousands in POPULATION.items()}


_SHARES: Final = {NATION: Fraction(1), **{str(state): share for state, share in by_population(1).items()}}
_NO_SHARE: Final = Fraction(0)


@lru_cache(maxsize=_REMEMBERED)
def _part(places: tuple[str, ...], period: Period) -> Fraction:
    """The part of the nation's year that these places and this period are."""
    share = sum((_SHARES.get(place, _NO_SHARE) for place in places), _NO_SHARE)
    return share / (12 if period is ARRIVALS else 4 if quarter_of(period) else 1)


def expected(one: Sum, yearly: Yearly) -> Fraction:
    """The size of a sum, if the nation has these sizes in a year."""
    nation = sum(yearly.get((one.table, values), 0) for values in one.values)
    return _part(one.places, one.period) * nation


def variance_of(one: Sum) -> Fraction:
    """The variance of the noise on a sum; 0: it counts no clients."""
    cells = len(one.places) * len(one.values)
    return _variance(one.table, one.period, cells) if one.table in TABLE_COSTS else _NO_SHARE


@lru_cache(maxsize=_REMEMBERED)
def _variance(table: str, period: Period, cells: int) -> Fraction:
    cost = TABLE_COSTS[table]
    return cost.variance * (cells * len(parts_of(cost.row.tier, period)))


class Usability:
    """Decides about all terms of these releases. Remembers the sizes of each year."""

    def __init__(self, released: Released, planned: Yearly) -> None:
        self.released = released
        self._planned = planned
        self._yearly: dict[int, Yearly] = {}
        self._known: dict[Sums, bool] = {}

    def usable(self, term: Sums) -> bool:
        """Whether a term is usable."""
        if term not in self._known:
            self._known[term] = self._decided(term)
        return self._known[term]

    def _decided(self, term: Sums) -> bool:
        if any(one.table not in DECLARED for one in term):
            return False
        noisy = [(one, variance) for one in term if (variance := variance_of(one))]
        if not noisy:
            return True
        sizes = self._sizes(tuple(one.period for one, _ in noisy))
        size = reduce(add, (expected(one, sizes) for one, _ in noisy))
        return is_usable(size, reduce(add, (variance for _, variance in noisy)))

    def _sizes(self, periods: tuple[Period, ...]) -> Yearly:
        """The public sizes that judge a term with these periods."""
        years = [year_of(period) for period in periods if period is not ARRIVALS]
        if not years:
            return self._planned
        year = min(years)
        if year not in self._yearly:
            self._yearly[year] = {**self._planned, **last_year(self.released, year)}
        return self._yearly[year]


def last_year(released: Released, year: int) -> Yearly:
    """The nation's sizes of the year before, of the tables that have a figure of it."""
    january, found = year * 12, dict[tuple[str, Values], int]()
    if not is_epoch(january):
        return found
    view, before = View(released, january), period_of(year - 1)
    for table in TABLE_COSTS:
        if view.has(table, before):
            for values in view.values(table):
                estimate = view.estimate([Sum(table, before, view.places(table), (values,))])
                found[table, values] = max(0, estimate.value if estimate else 0)
    return found
