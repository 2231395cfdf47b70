"""Referrals: Event (4.20) and the PATH referrals of Services (161).

- A referral shows that the client needs the service: `NeedIdentified` beside `ReferralMade`, except
  for the two appointments for an assessment (3, 4), which are steps of the process. 2 is no
  referral but problem solving, provided at once.
- 8 and 9 leave the network: it could not meet the need, so there is a `NeedUnmet` too, with the
  code's reason.
- A result makes `ReferralResolved`; a pending referral makes none, its result comes as an update of
  the row. If the client or the provider declined, or the service was not attained: `NeedUnmet`. The
  agency of the referral is not published: the place columns are never read.
- Case management after housing (5): enrolled means the service was attained; not enrolled may only
  mean not yet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from exchange.core.model.events import NeedIdentified, NeedUnmet, ReferralMade, ReferralResolved, ServiceProvided
from exchange.core.model.vocabulary import (
    AgencyType,
    CostBand,
    FundingSource,
    OutcomeDirection,
    OutcomeDomain,
    ReferralResult,
    ReportedBy,
    Service,
    UnitBand,
    UnmetReason,
    WaitBand,
)
from producers.facts import Fact, Reading
from producers.sources.hmis.reading.banded import wait_band
from producers.sources.hmis.reading.codes import YES, Codes, read_integer
from producers.sources.hmis.reading.dates import period_on
from producers.sources.hmis.reading.row import ANSWERS, Row
from producers.sources.hmis.rules.rule import FileRule, RowFacts, outcome

PROBLEM_SOLVING, AFTER_CARE = 2, 5


@dataclass(frozen=True, slots=True)
class Referral:
    """The service of a referral, and whether it shows that the client needs it."""

    service: Service
    need: bool = True


EVENTS: Final[Mapping[int, Referral]] = {
    1: Referral(Service.housing_support),
    3: Referral(Service.intake_assessment, need=False),
    4: Referral(Service.intake_assessment, need=False),
    5: Referral(Service.case_management),
    6: Referral(Service.outreach),
    7: Referral(Service.housing_support),
    8: Referral(Service.housing),
    9: Referral(Service.housing),
    10: Referral(Service.emergency_shelter),
    11: Referral(Service.transitional_housing),
    12: Referral(Service.housing),
    13: Referral(Service.long_term_housing),
    14: Referral(Service.long_term_housing),
    15: Referral(Service.long_term_housing),
    16: Referral(Service.financial_assistance),
    17: Referral(Service.rental_assistance),
    18: Referral(Service.rental_assistance),
}
NO_EVENT: Final = "the code is empty or not in its list, so it is not known which event this was"


def referred(row_facts: RowFacts, day: date, referral: Referral) -> Iterator[Fact]:
    """The referral itself, and the need that it shows."""
    unread = unread_service(row_facts)
    if referral.need:
        yield row_facts.fact("need", day, NeedIdentified(referral.service), unread)
    yield row_facts.fact("referral", day, ReferralMade(referral.service, AgencyType.not_collected), unread)


def unread_service(row_facts: RowFacts) -> frozenset[str]:
    """The service, if its code was refused."""
    return frozenset({"service"} if row_facts.row.refuses("Event", "TypeProvided") else ())


def unmet(row_facts: RowFacts, day: date, service: Service, reason: UnmetReason) -> Fact:
    """The unmet need. HMIS does not record whose program could not meet it."""
    body = NeedUnmet(service, reason, FundingSource.not_collected)
    return row_facts.fact("unmet", day, body, unread_service(row_facts))


def path_referral(row_facts: RowFacts, day: date, service: Service, codes: Codes) -> Iterator[Reading]:
    """A PATH referral of Services; its result has no date of its own, so no wait is known."""
    yield from referred(row_facts, day, Referral(service))
    if row_facts.row.text("ReferralOutcome"):
        result = row_facts.row.code("ReferralOutcome", codes.path_outcome)
        unread = unread_service(row_facts) | row_facts.unread(referral_result="ReferralOutcome")
        yield row_facts.fact("result", day, ReferralResolved(service, result, WaitBand.not_known), unread)
        if result is ReferralResult.not_attained:
            yield unmet(row_facts, day, service, UnmetReason.not_known)


class EventRule(FileRule):
    """Event: referrals and their results, and problem solving."""

    def facts(self, row_facts: RowFacts, day: date) -> Iterator[Reading]:
        """The facts of an event."""
        event = read_integer(row_facts.row.text("Event"))
        if event == PROBLEM_SOLVING:
            yield from self._solved(row_facts, day)
            return
        referral = EVENTS.get(-1 if event is None else event)
        if referral is None:
            row_facts.row.refuse("Event", NO_EVENT)
            return
        yield from referred(row_facts, day, referral)
        reason = self.codes.unmet_by_event.codes.get(-1 if event is None else event)
        if reason:
            yield unmet(row_facts, day, referral.service, reason)
        yield from self._result(row_facts, day, referral.service, already_unmet=reason is not None)
        if event == AFTER_CARE and row_facts.row.answer("ReferralCaseManageAfter", ANSWERS) == YES:
            body = ReferralResolved(referral.service, ReferralResult.attained, WaitBand.not_known)
            yield row_facts.fact("after", day, body)

    def period_of(self, row: Row, column: str) -> int:
        """Only where the result is of the same quarter as the event."""
        period = super().period_of(row, column)
        resolved = row.read_day("ResultDate") if row.dated("ResultDate") else row.read_day(self.day_column)
        return period if resolved and period == period_on(resolved) else 0

    def _result(self, row_facts: RowFacts, day: date, service: Service, *, already_unmet: bool) -> Iterator[Reading]:
        row = row_facts.row
        if not row.text("ReferralResult"):
            return
        result = row.code("ReferralResult", self.codes.referral_result)
        dated = row.dated("ResultDate")
        resolved = self.stays.day(row, "ResultDate") if dated else day
        if resolved is None:
            return
        wait = wait_band(day, resolved) if dated else WaitBand.not_known
        unread = unread_service(row_facts) | row_facts.unread(referral_result="ReferralResult", wait_band="ResultDate")
        yield row_facts.fact("result", resolved, ReferralResolved(service, result, wait), unread)
        reason = self.codes.unmet_by_result.codes.get(read_integer(row.text("ReferralResult")) or 0)
        if reason and not already_unmet:
            yield unmet(row_facts, resolved, service, reason)

    def _solved(self, row_facts: RowFacts, day: date) -> Iterator[Reading]:
        funder = row_facts.stay.project.paid_by(day)
        body = ServiceProvided(
            Service.housing_support, WaitBand.not_applicable, CostBand.not_collected, UnitBand.units_1, funder
        )
        yield row_facts.fact("provided", day, body)
        housed = row_facts.row.answer("ProbSolDivRRResult", ANSWERS)
        if housed in (0, YES):
            direction = OutcomeDirection.attained if housed == YES else OutcomeDirection.not_attained
            age = self.stays.person(row_facts.stay).age_band(day)
            yield row_facts.fact(
                "housed", day, outcome(OutcomeDomain.housing, direction, ReportedBy.not_collected, age)
            )
