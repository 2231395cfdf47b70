"""The share of each code in a sample: published figures where there are any, else plausible ones.

Calibrated (`schemas/vocabulary/needs_assessment_figure.csv`, OVC 2003): needs rank housing,
medical, advocacy, legal, transportation, outreach, food first; lack of trust, fear of deportation
and fear of retaliation lead the barriers; most cases last over 12 months; providers are about 6
years in position. All other shares are invented to be plausible and are no evidence about the
world.
"""

from typing import Final

from exchange.core.model import vocabulary as v
from exchange.trial.sample.draws import by_rank, spread

GENDERS: Final = {
    "sex": spread(v.Gender, "woman 86 man 6 transgender_woman 5 transgender_man 1 nonbinary 2"),
    "labor": spread(v.Gender, "woman 47 man 50 transgender_woman 1 nonbinary 2"),
    "no_female": spread(v.Gender, "man 96 transgender_man 2 nonbinary 2", rest=0),
}
AGES: Final = spread(
    v.AgeBand,
    "age_0_8 1 age_9_17 21 age_18_20 15 age_21_23 13 age_24_26 12 age_27_29 10 age_30_38 17 age_39_47 8 age_48_plus 3",
)
FOREIGN: Final = {
    "sex": spread(v.ForeignNational, "yes 30 no 70"),
    "labor": spread(v.ForeignNational, "yes 82 no 18"),
}
REFERRED_BY: Final = spread(
    v.ReferralSource,
    "law_enforcement 17 other_organization 13 self_referral 12 hotline 11 shelter 9 child_welfare 8 victim_service 8 "
    "family_or_friend 6 outreach_project 6 health_provider 5 immigrant_service 5",
)
ELSEWHERE: Final = spread(v.ServedElsewhere, "yes 9 no 70 not_known 12 not_collected 9", missing=0)
STATUS: Final = spread(v.TraffickingStatus, "possible 38 confirmed 58 not_established 4")
DECIDED_BY: Final = spread(v.DecisionMaker, "police 34 ngo 44 court_or_prosecution 12 other_government 10")
SEXUAL: Final = spread(
    v.ExploitationType, "sexual_exploitation 94 forced_marriage 3 servitude 2 surrogacy 1", rest=0.005
)
FORCED: Final = spread(
    v.ExploitationType, "forced_labor 70 servitude 16 child_labor 6 forced_begging 5 sexual_exploitation 3", rest=0.01
)
SEXUAL_FORM: Final = spread(
    v.SexExploitationType, "commercial_sex 74 sexual_images 9 remote_interactive 7 private_sexual_services 10"
)
SECTOR: Final = spread(
    v.LaborSector,
    "domestic_work 26 agriculture 17 hospitality 14 construction 9 cleaning_landscaping 8 personal_services 7 "
    "manufacturing 5 health_care 4 illicit_activity 4 peddling_begging 3 arts_entertainment 3",
    rest=0.05,
)
RECRUITED: Final = spread(
    v.RecruitmentMethod, "friends 19 online_social_network 18 family 17 work 13 online_advertisement 9 labor_agency 9"
)
CONTROLLED: Final = spread(
    v.ControlMethod,
    "psychological_abuse 16 physical_threats 11 takes_earnings 11 false_promises 9 debt_bondage 8 restricts_movement 8 "
    "threats_of_law_enforcement 7 physical_abuse 7 excessive_working_hours 6 withholds_documents 6 sexual_abuse 6",
)

NEEDS: Final = by_rank(v.Service, "housing medical advocacy legal transportation outreach food case_management")
WAIT: Final = spread(
    v.WaitBand, "same_day 14 days_1_7 27 days_8_30 31 days_31_90 19 days_91_180 6 over_180_days 3", missing=0.02
)
COSTS: Final = {
    "housing": spread(v.CostBand, "usd_1000_4999 70 usd_500_999 30", rest=0.002, missing=0.02),
    "health": spread(v.CostBand, "usd_100_499 70 usd_500_999 30", rest=0.002, missing=0.02),
    "mental_health": spread(v.CostBand, "usd_100_499 100", rest=0.002, missing=0.02),
    "legal": spread(v.CostBand, "usd_500_999 55 usd_100_499 45", rest=0.002, missing=0.02),
    "": spread(v.CostBand, "usd_1_99 75 usd_0 25", rest=0.002, missing=0.02),
}
UNITS: Final = {
    "housing": spread(v.UnitBand, "units_21_60 60 units_6_20 40", rest=0.002, missing=0.01),
    "": spread(v.UnitBand, "units_1 80 units_2_5 20", rest=0.002, missing=0.01),
}
UNMET: Final = spread(
    v.UnmetReason,
    "no_capacity 18 waitlist 15 no_funding 12 service_not_offered 11 partly_met 9 no_availability 8 client_declined 6 "
    "no_trained_staff 4 no_interpreter 4 ineligible 4 ineligible_immigration 3 provider_rejected 3",
    rest=0.05,
)
BARRIERS: Final = spread(
    v.Barrier,
    "lack_of_trust 20 fear_of_deportation 16 fear_of_retaliation_self 9 fear_of_retaliation_family 6 "
    "lack_of_knowledge_of_services 7 shame 6 language 6 trauma_effects 6 fear_of_law_enforcement 5 no_documents 4 "
    "lack_of_transport 4 isolation 3 not_self_identified 3 lack_of_knowledge_of_rights 3 culture 2 no_child_care 2 "
    "dependence_on_trafficker 2 confidentiality_concern 2 other_person 1",
    rest=0,
)
REFERRED_TO: Final = spread(v.AgencyType, "legal 24 health 20 immigrant 12 ngo 12 mental_health 11 homeless_service 10")
RESULT_MET: Final = spread(v.ReferralResult, "attained 78 accepted 22", rest=0, missing=0.01)
RESULT_UNMET: Final = spread(
    v.ReferralResult,
    "provider_rejected 24 not_attained 26 waitlisted 24 client_declined 14 no_response 9 pending 3",
    missing=0.02,
)
HEALTH: Final = spread(
    v.HealthCondition, "ptsd 16 depression 14 anxiety 13 exhaustion_or_sleep 8 injury 8 musculoskeletal 6 dental 5"
)
HEALTH_SEXUAL: Final = spread(
    v.HealthCondition, "ptsd 18 depression 14 anxiety 12 forced_sex_confirmed 9 sexually_transmitted 8 substance_use 6"
)
LASTED: Final = spread(
    v.DurationBand,
    "up_to_1_month 7 months_1_to_3 11 months_3_to_6 15 months_6_to_12 21 months_12_to_24 22 over_24_months 24",
)
DOMAINS: Final = spread(
    v.OutcomeDomain,
    "housing 14 safety 13 mental_health 12 employment 9 legal_status 9 social_support 8 resiliency 9 "
    "protective_factors 8 physical_health 7 education 4 justice 3 trust 4",
)
DIRECTION: Final = spread(v.OutcomeDirection, "improved 46 unchanged 27 worsened 9 attained 12 not_attained 6", rest=0)
REPORTER: Final = spread(v.ReportedBy, "worker 55 survivor 25 both 20", missing=0.02)
RESILIENCY: Final = spread(v.ResiliencyFactor, "hope 13 self_worth 12 coping_skills 12 sense_of_safety 11", rest=0.5)
PROTECTIVE: Final = spread(v.ProtectiveFactor, "stable_housing 16 case_manager 14 supportive_peers 10", rest=0.5)
SOCIETAL: Final = spread(v.SocietalFactor, "normalization 14 online_access 13 gender_inequality 12", rest=0.5)
ECONOMIC: Final = spread(v.EconomicFactor, "poverty 24 debt 14 unemployment 13 recruitment_fees 9", rest=0.4)
TRAFFICKER: Final = spread(
    v.TraffickerType, "intimate_partner 18 family_member 12 individual 14 employer 16 organized_network 9 gang 6"
)
ROLE: Final = spread(v.TraffickerRole, "exploiter 34 recruiter 27 controlled 14 abuser 9 transporter 5", rest=0.1)
RELATION: Final = spread(v.RecruiterRelation, "intimate_partner 25 family 15 friend 22 employer 22 stranger 16")
BUYER_SEXUAL: Final = spread(v.BuyerOrBeneficiaryType, "buyer_of_sex 78 online_content_buyer 12 venue_patron 10")
BUYER_LABOR: Final = spread(
    v.BuyerOrBeneficiaryType, "employer 48 household_employer 24 labor_contractor_client 14 supply_chain_buyer 8"
)
CLOSED_FOR: Final = spread(
    v.ExitReason, "goals_met 24 completed 22 lost_contact 18 left_early 11 moved_away 7 transferred 6", rest=0.1
)
GONE_TO: Final = spread(
    v.ExitDestination, "rental_subsidized 17 rental_unsubsidized 14 family_permanent 12 friends_temporary 9", rest=0.4
)
CASE_LASTED: Final = spread(
    v.DurationBand,
    "up_to_1_month 6 months_1_to_3 8 months_3_to_6 11 months_6_to_12 17 months_12_to_24 38 over_24_months 20",
    missing=0,
)

AGENCY_TYPES: Final = spread(
    v.AgencyType,
    "trafficking 22 ngo 14 domestic_violence 13 legal 12 sexual_assault 8 immigrant 8 youth_service 7 faith_based 6 "
    "homeless_service 5 health 5",
    rest=0.02,
    missing=0,
)
ACTIVITY: Final = spread(
    v.Activity,
    "training_given 20 task_force_meeting 18 public_awareness 14 outreach_event 14 training_received 8 "
    "technical_assistance 6 demand_reduction 4 corporate_engagement 3",
    rest=0.12,
    missing=0,
)
AUDIENCE: Final = spread(
    v.AudienceBand, "people_1_10 28 people_11_50 44 people_51_200 19 people_201_1000 6 people_over_1000 3"
)
PRACTICE: Final = spread(v.PracticeUse, "read 60 adopted 22 shared 18", missing=0.01)
FUNDERS: Final = spread(
    v.FundingSource,
    "ovc 22 voca_state 17 ovw 9 otip 8 fysb_rhy 6 hud_coc 6 state 8 foundation 9 private 7 local_government 4",
    rest=0.06,
    missing=0.01,
)
YEARS: Final = spread(
    v.YearsBand,
    "under_1_year 10 years_1_2 24 years_3_5 33 years_6_10 21 years_11_20 10 over_20_years 2",
    rest=0,
    missing=0.01,
)
PROVIDER_BARRIERS: Final = spread(
    v.Barrier,
    "lack_of_funding 17 lack_of_resources 13 limited_staff_time 13 no_safe_housing 12 no_capacity 9 "
    "lack_of_data_expertise 8 difficult_to_identify 7 coordination 6 lack_of_trained_staff 6 staff_turnover 4 "
    "language_resources 4 unaware_of_practices 4 no_data_system 4 active_substance_use 2 disability_access 1 "
    "wait_too_long 1 ineligibility 2 safety_concerns 2 legal_restriction 1 certification_delay 1 other_provider 1",
    rest=0,
    missing=0.01,
)
