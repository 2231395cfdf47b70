"""Every table of counts, declared as data: its events, its fixed domain, and its release.

A table counts the bodies of one kind (or sums one of their numbers) for each period, each place and
each value of its dimensions. The place is the nation; or each state, if a question asks for it; or
each agency, for figures such as "the share of agencies that served women". `not_applicable` is in
no domain: an event with it in a dimension is not in that table. A dimension may be grouped (age
bands into age groups). `tally` tables are one-way and may be sent as a `Tally`.

A table that is declared here is counted, replayed, audited and exported; nothing else is needed. A
changed table is a new table: rows are appended and never renamed.

Tiers (PRIVACY, "The unit, the caps, the budget") say how a table is released. `NEVER` stays
restricted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import About
from exchange.core.model.field_types import FieldType, field_types
from exchange.core.model.tally_tables import TallyTable

NOT_APPLICABLE: Final = "not_applicable"
MISSING_CODES: Final = frozenset(
    {"not_known", "declined", "not_collected", "worker_does_not_know", "withheld_by_agency"}
)
"""Codes for missing answers: counted, but not a known answer."""


class Tier(Enum):
    """Where and how often a table is released."""

    NATION_QUARTERLY = "nation, quarterly"
    NATION_YEARLY = "nation, yearly"
    STATE_YEARLY = "state, yearly"
    NATION_ARRIVALS = "nation, by month of arrival"
    NATION_LATE = "nation, too late for a quarter"
    NEVER = "never released"


class Scope(Enum):
    """The place of a cell: `us`, the state of the event, or the agency that sent it (restricted).

    Nothing finer than the questions ask is counted: most tables are the nation's.
    """

    NATION = "nation"
    STATE = "state"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Dimension:
    """One coded axis of a table: a field of its body, and the grouping of its codes, if any."""

    field: str
    group: str = ""

    @property
    def name(self) -> str:
        """The name in exports: the group's, or the field's."""
        return self.group or self.field


@dataclass(frozen=True, slots=True)
class Table:
    """A declared cube of counts. `measure`: the field summed, or empty for counting events."""

    name: str
    body: type[e.Body]
    dimensions: tuple[Dimension, ...] = ()
    tier: Tier = Tier.NEVER
    scope: Scope = Scope.NATION
    measure: str = ""
    tally: bool = False

    @property
    def about(self) -> About:
        """Whether it counts clients, agencies or the exchange."""
        return self.body.about


def field_type(body: type[e.Body], field: str) -> type[Enum]:
    """The enum of a body's field. Raises TypeError for a number."""
    hint = _field(body, field).hint
    if not (isinstance(hint, type) and issubclass(hint, Enum)):
        raise TypeError(f"{body.__name__}.{field} has no codes")
    return hint


def is_number(body: type[e.Body], field: str) -> bool:
    """Whether a body's field is a number that may be summed."""
    return _field(body, field).hint is int


def _field(body: type[e.Body], field: str) -> FieldType:
    return next(one for one in field_types(body) if one.name == field)


def domain(table: Table, dimension: Dimension) -> tuple[str, ...]:
    """The values of one dimension of a table, in the order of the vocabulary and of a `Tally`."""
    return _DOMAINS[table.body, dimension]


def _domain(body: type[e.Body], dimension: Dimension) -> tuple[str, ...]:
    codes = [str(member.value) for member in field_type(body, dimension.field)]
    if dimension.group:
        groups = GROUPINGS[dimension.group]
        codes = list(dict.fromkeys(groups[code] for code in codes))
    return tuple(code for code in codes if code != NOT_APPLICABLE)


def tally_codes(table: Table) -> tuple[str, ...]:
    """The code of each count in a `Tally` of the table; one empty code without a dimension."""
    return domain(table, table.dimensions[0]) if table.dimensions else ("",)


def tally_length(table: Table) -> int:
    """The number of counts in a `Tally` of the table."""
    return len(tally_codes(table))


GROUPINGS: Final[dict[str, Mapping[str, str]]] = {"age_group": v.AGE_GROUP, "service_group": v.SERVICE_GROUP}


def _dimension(text: str) -> Dimension:
    field, _, group = text.partition(">")
    return Dimension(field, group)


def _table(
    name: str,
    body: type[e.Body],
    dims: str = "",
    tier: Tier = Tier.NEVER,
    *,
    scope: Scope = Scope.NATION,
    measure: str = "",
    tally: bool = False,
) -> Table:
    dimensions = tuple(_dimension(text) for text in dims.split())
    return Table(name, body, dimensions, tier, scope, measure, tally)


BY_STATE, BY_AGENCY = Scope.STATE, Scope.AGENCY
Q, Y, S = Tier.NATION_QUARTERLY, Tier.NATION_YEARLY, Tier.STATE_YEARLY

CLIENT_TABLES: Final = (
    _table("cases", e.CaseOpened, "", Q, scope=BY_STATE, tally=True),
    _table("cases_by_gender", e.CaseOpened, "gender", Q, tally=True),
    _table("cases_by_age_group", e.CaseOpened, "age_band>age_group", Q, tally=True),
    _table("cases_by_foreign_national", e.CaseOpened, "foreign_national", Y, tally=True),
    _table("cases_by_referral_source", e.CaseOpened, "referral_source", Q, tally=True),
    _table("cases_by_trafficking_type", e.TraffickingFacts, "trafficking_type", Q, tally=True),
    _table("cases_by_trafficking_status", e.TraffickingFacts, "trafficking_status", Q, tally=True),
    _table("cases_by_exploitation_type", e.TraffickingFacts, "exploitation_type", Q, tally=True),
    _table("cases_by_sex_exploitation_type", e.TraffickingFacts, "sex_exploitation_type", Q, tally=True),
    _table("cases_by_labor_sector", e.TraffickingFacts, "labor_sector", Q, tally=True),
    _table("cases_by_recruitment_method", e.TraffickingFacts, "recruitment_method", Q, tally=True),
    _table("cases_by_control_method", e.TraffickingFacts, "control_method", Y, tally=True),
    _table("cases_by_trafficking_status_and_decision_maker", e.TraffickingFacts, "trafficking_status decision_maker"),
    _table("needs_by_service", e.NeedIdentified, "service", Q, scope=BY_STATE, tally=True),
    _table("services_by_service", e.ServiceProvided, "service", Q, scope=BY_STATE, tally=True),
    _table("services_by_wait_band", e.ServiceProvided, "wait_band", Q, tally=True),
    _table("services_by_cost_band", e.ServiceProvided, "cost_band", Q, tally=True),
    _table("services_by_funding_source", e.ServiceProvided, "funding_source", Q, tally=True),
    _table("services_by_service_and_wait_band", e.ServiceProvided, "service wait_band"),
    _table("services_by_service_and_cost_band", e.ServiceProvided, "service cost_band"),
    _table("services_by_service_and_unit_band", e.ServiceProvided, "service unit_band"),
    _table("services_by_service_and_funding_source", e.ServiceProvided, "service funding_source"),
    _table("unmet_needs_by_service", e.NeedUnmet, "service", Q, scope=BY_STATE, tally=True),
    _table("unmet_needs_by_reason", e.NeedUnmet, "unmet_reason", Q, scope=BY_STATE, tally=True),
    _table("unmet_needs_by_funding_source", e.NeedUnmet, "funding_source", Q, scope=BY_STATE, tally=True),
    _table("unmet_needs_by_service_and_reason", e.NeedUnmet, "service unmet_reason"),
    _table("barriers_by_barrier", e.BarrierReported, "barrier", Q, scope=BY_STATE, tally=True),
    _table("barriers_by_barrier_and_service", e.BarrierReported, "barrier service"),
    _table("referrals_by_service", e.ReferralMade, "service", Q, tally=True),
    _table("referrals_by_service_and_agency_type", e.ReferralMade, "service agency_type"),
    _table("referrals_by_result", e.ReferralResolved, "referral_result", Q, tally=True),
    _table("referrals_by_wait_band", e.ReferralResolved, "wait_band", Q, tally=True),
    _table("referrals_by_service_and_result", e.ReferralResolved, "service referral_result"),
    _table("health_by_condition", e.HealthObserved, "health_condition", Y, scope=BY_STATE, tally=True),
    _table("health_by_condition_and_trafficking_type", e.HealthObserved, "health_condition trafficking_type"),
    _table("health_by_condition_and_labor_sector", e.HealthObserved, "health_condition labor_sector"),
    _table("health_by_condition_and_duration_band", e.HealthObserved, "health_condition duration_band"),
    _table(
        "health_by_condition_and_age_group", e.HealthObserved, "health_condition age_band>age_group", scope=BY_STATE
    ),
    _table("outcomes_by_domain", e.OutcomeAssessed, "outcome_domain", Q, tally=True),
    _table("outcomes_by_direction", e.OutcomeAssessed, "outcome_direction", Q, tally=True),
    _table(
        "outcomes_by_domain_and_direction_and_reporter",
        e.OutcomeAssessed,
        "outcome_domain outcome_direction reported_by",
    ),
    _table("outcomes_by_resiliency_factor", e.OutcomeAssessed, "resiliency_factor outcome_direction"),
    _table(
        "outcomes_by_protective_factor", e.OutcomeAssessed, "protective_factor outcome_direction age_band>age_group"
    ),
    _table("exits_by_reason", e.CaseClosed, "exit_reason", Q, tally=True),
    _table("exits_by_destination", e.CaseClosed, "exit_destination", Q, tally=True),
    _table("exits_by_duration_band", e.CaseClosed, "duration_band", Q, tally=True),
    _table("exploiters_by_type", e.ExploiterObserved, "trafficker_type", Q, tally=True),
    _table(
        "exploiters_by_buyer_or_beneficiary_type",
        e.ExploiterObserved,
        "buyer_or_beneficiary_type",
        Q,
        tally=True,
    ),
    _table("exploiters_by_role_and_relation", e.ExploiterObserved, "trafficker_role recruiter_relation"),
    _table("exploiters_by_buyer_and_labor_sector", e.ExploiterObserved, "buyer_or_beneficiary_type labor_sector"),
    _table(
        "exploiters_by_buyer_and_sex_exploitation_type",
        e.ExploiterObserved,
        "buyer_or_beneficiary_type sex_exploitation_type",
    ),
    _table("factors_by_societal_factor", e.FactorObserved, "societal_factor", Q, scope=BY_STATE, tally=True),
    _table("factors_by_economic_factor", e.FactorObserved, "economic_factor", Q, tally=True),
    _table("factors_by_protective_factor", e.FactorObserved, "protective_factor", Q, tally=True),
    _table("factors_by_resiliency_factor", e.FactorObserved, "resiliency_factor", Q, tally=True),
    _table("factors_by_societal_factor_and_type", e.FactorObserved, "societal_factor trafficking_type"),
    _table("cases_by_agency", e.CaseOpened, "", scope=BY_AGENCY),
    _table("cases_by_agency_and_gender", e.CaseOpened, "gender", scope=BY_AGENCY),
    _table("cases_by_agency_and_trafficking_type", e.TraffickingFacts, "trafficking_type", scope=BY_AGENCY),
    _table("services_by_agency_and_service", e.ServiceProvided, "service", scope=BY_AGENCY),
    _table("outcomes_by_direction_and_reporter", e.OutcomeAssessed, "outcome_direction reported_by", Q),
    _table("cases_by_elsewhere", e.CaseOpened, "elsewhere", Y, tally=True),
)

STATE_RELEASES: Final = (
    _table("state_cases", e.CaseOpened, "", S, scope=BY_STATE),
    _table("state_needs_by_service_group", e.NeedIdentified, "service>service_group", S, scope=BY_STATE),
    _table("state_unmet_needs_by_service_group", e.NeedUnmet, "service>service_group", S, scope=BY_STATE),
)

AGENCY_TABLES: Final = (
    _table("activities_by_activity", e.ActivityHeld, "activity audience_band", Q, scope=BY_STATE),
    _table("activities_by_activity_and_agency_type", e.ActivityHeld, "activity agency_type"),
    _table("practices_by_agency_and_use", e.PracticeShared, "practice_use", scope=BY_AGENCY),
    _table("practices_by_service_and_use", e.PracticeShared, "service practice_use"),
    _table("places_by_service", e.CapacityReported, "service", Q, measure="places"),
    _table("dollars_by_funding_source", e.FundingReceived, "funding_source", Q, measure="dollars"),
    _table("dollars_by_service", e.FundingReceived, "service", Q, measure="dollars"),
    _table("fundings_by_agency_and_funding_source", e.FundingReceived, "funding_source", scope=BY_AGENCY),
    _table("provider_barriers_by_agency", e.ProviderSurveyed, "barrier", scope=BY_AGENCY),
    _table("provider_support_needed", e.ProviderSurveyed, "support_needed", Q),
    _table("provider_years_by_agency_type", e.ProviderSurveyed, "agency_type years_band", Q),
    _table("profiles_by_agency_and_type", e.AgencyProfiled, "agency_type", scope=BY_AGENCY),
    _table("profiles_by_agency_and_mode", e.AgencyProfiled, "reporting_mode", scope=BY_AGENCY),
    _table("heartbeats_by_agency", e.Heartbeat, "scheduled", scope=BY_AGENCY),
    _table("heartbeats_by_reporting_minutes", e.Heartbeat, "reporting_minutes", Q),
    _table("practices_by_practice_use", e.PracticeShared, "practice_use", Q),
    _table("provider_barriers_by_barrier", e.ProviderSurveyed, "barrier", Q),
)

TABLES: Final[tuple[Table, ...]] = (*CLIENT_TABLES, *STATE_RELEASES, *AGENCY_TABLES)
_DOMAINS: Final = {(table.body, d): _domain(table.body, d) for table in TABLES for d in table.dimensions}
BY_NAME: Final[dict[str, Table]] = {table.name: table for table in TABLES}
TALLIED: Final[dict[TallyTable, Table]] = {TallyTable(table.name): table for table in TABLES if table.tally}


def fed_by(tally: Table) -> tuple[Table, ...]:
    """The tables that a `Tally` of this one feeds: itself, and the same by agency or group."""
    return tuple(
        table
        for table in TABLES
        if table.body is tally.body and len(table.dimensions) == len(tally.dimensions) <= 1
        if [d.field for d in table.dimensions] == [d.field for d in tally.dimensions]
        if table is tally or not table.tally
        if not table.measure
        if all(
            mine == theirs or not theirs.group for mine, theirs in zip(table.dimensions, tally.dimensions, strict=True)
        )
    )


FED: Final = {name: fed_by(table) for name, table in TALLIED.items()}
"""The tables that a `Tally` feeds, by its own."""
