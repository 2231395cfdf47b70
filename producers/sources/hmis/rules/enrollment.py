"""Enrollment: a case opens, if the stay is one, and a housing program provides housing.

The kind of project decides which service a stay is: shelters and transitional programs from the day
of entry, permanent programs from the move-in (`households`). An enrollment in a permanent program
states a need for housing; the days to the move-in are the wait for it. Shelters that count night by
night publish bed nights (`services`) instead. Other projects house nobody.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from exchange.core.model.events import CaseOpened, NeedIdentified, ServiceProvided
from exchange.core.model.vocabulary import CostBand, ForeignNational, Service, UnitBand, WaitBand
from producers.facts import Reading, RowIgnored, Withdrawn
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.banded import wait_band
from producers.sources.hmis.reading.row import Row
from producers.sources.hmis.rules.agency_side import NotRead
from producers.sources.hmis.rules.households import HOUSED_AT_MOVE_IN, MOVED_IN
from producers.sources.hmis.rules.rule import FileRule, RowFacts
from producers.sources.hmis.rules.stays import AFTER_EXPORT, Stay

HOUSED_AT_ENTRY: Final[Mapping[int | None, Service]] = {
    0: Service.emergency_shelter,
    2: Service.transitional_housing,
    8: Service.emergency_shelter,
}

DATED_BY_ENTRY: Final = frozenset({layout.STAY, layout.PERSON, layout.DELETED, "ReferralSource"})
"""Rows of other files that a refusal in these costs have refusals, and days, of their own."""
NO_HEAD: Final = "the household has several members, and it is not known who is its head, so none of them is a case"


class EnrollmentRule(FileRule):
    """`CaseOpened`, and the housing that the stay provides."""

    def facts(self, row_facts: RowFacts, day: date) -> Iterator[Reading]:
        """The facts of an enrollment."""
        row, person = row_facts.row, self.stays.person(row_facts.stay)
        source = row.code("ReferralSource", self.codes.referral_source)
        body = CaseOpened(person.gender, person.age_band(day), ForeignNational.not_collected, source)
        is_case = self.stays.is_case(row_facts.stay)
        if is_case is None:
            row.refuse(layout.RELATION, NO_HEAD)
        elif is_case:
            yield row_facts.fact("opened", day, body, row_facts.unread(referral_source="ReferralSource"))
        yield from self._housing(row_facts, day)

    def period_of(self, row: Row, column: str) -> int:
        """Only where all that the column decides is dated by the entry, not by move-in or exit."""
        project = self.agency.projects.get(row.text(layout.PROJECT))
        at_entry = project is not None and not project.kind_unread and project.kind not in HOUSED_AT_MOVE_IN
        return super().period_of(row, column) if at_entry and column in DATED_BY_ENTRY else 0

    def _housing(self, row_facts: RowFacts, day: date) -> Iterator[Reading]:
        kind = row_facts.stay.project.kind
        if service := HOUSED_AT_ENTRY.get(kind):
            yield self._housed(row_facts, service, day, WaitBand.not_applicable)
        elif kind in HOUSED_AT_MOVE_IN:
            yield row_facts.fact("need", day, NeedIdentified(Service.long_term_housing))
            moved = self._moved(row_facts)
            if moved:
                yield self._housed(row_facts, Service.long_term_housing, moved, wait_band(day, moved))

    def _moved(self, row_facts: RowFacts) -> date | None:
        stay, row, households = row_facts.stay, row_facts.row, self.stays.households
        if stay.member and households.lacks_head(stay.key):
            self.stays.unread.add(stay.key)
        moved = households.moved_in(row, member=stay.member)
        if moved and not self.agency.had_come(moved):
            row.refuse(MOVED_IN, AFTER_EXPORT)
            return None
        return moved

    def _housed(self, row_facts: RowFacts, service: Service, day: date, wait: WaitBand) -> Reading:
        funder = row_facts.stay.project.paid_by(day)
        return row_facts.fact(
            "housed", day, ServiceProvided(service, wait, CostBand.not_collected, UnitBand.not_collected, funder)
        )

    def _live(self, row: Row) -> Iterator[Reading]:
        stay = self.stays.stay_of(row)
        if stay is None:
            self.stays.unread.add(row.text(layout.STAY))
        elif isinstance(stay, NotRead):
            yield RowIgnored(row.where, stay.value)
        else:
            found = self.stays.of(row)
            if found is NotRead.WITHDRAWN:
                yield Withdrawn(stay.prefix, row.where)
            elif isinstance(found, Stay):
                row_facts = RowFacts(found, row, f"{self.layout.table}/")
                yield from self.facts(row_facts, stay.entered)
                yield from self.complete(row_facts)

    def _withdrawn(self, row: Row) -> Iterator[Reading]:
        key = row.key(layout.STAY)
        prefixes = self.stays.prefixes(key, row.text(layout.PROJECT)) if key else []
        yield from (Withdrawn(prefix, row.where) for prefix in prefixes)
