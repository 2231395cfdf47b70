"""The released tables with evidence for each research topic of the 2008 brief.

Rules kept: the tables of one topic are released together, at the end of a quarter or of a year.
They are of different bodies, so no event counts twice. Each is among the tables that
`tools.derive.purposes` names for the topic. Codes are those of a table's first dimension; none
named means all known ones. A topic that is missing here is in
`exchange.core.picture.asked.unanswered`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

EVIDENCE: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "demand_reduction_programs": {"activities_by_activity": ("demand_reduction",)},
    "societal_factors": {"factors_by_societal_factor": ()},
    "trafficker_typologies": {"exploiters_by_type": (), "cases_by_recruitment_method": ()},
    "consumer_typologies": {"exploiters_by_buyer_or_beneficiary_type": ()},
    "economic_factors": {"factors_by_economic_factor": (), "cases_by_labor_sector": ()},
    "financial_impact": {"services_by_cost_band": ()},
    "public_health_impact": {"health_by_condition": ()},
    "role_of_resiliency": {"outcomes_by_domain": ("resiliency",), "exits_by_reason": ()},
    "protective_factors": {"factors_by_protective_factor": ()},
    "best_practices": {"activities_by_activity": ("best_practice_shared",), "outcomes_by_direction": ()},
    "service_evaluation": {"needs_by_service": (), "services_by_service": (), "referrals_by_result": ()},
    "funding_evidence": {"unmet_needs_by_reason": (), "barriers_by_barrier": ()},
}
"""Topic → table → codes."""
