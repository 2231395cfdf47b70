"""A view: the estimates, as of one epoch, of any sum of cells in any period.

The only way to an estimate.

A period's estimate is the sum of the increments that its buckets got over all epochs, never
clamped. Periods: a quarter; a year (of quarterly tables: its four quarters, and the records for the
year as a whole); RUNNING, everything so far, with the records that came too late for their period.

Agency tables may hide cells. A period's estimate needs the increments that were shown while the
period was open. Of later ones, only the shown are added; late reports may be missing. A period that
begins before the table's first month of arrivals is hidden as a whole: all or some of its
increments were never drawn, and their sum would be 0, exactly and falsely.

Rules kept:
- A table is in the view of an epoch only if it was released in that very epoch and none of its
  releases is missing (`Released.chain`).
- Tables are compared for a period only if both count the same months of arrival. So no ratio has a
  numerator from May over a denominator from March.
- A view depends on the set of releases and on nothing else.

`cells_of` is the one seam: how increments become cells. `raw_cells` adds them up, and is the only
way in production; `exchange.core.metrics.reconcile` is another.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeVar

from exchange.core.metrics.estimates import Block, Estimate, Exact, total
from exchange.core.model.epochs import first_month
from exchange.core.model.period import quarter_of, year_period
from exchange.core.release.released import Release, Released
from exchange.core.release.tiers import EARLIER, Bucket, period_of_bucket

RUNNING: Final = None
"""The period of everything since the first release."""
Period = int | None
CellsOf = Callable[[Sequence[Release], Period, Container[int]], list[Estimate | None]]
"""(releases of a table, period, its parts) → the estimate of each cell; None: hidden."""
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
    """A figure's source: a table's releases of the arrivals in the months `since` to `epoch`."""

    table: str
    since: int
    epoch: int


def raw_cells(chain: Sequence[Release], period: Period, parts: Container[int]) -> list[Estimate | None]:
    """Each cell of one table, summed over all increments to a period. Their noise is one block."""
    columns: list[tuple[int | None, ...]] = []
    variance: Exact = 0
    for release, bucket in increments_to(chain, parts):
        columns.append(shown_increments(release, bucket))
        variance += release.variance
    block = Block(chain[0].table, period, variance)
    return [
        None if None in column else Estimate(sum(n or 0 for n in column), {(block, i): 1} if variance else {})
        for i, column in enumerate(zip(*columns, strict=True))
    ]


def increments_to(chain: Iterable[Release], parts: Container[int]) -> Iterator[tuple[Release, Bucket]]:
    """The buckets that are added up, release by release."""
    for release in chain:
        for bucket in release.buckets:
            if period_of_bucket(bucket, release.epoch) in parts:
                yield release, bucket


def shown_increments(release: Release, bucket: Bucket) -> tuple[int | None, ...]:
    """The increments of a bucket.

    In a late bucket of an agency table, a hidden one is left out: it adds 0.
    """
    found = release.of(bucket)
    if release.clients or bucket is release.buckets[0]:
        return found
    return tuple(n or 0 for n in found)


class View:
    """The estimates as of one epoch.

    Remembers its results; is otherwise a function of its arguments.
    """

    def __init__(self, released: Released, epoch: int, cells_of: CellsOf | None = None) -> None:
        self.epoch = epoch
        self._cells_of = cells_of or raw_cells
        tables = dict.fromkeys(name for name, _ in released.held)
        self._chains = {name: chain for name in tables if (chain := released.chain(name, epoch))}
        self._vectors: dict[tuple[str, Period], list[Estimate | None]] = {}
        self._estimates: dict[Sum, Estimate | None] = {}
        self._origins: dict[tuple[str, Period], Origin] = {}
        self._numbers: dict[str, Mapping[tuple[str, tuple[str, ...]], int]] = {}

    def has(self, *tables: str) -> bool:
        """Whether all of these were released in this epoch, with none of their releases missing."""
        return all(table in self._chains for table in tables)

    def places(self, table: str) -> tuple[str, ...]:
        """Where the table has cells."""
        return self._chains[table][-1].places

    def dimensions(self, table: str) -> tuple[str, ...]:
        """The names of its dimensions."""
        return self._chains[table][-1].dimensions

    def clients(self, table: str) -> bool:
        """Whether it counts clients' events."""
        return self._chains[table][-1].clients

    def values(self, table: str) -> tuple[tuple[str, ...], ...]:
        """The values of its dimensions that it has cells of."""
        return tuple(product(*self._chains[table][-1].codes))

    def periods(self, *tables: str) -> tuple[Period, ...]:
        """The periods that this epoch changed and for which the tables can be compared."""
        if not self.has(*tables):
            return ()
        changed = [set(_changed(self._chains[table][-1])) for table in tables]
        common = sorted(set.intersection(*changed))
        return tuple(period for period in (*common, RUNNING) if self._comparable(tables, period))

    def _comparable(self, tables: tuple[str, ...], period: Period) -> bool:
        starts = {self._chains[table][0].since for table in tables}
        return len(starts) == 1 or (period is not RUNNING and max(starts) <= first_month(period))

    def estimate(self, sums: Iterable[Sum]) -> Estimate | None:
        """The estimate of sums of one period together; None if one of their cells is hidden."""
        found = [_remembered(self._estimates, one, self._of_sum) for one in sums]
        known = [estimate for estimate in found if estimate is not None]
        if len(known) < len(found):
            return None
        return known[0] if len(known) == 1 else total(known)

    def origins(self, sums: Iterable[Sum]) -> tuple[Origin, ...]:
        """The releases that sums were made from, one row a table and period."""
        asked = dict.fromkeys((one.table, one.period) for one in sums)
        return tuple(_remembered(self._origins, key, self._origin) for key in asked)

    def _origin(self, key: tuple[str, Period]) -> Origin:
        table, period = key
        sought = self._parts(table, period)
        used = [r for r in self._chains[table] if any(period_of_bucket(b, r.epoch) in sought for b in r.buckets)]
        return Origin(table, used[0].since, used[-1].epoch)

    def _of_sum(self, asked: Sum) -> Estimate | None:
        number = _remembered(self._numbers, asked.table, self._numbered)
        vector = _remembered(self._vectors, (asked.table, asked.period), self._vector)
        found = [vector[number[place, values]] for place in asked.places for values in asked.values]
        known = [estimate for estimate in found if estimate is not None]
        return total(known) if len(known) == len(found) else None

    def _numbered(self, table: str) -> Mapping[tuple[str, tuple[str, ...]], int]:
        return {cell: i for i, cell in enumerate(product(self.places(table), self.values(table)))}

    def _vector(self, key: tuple[str, Period]) -> list[Estimate | None]:
        table, period = key
        chain = self._chains[table]
        if _begins_too_early(chain, period):
            return [None] * chain[-1].cells
        return self._cells_of(chain, period, self._parts(table, period))

    def _parts(self, table: str, period: Period) -> tuple[int, ...]:
        """The periods, as buckets have them, that a period is made of."""
        known = {period_of_bucket(b, r.epoch) for r in self._chains[table] for b in r.buckets}
        return tuple(sorted(part for part in known if lies_in(part, period)))


def lies_in(part: int, period: Period) -> bool:
    """Whether a period, as buckets have it, is one of those that a period is made of."""
    if period is RUNNING or part == period:
        return True
    return part != EARLIER and not quarter_of(period) and year_period(part) == period


def _begins_too_early(chain: Sequence[Release], period: Period) -> bool:
    """Whether it is a period of an agency table that began before the table's first arrivals."""
    return not chain[0].clients and period is not RUNNING and first_month(period) < chain[0].since


def _changed(release: Release) -> tuple[int, ...]:
    """The periods of a release's buckets, and the years around its quarters."""
    periods = [period_of_bucket(bucket, release.epoch) for bucket in release.buckets if bucket is not Bucket.EARLIER]
    return tuple(dict.fromkeys((*periods, *map(year_period, periods))))


def _remembered(memory: dict[Key, Made], key: Key, make: Callable[[Key], Made]) -> Made:
    if key not in memory:
        memory[key] = make(key)
    return memory[key]
