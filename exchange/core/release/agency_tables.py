"""The agency tables of one epoch: the single entry for whoever closes it, and the state that it keeps from one to the next.

    made = agency_releases(epoch, tables, arrived, registered, kept)
    made.releases       what is published
    made.kept           the state, for the next epoch
    made.told, made.said    what changed in it: all that need be written down, restricted, beside the releases

- `tables`: those that are due, each with the first month of its arrivals and whether it was never released before.
- `arrived`: such a month → the (agency, event) pairs between its cut and this one, each agency's in the order of its chain.
  Client bodies may be left out or not; they are not looked at.
- `registered`: the agencies that may publish when the epoch closes: active ones in `agencies`, up to the offset that the
  draw records as its cut there.
- `kept`: `PastEpochs()` before the first epoch; then what the last one left, or `kept.after(told, said)` of what was written down.

Laws: `made.kept == kept.after(made.told, made.said)`; the state follows from the log alone, by calling this for every epoch
again from offset 0 with the recorded cuts. `told` and `said` are plain tuples of strings and numbers and survive JSON
(`told_of`, `said_of` read them back). All of them name agencies: restricted, never published.

Not promised: profiles that were sent before the earliest of `arrived` in the first call. A lane that begins in the middle of a
log gives `Profiles().taking(...)` what came before.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from exchange.core.model.events import About, Correction, Event
from exchange.core.release.catalogue import CatalogueEntry
from exchange.core.release.coverage import Members, Profiles, Standing, coverage
from exchange.core.release.disclosure import Contributors, Disclosed, contributors, releases
from exchange.core.release.released import Release

Told: TypeAlias = tuple[str, int, tuple[tuple[str, int], ...]]
"""What one release showed: table, number of the increment, (agency, what it added) of everybody behind it."""
Said: TypeAlias = tuple[str, Standing]
"""An agency, and the profiles of it that stand."""
Arrived: TypeAlias = Mapping[int, Iterable[tuple[str, Event]]]


@dataclass(frozen=True, slots=True)
class AgencyTable:
    """An agency table that is due. `since`: first month of its arrivals; `first`: there was no release of it before."""

    declared: CatalogueEntry
    since: int
    first: bool


@dataclass(frozen=True, slots=True)
class PastEpochs:
    """What must be known of past epochs. Restricted."""

    shown: Disclosed = field(default_factory=Disclosed)
    profiles: Profiles = field(default_factory=Profiles)

    def after(self, told: Iterable[Told], said: Iterable[Said]) -> "PastEpochs":
        """The state once an epoch is closed that changed so much of it."""
        shown = dict(self.shown.held)
        for table, number, amounts in told:
            shown[table, number] = (*shown.get((table, number), ()), dict(amounts))
        profiles = {**self.profiles.held, **dict(said)}
        return PastEpochs(Disclosed(MappingProxyType(shown)), Profiles(MappingProxyType(profiles)))


@dataclass(frozen=True, slots=True)
class Made:
    """The agency tables of an epoch. `told`, `said`: the difference that it makes to the state."""

    releases: tuple[Release, ...]
    kept: PastEpochs
    told: tuple[Told, ...]
    said: tuple[Said, ...]


def agency_releases(
    epoch: int,
    tables: Sequence[AgencyTable],
    arrived: Arrived,
    registered: Collection[str],
    kept: PastEpochs,
    *,
    versions: tuple[str, ...] = (),
) -> Made:
    """The releases of these tables, and the state after them. Raises NotDue, and KeyError where arrivals are missing."""
    events = {since: [(a, e) for a, e in pairs if not _of_a_client(e)] for since, pairs in arrived.items()}
    profiles = kept.profiles.taking(events[min(events)]) if events else kept.profiles
    now = [_behind(one, epoch, events[one.since], Members(registered, profiles)) for one in tables]
    made, shown = releases(now, kept.shown, versions)
    told = tuple(_told(made, now))
    said = tuple((a, held) for a, held in sorted(profiles.held.items()) if kept.profiles.held.get(a) != held)
    return Made(made, PastEpochs(shown, profiles), told, said)


def told_of(plain: Iterable[Sequence[object]]) -> tuple[Told, ...]:
    """`Made.told`, read back from JSON, where tuples are lists. Raises TypeError and ValueError for anything else."""
    return tuple((_text(t), _whole(n), tuple((_text(a), _whole(x)) for a, x in _pairs(found))) for t, n, found in plain)


def said_of(plain: Iterable[Sequence[object]]) -> tuple[Said, ...]:
    """`Made.said`, as `told_of`."""
    return tuple((_text(a), tuple((_text(d), _text(k), _whole(n)) for d, k, n in _pairs(held))) for a, held in plain)


def _behind(one: AgencyTable, epoch: int, events: Sequence[tuple[str, Event]], members: Members) -> Contributors:
    if one.declared.snapshot:
        return coverage(one.declared, epoch, one.since, members.heard_from(events), first=one.first)
    return contributors(one.declared, epoch, one.since, events, first=one.first)


def _of_a_client(event: Event) -> bool:
    body = event.body.body if isinstance(event.body, Correction) else event.body
    return body.about is About.CLIENT


def _told(made: Iterable[Release], now: Iterable[Contributors]) -> Iterable[Told]:
    for release, one in zip(made, now, strict=True):
        for n, (count, amounts) in enumerate(zip(release.increments, one.amounts, strict=True)):
            if count is not None and amounts:
                yield release.table, n, tuple(sorted(amounts.items()))


def _pairs(found: object) -> Iterable[Sequence[object]]:
    if not isinstance(found, list | tuple):
        raise TypeError("A list is wanted.")
    return found


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError("A text is wanted.")
    return found


def _whole(found: object) -> int:
    if not isinstance(found, int):
        raise TypeError("A whole number is wanted.")
    return found
