"""Services: services provided, money paid, referrals, and bed nights.

RecordType alone decides which list TypeProvided comes from. A row is one unit of its service; a row
of money has a cost band and no units. 161 is a referral (`referrals`), 210 a voucher step and no
service. Bed nights (200) are one fact for each stay and quarter, with their number as a band: night
by night they would outnumber every other service and reveal the dates of the stay.

The number of nights is known only from a full export that covers the quarter (from the entry on);
otherwise a number that is known stands, and a new one is `not_known`. In a delta, a single
withdrawn night cannot be taken out of its quarter, and is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from exchange.core.model.events import ServiceProvided
from exchange.core.model.vocabulary import CostBand, FundingSource, Service, UnitBand, WaitBand
from producers.facts import Fact, Reading, RowIgnored, Where
from producers.sources.hmis.reading.banded import cost_band, unit_band
from producers.sources.hmis.reading.codes import read_integer
from producers.sources.hmis.reading.dates import period_days, period_on
from producers.sources.hmis.reading.row import OUTSIDE_LIST, Row
from producers.sources.hmis.rules.referrals import path_referral
from producers.sources.hmis.rules.rule import FileRule, RowFacts
from producers.sources.hmis.rules.stays import Stay

PATH_REFERRAL, BED_NIGHT, VOUCHER_STEP = 161, 200, 210
WITH_SUBTYPES: Final = 144
SERVICES: Final = frozenset({141, 142, 143, 144, 300})
MONEY: Final = frozenset({151, 152})
PAID_BY: Final[Mapping[int, FundingSource]] = {
    141: FundingSource.path,
    142: FundingSource.fysb_rhy,
    143: FundingSource.hud_hopwa,
    144: FundingSource.veterans_affairs,
    151: FundingSource.hud_hopwa,
    152: FundingSource.veterans_affairs,
}
"""Record type → the program that it belongs to, which paid if it funds the project at all."""


SERVICES_MAX: Final = 1 << 12


@dataclass(slots=True)
class Nights:
    """The nights of one stay in one period: one bit a day, so a repeated night counts once."""

    stay: Stay
    where: Where
    day: date
    bits: int = 0


@dataclass
class ServicesRule(FileRule):
    """`ServiceProvided`, and `ReferralMade` with its result."""

    nights: dict[tuple[str, int], Nights] = field(default_factory=dict)
    services: dict[tuple[int, str, str], Service | None] = field(default_factory=dict)
    """What each record type, type and subtype means: few, and each on many rows."""

    def facts(self, row_facts: RowFacts, day: date) -> Iterator[Reading]:
        """The facts of a service row."""
        row = row_facts.row
        record = read_integer(row.text("RecordType"))
        if record == BED_NIGHT:
            self._count(row_facts, day)
            yield RowIgnored(row.where, "a bed night, published with the others of its stay and period")
        elif record == VOUCHER_STEP:
            yield RowIgnored(row.where, "a voucher step, not a service")
        elif record == PATH_REFERRAL:
            yield from path_referral(row_facts, day, self._service(row, record), self.codes)
        elif record in SERVICES or record in MONEY:
            provided = self._provided(row_facts, day, record)
            yield row_facts.fact("provided", day, provided, self._unread(row_facts, record))
        else:
            row.refuse("RecordType", "the code is not a record type of the list")

    def after(self) -> Iterator[Reading]:
        """The bed nights, after all rows were read."""
        for (_, period), nights in self.nights.items():
            stay, funder = nights.stay, nights.stay.project.paid_by(nights.day)
            body = ServiceProvided(
                Service.emergency_shelter,
                WaitBand.not_applicable,
                CostBand.not_collected,
                self._how_many(nights, period),
                funder,
            )
            unread = stay.project.unread(body).union({"unit_band"} if body.unit_band is UnitBand.not_known else ())
            yield Fact(f"{stay.prefix}Nights/{period}", period, stay.state, body, stay.client, nights.where, unread)

    def _unread(self, row_facts: RowFacts, record: int) -> tuple[str, ...]:
        """The fields of a service that were not read."""
        row = row_facts.row
        service = row.refuses("TypeProvided") or (record == WITH_SUBTYPES and row.lacks("SubTypeProvided"))
        cost = record in MONEY and row.lacks("FAAmount")
        return (*(("service",) if service else ()), *(("cost_band",) if cost else ()))

    def _count(self, row_facts: RowFacts, day: date) -> None:
        period = period_on(day, whole_year=self.agency.settings.year_only)
        nights = self.nights.setdefault((row_facts.stay.key, period), Nights(row_facts.stay, row_facts.row.where, day))
        nights.bits |= 1 << day.timetuple().tm_yday

    def _how_many(self, nights: Nights, period: int) -> UnitBand:
        first, last = period_days(period)
        window = self.agency.window
        known = self.absence.shows(self.layout) and nights.stay.key not in self.stays.unread
        if known and self.agency.full and window and window.covers(max(first, min(nights.stay.entered, last)), last):
            return unit_band(nights.bits.bit_count())
        return UnitBand.not_known

    def _provided(self, row_facts: RowFacts, day: date, record: int) -> ServiceProvided:
        row = row_facts.row
        cost, units = CostBand.not_collected, UnitBand.units_1
        if record in MONEY:
            cost, units = self._cost(row), UnitBand.not_applicable
        funder = row_facts.stay.project.paid_by(day, PAID_BY.get(record))
        return ServiceProvided(self._service(row, record), WaitBand.not_applicable, cost, units, funder)

    def _cost(self, row: Row) -> CostBand:
        cost = cost_band(row.text("FAAmount"))
        if cost is None:
            row.refuse("FAAmount", "the cell is not dollars, with at most cents after a point; it is read as not_known")
            return CostBand.not_known
        return cost

    def _service(self, row: Row, record: int) -> Service:
        if not row.text("TypeProvided"):
            return Service.not_collected
        cells = record, row.text("TypeProvided"), row.text("SubTypeProvided")
        service = self.services[cells] if cells in self.services else self._of_cells(*cells)
        if service is None:
            row.refuse("TypeProvided", OUTSIDE_LIST)
            return Service.not_known
        return service

    def _of_cells(self, record: int, type_cell: str, subtype_cell: str) -> Service | None:
        kind = read_integer(type_cell)
        subtype = read_integer(subtype_cell)  # the lists have one only where it means something
        found = self.codes.service(record, kind, subtype) if kind is not None else None
        if len(self.services) < SERVICES_MAX:
            self.services[record, type_cell, subtype_cell] = found
        return found

    def _withdrawn(self, row: Row) -> Iterator[Reading]:
        if read_integer(row.text("RecordType")) == BED_NIGHT and not self.agency.full:
            row.refuse("DateDeleted", "the night stays: a delta does not show which nights are left in the period")
        yield from super()._withdrawn(row)
