"""The bodies: each records one kind of fact, as a row of codes and small numbers, and nothing else.

Rules kept: no text, no bytes that a sender may fill freely, no map, no optional field, no client
identifier. Every field is an enum of the vocabulary, a small bounded integer, or a big-endian number
of fixed width. A missing answer has a code; `not_applicable` is never counted. A question with
several answers makes one event a code (`exchange.core.admission.soundness` lists the fields that
then stay `not_applicable`).

docs/adr/0006-body-fields.md settles the fields. `exchange.core.model.events` has the event around a
body, and gives out every name of this module.
"""

from dataclasses import dataclass
from typing import ClassVar, Final, get_args

from exchange.core.model import vocabulary as v
from exchange.core.model.body_fields import About, Counts, Number, Signature, Small
from exchange.core.model.tally_tables import TallyTable

__all__ = [
    "CORRECTABLE",
    "ActivityHeld",
    "AgencyProfiled",
    "BarrierReported",
    "CapacityReported",
    "CaseClosed",
    "CaseOpened",
    "Correctable",
    "ExploiterObserved",
    "FactorObserved",
    "FundingReceived",
    "HealthObserved",
    "Heartbeat",
    "NeedIdentified",
    "NeedUnmet",
    "OutcomeAssessed",
    "PracticeShared",
    "ProviderSurveyed",
    "ReferralMade",
    "ReferralResolved",
    "ServiceProvided",
    "Tally",
    "TraffickingFacts",
]


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """A client's case was opened at the agency."""

    about: ClassVar[About] = About.CLIENT
    gender: v.Gender
    age_band: v.AgeBand
    foreign_national: v.ForeignNational
    referral_source: v.ReferralSource
    elsewhere: v.ServedElsewhere = v.ServedElsewhere.not_collected


@dataclass(frozen=True, slots=True)
class TraffickingFacts:
    """The trafficking a client went through: once a case, and once more for each control method."""

    about: ClassVar[About] = About.CLIENT
    trafficking_type: v.TraffickingType
    trafficking_status: v.TraffickingStatus
    decision_maker: v.DecisionMaker
    exploitation_type: v.ExploitationType
    sex_exploitation_type: v.SexExploitationType
    labor_sector: v.LaborSector
    recruitment_method: v.RecruitmentMethod
    control_method: v.ControlMethod


@dataclass(frozen=True, slots=True)
class NeedIdentified:
    """A client needs a service."""

    about: ClassVar[About] = About.CLIENT
    service: v.Service


@dataclass(frozen=True, slots=True)
class ServiceProvided:
    """A client got a service. `wait_band`: from need to service, on the first service after a need only."""

    about: ClassVar[About] = About.CLIENT
    service: v.Service
    wait_band: v.WaitBand
    cost_band: v.CostBand
    unit_band: v.UnitBand
    funding_source: v.FundingSource


@dataclass(frozen=True, slots=True)
class NeedUnmet:
    """A client's need was not met, or not in full. `funding_source`: of the program where it was not."""

    about: ClassVar[About] = About.CLIENT
    service: v.Service
    unmet_reason: v.UnmetReason
    funding_source: v.FundingSource


@dataclass(frozen=True, slots=True)
class BarrierReported:
    """A barrier stood between a client and a service (`not_applicable`: services in general)."""

    about: ClassVar[About] = About.CLIENT
    barrier: v.Barrier
    service: v.Service


@dataclass(frozen=True, slots=True)
class ReferralMade:
    """A client was referred for a service to an agency of some type."""

    about: ClassVar[About] = About.CLIENT
    service: v.Service
    agency_type: v.AgencyType


@dataclass(frozen=True, slots=True)
class ReferralResolved:
    """A referral came to a result. `wait_band`: from referral to result."""

    about: ClassVar[About] = About.CLIENT
    service: v.Service
    referral_result: v.ReferralResult
    wait_band: v.WaitBand


@dataclass(frozen=True, slots=True)
class HealthObserved:
    """A health condition of a client. `duration_band`: how long the exploitation lasted."""

    about: ClassVar[About] = About.CLIENT
    health_condition: v.HealthCondition
    trafficking_type: v.TraffickingType
    labor_sector: v.LaborSector
    duration_band: v.DurationBand
    age_band: v.AgeBand


@dataclass(frozen=True, slots=True)
class OutcomeAssessed:
    """How one domain of a client's life moved. The factors apply to their own domains only."""

    about: ClassVar[About] = About.CLIENT
    outcome_domain: v.OutcomeDomain
    outcome_direction: v.OutcomeDirection
    reported_by: v.ReportedBy
    resiliency_factor: v.ResiliencyFactor
    protective_factor: v.ProtectiveFactor
    age_band: v.AgeBand


@dataclass(frozen=True, slots=True)
class CaseClosed:
    """A client's case was closed. `duration_band`: from opening to closing."""

    about: ClassVar[About] = About.CLIENT
    exit_reason: v.ExitReason
    exit_destination: v.ExitDestination
    duration_band: v.DurationBand


@dataclass(frozen=True, slots=True)
class ExploiterObserved:
    """The type of a trafficker, or of a buyer or beneficiary, as far as a case shows it: no name, no place."""

    about: ClassVar[About] = About.CLIENT
    trafficker_type: v.TraffickerType
    trafficker_role: v.TraffickerRole
    recruiter_relation: v.RecruiterRelation
    buyer_or_beneficiary_type: v.BuyerOrBeneficiaryType
    sex_exploitation_type: v.SexExploitationType
    labor_sector: v.LaborSector


@dataclass(frozen=True, slots=True)
class FactorObserved:
    """One societal, economic, protective or resiliency factor in a client's case."""

    about: ClassVar[About] = About.CLIENT
    societal_factor: v.SocietalFactor
    economic_factor: v.EconomicFactor
    protective_factor: v.ProtectiveFactor
    resiliency_factor: v.ResiliencyFactor
    trafficking_type: v.TraffickingType


@dataclass(frozen=True, slots=True)
class ActivityHeld:
    """The agency held an outreach event, a training, a campaign … `agency_type`: whom it addressed."""

    about: ClassVar[About] = About.AGENCY
    activity: v.Activity
    audience_band: v.AudienceBand
    agency_type: v.AgencyType


@dataclass(frozen=True, slots=True)
class PracticeShared:
    """The agency shared, read or adopted a practice, cited by its number in the practice catalogue."""

    about: ClassVar[About] = About.AGENCY
    practice: Number
    practice_use: v.PracticeUse
    service: v.Service


@dataclass(frozen=True, slots=True)
class CapacityReported:
    """Places that the agency runs for a service, taken or not: how many are taken would be about clients."""

    about: ClassVar[About] = About.AGENCY
    service: v.Service
    places: Number


@dataclass(frozen=True, slots=True)
class FundingReceived:
    """Money granted for a service (`not_applicable`: all work), in whole US dollars, never per client; 0: no amount stated."""

    about: ClassVar[About] = About.AGENCY
    funding_source: v.FundingSource
    service: v.Service
    dollars: Number


@dataclass(frozen=True, slots=True)
class ProviderSurveyed:
    """One answer of a provider: a barrier it meets, a barrier it needs support with, or its years in position."""

    about: ClassVar[About] = About.AGENCY
    agency_type: v.AgencyType
    barrier: v.Barrier
    support_needed: v.Barrier
    years_band: v.YearsBand


@dataclass(frozen=True, slots=True)
class AgencyProfiled:
    """What kind of agency publishes, and how."""

    about: ClassVar[About] = About.AGENCY
    agency_type: v.AgencyType
    reporting_mode: v.ReportingMode


@dataclass(frozen=True, slots=True)
class Tally:
    """A closed period's one-way table of an agency that shares totals only: its full domain, zeros included."""

    about: ClassVar[About] = About.EXCHANGE
    table: TallyTable
    counts: Counts


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The agency is alive and has signed all that stands before this event."""

    about: ClassVar[About] = About.EXCHANGE
    scheduled: v.Scheduled
    reporting_minutes: v.ReportingMinutes
    key: Small
    signature: Signature
    on_time: v.OnTime = v.OnTime.not_applicable
    nothing_to_report: v.NothingToReport = v.NothingToReport.not_collected


Correctable = (
    CaseOpened
    | TraffickingFacts
    | NeedIdentified
    | ServiceProvided
    | NeedUnmet
    | BarrierReported
    | ReferralMade
    | ReferralResolved
    | HealthObserved
    | OutcomeAssessed
    | CaseClosed
    | ExploiterObserved
    | FactorObserved
    | ActivityHeld
    | PracticeShared
    | CapacityReported
    | FundingReceived
    | ProviderSurveyed
    | AgencyProfiled
    | Tally
)
"""The bodies that a `Correction` may retract, in the order of the Avro union. Only ever append."""
CORRECTABLE: Final[tuple[type[Correctable], ...]] = get_args(Correctable)
