"""Stays and their clients: an index in which every other row finds its stay.

A stay (one enrollment in one project that the profile counts) is a case of the exchange. Rules
kept: a row belongs to a stay only if its enrollment is in the export and both name the same client.
The rows of a withdrawn client or enrollment are withdrawn too. Memory: one entry for each
enrollment, and one for each client of a counted project.
"""

from dataclasses import dataclass, field
from datetime import date

from exchange.core.model.events import Correctable
from exchange.core.model.vocabulary import UsState
from producers.facts import Fact
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.dates import period_on
from producers.sources.hmis.reading.row import KEY, Row
from producers.sources.hmis.reading.walk import Surveyed, rows
from producers.sources.hmis.rules.agency_side import Agency, NotRead, Project, project_prefix, state_of
from producers.sources.hmis.rules.persons import Clients, Person


@dataclass(frozen=True, slots=True)
class Stay:
    """One enrollment of a client in a counted project.

    `lived`: its LivingSituation, where the client lived before.
    """

    key: str
    client: str
    project: Project
    state: UsState
    entered: date
    lived: int | None

    @property
    def prefix(self) -> str:
        """The beginning of the keys of all facts from the stay."""
        return stay_prefix(self.project.key, self.key)

    def fact(self, key: str, day: date, body: Correctable, row: Row) -> Fact:
        """A fact about the stay's client, in the quarter of a day that has one."""
        return Fact(self.prefix + key, period_on(day), self.state, body, self.client, row.where)


def stay_prefix(project: str, stay: str) -> str:
    """The beginning of the keys of all facts from a stay."""
    return f"{project_prefix(project)}stay/{stay}/"


@dataclass(slots=True)
class StayIndex:
    """All enrollments of the export by key: a stay, or why its rows are not read.

    The key of an orphan is unknown.
    """

    agency: Agency
    clients: Clients
    persons: dict[str, Person] = field(default_factory=dict)
    _found: dict[str, Stay | NotRead] = field(default_factory=dict)

    @classmethod
    def read(
        cls, agency: Agency, clients: Clients, enrollments: Surveyed | None, people: Surveyed | None
    ) -> "StayIndex":
        """Index both files; refusals of their rows are given when they are read again."""
        stays = cls(agency, clients)
        for row in rows(enrollments):
            if isinstance(row, Row) and KEY.fullmatch(key := row.text(layout.STAY)):
                found = NotRead.WITHDRAWN if row.withdrawn else stays.stay_of(row)
                if found is not None:
                    stays._found[key] = found
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

    def _settle(self, withdrawn: set[str]) -> None:
        """A withdrawn client's stays are withdrawn.

        Those of a client who is not in the export are orphans.
        """
        for key, found in list(self._found.items()):
            if isinstance(found, Stay) and found.client in withdrawn:
                self._found[key] = NotRead.WITHDRAWN
            elif isinstance(found, Stay) and found.client not in self.persons:
                del self._found[key]

    def stay_of(self, row: Row) -> Stay | NotRead | None:
        """The stay of an Enrollment row, or why it is not read.

        None, with refusals, if unreadable.
        """
        key, client = row.key(layout.STAY), row.key(layout.PERSON)
        project = self.agency.projects.get(row.text(layout.PROJECT))
        if project is None:
            row.refuse(layout.PROJECT, "a project of the export")
            return None
        if project.not_read is not None:
            return project.not_read if key else None
        entered = row.day("EntryDate")
        if not (key and client and entered):
            return None
        state = project.state(state_of(row.text("EnrollmentCoC")), self.agency.settings.state)
        return Stay(key, client, project, state, entered, row.number("LivingSituation"))

    def of(self, row: Row) -> Stay | NotRead | None:
        """The stay of a row; None, with a refusal, if it has none or names another client."""
        key = row.key(layout.STAY)
        found = self._found.get(key)
        if key and found is None:
            row.refuse(layout.STAY, "an enrollment of the export that is read, with its client")
        elif isinstance(found, Stay) and found.client != row.text(layout.PERSON):
            row.refuse(layout.PERSON, "the client of its enrollment")
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
