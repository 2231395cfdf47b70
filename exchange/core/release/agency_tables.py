"""The agency tables of one epoch, and the state that is kept between epochs.

    made = agency_releases(epoch, tables, arrived, registered, kept)
    made.releases    the releases to publish
    made.kept        the state, for the next epoch
    made.shown, made.profiles    the changes of the state: all that must be recorded, restricted

- `tables`: the tables that are due. Each has the first month of its arrivals, and whether it was
  never released before.
- `arrived`: such a month → the (agency, event) pairs between its cut and this one, each agency's in
  the order of its chain. Client bodies may be left out; they are not looked at.
- `registered`: the agencies that may publish when the epoch closes. They are the active ones in
  `agencies`, up to the offset that the draw records as its cut there.
- `kept`: `PastEpochs()` before the first epoch. After that: the state that the last epoch left, or
  `kept.after(shown, profiles)` of the recorded changes.

Laws: `made.kept == kept.after(made.shown, made.profiles)`. The state follows from the log alone:
call this for every epoch again from offset 0 with the recorded cuts. All of it names agencies, so
it is restricted and never published.

Not promised: profiles that were sent before the earliest of `arrived` in the first call. A lane
that begins in the middle of a log gives `Profiles().taking(...)` the events from before.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from exchange.core.model.events import About, Correction, Event
from exchange.core.release.catalogue import CatalogueEntry
from exchange.core.release.coverage import Members, ProfileHistory, Profiles, coverage
from exchange.core.release.disclosure import Contributors, Disclosed, contributors, releases
from exchange.core.release.released import Release

ProfileChange: TypeAlias = tuple[str, ProfileHistory]
"""An agency whose profiles changed, and those that it now has."""
Arrived: TypeAlias = Mapping[int, Iterable[tuple[str, Event]]]


@dataclass(frozen=True, slots=True)
class ShownIncrement:
    """One increment that a release showed.

    `amounts`: (agency, its part) of every agency behind it. Restricted.
    """

    table: str
    number: int
    amounts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class AgencyTable:
    """An agency table that is due.

    `since`: first month of its arrivals; `first`: there was no release of it before.
    """

    declared: CatalogueEntry
    since: int
    first: bool


@dataclass(frozen=True, slots=True)
class PastEpochs:
    """All that later epochs need to know about past ones. Restricted."""

    shown: Disclosed = field(default_factory=Disclosed)
    profiles: Profiles = field(default_factory=Profiles)

    def after(self, shown: Iterable[ShownIncrement], profiles: Iterable[ProfileChange]) -> "PastEpochs":
        """The state after an epoch that made these changes."""
        held = dict(self.shown.held)
        for one in shown:
            key = one.table, one.number
            held[key] = (*held.get(key, ()), dict(one.amounts))
        changed = {**self.profiles.held, **dict(profiles)}
        return PastEpochs(Disclosed(MappingProxyType(held)), Profiles(MappingProxyType(changed)))


@dataclass(frozen=True, slots=True)
class Made:
    """The agency tables of an epoch.

    `shown`, `profiles`: the changes that it makes to the state.
    """

    releases: tuple[Release, ...]
    kept: PastEpochs
    shown: tuple[ShownIncrement, ...]
    profiles: tuple[ProfileChange, ...]


def agency_releases(
    epoch: int,
    tables: Sequence[AgencyTable],
    arrived: Arrived,
    registered: Collection[str],
    kept: PastEpochs,
    *,
    versions: tuple[str, ...] = (),
) -> Made:
    """The releases of these tables, and the state after them.

    Raises NotDue, and KeyError where arrivals are missing.
    """
    events = {since: [(a, e) for a, e in pairs if not _is_about_a_client(e)] for since, pairs in arrived.items()}
    profiles = kept.profiles.taking(events[min(events)]) if events else kept.profiles
    now = [_behind(one, epoch, events[one.since], Members(registered, profiles)) for one in tables]
    made, disclosed = releases(now, kept.shown, versions)
    changed = tuple((a, held) for a, held in sorted(profiles.held.items()) if kept.profiles.held.get(a) != held)
    return Made(made, PastEpochs(disclosed, profiles), tuple(_shown(made, now)), changed)


def _behind(one: AgencyTable, epoch: int, events: Sequence[tuple[str, Event]], members: Members) -> Contributors:
    if one.declared.snapshot:
        return coverage(one.declared, epoch, one.since, members.heard_from(events), first=one.first)
    return contributors(one.declared, epoch, one.since, events, first=one.first)


def _is_about_a_client(event: Event) -> bool:
    body = event.body.body if isinstance(event.body, Correction) else event.body
    return body.about is About.CLIENT


def _shown(made: Iterable[Release], now: Iterable[Contributors]) -> Iterable[ShownIncrement]:
    for release, one in zip(made, now, strict=True):
        for n, (count, amounts) in enumerate(zip(release.increments, one.amounts, strict=True)):
            if count is not None and amounts:
                yield ShownIncrement(release.table, n, tuple(sorted(amounts.items())))
