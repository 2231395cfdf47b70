"""A view: the estimates, as of one epoch, of any sum of cells in any period.

The only way to an estimate. Each period is drawn once, so a period's estimate is what its release
says, never clamped. Only the year of a quarterly table is a sum: of its four quarters and of the
year's own records (of agencies that report years only), and it exists once all five were drawn.

Rules kept:
- A period is new in the epoch in which the last release that it needs is due. Metrics have points
  of new periods only, so no epoch repeats another's figures.
- Several tables are compared for a period that all of them have by then. It may have been drawn in
  an earlier epoch: cases that come too late are counted later than the cases of the same quarter.
- Agency tables may hide cells. A sum that needs a hidden cell does not exist. A year needs its four
  quarters; of the year's own records hardly three agencies have any, so they are added where they
  are shown, and may be missing.
- A view depends on the set of releases up to its epoch, and on nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import or_
from typing import Final, TypeVar

from exchange.core.counting.tables import Tier
from exchange.core.metrics.estimates import Block, Estimate, total
from exchange.core.model.period import period_of, quarter_of, year_of
from exchange.core.release.released import Release, Released
from exchange.core.release.tiers import ARRIVED

ARRIVALS: Final = None
"""The period of everything that arrived in the epoch's month, whatever its quarter."""
Period = int | None
Key = TypeVar("Key")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Sum:
    """Cells to add up: of one table and period, with these places and values."""

    table: str
    period: Period
    places: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """A release that a figure was made from."""

    table: str
    epoch: int


@dataclass(frozen=True, slots=True)
class _Cells:
    """Each cell of a table in one period: its number or None (hidden); the blocks of its noise."""

    counts: tuple[int | None, ...]
    blocks: tuple[Block, ...]


def parts_of(tier: Tier, period: Period) -> tuple[int, ...]:
    """The drawn periods that a figure's period is the sum of."""
    if period is ARRIVALS:
        return (ARRIVED,)
    if tier is Tier.NATION_QUARTERLY and not quarter_of(period):
        return (*(period_of(year_of(period), quarter) for quarter in range(1, 5)), period)
    return (period,)


class View:
    """The estimates as of one epoch.

    Remembers its results; is otherwise a function of its arguments.
    """

    def __init__(self, released: Released, epoch: int) -> None:
        self.epoch = epoch
        self._newest: dict[str, Release] = {}
        self._drawn: dict[tuple[str, int], Release] = {}
        for (table, when), release in released.held.items():
            if when <= epoch:
                self._newest[table] = release
                self._drawn.update(((table, p), release) for p in release.periods if p != ARRIVED or when == epoch)
        self._cells: dict[tuple[str, Period], _Cells] = {}
        self._estimates: dict[Sum, Estimate | None] = {}
        self._origins: dict[tuple[tuple[str, Period], ...], tuple[Origin, ...]] = {}
        self._numbers: dict[str, Mapping[tuple[str, tuple[str, ...]], int]] = {}
        self._values: dict[str, tuple[tuple[str, ...], ...]] = {}

    def has(self, table: str, period: Period) -> bool:
        """Whether everything that the period needs was drawn by this epoch."""
        newest = self._newest.get(table)
        return newest is not None and all((table, part) in self._drawn for part in parts_of(newest.tier, period))

    def periods(self, *tables: str) -> tuple[Period, ...]:
        """The periods that all the tables have; new in this epoch for one of them at least."""
        new = {period for table in tables for period in self._new(table)}
        common = [period for period in new if all(self.has(table, period) for table in tables)]
        return tuple(sorted(common, key=lambda period: period or ARRIVED))

    def _new(self, table: str) -> Iterator[Period]:
        newest = self._newest.get(table)
        if newest is not None and newest.epoch == self.epoch:
            yield from (ARRIVALS if period == ARRIVED else period for period in newest.periods)

    def places(self, table: str) -> tuple[str, ...]:
        """Where the table has cells."""
        return self._newest[table].places

    def dimensions(self, table: str) -> tuple[str, ...]:
        """The names of its dimensions."""
        return self._newest[table].dimensions

    def clients(self, table: str) -> bool:
        """Whether it counts clients' events."""
        return self._newest[table].clients

    def values(self, table: str) -> tuple[tuple[str, ...], ...]:
        """The values of its dimensions that it has cells of."""
        return _remembered(self._values, table, lambda name: tuple(product(*self._newest[name].codes)))

    def estimate(self, sums: Iterable[Sum]) -> Estimate | None:
        """The estimate of sums together; None if one of their cells is hidden."""
        found = [_remembered(self._estimates, one, self._of_sum) for one in sums]
        known = [estimate for estimate in found if estimate is not None]
        if len(known) < len(found):
            return None
        return known[0] if len(known) == 1 else total(known)

    def origins(self, sums: Iterable[Sum]) -> tuple[Origin, ...]:
        """The releases that sums were made from."""
        asked = tuple(dict.fromkeys((one.table, one.period) for one in sums))
        return _remembered(self._origins, asked, self._origins_of)

    def _origins_of(self, asked: tuple[tuple[str, Period], ...]) -> tuple[Origin, ...]:
        releases = (release for table, period in asked for _, release in self._parts(table, period))
        return tuple(dict.fromkeys(Origin(release.table, release.epoch) for release in releases))

    def _of_sum(self, asked: Sum) -> Estimate | None:
        number = _remembered(self._numbers, asked.table, self._numbered)
        cells = _remembered(self._cells, (asked.table, asked.period), self._cells_of)
        wanted = [number[place, values] for place in asked.places for values in asked.values]
        known = [n for n in map(cells.counts.__getitem__, wanted) if n is not None]
        if len(known) < len(wanted):
            return None
        mask = reduce(or_, (1 << n for n in wanted), 0)
        return Estimate(sum(known), dict.fromkeys(cells.blocks, mask))

    def _numbered(self, table: str) -> Mapping[tuple[str, tuple[str, ...]], int]:
        return {cell: i for i, cell in enumerate(product(self.places(table), self.values(table)))}

    def _cells_of(self, key: tuple[str, Period]) -> _Cells:
        parts = self._parts(*key)
        columns = zip(*(_shown(part, release, alone=len(parts) == 1) for part, release in parts), strict=True)
        return _Cells(
            tuple(None if None in column else sum(n or 0 for n in column) for column in columns),
            tuple(Block(key[0], part, release.variance) for part, release in parts if release.variance),
        )

    def _parts(self, table: str, period: Period) -> list[tuple[int, Release]]:
        """The drawn periods behind a period, each with its release."""
        return [(part, self._drawn[table, part]) for part in parts_of(self._newest[table].tier, period)]


def _shown(part: int, release: Release, *, alone: bool) -> tuple[int | None, ...]:
    """The counts of a drawn period.

    A hidden one of an agency table's records of a year adds 0 to the year's quarters.
    """
    counts = release.of(part)
    return counts if alone or release.clients or quarter_of(part) else tuple(n or 0 for n in counts)


def _remembered(memory: dict[Key, Made], key: Key, make: Callable[[Key], Made]) -> Made:
    if key not in memory:
        memory[key] = make(key)
    return memory[key]
