"""Linear programs against reporting coverage: its tables are margins of one another.

Generated agencies of a few divisions and kinds are registered. In each quarter some are silent, in
one quarter more than in another, and some late. The attacker does not know the numbers by division,
kind and presence. The shown cells (in all, by division, by kind, by timeliness) are equations over
these numbers, quarter by quarter. If a cell is withheld because one or two agencies are behind it,
it counts as recovered when its least and greatest possible values differ by less than 1.

Naive release: every cell with three agencies behind it. The last cell of a row is the rest of the
total.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

import numpy as np

from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import AgencyProfiled, Event
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import DIVISION, AgencyType, ReportingMode, UsState
from exchange.core.release.catalogue import PRESENCE, TIMELINESS
from exchange.core.release.coverage import Members, Profiles, coverage
from exchange.core.release.disclosure import AGENCIES_MIN, AGENCY_RELEASES, Disclosed, releases
from exchange.trial.attack.attacks.programs import Recovered, pinned

AGENCIES: Final = 24
QUARTERS: Final = 5
STATES: Final = (UsState.ca, UsState.ny, UsState.tx, UsState.oh)
"""States, each in a division of its own."""
DIVISIONS: Final = tuple(DIVISION[state] for state in STATES)
KINDS: Final = tuple(map(str, AgencyType))[:4]
SILENT_MOST: Final = 0.4
LATE_SHARE: Final = 0.25
COVERAGE: Final = tuple(one for one in AGENCY_RELEASES if one.snapshot)
REPORTED: Final = (*TIMELINESS, PRESENCE[1])
"""On time, late, or silent."""
Joint = tuple[str, str, str]
"""Division, kind, and how the agency reported."""


class PublishedCell(NamedTuple):
    """A published cell of one quarter: the unknowns in its sum, its content, its shown value."""

    of: frozenset[int]
    agencies: int
    shown: int | None


def attacked(seed: int, worlds: int, *, naive: bool) -> Recovered:
    """Attack so many worlds; `seed` is for the agencies."""
    asked = found = 0
    for number in range(worlds):
        for margins in _quarters(seed + number, naive=naive):
            one = _recovered(margins)
            asked, found = asked + one.asked, found + one.found
    return Recovered(asked, found)


def _quarters(seed: int, *, naive: bool) -> list[list[PublishedCell]]:
    chance = random.Random(f"margins|{seed}")  # noqa: S311 - generated agencies
    agencies = tuple(f"agency-{n}" for n in range(AGENCIES))
    held = Profiles().taking((agency, _profiled(chance)) for agency in agencies)
    found, past = [], Disclosed()
    for quarter in range(QUARTERS):
        silent = chance.random() * SILENT_MOST
        heard = frozenset(agency for agency in agencies if chance.random() >= silent)
        late = frozenset(agency for agency in heard if chance.random() < LATE_SHARE)
        members, epoch = Members(agencies, held, heard, late), epoch_of(2026, 4) + 3 * quarter
        now = [coverage(one, epoch, members) for one in COVERAGE]
        made, past = releases(now, past)
        margins: list[PublishedCell] = []
        for one, release in zip(now, made, strict=True):
            counts = release.of(release.periods[0])
            for values, amounts, shown in zip(product(*one.declared.codes), one.amounts, counts, strict=False):
                enough = len(amounts) if len(amounts) >= AGENCIES_MIN else None
                unknowns = _unknowns(dict(zip(one.declared.dimensions, values, strict=True)))
                margins.append(PublishedCell(unknowns, len(amounts), enough if naive else shown))
        found.append(margins)
    return found


def _profiled(chance: random.Random) -> Event:
    body = AgencyProfiled(AgencyType(chance.choice(KINDS)), ReportingMode.events)
    return Event(1, bytes(32), period_of(2026, 1), chance.choice(STATES), 0, body)


_JOINT: Final = tuple(product(DIVISIONS, KINDS, REPORTED))


def _unknowns(cell: Mapping[str, str]) -> frozenset[int]:
    """The unknowns in a cell's sum."""
    return frozenset(n for n, joint in enumerate(_JOINT) if _named(joint).items() >= cell.items())


def _named(joint: Joint) -> dict[str, str]:
    division, kind, reported = joint
    named = {"division": division, "agency_type": kind, "presence": PRESENCE[reported == PRESENCE[1]]}
    return named | ({"timeliness": reported} if reported in TIMELINESS else {})


def _recovered(margins: Sequence[PublishedCell]) -> Recovered:
    shown = [one for one in margins if one.shown is not None and one.of]
    matrix = np.zeros((len(shown) + 1, len(_JOINT)))
    for n, one in enumerate(shown):
        matrix[n, sorted(one.of)] = 1
    sums = np.array([*(one.shown or 0 for one in shown), 0], dtype=np.float64)
    few = {one.of for one in margins if one.shown is None and 0 < one.agencies < AGENCIES_MIN}
    found = sum(pinned(some, matrix, sums, [(0, None)] * len(_JOINT)) for some in few)
    return Recovered(len(few), found)


def present(seed: int) -> Counter[bool]:
    """The numbers of shown and of withheld margins in a world of ours."""
    return Counter(one.shown is not None for margins in _quarters(seed, naive=False) for one in margins if one.agencies)
