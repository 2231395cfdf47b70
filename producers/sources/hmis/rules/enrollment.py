"""Enrollment: a case opens, and a housing program gives what it is there for.

The kind of project says which service a stay is: a shelter's and a transitional program's from the day of entry, a permanent
program's from MoveInDate. Being enrolled in a permanent program is a need for housing found; the days to MoveInDate are the
wait for it. A shelter counted night by night is told by its bed nights (`services`), other projects house nobody.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from exchange.core.model.events import CaseOpened, NeedIdentified, ServiceProvided
from exchange.core.model.vocabulary import CostBand, ForeignNational, Service, UnitBand, WaitBand
from producers.facts import Reading, RowIgnored, Withdrawn
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.bands import wait_band
from producers.sources.hmis.reading.row import Row
from producers.sources.hmis.rules.agency_side import NotRead
from producers.sources.hmis.rules.rule import FileRule, Said
from producers.sources.hmis.rules.stays import Stay

HOUSED_AT_ENTRY: Final[Mapping[int | None, Service]] = {
    0: Service.emergency_shelter,
    2: Service.transitional_housing,
    8: Service.emergency_shelter,
}
HOUSED_AT_MOVE_IN: Final = frozenset({3, 9, 10, 13})


class EnrollmentRule(FileRule):
    """`CaseOpened`, and the housing that the stay is."""

    def facts(self, said: Said, day: date) -> Iterator[Reading]:
        """What an enrollment says."""
        row, person = said.row, self.stays.person(said.stay)
        source = row.code("ReferralSource", self.codes.referral_source)
        body = CaseOpened(person.gender, person.age_band(day), ForeignNational.not_collected, source)
        yield said.fact("opened", day, body)
        yield from self._housing(said, day)

    def _housing(self, said: Said, day: date) -> Iterator[Reading]:
        kind = said.stay.project.kind
        if service := HOUSED_AT_ENTRY.get(kind):
            yield self._housed(said, service, day, WaitBand.not_applicable)
        elif kind in HOUSED_AT_MOVE_IN:
            yield said.fact("need", day, NeedIdentified(Service.long_term_housing))
            moved = said.row.day("MoveInDate") if said.row.text("MoveInDate") else None
            if moved:
                yield self._housed(said, Service.long_term_housing, moved, wait_band(day, moved))

    def _housed(self, said: Said, service: Service, day: date, wait: WaitBand) -> Reading:
        funder = said.stay.project.paid_by(day)
        return said.fact(
            "housed", day, ServiceProvided(service, wait, CostBand.not_collected, UnitBand.not_collected, funder)
        )

    def _live(self, row: Row) -> Iterator[Reading]:
        stay = self.stays.stay_of(row)
        if isinstance(stay, NotRead):
            yield RowIgnored(row.where, stay.value)
        elif stay is not None:
            found = self.stays.of(row)
            if found is NotRead.WITHDRAWN:
                yield Withdrawn(stay.prefix, row.where)
            elif isinstance(found, Stay):
                said = Said(found, row, f"{self.layout.table}/")
                yield from self.facts(said, stay.entered)
                yield said.complete()

    def _withdrawn(self, row: Row) -> Iterator[Reading]:
        key = row.key(layout.STAY)
        prefixes = self.stays.prefixes(key, row.text(layout.PROJECT)) if key else []
        yield from (Withdrawn(prefix, row.where) for prefix in prefixes)
