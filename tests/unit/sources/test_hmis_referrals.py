"""The rows of Event: referrals, their results, and the needs that they show."""

import pytest

from exchange.core.model.events import NeedIdentified, NeedUnmet, ReferralMade, ReferralResolved, ServiceProvided
from exchange.core.model.period import parse_period
from tests.kits.hmis_exports import bodies, facts, only, readings, refused, sample

NOT_KNOWN, NOT_COLLECTED = "not_known", "not_collected"


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


def test_a_result_on_no_day_is_refused_and_the_referral_is_kept(tmp_path):
    said, found = events(tmp_path, ReferralResult="1", ResultDate="4/5/2026")
    assert {type(body) for body in said} == {NeedIdentified, ReferralMade}
    assert refused(found) == {("Event.csv", 0, "ResultDate"), ("Event.csv", 1, "ResultDate")}


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


@pytest.mark.parametrize("event", ["77", "x", ""])
def test_an_event_outside_its_list_or_empty_is_refused_as_nobody_knows_what_it_was(tmp_path, event):
    said, found = events(tmp_path, Event=event)
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
