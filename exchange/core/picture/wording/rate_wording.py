"""The wording of shares, ratios and quantiles: one row each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exchange.core.metrics.quantiles import Band
from exchange.core.model.vocabulary import (
    DURATION_BAND_DAYS,
    REPORTING_MINUTES_MINUTES,
    WAIT_BAND_DAYS,
    YEARS_BAND_YEARS,
)
from exchange.core.picture.wording.wording_kinds import ForEach, PerHundred, UpTo, Wording


def _open(bands: Mapping[str, Band]) -> int:
    """The least number of the band without an end."""
    return next(least for least, greatest in bands.values() if greatest is None)


_SHARES: Final[Mapping[str, PerHundred]] = {
    "unmet_need_share": PerHundred(
        "Needs {service} {service_group} that went unmet",
        "needs {service} {service_group} identified",
        "were reported unmet",
    ),
    "late_case_share": PerHundred(
        "Clients whose case came too late",
        "clients whose case was counted",
        "more whose case came after the quarter was counted",
        per=True,
    ),
    "served_within_30_days": PerHundred(
        "First services within 30 days of the need",
        "clients who got a first service after a need",
        "got it within 30 days",
    ),
    "referral_acceptance": PerHundred(
        "Referrals that led to a service", "clients whose referral ended", "were accepted or got the service"
    ),
    "barrier_share": PerHundred(
        "Clients who met {barrier}", "clients who met a barrier", "were counted with {barrier}"
    ),
    "barriers_per_case": PerHundred(
        "Clients who met {barrier}, for each case", "cases opened", "clients counted with {barrier}", per=True
    ),
    "needs_per_case": PerHundred("Needs {service} for each case", "cases opened", "needs {service}", per=True),
    "services_per_case": PerHundred(
        "Services {service_given} for each case", "cases opened", "services {service_given}", per=True
    ),
    "unmet_reason_share": PerHundred(
        "Needs that went unmet {unmet_reason}",
        "clients with an unmet need",
        "went without {unmet_reason}",
    ),
    "exit_reason_share": PerHundred(
        "Care that ended {exit_reason}", "clients whose case was closed", "ended care {exit_reason}"
    ),
    "exit_destination_share": PerHundred(
        "Care that ended {exit_destination}", "clients whose case was closed", "ended care {exit_destination}"
    ),
    "care_over_12_months": PerHundred(
        "Care for more than twelve months", "clients whose case was closed", "were in care for more than twelve months"
    ),
    "outcome_direction_share": PerHundred(
        "Clients assessed {outcome_direction}",
        "clients assessed",
        "were assessed {outcome_direction}",
    ),
    "outcome_direction_share_by_reporter": PerHundred(
        "Clients assessed {outcome_direction}, {reported_by}",
        "clients assessed {reported_by}",
        "were assessed {outcome_direction}",
    ),
    "health_condition_share": PerHundred(
        "Observations of {health_condition}", "observations of a health condition", "were of {health_condition}"
    ),
    "foreign_national_share": PerHundred(
        "Clients who are foreign nationals",
        "clients of known nationality whose case was opened",
        "were foreign nationals",
    ),
    "gender_share": PerHundred(
        "Clients {gender}", "clients of known gender whose case was opened", "were reported {gender}"
    ),
    "age_group_share": PerHundred(
        "Clients {age_group}", "clients of known age whose case was opened", "were {age_group}"
    ),
    "trafficking_type_share": PerHundred(
        "Clients {trafficking_type}", "clients with a known type of trafficking", "were reported {trafficking_type}"
    ),
    "served_elsewhere_share": PerHundred(
        "Clients whom another program served already",
        "clients with a known answer whose case was opened",
        "were served by another trafficking program already",
    ),
    "organized_exploiter_share": PerHundred(
        "Exploiters in organized networks and gangs",
        "records of exploiters of a known type",
        "named an organized network or a gang",
    ),
    "needs_per_place": PerHundred(
        "Needs {service} for each place reported", "places {service} reported", "needs {service}", per=True
    ),
    "support_needed_share": PerHundred(
        "Help wanted {support_needed}", "shown answers of providers who want help", "wanted it {support_needed}"
    ),
    "provider_barrier_share": PerHundred(
        "Providers' answers naming {barrier}", "shown answers of providers who named a barrier", "named {barrier}"
    ),
    "practice_use_share": PerHundred(
        "Records of a practice, {practice_use}", "shown records of a practice", "were {practice_use}"
    ),
    "reporting_minutes_share": PerHundred(
        "Scheduled reports {reporting_minutes}",
        "shown scheduled reports with stated staff time",
        "were reported {reporting_minutes}",
    ),
    "reporting_coverage": PerHundred(
        "Registered agencies {agency_type} heard from",
        "registered agencies {agency_type}",
        "were heard from by a scheduled report",
    ),
    "reporting_on_time_share": PerHundred(
        "Agencies whose reports were on time", "agencies that were heard from", "had every scheduled report on time"
    ),
}
_OTHERS: Final[Mapping[str, Wording]] = {
    "dollars_per_unmet_need": ForEach(
        "Dollars {service} for each unmet need", "need {service} that went unmet", "US dollars for the service"
    ),
    "dollars_per_unmet_need_by_funding_source": ForEach(
        "Dollars {funder} for each client with an unmet need",
        "client with an unmet need at a program {funding_source}",
        "US dollars {funder}",
    ),
    "days_to_service": UpTo(
        "Days from need to first service",
        "the clients who got a first service",
        "waited for it",
        "days",
        _open(WAIT_BAND_DAYS),
    ),
    "days_to_referral_result": UpTo(
        "Days to the result of a referral",
        "the clients with a resolved referral",
        "waited for the result",
        "days",
        _open(WAIT_BAND_DAYS),
    ),
    "days_in_care": UpTo(
        "Days in care", "the clients whose case was closed", "were in care for", "days", _open(DURATION_BAND_DAYS)
    ),
    "years_in_position": UpTo(
        "Years in the position at agencies {agency_type}",
        "the providers surveyed at agencies {agency_type}",
        "had been in their position for",
        "years",
        _open(YEARS_BAND_YEARS),
    ),
    "reporting_minutes": UpTo(
        "Staff minutes for a scheduled report",
        "the scheduled reports with stated staff time",
        "took staff",
        "minutes",
        _open(REPORTING_MINUTES_MINUTES),
    ),
}
RATE_WORDINGS: Final[Mapping[str, Wording]] = MappingProxyType({**_SHARES, **_OTHERS})
