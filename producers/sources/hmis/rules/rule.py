"""The common part of all rules: a row of a stay, its day, and the facts under its key."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Final

from exchange.core.model.events import CORRECTABLE, Correctable, OutcomeAssessed
from exchange.core.model.vocabulary import (
    AgeBand,
    OutcomeDirection,
    OutcomeDomain,
    ProtectiveFactor,
    ReportedBy,
    ResiliencyFactor,
)
from producers.facts import Complete, Fact, Reading, RowIgnored, Withdrawn
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.codes import Codes
from producers.sources.hmis.reading.dates import is_event_day, period_on
from producers.sources.hmis.reading.layout import FileLayout
from producers.sources.hmis.reading.row import Row
from producers.sources.hmis.rules.absence import Absence
from producers.sources.hmis.rules.agency_side import Agency, NotRead
from producers.sources.hmis.rules.stays import Stay, StayIndex

NOTHING_PUBLISHED = "holds nothing that is published"


@dataclass(frozen=True, slots=True)
class RowFacts:
    """The facts of one row, each under its slot: the row's next version replaces them singly."""

    stay: Stay
    row: Row
    key: str

    def unread(self, **columns: str) -> frozenset[str]:
        """The fields whose column is not in the file, or was refused."""
        return frozenset(field for field, column in columns.items() if self.row.lacks(column))

    def fact(self, slot: str, day: date, body: Correctable, unread: Iterable[str] = ()) -> Fact:
        """A fact in the quarter of its day. `unread`: the fields of its body that were not read."""
        return self.stay.fact(f"{self.key}{slot}", day, body, self.row, unread)


def outcome(
    domain: OutcomeDomain,
    direction: OutcomeDirection,
    reporter: ReportedBy,
    age: AgeBand,
    factor: ProtectiveFactor = ProtectiveFactor.not_applicable,
) -> OutcomeAssessed:
    """An outcome; HMIS knows no resiliency factors."""
    return OutcomeAssessed(domain, direction, reporter, ResiliencyFactor.not_applicable, factor, age)


FIELDS: Final[Mapping[type, frozenset[str]]] = {
    body: frozenset(one.name for one in fields(body)) for body in CORRECTABLE
}
"""The names of each body's fields."""


@dataclass
class FileRule(ABC):
    """How the rows of one file become facts. `day_column`: the column with the day of the facts."""

    layout: FileLayout
    day_column: str
    agency: Agency
    stays: StayIndex
    codes: Codes
    absence: Absence

    @abstractmethod
    def facts(self, row_facts: RowFacts, day: date) -> Iterator[Reading]:
        """The facts of a live row."""

    def period_of(self, row: Row, column: str) -> int:
        """The quarter of all facts that this column's refusal costs; 0 if the row does not tell."""
        day = None if column == self.day_column else row.read_day(self.day_column)
        if day is None or not is_event_day(day) or not self.agency.had_come(day):
            return 0
        return period_on(day)

    def readings(self, row: Row) -> Iterator[Reading]:
        """The readings of a row: at least one beside `Complete`."""
        found = list(self._withdrawn(row) if row.withdrawn else self._live(row))
        if row.refused:
            self.stays.unread.add(row.text(layout.STAY))
        yield from (self._with_unread_person(one) if isinstance(one, Fact) else one for one in found)
        if row.refused:
            part = any(isinstance(reading, Fact) for reading in found)
            for refused in row.refused:
                yield replace(refused, part=part, period=self.period_of(row, refused.column))
        if not row.refused and all(isinstance(reading, Complete) for reading in found):
            yield RowIgnored(row.where, NOTHING_PUBLISHED)

    def _with_unread_person(self, fact: Fact) -> Fact:
        """The fact with what was not read of its client."""
        person = self.stays.persons.get(fact.client)
        if person is None or not person.unread:
            return fact
        unread = person.unread & FIELDS[type(fact.body)]
        return replace(fact, unread=fact.unread | unread) if unread else fact

    def complete(self, row_facts: RowFacts) -> Iterator[Complete]:
        """The prefix under which all facts of the row were given, if its file was read whole."""
        if self.absence.shows(self.layout):
            yield Complete(row_facts.stay.prefix + row_facts.key, row_facts.row.where, spares=self.absence.spares)

    def row_key(self, key: str) -> str:
        """The key of the row within its stay."""
        return f"{self.layout.table}/{key}/"

    def _live(self, row: Row) -> Iterator[Reading]:
        stay = self.stays.of(row)
        if isinstance(stay, NotRead):
            yield RowIgnored(row.where, stay.value)
        elif stay is not None:
            key, day = row.key(self.layout.keys[0]), self.stays.day(row, self.day_column)
            if key and day:
                row_facts = RowFacts(stay, row, self.row_key(key))
                self.absence.restates(stay.prefix + row_facts.key)
                yield from self.facts(row_facts, day)
                yield from self.complete(row_facts)

    def _withdrawn(self, row: Row) -> Iterator[Reading]:
        key, stay = row.key(self.layout.keys[0]), row.key(layout.STAY)
        prefixes = self.stays.prefixes(stay) if key and stay else []
        yield from (Withdrawn(f"{prefix}{self.row_key(key)}", row.where) for prefix in prefixes)
