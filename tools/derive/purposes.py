"""Why each field is asked and each table is counted: the question that it answers, or its purpose.

Questions are the rows of `needs_assessment_figure.csv` (figures that the 2003 needs assessment
published) and `research_topic.csv` (topics that the 2008 symposium asked for). `ANSWERS` names the
questions of each table. A field serves the questions of the tables that count it, so no question is
named twice. `BESIDE` holds the purpose of each table that answers none.

Rules kept, by `tests/unit/tree/test_docs.py`: every table is here once; every computable question
has a table; a table counts a body that its question names (denominators and the exchange's own
bodies aside); every field has its reason.
"""

from typing import Final

DENOMINATORS: Final = frozenset({"cases", "cases_by_agency"})
"""The wholes that shares are shares of, whatever body their question names."""

ANSWERS: Final[dict[str, str]] = {
    "cases": "needs_of_victims countries_of_origin time_with_victim barriers_for_victims public_health_impact",
    "cases_by_age_group": "public_health_impact",
    "cases_by_foreign_national": "countries_of_origin",
    "cases_by_labor_sector": "trafficker_typologies economic_factors",
    "cases_by_recruitment_method": "trafficker_typologies",
    "cases_by_control_method": "trafficker_typologies economic_factors",
    "needs_by_service": "needs_of_victims needs_met service_evaluation public_health_impact",
    "services_by_service": "services_provided service_evaluation",
    "services_by_wait_band": "responsiveness service_evaluation best_practices",
    "services_by_cost_band": "financial_impact",
    "services_by_funding_source": "financial_impact",
    "services_by_service_and_wait_band": "needs_met responsiveness service_evaluation best_practices",
    "services_by_service_and_cost_band": "financial_impact",
    "services_by_service_and_unit_band": "financial_impact",
    "services_by_service_and_funding_source": "financial_impact",
    "unmet_needs_by_service": "needs_met service_evaluation",
    "unmet_needs_by_reason": "service_evaluation funding_evidence",
    "unmet_needs_by_funding_source": "funding_evidence",
    "unmet_needs_by_service_and_reason": "service_evaluation funding_evidence",
    "barriers_by_barrier": "barriers_for_victims funding_evidence",
    "barriers_by_barrier_and_service": "barriers_for_victims funding_evidence",
    "referrals_by_result": "responsiveness service_evaluation",
    "referrals_by_wait_band": "responsiveness service_evaluation",
    "referrals_by_service_and_result": "responsiveness service_evaluation",
    "health_by_condition": "public_health_impact",
    "health_by_condition_and_trafficking_type": "labor_health_consequences",
    "health_by_condition_and_labor_sector": "labor_health_consequences",
    "health_by_condition_and_duration_band": "labor_health_consequences",
    "health_by_condition_and_age_group": "public_health_impact",
    "outcomes_by_domain": "role_of_resiliency",
    "outcomes_by_direction": "role_of_resiliency protective_factors best_practices",
    "outcomes_by_domain_and_direction_and_reporter": "role_of_resiliency best_practices",
    "outcomes_by_direction_and_reporter": "role_of_resiliency best_practices",
    "outcomes_by_resiliency_factor": "role_of_resiliency",
    "outcomes_by_protective_factor": "protective_factors",
    "exits_by_reason": "role_of_resiliency",
    "exits_by_duration_band": "time_with_victim",
    "exploiters_by_type": "differences_danger trafficker_typologies",
    "exploiters_by_buyer_or_beneficiary_type": "consumer_typologies",
    "exploiters_by_role_and_relation": "trafficker_typologies",
    "exploiters_by_buyer_and_labor_sector": "consumer_typologies",
    "exploiters_by_buyer_and_sex_exploitation_type": "consumer_typologies",
    "factors_by_societal_factor": "societal_factors",
    "factors_by_economic_factor": "economic_factors",
    "factors_by_protective_factor": "protective_factors",
    "factors_by_societal_factor_and_type": "societal_factors",
    "cases_by_agency": "victims_per_respondent share_female share_sex_trafficking share_labor_trafficking",
    "cases_by_agency_and_gender": "share_female",
    "cases_by_agency_and_trafficking_type": "share_sex_trafficking share_labor_trafficking",
    "services_by_agency_and_service": "services_provided",
    "state_cases": "public_health_impact",
    "state_needs_by_service_group": "public_health_impact service_evaluation",
    "state_unmet_needs_by_service_group": "funding_evidence service_evaluation",
    "activities_by_activity": "demand_reduction_programs best_practices",
    "practices_by_agency_and_use": "practice_awareness",
    "practices_by_service_and_use": "best_practices",
    "provider_barriers_by_agency": "barriers_for_providers data_burden",
    "provider_support_needed": "support_needed",
    "provider_years_by_agency_type": "years_in_position",
    "profiles_by_agency_and_type": "providers_surveyed agency_types data_systems_missing",
    "profiles_by_agency_and_mode": "data_systems_missing",
    "heartbeats_by_agency": "data_systems_missing",
    "heartbeats_by_reporting_minutes": "data_burden",
    "practices_by_practice_use": "practice_awareness best_practices",
    "provider_barriers_by_barrier": "barriers_for_providers data_burden",
}

BESIDE: Final[dict[str, str]] = {
    "cases_by_gender": "who is served, nationally",
    "cases_by_elsewhere": "how many of the people counted another program serves too: nobody is de-duplicated",
    "cases_by_referral_source": "which doors people come through",
    "cases_by_trafficking_type": "which trafficking people went through, nationally",
    "cases_by_trafficking_status": "how sure the facts are that other tables count",
    "cases_by_exploitation_type": "what was done, in finer words than sex or labor",
    "cases_by_sex_exploitation_type": "the same within sex trafficking",
    "cases_by_trafficking_status_and_decision_maker": "who decided the status",
    "referrals_by_service": "what people are referred for, beside what becomes of it",
    "referrals_by_service_and_agency_type": "to what kind of agency",
    "exits_by_destination": "where people go when care ends",
    "factors_by_resiliency_factor": "strengths seen in a case, beside the outcomes of role_of_resiliency",
    "activities_by_activity_and_agency_type": "whom activities address",
    "places_by_service": "places there are, beside needs unmet for want of one",
    "dollars_by_funding_source": "money there is, beside funding_evidence",
    "dollars_by_service": "what the money is for",
    "fundings_by_agency_and_funding_source": "who pays, where no amount is stated",
}

WHY: Final[dict[str, dict[str, str]]] = {
    "CaseOpened": {
        "gender": "the 2003 share of agencies that served women",
        "age_band": "age decides on protection and health; a band, because an age singles a person out",
        "foreign_national": "stands for the country of origin, which would reveal too much",
        "referral_source": "which door to fund",
        "elsewhere": "how often two programs count the same person, which nobody may look up",
    },
    "TraffickingFacts": {
        "trafficking_type": "the 2003 shares of agencies by sex and labor trafficking",
        "trafficking_status": "a possible case is not a confirmed one",
        "decision_maker": "a status means little without who decided it",
        "exploitation_type": "sex or labor is too coarse for forced marriage, begging or organ removal",
        "sex_exploitation_type": "where demand is met",
        "labor_sector": "which industries",
        "recruitment_method": "where prevention can reach people",
        "control_method": "how people are held; debt bondage is an economic factor",
    },
    "NeedIdentified": {"service": "what is needed, delivered or not"},
    "ServiceProvided": {
        "service": "what is delivered",
        "wait_band": "whether it came in time",
        "cost_band": "what care costs; a band, because a sum can be found again in an account",
        "unit_band": "how much of it, so that costs compare",
        "funding_source": "who pays",
    },
    "NeedUnmet": {
        "service": "what is missing",
        "unmet_reason": "why, which decides what would help",
        "funding_source": "which program turned people away, or ran out",
    },
    "BarrierReported": {
        "barrier": "what keeps people from services",
        "service": "from which service",
    },
    "ReferralMade": {
        "service": "what another agency is asked for",
        "agency_type": "what kind of agency; never which one",
    },
    "ReferralResolved": {
        "service": "which referrals fail",
        "referral_result": "whether people arrived",
        "wait_band": "how long the answer took",
    },
    "HealthObserved": {
        "health_condition": "the condition",
        "trafficking_type": "labor compared with sex trafficking",
        "labor_sector": "which work makes ill",
        "duration_band": "how long the exploitation lasted: the dose",
        "age_band": "age groups, for public health",
    },
    "OutcomeAssessed": {
        "outcome_domain": "which part of life",
        "outcome_direction": "better, the same or worse since the last look",
        "reported_by": "the person's own word and the worker's are two measures",
        "resiliency_factor": "which strength was looked at",
        "protective_factor": "which protection was looked at",
        "age_band": "what protects the young is not what protects adults",
    },
    "CaseClosed": {
        "exit_reason": "why care ended",
        "exit_destination": "where to: housing is the first need",
        "duration_band": "the 2003 figure: most worked with a client for more than 12 months",
    },
    "ExploiterObserved": {
        "trafficker_type": "typology of traffickers; a whole network is the danger named in 2003",
        "trafficker_role": "what the person did",
        "recruiter_relation": "how close the recruiter stood",
        "buyer_or_beneficiary_type": "typology of those who buy or gain",
        "sex_exploitation_type": "in which market",
        "labor_sector": "in which industry",
    },
    "FactorObserved": {
        "societal_factor": "what in society let it happen",
        "economic_factor": "what in the economy did",
        "protective_factor": "what protects a person now",
        "resiliency_factor": "what strength a person has now",
        "trafficking_type": "societal factors differ between sex and labor trafficking",
    },
    "ActivityHeld": {
        "activity": "what agencies do besides serving clients",
        "audience_band": "reach; crowds are estimated, not counted",
        "agency_type": "whom it addressed",
    },
    "PracticeShared": {
        "practice": "its number in the practice catalogue, so that no text is needed",
        "practice_use": "shared, read or adopted",
        "service": "what it is about",
    },
    "CapacityReported": {
        "service": "places for what",
        "places": "places there are; places taken would be about clients",
    },
    "FundingReceived": {
        "funding_source": "from whom",
        "service": "for what",
        "dollars": "how much, fixed in advance; payments per client would be about clients",
    },
    "ProviderSurveyed": {
        "agency_type": "means by kind of agency, as in 2003",
        "barrier": "what keeps providers from serving",
        "support_needed": "which of these they want help with",
        "years_band": "years in position, as in 2003",
    },
    "AgencyProfiled": {
        "agency_type": "how many agencies of which kind publish",
        "reporting_mode": "whether it sends events or totals only",
    },
    "Tally": {
        "table": "which one-way table",
        "counts": "its whole domain, zeros included, so that what is absent says nothing",
    },
    "Heartbeat": {
        "scheduled": "only scheduled runs feed reporting coverage",
        "reporting_minutes": "what publishing costs an agency, as a person states it",
        "key": "number of the registered key that verifies the signature",
        "signature": "the agency answers for all that stands before it",
        "on_time": "whether reports come when they are due, beside whether they come",
        "nothing_to_report": "an agency without news is not a silent one",
    },
    "Correction": {
        "sequence": "of the event that is taken back",
        "previous": "of that event, so that the gate rebuilds its exact bytes",
        "period": "of that event",
        "state": "of that event",
        "cap": "of that event",
        "body": "of that event",
    },
}


class ReasonMissing(LookupError):
    """A table or a field has no row here."""


def questions_of(table: str) -> tuple[str, ...]:
    """The questions that a table answers, the most important first; empty for one of `BESIDE`."""
    return tuple(ANSWERS.get(table, "").split())


def purpose_of(table: str) -> str:
    """The purpose of a table that answers no question. Raises ReasonMissing."""
    if table not in BESIDE:
        raise ReasonMissing(
            f"The table {table} has no purpose: add a row to ANSWERS (its questions) or to BESIDE (its purpose, in "
            "words) in tools/derive/purposes.py."
        )
    return BESIDE[table]


def reason_of(body: str, field: str) -> str:
    """Why a field of a body is asked. Raises ReasonMissing."""
    if field not in WHY.get(body, {}):
        raise ReasonMissing(f"The field {body}.{field} has no reason: add a row to WHY in tools/derive/purposes.py.")
    return WHY[body][field]
