"""Which live figures stand beside each figure of the 2003 study, and how they differ from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from exchange.core.picture.asked.live_figures import AskedCells


@dataclass(frozen=True, slots=True)
class Beside:
    """`figures` empty: nothing live. `remark`: how they differ, or why there are none."""

    remark: str
    figures: tuple[AskedCells, ...] = ()


def _of(metric: str, **where: str) -> AskedCells:
    return AskedCells(metric, {name: tuple(codes.split()) for name, codes in where.items()})


_METHOD: Final = Beside("It describes how the study was made, so there is nothing to compute.")
_OPINION: Final = Beside("It is an opinion of the respondents; no report holds it.")
_AGENCIES_SERVING: Final = Beside(
    "The study has shares of respondents; no released table counts agencies by whom they served."
)
_FEARS: Final = "lack_of_trust fear_of_retaliation_self fear_of_retaliation_family"

LIVE: Final[Mapping[str, Beside]] = MappingProxyType({
    "providers_surveyed": Beside(
        "The study asked providers once. The exchange counts agencies that it heard from by a scheduled report.",
        (_of("reporting", presence="publishing"),),
    ),
    "providers_in_focus_groups": _METHOD,
    "victims_interviewed": _METHOD,
    "agency_types": Beside(
        "The study's abstract names kinds of agencies, without shares. The exchange counts those that are registered.",
        (_of("agencies_known", agency_type="legal health immigrant faith_based trafficking"),),
    ),
    "years_in_position": Beside(
        "The study has a mean over all respondents. The exchange has the middle value, by kind of agency, from bands.",
        (_of("years_in_position", agency_type="", quantile="p50"),),
    ),
    "victims_per_respondent": _AGENCIES_SERVING,
    "share_female": _AGENCIES_SERVING,
    "share_sex_trafficking": _AGENCIES_SERVING,
    "share_labor_trafficking": _AGENCIES_SERVING,
    "countries_of_origin": Beside(
        "The study speaks of many countries. The exchange knows only whether a client is a foreign national, where "
        "agencies report it.",
        (_of("foreign_national_share"),),
    ),
    "needs_of_victims": Beside(
        "The study's abstract names needs, without ranks or shares. The exchange counts needs for each case opened.",
        (_of("needs_per_case", service="housing medical advocacy legal transportation outreach food"),),
    ),
    "services_provided": Beside(
        "The study's figure was not at hand. The exchange counts services given for each case opened.",
        (_of("services_per_case", service=""),),
    ),
    "needs_met": Beside(
        "The study has no share. The exchange knows which needs went unmet; whether the others were met in time, it does not.",
        (_of("unmet_need_share", service_group=""),),
    ),
    "responsiveness": Beside(
        "The study asked how responsive services are; its answer was not at hand. The exchange has waits and results.",
        (
            _of("days_to_service", quantile="p50 p90"),
            _of("served_within_30_days"),
            _of("days_to_referral_result", quantile="p50 p90"),
            _of("referral_acceptance"),
        ),
    ),
    "similar_groups": _OPINION,
    "differences_danger": Beside(
        "The study has an opinion on danger. The exchange has the share of exploiters in organized networks and gangs.",
        (_of("organized_exploiter_share"),),
    ),
    "time_with_victim": Beside(
        "The study has what most respondents said. The exchange has closed cases only; open ones may last longer.",
        (_of("care_over_12_months"), _of("days_in_care", quantile="p50")),
    ),
    "barriers_for_victims": Beside(
        "The study's abstract names barriers, without shares. The exchange counts them for each case opened; fear of "
        "deportation has its own count, once a year.",
        (
            _of("barriers_per_case", barrier=_FEARS),
            _of("barriers_by_barrier_yearly_only", barrier="fear_of_deportation"),
        ),
    ),
    "barriers_for_providers": Beside(
        "The study's list was not at hand. The exchange has shares of providers' answers, not of agencies.",
        (_of("provider_barrier_share", barrier=""),),
    ),
    "support_needed": Beside(
        "The study's list was not at hand. The exchange has shares of providers' answers.",
        (_of("support_needed_share", support_needed=""),),
    ),
    "report_figures": _METHOD,
    "data_systems_missing": Beside(
        "In 2008 there was no system to track services. The exchange is one, as far as registered agencies report to it.",
        (_of("reporting_coverage"),),
    ),
    "data_burden": Beside(
        "In 2008 the burden was called enormous. The exchange has minutes that staff state, and providers' answers.",
        (
            _of("reporting_minutes", quantile="p50 p90"),
            _of("provider_barrier_share", barrier="limited_staff_time lack_of_data_expertise"),
        ),
    ),
    "practice_awareness": Beside(
        "In 2008 agencies did not know each other's practices. The exchange counts practices shared, read and adopted.",
        (_of("practice_use_share", practice_use="shared read adopted"),),
    ),
})  # fmt: skip
"""Code of the study → what stands beside it."""
