"""Releases: the noised increments of one table in one epoch, and all that were taken so far.

A release holds, for each bucket (`exchange.core.release.tiers`) and each cell of its table's
released domain, the arrivals since the table's release before it, with noise: one integer for each
cell, drawn once.

Rules kept:
- A release describes itself: tier, bit, dimensions and domain are in it, so a reader does not need
  the code that drew it.
- It is exactly what is declared under its name (`exchange.core.release.catalogue`), if anything is.
  A reader may meet tables that are newer or older than itself.
- A release about clients always has noise and never a hole. Only agency tables, which are exact,
  may leave a cell out (None).
- Taking a release twice changes nothing. A second, different draw of the same table and epoch is
  refused (ReleaseDiffers), and so is a changed domain (ReleasedDomainChanged).
- `Released` is a value: taking makes a new one.

Not promised: that no release is missing. `chain` finds that out: a table's releases follow each
other by `since`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import prod
from types import MappingProxyType

from exchange.core.admission.cap_rules import MARKS, NONE, Cap
from exchange.core.counting.tables import BY_NAME, Tier
from exchange.core.errors import ExchangeError
from exchange.core.model.epochs import is_epoch
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.tiers import BUCKETS, Bucket, is_due, whole_places


class ReleaseUnsound(ExchangeError):
    """A release is not what its table declares."""

    hint = "Do not publish it: whatever made it does not agree with the declared tables."


class ReleaseDiffers(ExchangeError):
    """Two different releases of one table and one epoch: noise was drawn twice."""

    hint = "Stop publishing and find out which draw was recorded first; the second must never be used."


class ReleasedDomainChanged(ExchangeError):
    """A table was released over another domain than before."""

    hint = "A changed table is a new table: give it a new name."


@dataclass(frozen=True, slots=True)
class Release:
    """One table in one epoch. Raises ReleaseUnsound, naming the rule.

    - `bit`: of the clients' events that it counts. None: it counts agencies' events.
    - `dimensions`: their names. `codes`: the codes of each.
    - `since`, `epoch`: the first and the last month of its arrivals.
    - `first`: no release of the table came before it.
    - `increments`: by bucket (in the order of `BUCKETS`), then place, then the product of the
      codes, the last dimension fastest.
    - `variance`: of the noise on each increment (σ²), exactly.
    - `versions`: the software that drew it, in words.
    - `rho`: the cost of the table to a client's period over all its epochs, in zero-concentrated
      differential privacy; 0 if no client is counted.
    """

    table: str
    tier: Tier
    bit: Cap
    epoch: int
    since: int
    first: bool
    places: tuple[str, ...]
    dimensions: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]
    increments: tuple[int | None, ...]
    variance: Fraction
    versions: tuple[str, ...] = ()
    rho: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        broken = _broken(self)
        if broken:
            raise ReleaseUnsound(f"{self.table}: {broken}.")

    @property
    def clients(self) -> bool:
        """Whether clients' events are counted."""
        return bool(self.bit)

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """The buckets it has, in order."""
        return BUCKETS[self.tier]

    @property
    def cells(self) -> int:
        """How many cells each bucket has."""
        return len(self.places) * prod(map(len, self.codes))

    def of(self, bucket: Bucket) -> tuple[int | None, ...]:
        """The increments of one bucket."""
        start = self.buckets.index(bucket) * self.cells
        return self.increments[start : start + self.cells]


def _broken(release: Release) -> str:  # noqa: PLR0911 - one return a rule
    if release.tier is Tier.NEVER:
        return "what is never released is not released"
    if not (is_epoch(release.since) and is_epoch(release.epoch) and release.since <= release.epoch):
        return "it covers months from `since` to `epoch`, both of 2001–2099"
    if release.places != whole_places(release.tier):
        return "its places are not those of its tier"
    if len(release.codes) != len(release.dimensions) or any(len(set(c)) < len(c) or not c for c in release.codes):
        return "it has not a list of different codes for each dimension"
    if len(release.increments) != len(release.buckets) * release.cells:
        return "it has not one increment for each bucket and cell"
    if release.bit not in (NONE, *MARKS):
        return "it counts with one bit of the caps, or with none"
    if release.variance < 0 or (release.clients and not release.variance):
        return "what counts clients has noise"
    if release.clients and None in release.increments:
        return "what counts clients has no hole"
    return _not_as_declared(release)


def _not_as_declared(release: Release) -> str:
    if release.table not in DECLARED:
        return "what is never released is not released" if release.table in BY_NAME else ""
    declared = DECLARED[release.table]
    if (release.tier, release.bit, release.places) != (declared.tier, declared.bit, declared.places):
        return "the table of its name is released otherwise"
    if (release.dimensions, release.codes) != (declared.dimensions, declared.codes):
        return "the table of its name has another domain"
    return ""


@dataclass(frozen=True, slots=True)
class Released:
    """All releases so far, by table and epoch."""

    held: Mapping[tuple[str, int], Release] = field(default_factory=lambda: MappingProxyType({}))

    def taking(self, releases: Iterable[Release]) -> "Released":
        """These and more, as a new value. Raises ReleaseDiffers and ReleasedDomainChanged."""
        held = dict(self.held)
        domains = {release.table: _shape(release) for release in held.values()}
        for release in releases:
            key = (release.table, release.epoch)
            if held.setdefault(key, release) != release:
                raise ReleaseDiffers
            if domains.setdefault(release.table, _shape(release)) != _shape(release):
                raise ReleasedDomainChanged
        return Released(MappingProxyType(dict(sorted(held.items()))))

    def epochs(self) -> tuple[int, ...]:
        """Every epoch with a release."""
        return tuple(sorted({epoch for _, epoch in self.held}))

    def starts(self) -> Mapping[str, int]:
        """The first month of arrivals of each table whose first release is here."""
        return {release.table: release.since for release in self.held.values() if release.first}

    def until(self, table: str, epoch: int) -> tuple[Release, ...]:
        """The table's releases up to an epoch and including it, in order."""
        return tuple(release for (name, when), release in self.held.items() if name == table and when <= epoch)

    def chain(self, table: str, epoch: int) -> tuple[Release, ...]:
        """As `until`, but empty unless all are here, from the first to this very epoch."""
        found = self.until(table, epoch)
        if not found or found[-1].epoch != epoch or not found[0].first:
            return ()
        follows = all(not b.first and b.since == a.epoch + 1 for a, b in pairwise(found))
        return found if follows else ()

    def awaited(self, epoch: int) -> tuple[str, ...]:
        """Tables that were released before and are due in this epoch, but missing.

        Its points may still change.
        """
        tiers = {release.table: release.tier for release in self.held.values()}
        return tuple(name for name, tier in tiers.items() if is_due(tier, epoch) and (name, epoch) not in self.held)


def _shape(release: Release) -> tuple[object, ...]:
    return release.tier, release.bit, release.places, release.dimensions, release.codes
