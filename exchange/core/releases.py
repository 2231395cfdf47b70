"""Releases: the noised increments of one table in one epoch, and all that were taken so far.

A release holds, for each bucket and each cell of its table's released domain, what arrived since the table's release
before it, with noise: one integer a cell, drawn once. Buckets say which period an increment belongs to:

| bucket | period | tables |
|---|---|---|
| `quarter`, `quarter before` | the quarter that the epoch lies in, and the one before it | monthly and quarterly ones |
| `year`, `year before` | the same for years | yearly ones: all of the year; others: what was sent for the year as a whole |
| `earlier` | everything else | all |

Rules kept: a release describes itself (its domain stands in it), so that nobody needs the code that drew it; a client
table always has noise and never a hole; only agency tables, which are exact, may leave a cell out (None). Taking a release
twice changes nothing; a second, different draw of the same table and epoch is refused (ReleaseDiffers), as is a domain that
changed (ReleasedDomainChanged). `Released` is a value: taking makes a new one.

Not promised: that no release is missing. `chain` says so: a table's releases hang together by `since`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from math import prod
from types import MappingProxyType
from typing import Final

from exchange.core.cells import NATION
from exchange.core.epochs import is_epoch, month_of, quarter_of_epoch, year_of_epoch
from exchange.core.errors import ExchangeError
from exchange.core.events import About
from exchange.core.period import quarter_of
from exchange.core.tables import BY_NAME, NOT_APPLICABLE, TABLES, Table, Tier, domain
from exchange.core.vocabulary import UsState

STATES: Final = tuple(str(state) for state in UsState if state != NOT_APPLICABLE)
"""The places of a state table, those for a state that is not known among them."""
EARLIER: Final = 0
"""Stands for all periods that a release does not tell apart; no period has this number."""


class ReleaseUnsound(ExchangeError):
    """A release is not what its table declares."""

    hint = "Do not publish it: whatever made it does not agree with the declared tables."


class ReleaseDiffers(ExchangeError):
    """Two different releases of one table and one epoch: noise was drawn twice."""

    hint = "Stop publishing and find out which draw was recorded first; the second must never be used."


class ReleasedDomainChanged(ExchangeError):
    """A table was released over another domain than before."""

    hint = "A changed table is a new table: give it a new name."


class Bucket(Enum):
    """Which period an increment belongs to, seen from its epoch."""

    QUARTER = "quarter"
    QUARTER_BEFORE = "quarter before"
    YEAR = "year"
    YEAR_BEFORE = "year before"
    EARLIER = "earlier"


_YEARLY: Final = (Bucket.YEAR, Bucket.YEAR_BEFORE, Bucket.EARLIER)
BUCKETS: Final[Mapping[Tier, tuple[Bucket, ...]]] = {
    Tier.NATION_MONTHLY: tuple(Bucket),
    Tier.NATION_QUARTERLY: tuple(Bucket),
    Tier.NATION_YEARLY: _YEARLY,
    Tier.STATE_YEARLY: _YEARLY,
}
MONTHS_BETWEEN: Final[Mapping[Tier, int]] = {
    Tier.NATION_MONTHLY: 1,
    Tier.NATION_QUARTERLY: 3,
    Tier.NATION_YEARLY: 12,
    Tier.STATE_YEARLY: 12,
}


def period_of_bucket(bucket: Bucket, epoch: int) -> int:
    """The period of a bucket in an epoch's release; EARLIER for the rest."""
    match bucket:
        case Bucket.QUARTER:
            return quarter_of_epoch(epoch)
        case Bucket.QUARTER_BEFORE:
            before = quarter_of_epoch(epoch) - 1
            return before if quarter_of(before) else before - 1
        case Bucket.YEAR:
            return year_of_epoch(epoch)
        case Bucket.YEAR_BEFORE:
            return year_of_epoch(epoch) - 5
        case Bucket.EARLIER:
            return EARLIER


def is_due(table: Table, epoch: int) -> bool:
    """Whether the table is released when this epoch closes: every month, or at the end of a quarter or of a year."""
    return table.tier in MONTHS_BETWEEN and month_of(epoch) % MONTHS_BETWEEN[table.tier] == 0


def whole_places(table: Table) -> tuple[str, ...]:
    """Where a released table has cells: in the nation, or in every state."""
    return STATES if table.tier is Tier.STATE_YEARLY else (NATION,)


def whole_codes(table: Table) -> tuple[tuple[str, ...], ...]:
    """Every value of each dimension: what a released domain is at most (codes may be kept out of it for good)."""
    return tuple(domain(table, dimension) for dimension in table.dimensions)


@dataclass(frozen=True, slots=True)
class Release:
    """One table in one epoch. Raises ReleaseUnsound, naming the rule.

    `since`: the first month whose arrivals are in it, `epoch` the last. `first`: no release of the table was before it.
    `codes`: those of each dimension. `increments`: by bucket (in the order of `BUCKETS`), then place, then the product of
    the codes, the last dimension fastest. `variance`: of the noise on each increment (σ²), exactly. `versions`: what drew
    it, in words.
    """

    table: str
    epoch: int
    since: int
    first: bool
    places: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]
    increments: tuple[int | None, ...]
    variance: Fraction
    versions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        broken = _broken(self)
        if broken:
            raise ReleaseUnsound(f"{self.table}: {broken}.")

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """The buckets it has, in order."""
        return BUCKETS[BY_NAME[self.table].tier]

    @property
    def cells(self) -> int:
        """How many cells each bucket has."""
        return len(self.places) * prod(map(len, self.codes))

    def of(self, bucket: Bucket) -> tuple[int | None, ...]:
        """The increments of one bucket."""
        start = self.buckets.index(bucket) * self.cells
        return self.increments[start : start + self.cells]


def _broken(release: Release) -> str:  # noqa: PLR0911 - one return a rule
    table = BY_NAME.get(release.table)
    if table is None or table.tier is Tier.NEVER:
        return "no table of this name is ever released"
    if not (is_epoch(release.since) and is_epoch(release.epoch) and release.since <= release.epoch):
        return "it covers months from `since` to `epoch`, both of 2001–2099"
    codes = whole_codes(table)
    if len(release.codes) != len(codes) or not all(map(_in_order, release.codes, codes)):
        return "its codes are not among those of its dimensions, in their order"
    if release.places != whole_places(table):
        return "its places are not those of its tier"
    if len(release.increments) != len(release.buckets) * release.cells:
        return "it has not one increment for each bucket and cell"
    if release.variance < 0:
        return "a variance is not negative"
    if table.about is About.CLIENT and (not release.variance or None in release.increments):
        return "a client table has noise in every cell"
    return ""


def _in_order(some: tuple[str, ...], all_codes: tuple[str, ...]) -> bool:
    chosen = set(some)
    return bool(some) and some == tuple(code for code in all_codes if code in chosen)


@dataclass(frozen=True, slots=True)
class Released:
    """All releases so far, by table and epoch."""

    held: Mapping[tuple[str, int], Release] = field(default_factory=lambda: MappingProxyType({}))

    def taking(self, releases: Iterable[Release]) -> "Released":
        """These and more. Raises ReleaseDiffers and ReleasedDomainChanged; what was taken before is not touched."""
        held = dict(self.held)
        domains = {release.table: _domain(release) for release in held.values()}
        for release in releases:
            key = (release.table, release.epoch)
            if held.setdefault(key, release) != release:
                raise ReleaseDiffers
            if domains.setdefault(release.table, _domain(release)) != _domain(release):
                raise ReleasedDomainChanged
        return Released(MappingProxyType(dict(sorted(held.items()))))

    def epochs(self) -> tuple[int, ...]:
        """Every epoch that any table was released in."""
        return tuple(sorted({epoch for _, epoch in self.held}))

    def until(self, table: str, epoch: int) -> tuple[Release, ...]:
        """The table's releases up to and with an epoch, in order."""
        return tuple(release for (name, when), release in self.held.items() if name == table and when <= epoch)

    def chain(self, table: str, epoch: int) -> tuple[Release, ...]:
        """As `until`, but only when none is missing, from the table's first to one of this very epoch; else nothing."""
        found = self.until(table, epoch)
        if not found or found[-1].epoch != epoch or not found[0].first:
            return ()
        follows = all(not b.first and b.since == a.epoch + 1 for a, b in pairwise(found))
        return found if follows else ()

    def awaited(self, epoch: int) -> tuple[str, ...]:
        """Tables that were released before, are due in this epoch and are not here: its points may still change."""
        known = {name for name, _ in self.held}
        return tuple(
            t.name for t in TABLES if t.name in known and is_due(t, epoch) and (t.name, epoch) not in self.held
        )


def _domain(release: Release) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    return release.places, release.codes
