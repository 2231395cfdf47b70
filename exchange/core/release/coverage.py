"""Reporting coverage: how many agencies there are, and how many publish.

- *Known* agencies are registered and may publish when a quarter closes.
- *Publishing* agencies are those with a scheduled heartbeat of the quarter. All others are
  *silent*. Known is the sum of the two, so it is not a cell of its own.
- Nothing else makes an agency publishing, neither an event nor a run by hand: both may follow from
  one client's arrival.
- An agency's division and kind come from the last profile that it sent and did not withdraw;
  `not_known` if there is none.
- A publishing agency is *late* if one of its scheduled heartbeats of the quarter says so. Its edge
  compares the run with the scheduled run before it, and with nothing about clients.

An agency counts as one in each of the three tables, in each quarter; records of a year as a whole
are 0. So the sum of a year is agency-quarters, and a share of them is the average coverage. The
tables are exact; `exchange.core.release.disclosure`, rule 4, decides which cells are shown.

Not promised: that a kind or a division is right. An agency without a profile is known, but not
where.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from types import MappingProxyType
from typing import Final

from exchange.core.counting.tables import NOT_APPLICABLE
from exchange.core.errors import NotDue
from exchange.core.model.events import AgencyProfiled, Correction, Event, Heartbeat
from exchange.core.model.vocabulary import DIVISION, AgencyType, OnTime, Scheduled, UsState
from exchange.core.release.catalogue import ON_TIME, PRESENCE, TIMELINESS, CatalogueEntry
from exchange.core.release.disclosure import Amounts, Contributors
from exchange.core.release.tiers import is_due, periods_due

Profile = tuple[str, str]
"""An agency's Census division and kind."""
ProfileHistory = tuple[tuple[str, str, int], ...]
"""An agency's profiles that it did not withdraw, in order: division, kind, times in a row."""
UNKNOWN: Final[Profile] = (DIVISION[UsState.not_known], str(AgencyType.not_known))


@dataclass(frozen=True, slots=True)
class Profiles:
    """Agencies' profiles: agency → those that it did not withdraw. Restricted."""

    held: Mapping[str, ProfileHistory] = field(default_factory=lambda: MappingProxyType({}))

    def taking(self, events: Iterable[tuple[str, Event]]) -> "Profiles":
        """These, changed by (agency, event) pairs in the order of each agency's chain."""
        held = dict(self.held)
        for agency, event in events:
            match event.body:
                case AgencyProfiled(agency_type=kind):
                    held[agency] = _with(held.get(agency, ()), _profile(event.state, kind))
                case Correction(state=state, body=AgencyProfiled(agency_type=kind)):
                    held[agency] = _without_last(held.get(agency, ()), _profile(state, kind))
        return Profiles(MappingProxyType(held))

    def of(self, agency: str) -> Profile:
        """The agency's division and kind, as far as they are known."""
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
    """Without the last of these. Withdrawing a profile that was never sent changes nothing."""
    place = max((n for n, (*profile, _) in enumerate(history) if tuple(profile) == one), default=None)
    if place is None:
        return history
    times = history[place][2] - 1
    return (*history[:place], *(((*one, times),) if times else ()), *history[place + 1 :])


@dataclass(frozen=True, slots=True)
class Members:
    """Agencies that may publish when a quarter closes, their profiles, and who was heard from."""

    registered: Collection[str]
    profiles: Profiles
    heard: frozenset[str] = frozenset()
    late: frozenset[str] = frozenset()

    def heard_from(self, events: Iterable[tuple[str, Event]], quarter: int) -> "Members":
        """With the agencies that have a scheduled heartbeat of a quarter among these pairs."""
        beats = [
            (agency, event.body.on_time)
            for agency, event in events
            if event.period == quarter and isinstance(event.body, Heartbeat) and event.body.scheduled == Scheduled.yes
        ]
        late = frozenset(agency for agency, on_time in beats if on_time == OnTime.no)
        return replace(self, heard=self.heard.union(agency for agency, _ in beats), late=self.late | late)


def coverage(declared: CatalogueEntry, epoch: int, members: Members) -> Contributors:
    """The agencies in each cell of a coverage table when an epoch closes. Raises NotDue."""
    if not is_due(declared.tier, epoch):
        raise NotDue
    found: dict[tuple[str, ...], dict[str, int]] = {}
    for agency in sorted(set(members.registered)):
        division, kind = members.profiles.of(agency)
        if declared == ON_TIME and agency not in members.heard:
            continue
        coordinates = {
            "division": division,
            "agency_type": kind,
            "presence": PRESENCE[agency not in members.heard],
            "timeliness": TIMELINESS[agency in members.late],
        }
        found.setdefault(tuple(map(coordinates.__getitem__, declared.dimensions)), {})[agency] = 1
    cells: list[Amounts] = [found.get(values, {}) for values in product(*declared.codes)]
    nobody: list[Amounts] = [{}] * (len(cells) * (len(periods_due(declared.tier, epoch)) - 1))
    return Contributors(declared, epoch, (*cells, *nobody))
