"""Which figures are worth reading: decided before the draw, from noise and public sizes.

A sum is *usable* when the noise on it has a standard deviation of at most 30 % of the count that
public sizes lead one to expect, and that count is at least 11. 30 % is the relative standard error
above which the National Center for Health Statistics calls an estimate unreliable; 11 is the least
count that CMS lets be shown.

Nothing here sees the estimate that it decides about. To choose cells by their own estimate keeps
those whose noise happens to be high; their intervals then hold the truth in as few as 81 % of cases
instead of 95 %. For the same reason, a usable cell tells nothing about any client.

Rules kept (docs/adr/0019-public-sizes.md):
- The size that is expected of a period in year Y comes from the releases of year Y-1, as they were
  when its last month closed: the nation's cells, of tables that were released for all of that year.
  Else it comes from planned sizes, which were fixed before the first release.
- A running figure holds every release, so only planned sizes can decide about it. So no release is
  judged by anything that holds a part of its own noise, and a usable sum stays usable.
- A state's size is its share of the population (2020 Census) of the nation's size.
- A period's size is its share of the year, by the months of it that had passed at the epoch and
  were counted. A cell without a size adds nothing.
- Agency tables are exact, so their sums are usable.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Final, TypeVar

from exchange.core.counting.cells import NATION
from exchange.core.counting.tables import Tier
from exchange.core.metrics.figures import Usable
from exchange.core.metrics.view import RUNNING, Period, Sum, View, lies_in
from exchange.core.model.epochs import epoch_of, first_month, is_epoch
from exchange.core.model.period import period_of, quarter_of, year_of
from exchange.core.model.vocabulary import UsState
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Released
from exchange.core.release.tiers import BUCKETS, is_due, period_of_bucket

C = TypeVar("C", bound=Hashable)
Values = tuple[str, ...]
Sizes = Callable[[str, str, Values], Fraction]
"""(table, place, values) → events a year; 0 where nothing is known."""
Yearly = Mapping[tuple[str, Values], Fraction | int]
"""(released table, values) → events of the nation in a year, within caps."""

RELATIVE_SD_MAX: Final = Fraction(3, 10)
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
"""Tables, periods and epochs whose increments and months are remembered."""
_PLANNED = None


def is_usable(expected: Fraction | int, scale: Fraction, increments: int = 1) -> bool:
    """Whether a figure of so many increments with this sigma is usable, given its expected size."""
    if increments < 1 or scale <= 0:
        raise ValueError("A figure is made of at least one increment, and each has noise.")
    return expected >= EXPECTED_MIN and (RELATIVE_SD_MAX * expected) ** 2 >= increments * scale**2


def usable_cells(sizes: Mapping[C, Fraction | int], scale: Fraction, increments: int = 1) -> frozenset[C]:
    """The usable ones of these cells, by public size; a cell without a size is not usable."""
    return frozenset(cell for cell, size in sizes.items() if is_usable(size, scale, increments))


def by_population(national: Fraction | int) -> dict[UsState, Fraction]:
    """A national figure over the states by population: the public size of each.

    Codes for a missing state have none.
    """
    people = sum(POPULATION.values())
    return {state: Fraction(national) * thousands / people for state, thousands in POPULATION.items()}


_SHARES: Final = {NATION: Fraction(1), **{str(state): share for state, share in by_population(1).items()}}
_NO_SHARE: Final = Fraction(0)


def spread(yearly: Yearly) -> Sizes:
    """Sizes from the nation's figures. A state has its share of the population."""

    def size(table: str, place: str, values: Values) -> Fraction:
        return yearly.get((table, values), 0) * _SHARES.get(place, _NO_SHARE)

    return size


def usable_sums(sizes: Sizes, since: Mapping[str, int], epoch: int) -> Usable:
    """Which sums are usable as of an epoch.

    `since`: the first month that each table's releases count.
    """

    def usable(one: Sum) -> bool:
        if one.table not in since or one.table not in DECLARED:
            return False
        if one.table not in TABLE_COSTS:
            return True
        start = since[one.table]
        each = increments_of(DECLARED[one.table].tier, start, epoch, one.period)
        added = each * len(one.places) * len(one.values)
        passed = Fraction(months_counted(start, epoch, one.period), 12)
        if not added or not passed:
            return False
        yearly = sum((sizes(one.table, place, values) for place in one.places for values in one.values), Fraction(0))
        return is_usable(yearly * passed, TABLE_COSTS[one.table].scale, added)

    return usable


@lru_cache(maxsize=_REMEMBERED)
def increments_of(tier: Tier, since: int, epoch: int, period: Period) -> int:
    """How many increments of a cell make up a period as of an epoch, in every release since."""
    due = (when for when in range(since, epoch + 1) if is_due(tier, when))
    return sum(lies_in(period_of_bucket(bucket, when), period) for when in due for bucket in BUCKETS[tier])


@lru_cache(maxsize=_REMEMBERED)
def months_counted(since: int, epoch: int, period: Period) -> int:
    """Months of a period that had passed at the epoch and were counted."""
    if period is RUNNING:
        return epoch - since + 1
    start = first_month(period)
    end = start + (3 if quarter_of(period) else 12) - 1
    return max(0, min(end, epoch) - max(start, since) + 1)


class Usability:
    """Decides about all sums of these releases. Remembers the sizes of each year."""

    def __init__(self, released: Released, planned: Yearly) -> None:
        self.released = released
        self._planned = planned
        self._starts = released.starts()
        self._yearly: dict[int | None, Yearly] = {_PLANNED: planned}

    def as_of(self, epoch: int) -> Usable:
        """Which sums are usable as of an epoch."""
        by_year: dict[int | None, Usable] = {}
        known: dict[Sum, bool] = {}

        def usable(one: Sum) -> bool:
            if one not in known:
                known[one] = decided(one)
            return known[one]

        def decided(one: Sum) -> bool:
            year = _PLANNED if one.period is RUNNING else year_of(one.period)
            if year not in by_year:
                by_year[year] = usable_sums(spread(self._sizes(year)), self._starts, epoch)
            return by_year[year](one)

        return usable

    def _sizes(self, year: int | None) -> Yearly:
        if year not in self._yearly:
            assert year is not None  # the planned sizes are there from the start
            self._yearly[year] = {**self._planned, **last_year(self.released, year)}
        return self._yearly[year]


def last_year(released: Released, year: int) -> Yearly:
    """The nation's sizes of the year before, by its last month.

    Tables that lack a part of that year are left out.
    """
    if not is_epoch(year * 12 - 1):
        return {}
    period, january, december = period_of(year - 1), epoch_of(year - 1, 1), epoch_of(year - 1, 12)
    view, starts, found = View(released, december), released.starts(), dict[tuple[str, Values], Fraction]()
    for table in TABLE_COSTS:
        if not view.has(table) or starts[table] > january:
            continue
        for values in view.values(table):
            estimate = view.estimate([Sum(table, period, view.places(table), (values,))])
            if estimate is not None:
                found[table, values] = max(Fraction(0), Fraction(estimate.value))
    return found
