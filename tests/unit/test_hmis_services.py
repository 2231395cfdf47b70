"""What services, referrals and health rows say."""

import pytest

from exchange.core.events import (
    HealthObserved,
    NeedIdentified,
    NeedUnmet,
    OutcomeAssessed,
    ReferralMade,
    ReferralResolved,
    ServiceProvided,
)
from exchange.core.period import parse_period
from tests.hmis_exports import STAY, bodies, facts, ignored, only, readings, refusals, refused, sample

NOT_KNOWN, NOT_COLLECTED, NOT_APPLICABLE = "not_known", "not_collected", "not_applicable"


def service(folder, **cells):
    found = readings(sample().change("Services.csv", **cells), folder)
    assert not refusals(found)
    return only(found, ServiceProvided)


@pytest.mark.parametrize(
    ("record", "kind", "subtype", "service_code"),
    [
        ("141", "6", "", "case_management"),
        ("142", "7", "", "legal"),
        ("143", "7", "", "food"),
        ("144", "3", "4", "medical"),
        ("144", "3", "44", "public_benefits"),
        ("144", "2", "4", "case_management"),
        ("142", "8", "3", "life_skills"),
        ("300", "5", "", "other"),
        ("142", "", "", NOT_COLLECTED),
    ],
)
def test_the_record_type_says_which_list_the_type_comes_from(tmp_path, record, kind, subtype, service_code):
    body = service(tmp_path, RecordType=record, TypeProvided=kind, SubTypeProvided=subtype)
    assert (body.service, body.unit_band, body.cost_band) == (service_code, "units_1", NOT_COLLECTED)


@pytest.mark.parametrize(
    ("record", "amount", "band"), [("151", "750.5", "usd_500_999"), ("152", "", NOT_COLLECTED), ("152", "0", "usd_0")]
)
def test_money_is_told_as_a_band_and_has_no_units(tmp_path, record, amount, band):
    body = service(tmp_path, RecordType=record, TypeProvided="1", FAAmount=amount)
    assert (body.service, body.cost_band, body.unit_band) == ("rental_assistance", band, NOT_APPLICABLE)


def test_an_amount_counts_only_where_money_is_recorded(tmp_path):
    assert service(tmp_path, FAAmount="750").cost_band == NOT_COLLECTED


def test_an_amount_that_is_none_is_refused_as_a_part_of_its_row(tmp_path):
    found = readings(sample().change("Services.csv", RecordType="152", TypeProvided="1", FAAmount="-7"), tmp_path)
    assert only(found, ServiceProvided).cost_band == NOT_KNOWN
    assert refused(found) == {("Services.csv", 1, "FAAmount")}


@pytest.mark.parametrize("kind", ["99", "x", "-1"])
def test_a_type_outside_its_list_is_a_service_not_known_and_counted(tmp_path, kind):
    found = readings(sample().change("Services.csv", TypeProvided=kind), tmp_path)
    assert only(found, ServiceProvided).service == NOT_KNOWN
    assert refused(found) == {("Services.csv", 1, "TypeProvided")}


@pytest.mark.parametrize("record", ["", "999", "x"])
def test_a_row_of_an_unknown_record_type_is_no_service(tmp_path, record):
    found = readings(sample().change("Services.csv", RecordType=record), tmp_path)
    assert not bodies(found, ServiceProvided)
    assert refused(found) == {("Services.csv", 1, "RecordType")}


def test_a_voucher_step_is_no_service(tmp_path):
    found = readings(sample().change("Services.csv", RecordType="210"), tmp_path)
    assert not bodies(found, ServiceProvided)
    assert ignored(found, "Services.csv") == ["a voucher step, not a service"]


def paid_by(folder, *funders, **cells):
    written = sample().change("Services.csv", **cells)
    written.tables["Funder.csv"] = []
    for number, (code, start, end) in enumerate(funders):
        written.add("Funder.csv", FunderID=f"F{number}", ProjectID="J1", Funder=code, StartDate=start, EndDate=end)
    return only(readings(written, folder), ServiceProvided).funding_source


def test_who_paid_is_told_only_where_it_can_be_known(tmp_path):
    youth, hud, nobody = ("22", "2020-01-01", ""), ("3", "2020-01-01", ""), ("34", "2020-01-01", "")
    over, later = ("3", "2020-01-01", "2026-02-28"), ("3", "2026-03-02", "")
    assert paid_by(tmp_path) == NOT_COLLECTED
    assert paid_by(tmp_path, hud) == "hud_coc"
    assert paid_by(tmp_path, hud, youth) == "fysb_rhy"
    assert paid_by(tmp_path, hud, ("8", "2020-01-01", "")) == NOT_KNOWN
    assert paid_by(tmp_path, nobody) == "none"
    assert paid_by(tmp_path, nobody, hud) == "hud_coc"
    assert paid_by(tmp_path, over, later) == NOT_COLLECTED
    assert paid_by(tmp_path, ("3", "2026-03-01", "2026-03-01")) == "hud_coc"
    assert paid_by(tmp_path, ("3", "1995-01-01", "")) == "hud_coc"
    assert paid_by(tmp_path, hud, youth, RecordType="143", TypeProvided="7") == NOT_KNOWN


def nights(folder, *days, head=(), year_only=False, **stay):
    written = sample().change("Export.csv", **dict(head)).change("Enrollment.csv", **stay)
    written.tables["Services.csv"] = []
    for number, day in enumerate(days):
        written.add(
            "Services.csv", **STAY, ServicesID=f"N{number}", DateProvided=day, RecordType="200", TypeProvided="200"
        )
    found = readings(written, folder, year_only=year_only)
    assert not refusals(found)
    return [(fact.period, fact.body.unit_band) for fact in facts(found) if isinstance(fact.body, ServiceProvided)]


def test_bed_nights_are_told_once_a_stay_and_quarter_with_their_number_as_a_band(tmp_path):
    days = ["2026-03-30", "2026-03-31", "2026-04-01", "2026-04-01"]
    first, second = parse_period("2026Q1"), parse_period("2026Q2")
    assert nights(tmp_path, *days) == [(first, "units_2_5"), (second, "units_1")]
    assert nights(tmp_path, *days, year_only=True) == [(parse_period("2026"), "units_2_5")]


def test_a_bed_night_is_one_whatever_its_type_says(tmp_path):
    written = sample().change("Services.csv", RecordType="200", TypeProvided="7")
    assert only(readings(written, tmp_path), ServiceProvided).service == "emergency_shelter"


def test_the_number_of_nights_is_not_known_unless_the_export_covers_the_quarter(tmp_path):
    quarter = parse_period("2026Q1")
    assert nights(tmp_path, "2026-03-30", head={"ExportDirective": "1"}) == [(quarter, NOT_KNOWN)]
    assert nights(tmp_path, "2026-03-30", head={"ExportPeriodType": "1"}) == [(quarter, NOT_KNOWN)]
    assert nights(tmp_path, "2026-03-30", head={"ExportStartDate": "2026-02-11"}) == [(quarter, NOT_KNOWN)]
    assert nights(tmp_path, "2026-03-30", head={"ExportEndDate": "2026-03-30"}) == [(quarter, NOT_KNOWN)]
    assert nights(tmp_path, "2026-03-30", head={"ExportStartDate": "2026-02-10"}) == [(quarter, "units_1")]
    until_now = {"ExportEndDate": "2026-03-30", "ExportDate": "2026-03-30"}
    assert nights(tmp_path, "2026-03-30", head=until_now) == [(quarter, "units_1")]


def test_a_withdrawn_night_is_taken_out_by_a_full_export_and_refused_in_a_delta(tmp_path):
    written = sample().change("Services.csv", RecordType="200", DateDeleted="2026-05-01")
    assert not refusals(readings(written, tmp_path))
    assert refused(readings(written.change("Export.csv", ExportDirective="1"), tmp_path)) == {
        ("Services.csv", 1, "DateDeleted")
    }


def events(folder, **cells):
    written = sample().without("Services.csv", "HealthAndDV.csv", "Exit.csv").change("Event.csv", **cells)
    found = readings(written, folder)
    return [fact.body for fact in facts(found) if fact.where.file == "Event.csv"], found


@pytest.mark.parametrize(
    ("event", "service_code"),
    [
        ("1", "housing_support"),
        ("5", "case_management"),
        ("6", "outreach"),
        ("10", "emergency_shelter"),
        ("11", "transitional_housing"),
        ("13", "long_term_housing"),
        ("16", "financial_assistance"),
        ("17", "rental_assistance"),
    ],
)
def test_a_referral_is_made_and_shows_a_need(tmp_path, event, service_code):
    said, _ = events(tmp_path, Event=event)
    assert said == [NeedIdentified(service_code), ReferralMade(service_code, NOT_COLLECTED)]


@pytest.mark.parametrize("event", ["3", "4"])
def test_an_appointment_for_an_assessment_is_a_referral_and_no_need(tmp_path, event):
    assert events(tmp_path, Event=event)[0] == [ReferralMade("intake_assessment", NOT_COLLECTED)]


@pytest.mark.parametrize(("event", "reason"), [("8", "ineligible"), ("9", "no_availability")])
def test_a_referral_out_of_the_network_is_an_unmet_need_as_well(tmp_path, event, reason):
    said, _ = events(tmp_path, Event=event, ReferralResult="3", ResultDate="2026-03-06")
    assert said[:3] == [
        NeedIdentified("housing"),
        ReferralMade("housing", NOT_COLLECTED),
        NeedUnmet("housing", reason, NOT_COLLECTED),
    ]
    assert sum(isinstance(body, NeedUnmet) for body in said) == 1


@pytest.mark.parametrize(
    ("result", "code", "unmet"),
    [
        ("1", "accepted", []),
        ("2", "client_declined", ["client_declined"]),
        ("3", "provider_rejected", ["provider_rejected"]),
    ],
)
def test_a_result_resolves_the_referral_in_its_own_quarter_with_the_wait_as_a_band(tmp_path, result, code, unmet):
    said, found = events(tmp_path, ReferralResult=result, ResultDate="2026-04-02")
    assert ReferralResolved("transitional_housing", code, "days_8_30") in said
    assert [body.unmet_reason for body in said if isinstance(body, NeedUnmet)] == unmet
    assert {fact.period for fact in facts(found) if isinstance(fact.body, ReferralResolved)} == {parse_period("2026Q2")}


def test_a_pending_referral_has_no_result_and_one_without_a_date_no_wait(tmp_path):
    assert not any(isinstance(body, ReferralResolved) for body in events(tmp_path)[0])
    assert ReferralResolved("transitional_housing", "accepted", NOT_KNOWN) in events(tmp_path, ReferralResult="1")[0]
    backwards = events(tmp_path, ReferralResult="1", ResultDate="2026-03-04")[0]
    assert ReferralResolved("transitional_housing", "accepted", NOT_KNOWN) in backwards


def test_a_result_on_no_day_is_refused_and_the_referral_stands(tmp_path):
    said, found = events(tmp_path, ReferralResult="1", ResultDate="4/5/2026")
    assert {type(body) for body in said} == {NeedIdentified, ReferralMade}
    assert refused(found) == {("Event.csv", 1, "ResultDate")}


def test_a_result_comes_as_an_update_of_the_row_under_a_key_of_its_own(tmp_path):
    before = {fact.key: fact.body for fact in facts(events(tmp_path)[1])}
    after = {fact.key: fact.body for fact in facts(events(tmp_path, ReferralResult="1", ResultDate="2026-04-02")[1])}
    assert before.items() < after.items()


@pytest.mark.parametrize(("housed", "direction"), [("1", ["attained"]), ("0", ["not_attained"]), ("", []), ("99", [])])
def test_problem_solving_is_a_service_and_no_referral(tmp_path, housed, direction):
    said, _ = events(tmp_path, Event="2", ProbSolDivRRResult=housed)
    assert isinstance(said[0], ServiceProvided)
    assert [body.outcome_direction for body in said[1:]] == direction


@pytest.mark.parametrize(("enrolled", "results"), [("1", ["attained"]), ("0", []), ("", [])])
def test_case_management_after_housing_is_attained_once_enrolled(tmp_path, enrolled, results):
    said, _ = events(tmp_path, Event="5", ReferralCaseManageAfter=enrolled)
    assert [body.referral_result for body in said if isinstance(body, ReferralResolved)] == results


def test_an_event_outside_its_list_is_a_referral_not_known_and_an_empty_one_is_none(tmp_path):
    said, found = events(tmp_path, Event="77")
    assert said == [ReferralMade(NOT_KNOWN, NOT_COLLECTED)]
    assert refused(found) == {("Event.csv", 1, "Event")}
    said, found = events(tmp_path, Event="")
    assert said == []
    assert refused(found) == {("Event.csv", 1, "Event")}


@pytest.mark.parametrize(
    ("outcome", "result", "unmet"),
    [("", [], 0), ("1", ["attained"], 0), ("2", ["not_attained"], 1), ("3", [NOT_KNOWN], 0)],
)
def test_a_path_referral_is_a_referral_and_no_service(tmp_path, outcome, result, unmet):
    written = (
        sample()
        .change("Services.csv", RecordType="161", TypeProvided="1", ReferralOutcome=outcome)
        .without("Event.csv")
    )
    found = readings(written, tmp_path)
    assert not bodies(found, ServiceProvided)
    assert only(found, ReferralMade).service == only(found, NeedIdentified).service == "mental_health"
    assert [body.referral_result for body in bodies(found, ReferralResolved)] == result
    assert len(bodies(found, NeedUnmet)) == unmet


def health(folder, first=None, last=None, **changed):
    written = sample().change("HealthAndDV.csv", 0, **(first or {})).change("HealthAndDV.csv", 1, **(last or {}))
    found = readings(written, folder, **changed)
    said = [b for f in facts(found) if f.where.file == "HealthAndDV.csv" and isinstance(b := f.body, OutcomeAssessed)]
    return {body.outcome_domain: body.outcome_direction for body in said}


def test_two_ratings_of_a_stay_make_an_outcome_and_1_is_best(tmp_path):
    last = {"GeneralHealthStatus": "1", "DentalHealthStatus": "5", "MentalHealthStatus": "2"}
    assert health(tmp_path, last=last) == {
        "physical_health": "improved",
        "dental_health": "worsened",
        "mental_health": "unchanged",
    }


@pytest.mark.parametrize("missing", ["", "8", "9", "99", "7"])
def test_a_rating_without_its_other_one_is_no_outcome(tmp_path, missing):
    assert set(health(tmp_path, last={"GeneralHealthStatus": missing})) == {"dental_health", "mental_health"}
    assert set(health(tmp_path, first={"DentalHealthStatus": missing})) == {"physical_health", "mental_health"}


@pytest.mark.parametrize("stage", ["2", "5", "", "1"])
def test_only_entry_and_exit_are_compared(tmp_path, stage):
    assert health(tmp_path, last={"DataCollectionStage": stage}) == {}


def test_ratings_that_run_backwards_in_time_have_no_direction(tmp_path):
    assert set(health(tmp_path, last={"InformationDate": "2026-02-09"}).values()) == {NOT_KNOWN}


def test_the_first_entry_and_the_last_exit_are_compared(tmp_path):
    written = sample().change("HealthAndDV.csv", 1, GeneralHealthStatus="1")
    extra = {"GeneralHealthStatus": "5", "DataCollectionStage": "3"}
    written.add("HealthAndDV.csv", **STAY, HealthAndDVID="H3", InformationDate="2026-08-19", **extra)
    found = readings(written, tmp_path)
    assert "improved" in {
        b.outcome_direction for b in bodies(found, OutcomeAssessed) if b.outcome_domain == "physical_health"
    }


def test_a_pregnancy_is_told_once_a_stay_from_the_first_row_that_says_so(tmp_path):
    for answers, told in ((("1", "1"), "2026Q1"), (("0", "1"), "2026Q3"), (("1", "0"), "2026Q1")):
        written = (
            sample()
            .change("HealthAndDV.csv", 0, PregnancyStatus=answers[0])
            .change("HealthAndDV.csv", 1, PregnancyStatus=answers[1])
        )
        (fact,) = [fact for fact in facts(readings(written, tmp_path)) if isinstance(fact.body, HealthObserved)]
        assert (fact.body.health_condition, fact.period) == ("pregnancy", parse_period(told))


@pytest.mark.parametrize("answer", ["0", "8", "9", "99", ""])
def test_only_a_yes_is_a_pregnancy(tmp_path, answer):
    assert not bodies(readings(sample().change("HealthAndDV.csv", PregnancyStatus=answer), tmp_path), HealthObserved)
