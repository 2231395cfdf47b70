"""The event model: what an agency can say, and nothing else.

Rules kept: no text, no bytes that a sender may fill freely, no map, no optional field, no client identifier. Every field
is an enum of the vocabulary, a small bounded integer, or a big-endian number of fixed width. What is missing has a code;
`not_applicable` is never counted. A multi-select answer is one event a code (`exchange.core.soundness` says which fields
then stay `not_applicable`). The order of `BODIES` is the order of the Avro union: it is only ever appended to.

The fields are settled in docs/adr/0006-body-fields.md. `schemas.generate` derives `event.avsc` from these classes.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, ClassVar, Final

from exchange.core.table_names import TallyTable
from exchange.core.vocabulary import (
    Activity,
    AgeBand,
    AgencyType,
    AudienceBand,
    Barrier,
    BuyerOrBeneficiaryType,
    ControlMethod,
    CostBand,
    DecisionMaker,
    DurationBand,
    EconomicFactor,
    ExitDestination,
    ExitReason,
    ExploitationType,
    ForeignNational,
    FundingSource,
    Gender,
    HealthCondition,
    LaborSector,
    OutcomeDirection,
    OutcomeDomain,
    PracticeUse,
    ProtectiveFactor,
    RecruiterRelation,
    RecruitmentMethod,
    ReferralResult,
    ReferralSource,
    ReportedBy,
    ReportingMinutes,
    ReportingMode,
    ResiliencyFactor,
    Scheduled,
    Service,
    SexExploitationType,
    SocietalFactor,
    TraffickerRole,
    TraffickerType,
    TraffickingStatus,
    TraffickingType,
    UnitBand,
    UnmetReason,
    UsState,
    WaitBand,
    YearsBand,
)


class About(Enum):
    """Whom a body is about: it decides who may send it and how its tables are released."""

    CLIENT = "client"
    AGENCY = "agency"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class Width:
    """Bytes of a field that Avro writes as `fixed`, big-endian."""

    octets: int


Small = Annotated[int, range(64)]
"""0–63: one byte on the wire."""
Number = Annotated[int, Width(4)]
"""0–4,294,967,295, four bytes on the wire."""
Sequence = Annotated[int, Width(8)]
"""An event's place in its agency's chain: 1, 2, 3…"""
Digest = Annotated[bytes, Width(32)]
"""A SHA-256 digest."""
Signature = Annotated[bytes, Width(64)]
"""An Ed25519 signature."""
Counts = Annotated[tuple[int, ...], Width(4)]
"""One `Number` for each value of a table's domain, in its order."""

ALL_CAPS: Final = 63
"""Every cap bit set: the event counts in every release."""


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """A client's case was opened at the agency."""

    about: ClassVar[About] = About.CLIENT
    gender: Gender
    age_band: AgeBand
    foreign_national: ForeignNational
    referral_source: ReferralSource


@dataclass(frozen=True, slots=True)
class TraffickingFacts:
    """The trafficking a client went through: once a case, and once more for each control method."""

    about: ClassVar[About] = About.CLIENT
    trafficking_type: TraffickingType
    trafficking_status: TraffickingStatus
    decision_maker: DecisionMaker
    exploitation_type: ExploitationType
    sex_exploitation_type: SexExploitationType
    labor_sector: LaborSector
    recruitment_method: RecruitmentMethod
    control_method: ControlMethod


@dataclass(frozen=True, slots=True)
class NeedIdentified:
    """A client needs a service."""

    about: ClassVar[About] = About.CLIENT
    service: Service


@dataclass(frozen=True, slots=True)
class ServiceProvided:
    """A client got a service. `wait_band`: from need to service, on the first service after a need only."""

    about: ClassVar[About] = About.CLIENT
    service: Service
    wait_band: WaitBand
    cost_band: CostBand
    unit_band: UnitBand
    funding_source: FundingSource


@dataclass(frozen=True, slots=True)
class NeedUnmet:
    """A client's need was not met, or not in full. `funding_source`: of the program where it was not."""

    about: ClassVar[About] = About.CLIENT
    service: Service
    unmet_reason: UnmetReason
    funding_source: FundingSource


@dataclass(frozen=True, slots=True)
class BarrierReported:
    """A barrier stood between a client and a service (`not_applicable`: services in general)."""

    about: ClassVar[About] = About.CLIENT
    barrier: Barrier
    service: Service


@dataclass(frozen=True, slots=True)
class ReferralMade:
    """A client was referred for a service to an agency of some type."""

    about: ClassVar[About] = About.CLIENT
    service: Service
    agency_type: AgencyType


@dataclass(frozen=True, slots=True)
class ReferralResolved:
    """A referral came to a result. `wait_band`: from referral to result."""

    about: ClassVar[About] = About.CLIENT
    service: Service
    referral_result: ReferralResult
    wait_band: WaitBand


@dataclass(frozen=True, slots=True)
class HealthObserved:
    """A health condition of a client. `duration_band`: how long the exploitation lasted."""

    about: ClassVar[About] = About.CLIENT
    health_condition: HealthCondition
    trafficking_type: TraffickingType
    labor_sector: LaborSector
    duration_band: DurationBand
    age_band: AgeBand


@dataclass(frozen=True, slots=True)
class OutcomeAssessed:
    """How one domain of a client's life moved. The factors apply to their own domains only."""

    about: ClassVar[About] = About.CLIENT
    outcome_domain: OutcomeDomain
    outcome_direction: OutcomeDirection
    reported_by: ReportedBy
    resiliency_factor: ResiliencyFactor
    protective_factor: ProtectiveFactor
    age_band: AgeBand


@dataclass(frozen=True, slots=True)
class CaseClosed:
    """A client's case was closed. `duration_band`: from opening to closing."""

    about: ClassVar[About] = About.CLIENT
    exit_reason: ExitReason
    exit_destination: ExitDestination
    duration_band: DurationBand


@dataclass(frozen=True, slots=True)
class ExploiterObserved:
    """The type of a trafficker, or of a buyer or beneficiary, as far as a case shows it: no name, no place."""

    about: ClassVar[About] = About.CLIENT
    trafficker_type: TraffickerType
    trafficker_role: TraffickerRole
    recruiter_relation: RecruiterRelation
    buyer_or_beneficiary_type: BuyerOrBeneficiaryType
    sex_exploitation_type: SexExploitationType
    labor_sector: LaborSector


@dataclass(frozen=True, slots=True)
class FactorObserved:
    """One societal, economic, protective or resiliency factor in a client's case."""

    about: ClassVar[About] = About.CLIENT
    societal_factor: SocietalFactor
    economic_factor: EconomicFactor
    protective_factor: ProtectiveFactor
    resiliency_factor: ResiliencyFactor
    trafficking_type: TraffickingType


@dataclass(frozen=True, slots=True)
class ActivityHeld:
    """The agency held an outreach event, a training, a campaign … `agency_type`: whom it addressed."""

    about: ClassVar[About] = About.AGENCY
    activity: Activity
    audience_band: AudienceBand
    agency_type: AgencyType


@dataclass(frozen=True, slots=True)
class PracticeShared:
    """The agency shared, read or adopted a practice, cited by its number in the practice catalogue."""

    about: ClassVar[About] = About.AGENCY
    practice: Number
    practice_use: PracticeUse
    service: Service


@dataclass(frozen=True, slots=True)
class CapacityReported:
    """Places that the agency runs for a service, taken or not: how many are taken would be about clients."""

    about: ClassVar[About] = About.AGENCY
    service: Service
    places: Number


@dataclass(frozen=True, slots=True)
class FundingReceived:
    """Money the agency got for a service (`not_applicable`: for all its work), in whole US dollars; 0: no amount stated."""

    about: ClassVar[About] = About.AGENCY
    funding_source: FundingSource
    service: Service
    dollars: Number


@dataclass(frozen=True, slots=True)
class ProviderSurveyed:
    """One answer of a provider: a barrier it meets, a barrier it needs support with, or its years in position."""

    about: ClassVar[About] = About.AGENCY
    agency_type: AgencyType
    barrier: Barrier
    support_needed: Barrier
    years_band: YearsBand


@dataclass(frozen=True, slots=True)
class AgencyProfiled:
    """What kind of agency publishes, and how."""

    about: ClassVar[About] = About.AGENCY
    agency_type: AgencyType
    reporting_mode: ReportingMode


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
    scheduled: Scheduled
    reporting_minutes: ReportingMinutes
    key: Small
    signature: Signature


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


@dataclass(frozen=True, slots=True)
class Correction:
    """Retracts one earlier event of the same agency by restating it in full."""

    about: ClassVar[About] = About.EXCHANGE
    sequence: Sequence
    previous: Digest
    period: int
    state: UsState
    cap: Small
    body: Correctable


Body = Correctable | Heartbeat | Correction


@dataclass(frozen=True, slots=True)
class Event:
    """One link of an agency's chain: `previous` is the SHA-256 of the agency's value bytes before it."""

    sequence: Sequence
    previous: Digest
    period: int
    state: UsState
    cap: Small
    body: Body


CORRECTABLE: Final[tuple[type[Correctable], ...]] = (
    CaseOpened,
    TraffickingFacts,
    NeedIdentified,
    ServiceProvided,
    NeedUnmet,
    BarrierReported,
    ReferralMade,
    ReferralResolved,
    HealthObserved,
    OutcomeAssessed,
    CaseClosed,
    ExploiterObserved,
    FactorObserved,
    ActivityHeld,
    PracticeShared,
    CapacityReported,
    FundingReceived,
    ProviderSurveyed,
    AgencyProfiled,
    Tally,
)
_FIRST: Final = 20
"""Correctable bodies of the first version; later ones stand behind the other two, so that no union branch ever moves."""
BODIES: Final[tuple[type[Body], ...]] = (*CORRECTABLE[:_FIRST], Heartbeat, Correction, *CORRECTABLE[_FIRST:])
