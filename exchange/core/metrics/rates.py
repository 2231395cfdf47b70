"""The metrics that are more than counts: one row each (`exchange.core.metrics.table` has all)."""

from typing import Final

from exchange.core.metrics.evidence_tables import EVIDENCE
from exchange.core.metrics.figures import Unit
from exchange.core.metrics.formulas import (
    either,
    evidence,
    in_all,
    over_last,
    part_of,
    per,
    rated,
    rated_in_all,
    shared_within,
)
from exchange.core.metrics.shapes import (
    AGENCIES,
    DOLLARS,
    EVENTS,
    PUBLISHING,
    SHARE,
    Metric,
    each_over,
    in_bands,
    per_case,
    share_in,
    shares_of,
)
from exchange.core.model import vocabulary as v
from exchange.core.release.catalogue import COVERAGE, ON_TIME, TIMELINESS

UNMET: Final = "unmet_needs_by_service"
NEEDS: Final = "needs_by_service"
GROUP: Final = "service_group"
OF_STATES: Final = "state_needs_by_service_group"
UNMET_OF_STATES: Final = "state_unmet_needs_by_service_group"

_BUT_FOR: Final = "those of services that are released for the year only left out"


def _in_all(name: str, table: str, says: str) -> Metric:
    return Metric(name, in_all(table), ((),), EVENTS, (table,), f"{says}, of all services together; {_BUT_FOR}.")


RATES: Final = (
    _in_all("needs", NEEDS, "Needs identified"),
    _in_all("services", "services_by_service", "Services given"),
    _in_all("unmet_needs", UNMET, "Needs reported unmet"),
    Metric(
        "unmet_need_share",
        either(rated(UNMET, NEEDS), rated_in_all(UNMET_OF_STATES, OF_STATES), rated(UNMET_OF_STATES, OF_STATES)),
        (("service",), (GROUP,), ("state", GROUP), ("division", GROUP)),
        SHARE,
        (UNMET, NEEDS, UNMET_OF_STATES, OF_STATES),
        "Needs reported unmet for each need identified in the same period; over 1 when needs of earlier periods went unmet. "
        "Of each client, both are about the same services.",
        ("service_evaluation",),
    ),
    Metric(
        "late_case_share",
        per("cases_too_late", "cases"),
        ((),),
        SHARE,
        ("cases_too_late", "cases"),
        "Clients whose case came after their quarter was counted, for each client counted in it: what its figures lack.",
    ),
    in_bands(
        "days_to_service",
        "services_by_wait_band",
        "Of clients who got a first service, days from its need: half (p50) and nine in ten (p90) waited no longer.",
        bands=v.WAIT_BAND_DAYS,
        answers="responsiveness service_evaluation",
    ),
    in_bands(
        "days_to_referral_result",
        "referrals_by_wait_band",
        "Of clients with a resolved referral, days to its result: half and nine in ten waited no longer.",
        bands=v.WAIT_BAND_DAYS,
        answers="responsiveness",
    ),
    share_in(
        "served_within_30_days",
        "services_by_wait_band",
        "Of clients who got a first service after a need, those whose came within 30 days; needs never served are not in it.",
        above="same_day days_1_7 days_8_30",
        answers="responsiveness",
    ),
    share_in(
        "referral_acceptance",
        "referrals_by_result",
        "Of clients whose referral ended, those accepted or led to the service; waiting and withdrawn ones left out.",
        above="accepted attained",
        below="accepted attained client_declined provider_rejected not_attained no_response",
        answers="responsiveness service_evaluation",
    ),
    shares_of(
        "barrier_share",
        "barriers_by_barrier",
        "Each barrier as a share of all barriers that people met.",
        "barriers_for_victims funding_evidence",
    ),
    per_case(
        "barriers_per_case",
        "barriers_by_barrier",
        "barriers per case opened",
        "How often each barrier was met for each case opened in the period: the measure of 2003, live.",
        "barriers_for_victims",
    ),
    per_case(
        "needs_per_case",
        "needs_by_service",
        "needs per case opened",
        "How often each service was needed for each case opened in the period: the measure of 2003, live.",
        "needs_of_victims",
    ),
    per_case(
        "services_per_case",
        "services_by_service",
        "services per case opened",
        "How often each service was given for each case opened in the period.",
        "services_provided",
    ),
    shares_of(
        "unmet_reason_share",
        "unmet_needs_by_reason",
        "Of clients with an unmet need, the share whose need went unmet for each reason.",
        "funding_evidence",
    ),
    shares_of(
        "exit_reason_share", "exits_by_reason", "Of clients whose case closed, why care ended.", "role_of_resiliency"
    ),
    shares_of("exit_destination_share", "exits_by_destination", "Of clients whose case closed, where they went."),
    in_bands(
        "days_in_care",
        "exits_by_duration_band",
        "Of clients whose case closed, days in care: half and nine in ten; cases still open are not in it.",
        bands=v.DURATION_BAND_DAYS,
        answers="time_with_victim",
    ),
    share_in(
        "care_over_12_months",
        "exits_by_duration_band",
        "Of clients whose case closed, the share in care for more than twelve months: the figure of 2003.",
        above="months_12_to_24 over_24_months",
        answers="time_with_victim",
    ),
    shares_of(
        "outcome_direction_share",
        "outcomes_by_direction",
        "Of clients assessed, how life moved between two looks, whoever said so.",
        "role_of_resiliency best_practices",
    ),
    Metric(
        "outcome_direction_share_by_reporter",
        shared_within("outcomes_by_direction_and_reporter"),
        (("outcome_direction", "reported_by"),),
        SHARE,
        ("outcomes_by_direction_and_reporter",),
        "Of clients assessed, how life moved, apart for those whose survivor, worker or both together said so.",
        ("role_of_resiliency", "best_practices"),
    ),
    shares_of(
        "health_condition_share",
        "health_by_condition",
        "Each condition as a share of conditions seen.",
        "public_health_impact",
    ),
    share_in(
        "foreign_national_share",
        "cases_by_foreign_national",
        "Of clients where it is known and the agency reports it, those who are foreign nationals.",
        above="yes",
        below="yes no",
        answers="countries_of_origin",
    ),
    shares_of("gender_share", "cases_by_gender", "Of clients whose case opened, each known gender."),
    shares_of("age_group_share", "cases_by_age_group", "Of clients whose case opened, each known age group."),
    shares_of(
        "trafficking_type_share",
        "cases_by_trafficking_type",
        "Of clients whose facts are known, those who were in sex or labor trafficking, or in both.",
    ),
    share_in(
        "served_elsewhere_share",
        "cases_by_elsewhere",
        "Of clients where it is known, those whom another trafficking program served already: how many people count twice.",
        above="yes",
    ),
    share_in(
        "organized_exploiter_share",
        "exploiters_by_type",
        "Of traffickers whose type is known, organized networks and gangs.",
        above="organized_network gang",
        answers="differences_danger trafficker_typologies",
    ),
    each_over(
        "needs_per_place",
        "needs_by_service",
        "places_by_service",
        "Needs identified for each place that agencies reported for the service: capacity against need.",
        unit=Unit("needs per place reported", 4),
    ),
    each_over(
        "dollars_per_unmet_need",
        "dollars_by_service",
        "unmet_needs_by_service",
        "Money received for a service for each need of it that went unmet: low where funding lags need.",
        unit=DOLLARS,
    ),
    each_over(
        "dollars_per_unmet_need_by_funding_source",
        "dollars_by_funding_source",
        "unmet_needs_by_funding_source",
        "Money received from a program for each client who went without what it pays for.",
        unit=Unit("US dollars per client with an unmet need", 2),
    ),
    shares_of(
        "support_needed_share",
        "provider_support_needed",
        "What providers ask help with, as shares of their answers that are shown.",
        "support_needed",
    ),
    shares_of(
        "provider_barrier_share",
        "provider_barriers_by_barrier",
        "What stands in providers' way, time and skill for data among it, as shares of their answers that are shown.",
        "barriers_for_providers data_burden",
    ),
    shares_of(
        "practice_use_share",
        "practices_by_practice_use",
        "Practices shared, read and adopted, as shares of those of the three that are shown.",
        "practice_awareness best_practices",
    ),
    in_bands(
        "years_in_position",
        "provider_years_by_agency_type",
        "Years in the present position, half and nine in ten of providers surveyed, by kind of agency, where all are shown.",
        bands=v.YEARS_BAND_YEARS,
        unit=Unit("years"),
        answers="years_in_position",
    ),
    in_bands(
        "reporting_minutes",
        "heartbeats_by_reporting_minutes",
        "Minutes that staff spend on one scheduled report, as they state them: half and nine in ten, where all are shown.",
        bands=v.REPORTING_MINUTES_MINUTES,
        unit=Unit("minutes"),
        answers="data_burden",
    ),
    shares_of(
        "reporting_minutes_share",
        "heartbeats_by_reporting_minutes",
        "What reporting costs: minutes that staff spend on one scheduled report, as they state them, as shares of those shown.",
        "data_burden",
    ),
    Metric(
        "reporting_coverage",
        either(*(part_of(one.name, PUBLISHING) for one in COVERAGE)),
        tuple(one.dimensions[:-1] for one in COVERAGE),
        SHARE,
        tuple(one.name for one in COVERAGE),
        "Of registered agencies, those heard from by a scheduled heartbeat in the quarter; a year's is the average of its own.",
        ("data_systems_missing",),
    ),
    share_in(
        "reporting_on_time_share",
        ON_TIME.name,
        "Of agencies heard from, those whose scheduled runs in the quarter were on time; a year's is the average of its own.",
        above=TIMELINESS[0],
        answers="data_systems_missing",
    ),
    Metric(
        "agencies_known",
        either(*(over_last(one.name) for one in COVERAGE)),
        tuple(one.dimensions[:-1] for one in COVERAGE),
        AGENCIES,
        tuple(one.name for one in COVERAGE),
        "Registered agencies, publishing or silent, in all, by where and by what they are; a year counts each once a quarter.",
        ("providers_surveyed", "agency_types"),
    ),
    Metric(
        "evidence",
        evidence(EVIDENCE),
        (("research_topic",),),
        EVENTS,
        tuple(dict.fromkeys(table for tables in EVIDENCE.values() for table in tables)),
        "Events with a known answer that speak to each research topic of 2008: how much evidence there is, not what it says.",
        tuple(EVIDENCE),
    ),
)
