"""Questions of evaluators that no released table answers, and the smallest one that would.

Each row names the question, the tables that hold the answer and are never released, and the
smallest table that could be released instead: as few cells and as low a sensitivity as still answer
the question. Remove a row once its table is declared and its metric is in
`exchange.core.metrics.table`. Tests check two things. Every computable question of 2003 and 2008 is
answered by a metric or has a row here. Every table that is named here is still never released.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Unreleased:
    """One question.

    `smallest`: the smallest released table that answers it, in words. `answers`: codes of
    questions.
    """

    name: str
    says: str
    never: tuple[str, ...]
    smallest: str
    answers: tuple[str, ...] = ()


def _row(name: str, says: str, never: str, smallest: str, answers: str = "") -> Unreleased:
    return Unreleased(name, says, tuple(never.split()), smallest, tuple(answers.split()))


UNRELEASED: Final = (
    _row(
        "days_to_service_by_service",
        "Time to service, and needs served in time, by service.",
        "services_by_service_and_wait_band",
        "client table, nation, yearly: service group × wait band, 8 × 6 known cells; the median needs no finer one",
        "needs_met",
    ),
    _row(
        "referral_acceptance_by_service",
        "Referral acceptance by service.",
        "referrals_by_service_and_result",
        "client table, nation, yearly: service group × (accepted or attained, ended otherwise), 8 × 2 cells",
        "service_evaluation",
    ),
    _row(
        "unmet_reasons_by_service",
        "Why needs go unmet, by service.",
        "unmet_needs_by_service_and_reason",
        "client table, nation, yearly: service group × reason (capacity, eligibility, funding, other): 8 × 4 cells",
        "service_evaluation funding_evidence",
    ),
    _row(
        "agencies_serving",
        "Shares of agencies that served women, sex or labor trafficking, 20 or more clients.",
        "cases_by_agency cases_by_agency_and_gender cases_by_agency_and_trafficking_type services_by_agency_and_service",
        "client table, nation, yearly: agencies with at least one case; with one of a woman, of sex, of labor; with 20 cases "
        "or more: 5 cells, each moved by 1 at most when one client is taken away",
        "victims_per_respondent share_female share_sex_trafficking share_labor_trafficking services_provided",
    ),
    _row(
        "provider_barriers",
        "Share of agencies, and not of their answers, that meet each provider's barrier, time and skill for data among them.",
        "provider_barriers_by_agency",
        "agency table, quarterly: distinct agencies by barrier, the provider's only",
        "barriers_for_providers data_burden",
    ),
    _row(
        "health_after_labor",
        "Health conditions after labor trafficking compared with sex trafficking.",
        "health_by_condition_and_trafficking_type health_by_condition_and_labor_sector "
        "health_by_condition_and_duration_band",
        "client table, nation, yearly: health condition in groups of ten or fewer × (sex, labor, both)",
        "labor_health_consequences",
    ),
)
