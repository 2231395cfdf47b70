"""The one-way client tables that an agency may send as a `Tally`. Only append: a contract."""

from enum import StrEnum

TallyTable = StrEnum(
    "TallyTable",
    "cases cases_by_gender cases_by_age_group cases_by_referral_source "
    "cases_by_trafficking_type cases_by_trafficking_status cases_by_exploitation_type "
    "cases_by_sex_exploitation_type cases_by_labor_sector cases_by_recruitment_method cases_by_control_method "
    "needs_by_service services_by_service services_by_wait_band services_by_cost_band services_by_funding_source "
    "unmet_needs_by_service unmet_needs_by_reason unmet_needs_by_funding_source barriers_by_barrier "
    "referrals_by_service referrals_by_result referrals_by_wait_band health_by_condition "
    "outcomes_by_domain outcomes_by_direction exits_by_reason exits_by_destination exits_by_duration_band "
    "exploiters_by_type exploiters_by_buyer_or_beneficiary_type factors_by_societal_factor factors_by_economic_factor "
    "factors_by_protective_factor factors_by_resiliency_factor cases_by_foreign_national cases_by_elsewhere",
)
