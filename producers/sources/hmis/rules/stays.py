"""Stays and their clients: an index in which every other row finds its stay.

A stay (one enrollment in one project that the profile counts) is a case of the exchange, unless it
is recorded for another member of a household than its head. Rules kept: a row belongs to a stay
only if its enrollment is in the export and both name the same client. The rows of a withdrawn
client or enrollment are withdrawn too. A refused row is no evidence of absence: nothing about its
stay is withdrawn (`unread`). Memory: one entry for each enrollment, and one for each client of a
counted project.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from exchange.core.model.events import Correctable
from exchange.core.model.vocabulary import UsState
from producers.facts import Fact
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.codes import read_integer
from producers.sources.hmis.reading.dates import period_on
from producers.sources.hmis.reading.layout import KEY
from producers.sources.hmis.reading.row import OUTSIDE_LIST, Row
from producers.sources.hmis.reading.walk import Surveyed, rows
from producers.sources.hmis.rules.agency_rows import NO_PROJECT
from producers.sources.hmis.rules.agency_side import Agency, NotRead, Project, project_prefix, state_of
from producers.sources.hmis.rules.households import HOUSED_AT_MOVE_IN, Households
from producers.sources.hmis.rules.persons import Clients, Person

HEAD: Final = 1
OTHER_MEMBERS: Final = range(2, 6)
RELATIONS: Final = frozenset({HEAD, *OTHER_MEMBERS, 8, 9, 99})
KINDS_LIVED: Final = range(1, 5)
WITHOUT_KIND: Final = frozenset({8, 9, 17, 24, 30, 37, 99})
AFTER_EXPORT: Final = "the date is after the day on which the export was made"


@dataclass(frozen=True, slots=True)
class Stay:
    """One enrollment of a client in a counted project.

    `lived`: its LivingSituation, where the client lived before. `member`: recorded as another
    member of a household than its head. `is_case`: whether the stay is a case; None:
    if it is alone in its household. `state_unread`: its state could be another one.
    """

    key: str
    client: str
    project: Project
    state: UsState
    entered: date
    lived: int | None
    member: bool
    is_case: bool | None
    household: str
    state_unread: bool

    @property
    def prefix(self) -> str:
        """The beginning of the keys of all facts from the stay."""
        return stay_prefix(self.project.key, self.key)

    def fact(self, key: str, day: date, body: Correctable, row: Row, unread: Iterable[str] = ()) -> Fact:
        """A fact about the stay's client, in the quarter of a day that has one."""
        fields = self.project.unread(body)
        if unread or self.state_unread:
            fields = fields.union(unread, ("state",) if self.state_unread else ())
        return Fact(self.prefix + key, period_on(day), self.state, body, self.client, row.where, fields)


def _lived(row: Row) -> int | None:
    """Where the client lived before; refused outside its list: the hundreds tell the kind."""
    code = row.number("LivingSituation")
    if code is not None and code // 100 not in KINDS_LIVED and code not in WITHOUT_KIND:
        row.refuse("LivingSituation", OUTSIDE_LIST)
        return None
    return code


def stay_prefix(project: str, stay: str) -> str:
    """The beginning of the keys of all facts from a stay."""
    return f"{project_prefix(project)}stay/{stay}/"


@dataclass(slots=True)
class StayIndex:
    """All enrollments of the export by key: a stay, or why its rows are not read.

    The key of an orphan is unknown. `unread`: stays with a refused row. `projects`: the project of
    each enrollment that was read and is live.
    """

    agency: Agency
    clients: Clients
    persons: dict[str, Person] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    projects: dict[str, str] = field(default_factory=dict)
    households: Households = field(default_factory=Households)
    _found: dict[str, Stay | NotRead] = field(default_factory=dict)
    _homes: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def read(cls, agency: Agency, clients: Clients, files: Mapping[str, Surveyed]) -> "StayIndex":
        """Index enrollments, clients and move-ins; their refusals come when they are read again."""
        stays, people = cls(agency, clients), files.get(layout.CLIENT.name)
        for row in rows(files.get(layout.ENROLLMENT.name)):
            if isinstance(row, Row) and KEY.fullmatch(key := row.text(layout.STAY)):
                stays._index(key, row)
        stays.households.leave(files.get(layout.EXIT.name))
        wanted = {stay.client for stay in stays._found.values() if isinstance(stay, Stay)}
        withdrawn = set()
        for row in rows(people):
            if isinstance(row, Row) and (key := row.text(layout.PERSON)) in wanted:
                if row.withdrawn:
                    withdrawn.add(key)
                else:
                    stays.persons[key] = clients.person(row)
        stays._settle(withdrawn - stays.persons.keys())
        return stays

    def _index(self, key: str, row: Row) -> None:
        """Take an Enrollment row that has a key."""
        found = NotRead.WITHDRAWN if row.withdrawn else self.stay_of(row)
        if found is None:
            self.unread.add(key)
            return
        self._found[key] = found
        if found not in (NotRead.WITHDRAWN, NotRead.UNPROVEN):
            self.projects[key] = row.text(layout.PROJECT)
        if isinstance(found, Stay) and found.household:
            self._homes[found.project.key, found.household] += 1
        if isinstance(found, Stay) and found.project.kind in HOUSED_AT_MOVE_IN:
            self.households.enter(row, found.entered, is_head=read_integer(row.text(layout.RELATION)) == HEAD)

    def _settle(self, withdrawn: set[str]) -> None:
        """A withdrawn client's stays are withdrawn.

        Those of a client who is not in the export are orphans.
        """
        for key, found in list(self._found.items()):
            if isinstance(found, Stay) and found.client in withdrawn:
                self._found[key] = NotRead.WITHDRAWN
            elif isinstance(found, Stay) and found.client not in self.persons:
                del self._found[key]
                self.unread.add(key)

    def stay_of(self, row: Row) -> Stay | NotRead | None:
        """The stay of an Enrollment row, or why it is not read.

        None, with refusals, if unreadable.
        """
        key, client = row.key(layout.STAY), row.key(layout.PERSON)
        project = self.agency.projects.get(row.text(layout.PROJECT))
        if project is None:
            row.refuse(layout.PROJECT, NO_PROJECT)
            return None
        if project.not_read is not None:
            return project.not_read if key else None
        entered = self.day(row, "EntryDate")
        if not (key and client and entered):
            return None
        place = state_of(row.text("EnrollmentCoC"))
        state = project.state(place, self.agency.settings.state)
        relation = row.answer(layout.RELATION, RELATIONS)
        household = row.text(layout.HOUSEHOLD)
        return Stay(
            key,
            client,
            project,
            state,
            entered,
            _lived(row),
            member=relation in OTHER_MEMBERS,
            is_case=self._is_case(relation, household, unread=row.refuses(layout.RELATION)),
            household=household,
            state_unread=place is None and len(project.states) > 1,
        )

    def _is_case(self, relation: int | None, household: str, *, unread: bool) -> bool | None:
        """Whether somebody is a case; None: only if alone in the household."""
        if self.agency.settings.everyone_is_a_case or relation == HEAD:
            return True
        if relation in OTHER_MEMBERS or unread:
            return False
        return None if household else True

    def is_case(self, stay: Stay) -> bool | None:
        """Whether a stay is a case; None where nobody knows which of a household is."""
        if stay.is_case is not None:
            return stay.is_case
        return True if self._homes[stay.project.key, stay.household] == 1 else None

    def day(self, row: Row, column: str) -> date | None:
        """The day of an event; None, and refused, when there is none, or it had not come yet."""
        day = row.day(column)
        if day is None or self.agency.had_come(day):
            return day
        row.refuse(column, AFTER_EXPORT)
        return None

    def of(self, row: Row) -> Stay | NotRead | None:
        """The stay of a row; None, with a refusal, if it has none or names another client."""
        key = row.key(layout.STAY)
        found = self._found.get(key)
        if key and found is None:
            follows = key in self.unread
            row.refuse(
                layout.STAY, "the enrollment, or its client, is not in the export or was refused", follows=follows
            )
        elif isinstance(found, Stay) and found.client != row.text(layout.PERSON):
            row.refuse(layout.PERSON, "the client is not the one of the enrollment")
            return None
        return found

    def person(self, stay: Stay) -> Person:
        """The client of a stay."""
        return self.persons[stay.client]

    def prefixes(self, stay: str, project: str = "") -> list[str]:
        """The prefixes of a withdrawn stay's facts.

        In its project, or in all that count if unknown.
        """
        found = self._found.get(stay)
        if isinstance(found, Stay):
            return [found.prefix]
        if found is NotRead.OUTSIDE:
            return []
        counts = self.agency.settings.counts
        if KEY.fullmatch(project):
            return [stay_prefix(project, stay)] if counts(project) else []
        named = sorted(self.agency.settings.projects | {project.key for project in self.agency.counted()})
        return [stay_prefix(name, stay) for name in named if KEY.fullmatch(name)]
