"""Codes, their groups and the bounds of bands, derived from `schemas/vocabulary/*.csv`. Do not edit.

`python -m tools.derive.generate` writes this module. A symbol's place in its enum is its Avro index, for ever: codes in the
order of the list, then the missing reasons that the list lacks. HTCDS codes: Human Trafficking Case Data Standard 2.0
by IOM (github.com/UNMigration/HTCDS), CC BY 4.0; IOM does not endorse this project.
"""

from enum import StrEnum

Activity = StrEnum(
    "Activity",
    "public_awareness outreach_event training_given training_received technical_assistance demand_reduction "
    "corporate_engagement labor_prevention best_practice_shared task_force_meeting community_of_practice "
    "data_collection research_study screening_drive policy_advocacy partnership_formed other not_known declined "
    "not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
AgeBand = StrEnum(
    "AgeBand",
    "age_0_8 age_9_17 age_18_20 age_21_23 age_24_26 age_27_29 age_30_38 age_39_47 age_48_plus not_known declined "
    "not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
AgeGroup = StrEnum(
    "AgeGroup",
    "under_18 adult_18_26 adult_27_38 adult_39_plus not_known declined not_collected worker_does_not_know "
    "withheld_by_agency not_applicable ",
)
AgencyType = StrEnum(
    "AgencyType",
    "legal health immigrant faith_based trafficking ngo domestic_violence sexual_assault homeless_service "
    "youth_service mental_health law_enforcement federal_government local_government school business research "
    "hotline other not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
AudienceBand = StrEnum(
    "AudienceBand",
    "people_1_10 people_11_50 people_51_200 people_201_1000 people_over_1000 not_known declined not_collected "
    "worker_does_not_know withheld_by_agency not_applicable ",
)
Barrier = StrEnum(
    "Barrier",
    "lack_of_trust fear_of_deportation fear_of_retaliation_self fear_of_retaliation_family "
    "fear_of_law_enforcement lack_of_knowledge_of_services lack_of_knowledge_of_rights not_self_identified shame "
    "trauma_effects language culture isolation lack_of_transport no_documents no_child_care "
    "dependence_on_trafficker active_substance_use disability_access confidentiality_concern wait_too_long "
    "lack_of_funding lack_of_resources no_safe_housing no_capacity ineligibility lack_of_trained_staff "
    "staff_turnover difficult_to_identify coordination language_resources safety_concerns legal_restriction "
    "certification_delay no_data_system limited_staff_time lack_of_data_expertise unaware_of_practices "
    "other_person other_provider not_known declined not_collected worker_does_not_know withheld_by_agency "
    "not_applicable ",
)
BuyerOrBeneficiaryType = StrEnum(
    "BuyerOrBeneficiaryType",
    "buyer_of_sex employer relative household_employer labor_contractor_client supply_chain_buyer "
    "end_buyer_of_goods online_content_buyer venue_patron other not_known declined not_collected "
    "worker_does_not_know withheld_by_agency not_applicable ",
)
ControlMethod = StrEnum(
    "ControlMethod",
    "physical_threats threats_of_law_enforcement threatens_family debt_bondage false_promises physical_abuse "
    "sexual_abuse takes_earnings restricts_financial_access restricts_medical_care withholds_necessities "
    "psychological_abuse psychoactive_substance excessive_working_hours withholds_documents restricts_movement "
    "other not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
CostBand = StrEnum(
    "CostBand",
    "usd_0 usd_1_99 usd_100_499 usd_500_999 usd_1000_4999 usd_5000_9999 usd_10000_plus not_known declined "
    "not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
DecisionMaker = StrEnum(
    "DecisionMaker",
    "police ngo court_or_prosecution other_government other not_known declined not_collected worker_does_not_know "
    "withheld_by_agency not_applicable ",
)
DurationBand = StrEnum(
    "DurationBand",
    "up_to_1_month months_1_to_3 months_3_to_6 months_6_to_12 months_12_to_24 over_24_months not_known declined "
    "not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
EconomicFactor = StrEnum(
    "EconomicFactor",
    "poverty unemployment debt recruitment_fees visa_tied_to_employer demand_for_cheap_labor high_profit "
    "informal_work subcontracting weak_labor_enforcement housing_cost remittance_pressure family_income_loss "
    "disaster no_bank_access other not_known declined not_collected worker_does_not_know withheld_by_agency "
    "not_applicable ",
)
ExitDestination = StrEnum(
    "ExitDestination",
    "unsheltered emergency_shelter health_facility substance_use_facility jail_or_detention foster_care "
    "transitional_housing hotel family_temporary friends_temporary family_permanent friends_permanent "
    "rental_subsidized rental_unsubsidized owned survivor_shelter home_country deceased other not_known declined "
    "not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
ExitReason = StrEnum(
    "ExitReason",
    "completed left_early involuntary violence_or_crime rule_violation nonpayment max_time_reached program_ended "
    "lost_contact goals_met transferred moved_away no_longer_eligible not_established repatriated "
    "incarcerated_or_detained needs_exceeded deceased other not_known declined not_collected worker_does_not_know "
    "withheld_by_agency not_applicable ",
)
ExploitationType = StrEnum(
    "ExploitationType",
    "forced_labor sexual_exploitation child_labor forced_marriage servitude forced_military organ_removal "
    "forced_begging forced_adoption surrogacy other not_known declined not_collected worker_does_not_know "
    "withheld_by_agency not_applicable ",
)
ForeignNational = StrEnum(
    "ForeignNational",
    "yes no not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
FundingSource = StrEnum(
    "FundingSource",
    "ovc otip orr fysb_rhy path other_hhs hud_coc hud_esg hud_hopwa other_hud veterans_affairs ovw voca_state "
    "state local_government foundation faith_community corporate private none other not_known declined "
    "not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
Gender = StrEnum(
    "Gender",
    "woman man transgender_woman transgender_man nonbinary another_gender not_known declined not_collected "
    "worker_does_not_know withheld_by_agency not_applicable ",
)
HealthCondition = StrEnum(
    "HealthCondition",
    "forced_labor_confirmed forced_sex_confirmed injury head_injury heat_or_cold toxic_exposure musculoskeletal "
    "chronic_pain infectious_disease tuberculosis hiv sexually_transmitted reproductive_health pregnancy "
    "respiratory skin heart_or_blood_pressure diabetes eye_or_ear dental malnutrition exhaustion_or_sleep ptsd "
    "depression anxiety dissociation eating_disorder suicidality substance_use untreated_chronic disability other "
    "none_found not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
HealthStatus = StrEnum(
    "HealthStatus",
    "excellent very_good good fair poor not_known declined not_collected worker_does_not_know withheld_by_agency "
    "not_applicable ",
)
LaborSector = StrEnum(
    "LaborSector",
    "agriculture mining manufacturing utilities_waste construction trade_repair transportation hospitality "
    "office_professional cleaning_landscaping public_sector education health_care arts_entertainment "
    "personal_services domestic_work peddling_begging illicit_activity other not_known declined not_collected "
    "worker_does_not_know withheld_by_agency not_applicable ",
)
LegalClass = StrEnum(
    "LegalClass",
    "individual year_only tally_only not_known declined not_collected worker_does_not_know withheld_by_agency "
    "not_applicable ",
)
NothingToReport = StrEnum(
    "NothingToReport",
    "yes no not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
OnTime = StrEnum(
    "OnTime",
    "yes no not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
OutcomeDirection = StrEnum(
    "OutcomeDirection",
    "improved unchanged worsened attained not_attained not_known declined not_collected worker_does_not_know "
    "withheld_by_agency not_applicable ",
)
OutcomeDomain = StrEnum(
    "OutcomeDomain",
    "housing physical_health dental_health mental_health substance_use employment education legal_status justice "
    "safety social_support resiliency protective_factors life_skills family trust not_known declined "
    "not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
PracticeUse = StrEnum(
    "PracticeUse",
    "shared read adopted not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
ProtectiveFactor = StrEnum(
    "ProtectiveFactor",
    "stable_housing trusted_adult supportive_peers community_ties supportive_family safe_destination "
    "school_engagement steady_income health_care_access mental_health_care knows_rights legal_status "
    "language_skills own_documents safe_online_habits cultural_or_faith_ties case_manager other not_known "
    "declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
RecruiterRelation = StrEnum(
    "RecruiterRelation",
    "intimate_partner family friend employer stranger other not_known declined not_collected worker_does_not_know "
    "withheld_by_agency not_applicable ",
)
RecruitmentMethod = StrEnum(
    "RecruitmentMethod",
    "place_of_business school work online_social_network online_advertisement television_advertisement "
    "newspaper_advertisement family friends labor_agency shelter_or_street abduction other not_known declined "
    "not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
ReferralResult = StrEnum(
    "ReferralResult",
    "accepted client_declined provider_rejected attained not_attained waitlisted pending no_response cancelled "
    "not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
ReferralSource = StrEnum(
    "ReferralSource",
    "self_referral family_or_friend outreach_project shelter residential_project hotline child_welfare "
    "juvenile_justice law_enforcement psychiatric_hospital school other_organization health_provider "
    "legal_service immigrant_service faith_organization victim_service trafficking_service court_or_prosecutor "
    "labor_agency business survivor_peer not_known declined not_collected worker_does_not_know withheld_by_agency "
    "not_applicable ",
)
ReportedBy = StrEnum(
    "ReportedBy",
    "survivor worker both not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
ReportingMinutes = StrEnum(
    "ReportingMinutes",
    "minutes_0_5 minutes_6_15 minutes_16_30 minutes_31_60 minutes_61_120 over_120_minutes not_known declined "
    "not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
ReportingMode = StrEnum(
    "ReportingMode",
    "events tallies not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
ResiliencyFactor = StrEnum(
    "ResiliencyFactor",
    "hope self_worth sense_of_control sense_of_safety coping_skills emotion_regulation help_seeking "
    "social_support meaning_or_faith goals problem_solving care_for_others survivor_leadership reconnection other "
    "not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
Scheduled = StrEnum(
    "Scheduled",
    "yes no not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
ServedElsewhere = StrEnum(
    "ServedElsewhere",
    "yes no not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
Service = StrEnum(
    "Service",
    "housing emergency_shelter transitional_housing long_term_housing housing_support rental_assistance "
    "financial_assistance financial_counseling public_benefits medical health_navigation dental sexual_health "
    "prenatal_postnatal mental_health substance_use crisis_intervention safety_planning case_management "
    "intake_assessment advocacy outreach information_referral interpretation legal immigration_relief "
    "victim_certification crime_victim_compensation criminal_justice_advocacy rights_training id_documents "
    "transportation food clothing personal_items employment education language_classes life_skills child_care "
    "parenting_support family_reunification repatriation peer_support spiritual_support personal_care "
    "home_visiting community_engagement sexual_exploitation_recovery labor_exploitation_recovery other not_known "
    "declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
ServiceGroup = StrEnum(
    "ServiceGroup",
    "housing health mental_health legal basic_needs income advocacy support not_known declined not_collected "
    "worker_does_not_know withheld_by_agency not_applicable ",
)
SexExploitationType = StrEnum(
    "SexExploitationType",
    "commercial_sex sexual_images remote_interactive private_sexual_services not_known declined not_collected "
    "worker_does_not_know withheld_by_agency not_applicable ",
)
SocietalFactor = StrEnum(
    "SocietalFactor",
    "normalization peer_pressure media_sexualization online_access anonymity low_risk_of_penalty victim_blaming "
    "gender_inequality racial_stereotypes minors_as_adults large_event transient_male_workforce tolerated_venues "
    "low_awareness other not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
TraffickerRole = StrEnum(
    "TraffickerRole",
    "travelling_partner transporter recruiter broker_travel_agent transferred harbored sold bought received "
    "controlled smuggler abuser kidnapper exploiter other not_known declined not_collected worker_does_not_know "
    "withheld_by_agency not_applicable ",
)
TraffickerType = StrEnum(
    "TraffickerType",
    "individual intimate_partner family_member sex_trade_controller gang organized_network employer "
    "labor_recruiter business_owner household diplomat_or_official online_exploiter religious_or_cult other "
    "not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
TraffickingStatus = StrEnum(
    "TraffickingStatus",
    "possible confirmed not_established not_known declined not_collected worker_does_not_know withheld_by_agency "
    "not_applicable ",
)
TraffickingType = StrEnum(
    "TraffickingType",
    "sex labor both not_known declined not_collected worker_does_not_know withheld_by_agency not_applicable ",
)
UnitBand = StrEnum(
    "UnitBand",
    "units_1 units_2_5 units_6_20 units_21_60 units_over_60 not_known declined not_collected worker_does_not_know "
    "withheld_by_agency not_applicable ",
)
UnmetReason = StrEnum(
    "UnmetReason",
    "no_capacity waitlist assessment_required no_availability ineligible ineligible_age ineligible_custody "
    "ineligible_immigration ineligible_gender client_declined provider_rejected provider_no_response "
    "service_not_offered no_funding no_trained_staff no_interpreter no_transport documents_missing safety_risk "
    "wait_too_long lost_contact client_moved partly_met other not_known declined not_collected "
    "worker_does_not_know withheld_by_agency not_applicable ",
)
UsState = StrEnum(
    "UsState",
    "al ak az ar ca co ct de dc fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh "
    "ok or pa ri sc sd tn tx ut vt va wa wv wi wy as gu mp pr vi not_known declined not_collected "
    "worker_does_not_know withheld_by_agency not_applicable ",
)
WaitBand = StrEnum(
    "WaitBand",
    "same_day days_1_7 days_8_30 days_31_90 days_91_180 over_180_days not_known declined not_collected "
    "worker_does_not_know withheld_by_agency not_applicable ",
)
YearsBand = StrEnum(
    "YearsBand",
    "under_1_year years_1_2 years_3_5 years_6_10 years_11_20 over_20_years not_known declined not_collected "
    "worker_does_not_know withheld_by_agency not_applicable ",
)

# age_band → age_group
AGE_GROUP: dict[str, str] = {
    "age_0_8": "under_18",
    "age_9_17": "under_18",
    "age_18_20": "adult_18_26",
    "age_21_23": "adult_18_26",
    "age_24_26": "adult_18_26",
    "age_27_29": "adult_27_38",
    "age_30_38": "adult_27_38",
    "age_39_47": "adult_39_plus",
    "age_48_plus": "adult_39_plus",
    "not_known": "not_known",
    "declined": "declined",
    "not_collected": "not_collected",
    "worker_does_not_know": "worker_does_not_know",
    "withheld_by_agency": "withheld_by_agency",
    "not_applicable": "not_applicable",
}

# service → service_group
SERVICE_GROUP: dict[str, str] = {
    "housing": "housing",
    "emergency_shelter": "housing",
    "transitional_housing": "housing",
    "long_term_housing": "housing",
    "housing_support": "housing",
    "rental_assistance": "housing",
    "financial_assistance": "income",
    "financial_counseling": "income",
    "public_benefits": "income",
    "medical": "health",
    "health_navigation": "health",
    "dental": "health",
    "sexual_health": "health",
    "prenatal_postnatal": "health",
    "mental_health": "mental_health",
    "substance_use": "mental_health",
    "crisis_intervention": "mental_health",
    "safety_planning": "advocacy",
    "case_management": "advocacy",
    "intake_assessment": "advocacy",
    "advocacy": "advocacy",
    "outreach": "advocacy",
    "information_referral": "advocacy",
    "interpretation": "advocacy",
    "legal": "legal",
    "immigration_relief": "legal",
    "victim_certification": "legal",
    "crime_victim_compensation": "income",
    "criminal_justice_advocacy": "legal",
    "rights_training": "legal",
    "id_documents": "legal",
    "transportation": "basic_needs",
    "food": "basic_needs",
    "clothing": "basic_needs",
    "personal_items": "basic_needs",
    "employment": "income",
    "education": "income",
    "language_classes": "income",
    "life_skills": "support",
    "child_care": "basic_needs",
    "parenting_support": "support",
    "family_reunification": "support",
    "repatriation": "legal",
    "peer_support": "support",
    "spiritual_support": "support",
    "personal_care": "health",
    "home_visiting": "health",
    "community_engagement": "support",
    "sexual_exploitation_recovery": "mental_health",
    "labor_exploitation_recovery": "mental_health",
    "other": "support",
    "not_known": "not_known",
    "declined": "declined",
    "not_collected": "not_collected",
    "worker_does_not_know": "worker_does_not_know",
    "withheld_by_agency": "withheld_by_agency",
    "not_applicable": "not_applicable",
}

# us_state → division
DIVISION: dict[str, str] = {
    "al": "east_south_central",
    "ak": "pacific",
    "az": "mountain",
    "ar": "west_south_central",
    "ca": "pacific",
    "co": "mountain",
    "ct": "new_england",
    "de": "south_atlantic",
    "dc": "south_atlantic",
    "fl": "south_atlantic",
    "ga": "south_atlantic",
    "hi": "pacific",
    "id": "mountain",
    "il": "east_north_central",
    "in": "east_north_central",
    "ia": "west_north_central",
    "ks": "west_north_central",
    "ky": "east_south_central",
    "la": "west_south_central",
    "me": "new_england",
    "md": "south_atlantic",
    "ma": "new_england",
    "mi": "east_north_central",
    "mn": "west_north_central",
    "ms": "east_south_central",
    "mo": "west_north_central",
    "mt": "mountain",
    "ne": "west_north_central",
    "nv": "mountain",
    "nh": "new_england",
    "nj": "middle_atlantic",
    "nm": "mountain",
    "ny": "middle_atlantic",
    "nc": "south_atlantic",
    "nd": "west_north_central",
    "oh": "east_north_central",
    "ok": "west_south_central",
    "or": "pacific",
    "pa": "middle_atlantic",
    "ri": "new_england",
    "sc": "south_atlantic",
    "sd": "west_north_central",
    "tn": "east_south_central",
    "tx": "west_south_central",
    "ut": "mountain",
    "vt": "new_england",
    "va": "south_atlantic",
    "wa": "pacific",
    "wv": "south_atlantic",
    "wi": "east_north_central",
    "wy": "mountain",
    "as": "territory",
    "gu": "territory",
    "mp": "territory",
    "pr": "territory",
    "vi": "territory",
    "not_known": "unknown",
    "declined": "declined",
    "not_collected": "not_collected",
    "worker_does_not_know": "worker_does_not_know",
    "withheld_by_agency": "withheld_by_agency",
    "not_applicable": "not_applicable",
}

# us_state → region
REGION: dict[str, str] = {
    "al": "south",
    "ak": "west",
    "az": "west",
    "ar": "south",
    "ca": "west",
    "co": "west",
    "ct": "northeast",
    "de": "south",
    "dc": "south",
    "fl": "south",
    "ga": "south",
    "hi": "west",
    "id": "west",
    "il": "midwest",
    "in": "midwest",
    "ia": "midwest",
    "ks": "midwest",
    "ky": "south",
    "la": "south",
    "me": "northeast",
    "md": "south",
    "ma": "northeast",
    "mi": "midwest",
    "mn": "midwest",
    "ms": "south",
    "mo": "midwest",
    "mt": "west",
    "ne": "midwest",
    "nv": "west",
    "nh": "northeast",
    "nj": "northeast",
    "nm": "west",
    "ny": "northeast",
    "nc": "south",
    "nd": "midwest",
    "oh": "midwest",
    "ok": "south",
    "or": "west",
    "pa": "northeast",
    "ri": "northeast",
    "sc": "south",
    "sd": "midwest",
    "tn": "south",
    "tx": "south",
    "ut": "west",
    "vt": "northeast",
    "va": "south",
    "wa": "west",
    "wv": "south",
    "wi": "midwest",
    "wy": "west",
    "as": "territory",
    "gu": "territory",
    "mp": "territory",
    "pr": "territory",
    "vi": "territory",
    "not_known": "unknown",
    "declined": "declined",
    "not_collected": "not_collected",
    "worker_does_not_know": "worker_does_not_know",
    "withheld_by_agency": "withheld_by_agency",
    "not_applicable": "not_applicable",
}

# barrier → side
BARRIER_SIDE: dict[str, str] = {
    "lack_of_trust": "person",
    "fear_of_deportation": "person",
    "fear_of_retaliation_self": "person",
    "fear_of_retaliation_family": "person",
    "fear_of_law_enforcement": "person",
    "lack_of_knowledge_of_services": "person",
    "lack_of_knowledge_of_rights": "person",
    "not_self_identified": "person",
    "shame": "person",
    "trauma_effects": "person",
    "language": "person",
    "culture": "person",
    "isolation": "person",
    "lack_of_transport": "person",
    "no_documents": "person",
    "no_child_care": "person",
    "dependence_on_trafficker": "person",
    "active_substance_use": "provider",
    "disability_access": "provider",
    "confidentiality_concern": "person",
    "wait_too_long": "provider",
    "lack_of_funding": "provider",
    "lack_of_resources": "provider",
    "no_safe_housing": "provider",
    "no_capacity": "provider",
    "ineligibility": "provider",
    "lack_of_trained_staff": "provider",
    "staff_turnover": "provider",
    "difficult_to_identify": "provider",
    "coordination": "provider",
    "language_resources": "provider",
    "safety_concerns": "provider",
    "legal_restriction": "provider",
    "certification_delay": "provider",
    "no_data_system": "provider",
    "limited_staff_time": "provider",
    "lack_of_data_expertise": "provider",
    "unaware_of_practices": "provider",
    "other_person": "person",
    "other_provider": "provider",
    "not_known": "not_known",
    "declined": "declined",
    "not_collected": "not_collected",
    "worker_does_not_know": "worker_does_not_know",
    "withheld_by_agency": "withheld_by_agency",
    "not_applicable": "not_applicable",
}

# age_band: least and greatest years, both ends included; None: open
AGE_BAND_YEARS: dict[str, tuple[int, int | None]] = {
    "age_0_8": (0, 8),
    "age_9_17": (9, 17),
    "age_18_20": (18, 20),
    "age_21_23": (21, 23),
    "age_24_26": (24, 26),
    "age_27_29": (27, 29),
    "age_30_38": (30, 38),
    "age_39_47": (39, 47),
    "age_48_plus": (48, None),
}

# wait_band: least and greatest days, both ends included; None: open
WAIT_BAND_DAYS: dict[str, tuple[int, int | None]] = {
    "same_day": (0, 0),
    "days_1_7": (1, 7),
    "days_8_30": (8, 30),
    "days_31_90": (31, 90),
    "days_91_180": (91, 180),
    "over_180_days": (181, None),
}

# duration_band: least and greatest days, both ends included; None: open
DURATION_BAND_DAYS: dict[str, tuple[int, int | None]] = {
    "up_to_1_month": (0, 30),
    "months_1_to_3": (31, 90),
    "months_3_to_6": (91, 180),
    "months_6_to_12": (181, 365),
    "months_12_to_24": (366, 730),
    "over_24_months": (731, None),
}

# cost_band: least and greatest usd, both ends included; None: open
COST_BAND_USD: dict[str, tuple[int, int | None]] = {
    "usd_0": (0, 0),
    "usd_1_99": (1, 99),
    "usd_100_499": (100, 499),
    "usd_500_999": (500, 999),
    "usd_1000_4999": (1000, 4999),
    "usd_5000_9999": (5000, 9999),
    "usd_10000_plus": (10000, None),
}

# reporting_minutes: least and greatest minutes, both ends included; None: open
REPORTING_MINUTES_MINUTES: dict[str, tuple[int, int | None]] = {
    "minutes_0_5": (0, 5),
    "minutes_6_15": (6, 15),
    "minutes_16_30": (16, 30),
    "minutes_31_60": (31, 60),
    "minutes_61_120": (61, 120),
    "over_120_minutes": (121, None),
}

# audience_band: least and greatest people, both ends included; None: open
AUDIENCE_BAND_PEOPLE: dict[str, tuple[int, int | None]] = {
    "people_1_10": (1, 10),
    "people_11_50": (11, 50),
    "people_51_200": (51, 200),
    "people_201_1000": (201, 1000),
    "people_over_1000": (1001, None),
}

# unit_band: least and greatest units, both ends included; None: open
UNIT_BAND_UNITS: dict[str, tuple[int, int | None]] = {
    "units_1": (1, 1),
    "units_2_5": (2, 5),
    "units_6_20": (6, 20),
    "units_21_60": (21, 60),
    "units_over_60": (61, None),
}

# years_band: least and greatest years, both ends included; None: open
YEARS_BAND_YEARS: dict[str, tuple[int, int | None]] = {
    "under_1_year": (0, 0),
    "years_1_2": (1, 2),
    "years_3_5": (3, 5),
    "years_6_10": (6, 10),
    "years_11_20": (11, 20),
    "over_20_years": (21, None),
}
