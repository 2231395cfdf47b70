"""The wording of every metric: one row each.

`exchange.core.picture.wording.sentences` makes sentences.

Those of shares, ratios and quantiles are in `exchange.core.picture.wording.rate_wording`; the
kinds, and what a slot in braces means, in `exchange.core.picture.wording.wording_kinds`.

Rules kept: every metric has a row (a test counts them). A row says whom it counts as `docs/METRICS`
does: clients where each counts once, needs or records where one client may count several times.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exchange.core.metrics.shapes import YEARLY_ONLY
from exchange.core.picture.wording.rate_wording import RATE_WORDINGS
from exchange.core.picture.wording.wording_kinds import CountedThings, Wording

MEAN: Final = "_mean"
"""The ending of the means of yearly tables."""
_FACTS: Final = "in the recorded facts of their trafficking"

_COUNTS: Final[Mapping[str, str]] = {
    "cases": "clients whose case was opened",
    "cases_by_gender": "clients {gender} whose case was opened",
    "cases_by_age_group": "clients {age_group} whose case was opened",
    "cases_by_foreign_national": "clients {foreign_national} to the question of nationality whose case was opened",
    "cases_by_referral_source": "clients {referral_source} whose case was opened",
    "cases_by_trafficking_type": f"clients {{trafficking_type}} {_FACTS}",
    "cases_by_trafficking_status": f"clients {{trafficking_status}} {_FACTS}",
    "cases_by_exploitation_type": f"clients {{exploitation_type}} {_FACTS}",
    "cases_by_sex_exploitation_type": f"clients {{sex_exploitation_type}} {_FACTS}",
    "cases_by_labor_sector": f"clients {{labor_sector}} {_FACTS}",
    "cases_by_recruitment_method": f"clients {{recruitment_method}} {_FACTS}",
    "cases_by_control_method": "records {control_method}",
    "needs_by_service": "needs {service} that were identified",
    "services_by_service": "services {service_given}",
    "services_by_wait_band": "clients who got a first service {wait_band}",
    "services_by_cost_band": "clients who got a service {cost_band}",
    "services_by_funding_source": "clients who got a service {funding_source}",
    "unmet_needs_by_service": "needs {service} that went unmet",
    "unmet_needs_by_reason": "clients whose need went unmet {unmet_reason}",
    "unmet_needs_by_funding_source": "clients with an unmet need at a program {funding_source}",
    "barriers_by_barrier": "clients who met {barrier}",
    "referrals_by_service": "referrals {service}",
    "referrals_by_result": "clients with a resolved referral {referral_result}",
    "referrals_by_wait_band": "clients with a resolved referral {wait_band}",
    "health_by_condition": "observations of {health_condition}",
    "outcomes_by_domain": "assessments {outcome_domain}",
    "outcomes_by_direction": "clients assessed {outcome_direction}",
    "exits_by_reason": "clients whose case was closed {exit_reason}",
    "exits_by_destination": "clients whose case was closed {exit_destination}",
    "exits_by_duration_band": "clients whose case was closed {duration_band}",
    "exploiters_by_type": "records of exploiters {trafficker_type}",
    "exploiters_by_buyer_or_beneficiary_type": "clients with a record of a buyer or beneficiary {buyer_or_beneficiary_type}",
    "factors_by_societal_factor": "clients for whom {societal_factor} was seen",
    "factors_by_economic_factor": "clients for whom {economic_factor} was seen",
    "factors_by_protective_factor": "clients for whom {protective_factor} was seen",
    "factors_by_resiliency_factor": "clients for whom {resiliency_factor} was seen",
    "outcomes_by_direction_and_reporter": "clients assessed {outcome_direction} {reported_by}",
    "cases_by_elsewhere": "clients {elsewhere} to the question about other programs whose case was opened",
    "state_cases": "clients whose case was opened",
    "state_needs_by_service_group": "needs {service_group} that were identified",
    "state_unmet_needs_by_service_group": "needs {service_group} that went unmet",
    "clients_over_caps": "clients with more events than the caps let count",
    "cases_too_late": "clients whose case came after the quarter was counted, less those withdrawn since",
    "arrivals_cases": "clients whose case was opened",
    "arrivals_needs": "clients with an identified need",
    "arrivals_services": "clients who got a service",
    "arrivals_unmet_needs": "clients with an unmet need",
    "activities_by_activity": "activities {activity} {audience_band}",
    "places_by_service": "places {service}, added up over their reports",
    "dollars_by_funding_source": "US dollars received {funder}",
    "dollars_by_service": "US dollars received {service}",
    "provider_support_needed": "answers of providers who want help {support_needed}",
    "provider_years_by_agency_type": "answers of providers {years_band}, at agencies {agency_type}",
    "heartbeats_by_reporting_minutes": "scheduled reports {reporting_minutes}",
    "practices_by_practice_use": "records of a practice, {practice_use}",
    "provider_barriers_by_barrier": "answers of providers who named {barrier}",
    "needs": "needs that were identified",
    "services": "services given",
    "unmet_needs": "needs that went unmet",
    "evidence": "records with a known answer that speak to {research_topic}",
}
_THERE_WERE: Final[Mapping[str, str]] = {
    "reporting": "registered agencies {presence}",
    "reporting_by_division": "registered agencies {presence}",
    "reporting_by_agency_type": "registered agencies {agency_type} {presence}",
    "reporting_on_time": "agencies that were heard from {timeliness}",
    "agencies_known": "registered agencies {agency_type}",
}
WORDINGS: Final[Mapping[str, Wording]] = MappingProxyType({
    **{name: CountedThings(things) for name, things in _COUNTS.items()},
    **{name: CountedThings(things, reported=False) for name, things in _THERE_WERE.items()},
    **RATE_WORDINGS,
})  # fmt: skip
"""Metric → wording. `_yearly_only` and `_mean` have that of their namesake."""


def wording_of(metric: str) -> Wording:
    """The wording of a metric. Raises KeyError if there is none."""
    return WORDINGS[metric.removesuffix(YEARLY_ONLY).removesuffix(MEAN)]
