"""Reporting coverage: how many agencies there are, and how many of them publish, in all, by Census division and by kind.

*Known* is who is registered and may publish when a quarter closes. Of these, *publishing* is who was heard from by a scheduled
heartbeat that arrived within the quarter's cuts, *silent* everybody else; known is their sum, so it is not a cell of its own.
Nothing else makes an agency publishing, neither an event nor a run by hand: both may follow from one client's arrival.
Where an agency is and what it is come from the last profile that it sent and did not take back; `not_known` if there is none.

An agency is one in each of the three tables, in the bucket of the quarter that closes; every other bucket is 0. A year's
sum, and the running one, are therefore agency-quarters, and a share of them is the average coverage. The tables are exact,
and shown by `exchange.core.release.disclosure`, rule 4.

Not promised: that a kind or a division is right. An agency that sends no profile is known, and nobody knows where.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from types import MappingProxyType
from typing import Final

from exchange.core.counting.tables import NOT_APPLICABLE
from exchange.core.errors import NotDue
from exchange.core.model.events import AgencyProfiled, Correction, Event, Heartbeat
from exchange.core.model.vocabulary import DIVISION, AgencyType, Scheduled, UsState
from exchange.core.release.catalogue import PRESENCE, CatalogueEntry
from exchange.core.release.disclosure import Amounts, Contributors
from exchange.core.release.tiers import BUCKETS, is_due

Profile = tuple[str, str]
"""Of an agency: its Census division, and its kind."""
ProfileHistory = tuple[tuple[str, str, int], ...]
"""Profiles that an agency sent and did not withdraw, in order: division, kind, and how often in a row."""
UNKNOWN: Final[Profile] = (DIVISION[UsState.not_known], str(AgencyType.not_known))


@dataclass(frozen=True, slots=True)
class Profiles:
    """What agencies say they are: agency → the profiles that stand. Restricted."""

    held: Mapping[str, ProfileHistory] = field(default_factory=lambda: MappingProxyType({}))

    def taking(self, events: Iterable[tuple[str, Event]]) -> "Profiles":
        """These and what (agency, event) pairs say, in the order of each agency's chain."""
        held = dict(self.held)
        for agency, event in events:
            match event.body:
                case AgencyProfiled(agency_type=kind):
                    held[agency] = _with(held.get(agency, ()), _profile(event.state, kind))
                case Correction(state=state, body=AgencyProfiled(agency_type=kind)):
                    held[agency] = _without_last(held.get(agency, ()), _profile(state, kind))
        return Profiles(MappingProxyType(held))

    def of(self, agency: str) -> Profile:
        """Where the agency is and what it is, as far as is known."""
        history = self.held.get(agency, ())
        return history[-1][:2] if history else UNKNOWN


def _profile(state: UsState, kind: AgencyType) -> Profile:
    division, type_ = DIVISION[state], str(kind)
    return UNKNOWN[0] if division == NOT_APPLICABLE else division, UNKNOWN[1] if type_ == NOT_APPLICABLE else type_


def _with(history: ProfileHistory, one: Profile) -> ProfileHistory:
    if history and history[-1][:2] == one:
        return (*history[:-1], (*one, history[-1][2] + 1))
    return (*history, (*one, 1))


def _without_last(history: ProfileHistory, one: Profile) -> ProfileHistory:
    """Taking back the last of these; what was never sent takes nothing back."""
    place = max((n for n, (*profile, _) in enumerate(history) if tuple(profile) == one), default=None)
    if place is None:
        return history
    times = history[place][2] - 1
    return (*history[:place], *(((*one, times),) if times else ()), *history[place + 1 :])


@dataclass(frozen=True, slots=True)
class Members:
    """Who is registered and may publish when a quarter closes, what they are, and who of them was heard from."""

    registered: Collection[str]
    profiles: Profiles
    heard: frozenset[str] = frozenset()

    def heard_from(self, events: Iterable[tuple[str, Event]]) -> "Members":
        """With the agencies that have a scheduled heartbeat among (agency, event) pairs."""
        found = (a for a, e in events if isinstance(e.body, Heartbeat) and e.body.scheduled == Scheduled.yes)
        return replace(self, heard=self.heard.union(found))


def coverage(
    declared: CatalogueEntry, epoch: int, since: int, members: Members, *, first: bool = False
) -> Contributors:
    """Who is in which cell of a table of coverage when an epoch closes. Raises NotDue."""
    if not is_due(declared.tier, epoch):
        raise NotDue
    found: dict[tuple[str, ...], dict[str, int]] = {}
    for agency in sorted(set(members.registered)):
        division, kind = members.profiles.of(agency)
        presence = PRESENCE[agency not in members.heard]
        coordinates = {"division": division, "agency_type": kind, "presence": presence}
        found.setdefault(tuple(map(coordinates.__getitem__, declared.dimensions)), {})[agency] = 1
    cells: list[Amounts] = [found.get(values, {}) for values in product(*declared.codes)]
    nobody: list[Amounts] = [{}] * (len(cells) * (len(BUCKETS[declared.tier]) - 1))
    return Contributors(declared, epoch, since, first, (*cells, *nobody))
