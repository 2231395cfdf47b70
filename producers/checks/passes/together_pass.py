"""Stays beside each other: households, overlaps, and stays that lack an end or a service."""

from collections import defaultdict
from itertools import groupby, pairwise
from typing import Final

from producers.checks.passes.known_rows import Known, KnownStay

HEAD, CHILD = 1, 2
ADULT: Final = 18
NIGHT_BY_NIGHT: Final = 1
SERVICES_ONLY: Final = frozenset({4, 6, 11})
YEAR_DAYS: Final = 365
QUIET_DAYS: Final = 90


def check_together(known: Known) -> None:
    """Check the stays, once every file was read."""
    _households(known)
    _of_a_client(known)
    for client in known.clients.values():
        if not client.stays:
            known.found.add("I12", client.row)
    for stay in known.stays.values():
        _alone(known, stay)


def _households(known: Known) -> None:
    homes: dict[str, list[KnownStay]] = defaultdict(list)
    for stay in known.stays.values():
        if stay.household:
            homes[stay.household].append(stay)
    for members in homes.values():
        if len({member.project for member in members}) > 1:
            for member in members:
                known.found.add("H05", member.row)
        by_project = sorted(members, key=lambda member: member.project)
        for _, some in groupby(by_project, key=lambda member: member.project):
            _household(known, list(some))


def _household(known: Known, members: list[KnownStay]) -> None:
    heads = [member for member in members if member.relation == HEAD]
    if not heads:
        known.found.add("H01", members[0].row)
    for number, head in enumerate(heads):
        if any(head.overlaps(other) and other.client != head.client for other in heads[:number]):
            known.found.add("H02", head.row)
    if len(heads) == 1 and len(members) > 1:
        for member in members:
            if member is not heads[0]:
                _beside_head(known, heads[0], member)
        _young_head(known, heads[0], members)
    _twice(known, members)


def _beside_head(known: Known, head: KnownStay, member: KnownStay) -> None:
    if member.entered and head.entered and member.entered < head.entered:
        known.found.add("H06", member.row)
    if head.exited and head.left and not member.exited:
        known.found.add("H07", member.row)
    born, of_head = (known.clients.get(one.client) for one in (member, head))
    if member.relation == CHILD and born and of_head and born.born and of_head.born and born.born < of_head.born:
        known.found.add("A07", member.row)


def _young_head(known: Known, head: KnownStay, members: list[KnownStay]) -> None:
    age = known.age(head)
    adults = [member for member in members if (known.age(member) or 0) >= ADULT]
    if age is not None and 0 <= age < ADULT and adults:
        known.found.add("A08", head.row)


def _twice(known: Known, members: list[KnownStay]) -> None:
    seen: dict[tuple[int, str], str] = {}
    for member in members:
        client = known.clients.get(member.client)
        if client is None or not client.born:
            continue
        other = seen.setdefault((client.born, client.sex), member.client)
        if other != member.client:
            known.found.add("I16", member.row)


def _of_a_client(known: Known) -> None:
    stays = sorted(known.stays.values(), key=lambda stay: (stay.client, stay.entered, stay.row))
    for _, some in groupby(stays, key=lambda stay: stay.client):
        mine = [stay for stay in some if stay.entered]
        for before, after in pairwise(mine):
            _two(known, before, after)


def _two(known: Known, before: KnownStay, after: KnownStay) -> None:
    same = before.project == after.project
    if same and before.entered == after.entered:
        known.found.add("I17", after.row)
    elif before.overlaps(after):
        kinds = [known.project_of(stay) for stay in (before, after)]
        if same:
            known.found.add("Q12", after.row)
        elif all(kind and kind.shelters and kind.kind != NIGHT_BY_NIGHT for kind in kinds) and not _waiting(
            before, after
        ):
            known.found.add("Q13", after.row)


def _waiting(before: KnownStay, after: KnownStay) -> bool:
    """Whether one of both is an enrollment in permanent housing before its move-in."""
    return not (before.moved or after.moved)


def _alone(known: Known, stay: KnownStay) -> None:
    project, today = known.project_of(stay), known.today
    if project is None or not stay.entered:
        return
    if project.kind == NIGHT_BY_NIGHT and not stay.nights:
        known.found.add("Q15", stay.row)
    quiet = today and today - max(stay.last, stay.entered) > YEAR_DAYS
    if quiet and not stay.exited and today - stay.entered > 2 * YEAR_DAYS:
        known.found.add("Q14", stay.row)
    ended = stay.left if stay.exited else today
    if project.kind in SERVICES_ONLY and not stay.rows and ended and ended - stay.entered > QUIET_DAYS:
        known.found.add("Q18", stay.row)
