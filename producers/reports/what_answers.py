"""Which column would answer a cell that an input does not: for the person who fills the rest.

Rules kept: names of columns are those of a standard or of our own sheet, never of a file.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from exchange.core.model import events as e
from producers.reports.counted_facts import Body, Evidence
from producers.sources.sheets.form.form_columns import COLUMNS

_HMIS: Final[Mapping[tuple[Body, str], str]] = {
    (e.CaseOpened, ""): "Enrollment.csv EntryDate",
    (e.CaseOpened, "gender"): "Client.csv Sex, if the profile reads it as gender",
    (e.CaseOpened, "age_band"): "Client.csv DOB",
    (e.CaseOpened, "referral_source"): "Enrollment.csv ReferralSource",
    (e.TraffickingFacts, ""): "the trafficking columns of Exit.csv",
    (e.TraffickingFacts, "trafficking_type"): "the trafficking columns of Exit.csv",
    (e.TraffickingFacts, "trafficking_status"): "the trafficking columns of Exit.csv",
    (e.ServiceProvided, ""): "Services.csv TypeProvided",
    (e.ServiceProvided, "service"): "Services.csv TypeProvided",
    (e.ServiceProvided, "funding_source"): "Funder.csv Funder",
    (e.NeedUnmet, ""): "Event.csv ReferralResult",
    (e.NeedUnmet, "unmet_reason"): "Event.csv ReferralResult",
    (e.ReferralMade, ""): "Event.csv Event",
    (e.ReferralResolved, ""): "Event.csv ReferralResult",
    (e.ReferralResolved, "referral_result"): "Event.csv ReferralResult",
    (e.CaseClosed, ""): "Exit.csv ExitDate",
    (e.CaseClosed, "exit_reason"): "Exit.csv ProjectCompletionStatus",
    (e.CaseClosed, "exit_destination"): "Exit.csv Destination",
    (e.CaseClosed, "duration_band"): "Exit.csv ExitDate",
    (e.OutcomeAssessed, ""): "Exit.csv Destination, HealthAndDV.csv",
    (e.OutcomeAssessed, "outcome_domain"): "Exit.csv Destination, HealthAndDV.csv",
}
_SHEET: Final[Mapping[tuple[Body, str], str]] = {
    (e.CaseOpened, ""): "new_case",
    (e.CaseOpened, "gender"): "gender",
    (e.CaseOpened, "age_band"): "age_band",
    (e.CaseOpened, "referral_source"): "referral_source",
    (e.CaseOpened, "elsewhere"): "elsewhere",
    (e.TraffickingFacts, ""): "trafficking_type",
    (e.TraffickingFacts, "trafficking_type"): "trafficking_type",
    (e.TraffickingFacts, "trafficking_status"): "trafficking_status",
    (e.NeedIdentified, ""): "need",
    (e.NeedIdentified, "service"): "need",
    (e.ServiceProvided, ""): "served",
    (e.ServiceProvided, "service"): "served",
    (e.NeedUnmet, ""): "unmet_reason",
    (e.NeedUnmet, "service"): "unmet_reason",
    (e.NeedUnmet, "unmet_reason"): "unmet_reason",
    (e.BarrierReported, ""): "barrier",
    (e.BarrierReported, "barrier"): "barrier",
    (e.OutcomeAssessed, ""): "outcome_domain",
    (e.OutcomeAssessed, "outcome_domain"): "outcome_domain",
    (e.OutcomeAssessed, "outcome_direction"): "outcome_direction",
    (e.CaseClosed, ""): "exit_reason",
    (e.CaseClosed, "exit_reason"): "exit_reason",
    (e.CaseClosed, "exit_destination"): "exit_destination",
    (e.ProviderSurveyed, ""): "barrier_met",
    (e.ProviderSurveyed, "barrier"): "barrier_met",
    (e.ProviderSurveyed, "support_needed"): "support_needed",
    (e.ProviderSurveyed, "years_band"): "years_band",
}
"""Body and field → the column of our sheet."""


def what_answers(body: Evidence, field: str) -> str:
    """The columns that would answer, in words: `HMIS: Exit.csv Destination; our sheet: Went to`."""
    if isinstance(body, str):
        return "Enrollment.csv and Exit.csv of an HMIS export"
    return "; ".join(_where(body, field)) or f"JSON Lines: {type_name(body, field)}"


def _where(body: Body, field: str) -> Iterator[str]:
    if column := _HMIS.get((body, field)):
        yield f"HMIS: {column}"
    if code := _SHEET.get((body, field)):
        yield f"our sheet: {COLUMNS[code].en}"


def type_name(body: Body, field: str) -> str:
    """A field as docs/BODIES.md names it."""
    return f"{body.__name__}.{field}" if field else body.__name__
