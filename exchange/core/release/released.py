"""Releases: the noised counts of one table in one epoch, and all that were taken so far.

A release holds, for each period that it counts (`exchange.core.release.tiers`) and each cell of its
table's released domain, one integer: the count with noise, drawn once and final.

Rules kept:
- A release describes itself: tier, bit, periods, dimensions and domain are in it, so a reader does
  not need the code that drew it.
- It is exactly what is declared under its name (`exchange.core.release.catalogue`), if anything is.
  A reader may meet tables that are newer or older than itself.
- A release about clients always has noise and never a hole. Only agency tables, which are exact,
  may leave a cell out (None).
- Taking a release twice changes nothing. A second, different draw of the same table and epoch is
  refused (ReleaseDiffers), and so is a changed domain (ReleasedDomainChanged).
- `Released` is a value: taking makes a new one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from types import MappingProxyType

from exchange.core.admission.cap_rules import MARKS, NONE, Cap
from exchange.core.counting.tables import BY_NAME, Tier
from exchange.core.errors import ExchangeError
from exchange.core.model.epochs import is_epoch
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.tiers import is_due, periods_due, whole_places


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
    - `counts`: by period (`periods`), then place, then the product of the codes, the last dimension
      fastest.
    - `variance`: of the noise on each count (σ²), exactly.
    - `versions`: the software that drew it, in words.
    - `rho`: the cost of the table to a client's period, in zero-concentrated differential privacy;
      0 if no client is counted.
    - `clients_a_year`: the new clients a year for which sizes were planned at the first epoch; 0:
      as many as the planned sizes have.
    """

    table: str
    tier: Tier
    bit: Cap
    epoch: int
    places: tuple[str, ...]
    dimensions: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]
    counts: tuple[int | None, ...]
    variance: Fraction
    versions: tuple[str, ...] = ()
    rho: Fraction = Fraction(0)
    clients_a_year: int = 0

    def __post_init__(self) -> None:
        broken = _broken(self)
        if broken:
            raise ReleaseUnsound(f"{self.table}: {broken}.")

    @property
    def clients(self) -> bool:
        """Whether clients' events are counted."""
        return bool(self.bit)

    @property
    def periods(self) -> tuple[int, ...]:
        """The periods that it counts, in order; (ARRIVED,) where it counts a month of arrival."""
        return periods_due(self.tier, self.epoch)

    @property
    def cells(self) -> int:
        """How many cells each period has."""
        return len(self.places) * prod(map(len, self.codes))

    def of(self, period: int) -> tuple[int | None, ...]:
        """The counts of one of its periods."""
        start = self.periods.index(period) * self.cells
        return self.counts[start : start + self.cells]


def _broken(release: Release) -> str:  # noqa: PLR0911 - one return a rule
    if release.tier is Tier.NEVER:
        return "what is never released is not released"
    if not (is_epoch(release.epoch) and release.periods):
        return "it is of an epoch of 2001–2099 in which its tier is due"
    if release.places != whole_places(release.tier):
        return "its places are not those of its tier"
    if len(release.codes) != len(release.dimensions) or any(len(set(c)) < len(c) or not c for c in release.codes):
        return "it has not a list of different codes for each dimension"
    if len(release.counts) != len(release.periods) * release.cells:
        return "it has not one count for each period and cell"
    if release.bit not in (NONE, *MARKS):
        return "it counts with one bit of the caps, or with none"
    if release.clients_a_year < 0:
        return "it is planned for a number of clients"
    if release.variance < 0 or (release.clients and not release.variance):
        return "what counts clients has noise"
    if release.clients and None in release.counts:
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

    @property
    def clients_a_year(self) -> int:
        """The new clients a year for which sizes were planned at the first epoch; 0: not stated."""
        first = min(self.held.values(), key=lambda release: release.epoch, default=None)
        return first.clients_a_year if first else 0

    def awaited(self, epoch: int) -> tuple[str, ...]:
        """Tables that were released before and are due in this epoch, but missing.

        Its points may still be added to.
        """
        tiers = {release.table: release.tier for release in self.held.values() if release.epoch < epoch}
        return tuple(name for name, tier in tiers.items() if is_due(tier, epoch) and (name, epoch) not in self.held)


def _shape(release: Release) -> tuple[object, ...]:
    return release.tier, release.bit, release.places, release.dimensions, release.codes
