"""The agency tables of one epoch, and the state that is kept between epochs.

    made = agency_releases(epoch, tables, heard, registered, kept)
    made.releases    the releases to publish
    made.kept        the state, for the next epoch
    made.shown, made.profiles    the changes of the state: all that must be recorded, restricted

- `tables`: the tables that are due.
- `heard`: the (agency, event) pairs that the epoch read, each agency's in the order of its chain.
  No agency table counts an event about a client (`is_about_a_client`), so these may be left out.
- `registered`: the agencies that may publish when the epoch closes. They are the active ones in
  `agencies`, up to the offset that the draw records as its cut there.
- `kept`: `PastEpochs()` before the first epoch. After that: the state that the last epoch left, or
  `kept.after(shown, profiles)` of the recorded changes.

Laws: `made.kept == kept.after(made.shown, made.profiles)`. The state follows from the log alone:
call this for every epoch again from offset 0 with the recorded cuts. All of it names agencies, so
it is restricted and never published.

Not promised: profiles that were sent before the first epoch's reading.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from exchange.core.model.epochs import quarter_of_epoch
from exchange.core.model.events import About, Correction, Event
from exchange.core.model.period import quarter_before
from exchange.core.release.catalogue import CatalogueEntry
from exchange.core.release.coverage import Members, ProfileHistory, Profiles, coverage
from exchange.core.release.disclosure import Contributors, Disclosed, contributors, releases
from exchange.core.release.released import Release

ProfileChange: TypeAlias = tuple[str, ProfileHistory]
"""An agency whose profiles changed, and those that it now has."""


@dataclass(frozen=True, slots=True)
class ShownCount:
    """One count that a release showed, by its number in the release.

    `amounts`: (agency, its part) of every agency behind it. Restricted.
    """

    table: str
    number: int
    amounts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """The events that an epoch read.

    `so_far`: all that may be of its periods. `since_last`: those of them, or others, after the last
    closed epoch's cut.
    """

    so_far: Sequence[tuple[str, Event]] = ()
    since_last: Sequence[tuple[str, Event]] = ()


@dataclass(frozen=True, slots=True)
class PastEpochs:
    """All that later epochs need to know about past ones. Restricted."""

    shown: Disclosed = field(default_factory=Disclosed)
    profiles: Profiles = field(default_factory=Profiles)

    def after(self, shown: Iterable[ShownCount], profiles: Iterable[ProfileChange]) -> "PastEpochs":
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
    shown: tuple[ShownCount, ...]
    profiles: tuple[ProfileChange, ...]


def agency_releases(
    epoch: int,
    tables: Sequence[CatalogueEntry],
    heard: Heard,
    registered: Collection[str],
    kept: PastEpochs,
) -> Made:
    """The releases of these tables, and the state after them. Raises NotDue."""
    profiles = kept.profiles.taking(heard.since_last)
    quarter = quarter_before(quarter_of_epoch(epoch))
    members = Members(registered, profiles).heard_from(heard.so_far, quarter)
    now = [coverage(one, epoch, members) if one.snapshot else contributors(one, epoch, heard.so_far) for one in tables]
    made, disclosed = releases(now, kept.shown)
    changed = tuple((a, held) for a, held in sorted(profiles.held.items()) if kept.profiles.held.get(a) != held)
    return Made(made, PastEpochs(disclosed, profiles), tuple(_shown(made, now)), changed)


def is_about_a_client(event: Event) -> bool:
    """Whether it is about a client, or corrects an event that is: no agency table counts it."""
    body = event.body.body if isinstance(event.body, Correction) else event.body
    return body.about is About.CLIENT


def _shown(made: Iterable[Release], now: Iterable[Contributors]) -> Iterable[ShownCount]:
    for release, one in zip(made, now, strict=True):
        for n, (count, amounts) in enumerate(zip(release.counts, one.amounts, strict=True)):
            if count is not None and amounts:
                yield ShownCount(release.table, n, tuple(sorted(amounts.items())))
