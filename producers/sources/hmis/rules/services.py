"""Services: what was given, what was paid, what was referred, and bed nights.

RecordType decides which list TypeProvided comes from, and nothing else does. A row is one unit of its service; one of money
has a cost band and no units. 161 is a referral (`referrals`), 210 a voucher step and no service. Bed nights (200) are told
once a stay and quarter, their number as a band: night by night they would drown every other service and date the stay.

The number of nights is known only from a full export that covers the quarter (from the entry on); else it is `not_known`.
In a delta a single withdrawn night cannot be taken out of its quarter, and is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from exchange.core.model.events import ServiceProvided
from exchange.core.model.vocabulary import CostBand, FundingSource, Service, UnitBand, WaitBand
from producers.facts import Fact, Reading, RowIgnored, Where
from producers.sources.hmis.reading.bands import cost_band, unit_band
from producers.sources.hmis.reading.codes import read_integer
from producers.sources.hmis.reading.dates import period_days, period_on
from producers.sources.hmis.reading.row import OUTSIDE_LIST, Row
from producers.sources.hmis.rules.referrals import path_referral
from producers.sources.hmis.rules.rule import FileRule, Said
from producers.sources.hmis.rules.stays import Stay

PATH_REFERRAL, BED_NIGHT, VOUCHER_STEP = 161, 200, 210
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
"""Whose element the record is: that program paid, where it funds the project at all."""


@dataclass(slots=True)
class Nights:
    """The nights of one stay in one period, one bit a day of the year, so that a night told twice is one."""

    stay: Stay
    where: Where
    day: date
    bits: int = 0


@dataclass
class ServicesRule(FileRule):
    """`ServiceProvided`, and `ReferralMade` with what follows it."""

    nights: dict[tuple[str, int], Nights] = field(default_factory=dict)

    def facts(self, said: Said, day: date) -> Iterator[Reading]:
        """What a service row says."""
        row = said.row
        record = read_integer(row.text("RecordType"))
        if record == BED_NIGHT:
            self._count(said, day)
            yield RowIgnored(row.where, "a bed night, told with the others of its stay and period")
        elif record == VOUCHER_STEP:
            yield RowIgnored(row.where, "a voucher step, not a service")
        elif record == PATH_REFERRAL:
            yield from path_referral(said, day, self._service(row, record), self.codes)
        elif record in SERVICES or record in MONEY:
            yield said.fact("provided", day, self._provided(said, day, record))
        else:
            row.refuse("RecordType", "a record type of the list")

    def after(self) -> Iterator[Reading]:
        """The bed nights, when all rows have been read."""
        for (_, period), nights in self.nights.items():
            stay, funder = nights.stay, nights.stay.project.paid_by(nights.day)
            body = ServiceProvided(
                Service.emergency_shelter,
                WaitBand.not_applicable,
                CostBand.not_collected,
                self._how_many(nights, period),
                funder,
            )
            yield Fact(f"{stay.prefix}Nights/{period}", period, stay.state, body, stay.client, nights.where)

    def _count(self, said: Said, day: date) -> None:
        period = period_on(day, whole_year=self.agency.settings.year_only)
        nights = self.nights.setdefault((said.stay.key, period), Nights(said.stay, said.row.where, day))
        nights.bits |= 1 << day.timetuple().tm_yday

    def _how_many(self, nights: Nights, period: int) -> UnitBand:
        first, last = period_days(period)
        window = self.agency.window
        if self.agency.full and window and window.covers(max(first, min(nights.stay.entered, last)), last):
            return unit_band(nights.bits.bit_count())
        return UnitBand.not_known

    def _provided(self, said: Said, day: date, record: int) -> ServiceProvided:
        row = said.row
        cost, units = CostBand.not_collected, UnitBand.units_1
        if record in MONEY:
            cost, units = self._cost(row), UnitBand.not_applicable
        funder = said.stay.project.paid_by(day, PAID_BY.get(record))
        return ServiceProvided(self._service(row, record), WaitBand.not_applicable, cost, units, funder)

    def _cost(self, row: Row) -> CostBand:
        cost = cost_band(row.text("FAAmount"))
        if cost is None:
            row.refuse("FAAmount", "dollars without sign, with at most cents behind a point; read as not_known")
            return CostBand.not_known
        return cost

    def _service(self, row: Row, record: int) -> Service:
        if not row.text("TypeProvided"):
            return Service.not_collected
        kind = read_integer(row.text("TypeProvided"))
        subtype = read_integer(row.text("SubTypeProvided"))  # the lists have one only where it means something
        service = self.codes.service(record, kind, subtype) if kind is not None else None
        if service is None:
            row.refuse("TypeProvided", OUTSIDE_LIST)
            return Service.not_known
        return service

    def _withdrawn(self, row: Row) -> Iterator[Reading]:
        if read_integer(row.text("RecordType")) == BED_NIGHT and not self.agency.full:
            row.refuse("DateDeleted", "a full export: a delta does not tell which nights are left in the period")
        yield from super()._withdrawn(row)
