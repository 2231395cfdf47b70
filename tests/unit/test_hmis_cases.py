"""What a stay says: CaseOpened and housing (Enrollment, Client), CaseClosed, trafficking, outcomes and counseling (Exit)."""

import pytest

from exchange.core.events import (
    CaseClosed,
    CaseOpened,
    NeedIdentified,
    OutcomeAssessed,
    ServiceProvided,
    TraffickingFacts,
)
from exchange.core.period import parse_period
from exchange.core.soundness import unsound
from tests.hmis_exports import STAY, bodies, facts, only, readings, refusals, refused, sample

NOT_KNOWN, DECLINED, NOT_COLLECTED = "not_known", "declined", "not_collected"


def fact_of(found, kind):
    (fact,) = [fact for fact in facts(found) if isinstance(fact.body, kind)]
    return fact


def opened(folder, written, **changed):
    return only(readings(written, folder, **changed), CaseOpened)


def test_a_case_opens_in_the_quarter_of_its_entry_in_the_state_of_its_project(tmp_path):
    fact = fact_of(readings(sample(), tmp_path), CaseOpened)
    assert (fact.period, fact.state, fact.client) == (parse_period("2026Q1"), "ca", "P1")
    assert fact.body == CaseOpened("not_collected", "age_9_17", "not_collected", "shelter")


def test_the_state_is_the_projects_else_the_stays_among_several_else_the_profiles(tmp_path):
    def state(written):
        return fact_of(readings(written, tmp_path), CaseOpened).state

    assert state(sample().change("ProjectCoC.csv", CoCCode="XX-500")) == "ny"
    two = sample().add("ProjectCoC.csv", ProjectID="J1", CoCCode="NV-500")
    assert state(two) == "ny"
    assert state(two.change("Enrollment.csv", EnrollmentCoC="NV-500")) == "nv"
    assert state(two.change("Enrollment.csv", EnrollmentCoC="TX-500")) == "ny"


@pytest.mark.parametrize(
    ("sex", "gender"),
    [("0", "woman"), ("1", "man"), ("8", NOT_KNOWN), ("9", DECLINED), ("99", NOT_COLLECTED), ("", NOT_COLLECTED)],
)
def test_sex_is_read_as_gender_only_where_the_profile_says_so(tmp_path, sex, gender):
    written = sample().change("Client.csv", Sex=sex)
    assert opened(tmp_path, written, gender_from_sex=True).gender == gender
    assert opened(tmp_path, written).gender == NOT_COLLECTED


@pytest.mark.parametrize(
    ("answers", "gender"),
    [
        ({"Woman": "1"}, "woman"),
        ({"Man": "1", "Transgender": "1"}, "transgender_man"),
        ({"Woman": "1", "Transgender": "1"}, "transgender_woman"),
        ({"NonBinary": "1"}, "nonbinary"),
        ({"Questioning": "1"}, NOT_KNOWN),
        ({"Woman": "1", "Man": "1"}, "another_gender"),
        ({"CulturallySpecific": "1"}, "another_gender"),
        ({"Transgender": "1"}, "another_gender"),
        ({"GenderNone": "9"}, DECLINED),
        ({"GenderNone": "99"}, NOT_COLLECTED),
        ({}, NOT_COLLECTED),
    ],
)
def test_the_gender_columns_of_2024_are_genders(tmp_path, answers, gender):
    written = sample().change("Client.csv", **answers).change("Export.csv", CSVVersion="FY2024 1.5")
    written.headers["Client.csv"].remove("Sex")
    written.headers["Client.csv"] += [
        "Woman",
        "Man",
        "NonBinary",
        "CulturallySpecific",
        "Transgender",
        "Questioning",
        "GenderNone",
    ]
    found = readings(written, tmp_path)
    assert only(found, CaseOpened).gender == gender
    assert not refusals(found)


@pytest.mark.parametrize(
    ("born", "quality", "band"),
    [
        ("2009-06-15", "1", "age_9_17"),
        ("2008-02-10", "1", "age_18_20"),
        ("2008-02-11", "1", "age_9_17"),
        ("1990-01-01", "2", "age_30_38"),
        ("1987-06-01", "2", NOT_KNOWN),
        ("1990-01-01", "8", NOT_KNOWN),
        ("1990-01-01", "9", DECLINED),
        ("1990-01-01", "99", NOT_COLLECTED),
        ("", "", NOT_COLLECTED),
        ("", "1", NOT_COLLECTED),
        ("2026-02-11", "1", NOT_KNOWN),
        ("1890-01-01", "1", NOT_KNOWN),
        ("03/04/1990", "1", NOT_KNOWN),
    ],
)
def test_an_age_is_a_band_and_only_where_the_birth_date_can_be_trusted(tmp_path, born, quality, band):
    assert opened(tmp_path, sample().change("Client.csv", DOB=born, DOBDataQuality=quality)).age_band == band


def test_a_code_outside_its_list_is_published_as_not_known_and_counted(tmp_path):
    found = readings(
        sample().change("Enrollment.csv", ReferralSource="12345").change("Exit.csv", Destination="499"), tmp_path
    )
    assert (only(found, CaseOpened).referral_source, only(found, CaseClosed).exit_destination) == (NOT_KNOWN, NOT_KNOWN)
    assert refused(found) == {("Enrollment.csv", 1, "ReferralSource"), ("Exit.csv", 1, "Destination")}


@pytest.mark.parametrize("day", ["", "02/03/2026", "1999-12-31", "2100-01-01", "yesterday"])
def test_a_stay_without_a_day_of_entry_is_refused_and_takes_its_rows_along(tmp_path, day):
    found = readings(sample().change("Enrollment.csv", EntryDate=day), tmp_path)
    assert ("Enrollment.csv", 1, "EntryDate") in refused(found)
    assert ("Exit.csv", 1, "EnrollmentID") in refused(found)
    assert not [fact for fact in facts(found) if fact.client]


@pytest.mark.parametrize(
    ("kind", "service"), [("0", "emergency_shelter"), ("8", "emergency_shelter"), ("2", "transitional_housing")]
)
def test_a_stay_in_a_housing_program_is_its_service_from_the_entry_on(tmp_path, kind, service):
    written = sample().change("Project.csv", ProjectType=kind).without("Services.csv")
    body = only(readings(written, tmp_path), ServiceProvided)
    assert body == ServiceProvided(service, "not_applicable", NOT_COLLECTED, NOT_COLLECTED, "fysb_rhy")


@pytest.mark.parametrize("kind", ["3", "9", "10", "13"])
def test_permanent_housing_is_a_need_at_the_entry_and_a_service_at_the_move_in_with_the_wait_between(tmp_path, kind):
    written = sample().change("Project.csv", ProjectType=kind).change("Enrollment.csv", MoveInDate="2026-04-01")
    found = [fact for fact in facts(readings(written, tmp_path)) if fact.where.file == "Enrollment.csv"]
    assert [(type(fact.body), fact.period) for fact in found[1:]] == [
        (NeedIdentified, parse_period("2026Q1")),
        (ServiceProvided, parse_period("2026Q2")),
    ]
    assert found[2].body.wait_band == "days_31_90"
    backwards = readings(written.change("Enrollment.csv", MoveInDate="2026-02-01"), tmp_path)
    assert "not_known" in {body.wait_band for body in bodies(backwards, ServiceProvided)}
    waiting = readings(written.change("Enrollment.csv", MoveInDate=""), tmp_path)
    assert {body.service for body in bodies(waiting, ServiceProvided)} == {"legal"}


@pytest.mark.parametrize("kind", ["1", "4", "6", "7", "11", "12", "14", ""])
def test_other_projects_house_nobody_by_being_entered(tmp_path, kind):
    written = sample().change("Project.csv", ProjectType=kind).change("Enrollment.csv", MoveInDate="2026-04-01")
    assert only(readings(written, tmp_path), ServiceProvided).service == "legal"


@pytest.mark.parametrize(
    ("status", "early", "destination", "reason"),
    [
        ("1", "", "422", "completed"),
        ("2", "", "422", "left_early"),
        ("2", "2", "422", "left_early"),
        ("3", "", "422", "involuntary"),
        ("3", "6", "422", "lost_contact"),
        ("", "", "422", NOT_COLLECTED),
        ("", "", "24", "deceased"),
        ("7", "", "422", NOT_KNOWN),
        ("3", "77", "422", "involuntary"),
    ],
)
def test_a_case_closes_for_the_reason_that_the_exit_gives(tmp_path, status, early, destination, reason):
    cells = {"ProjectCompletionStatus": status, "EarlyExitReason": early, "Destination": destination}
    assert only(readings(sample().change("Exit.csv", **cells), tmp_path), CaseClosed).exit_reason == reason


@pytest.mark.parametrize(
    ("code", "destination"),
    [
        ("435", "rental_subsidized"),
        ("118", "emergency_shelter"),
        ("8", NOT_KNOWN),
        ("9", DECLINED),
        ("99", NOT_COLLECTED),
        ("30", NOT_KNOWN),
        ("17", "other"),
        ("", NOT_COLLECTED),
    ],
)
def test_a_destination_is_read_by_its_code(tmp_path, code, destination):
    assert (
        only(readings(sample().change("Exit.csv", Destination=code), tmp_path), CaseClosed).exit_destination
        == destination
    )


def test_a_case_lasts_from_entry_to_exit_and_an_exit_before_the_entry_has_no_length(tmp_path):
    fact = fact_of(readings(sample(), tmp_path), CaseClosed)
    assert (fact.period, fact.body.duration_band) == (parse_period("2026Q3"), "months_6_to_12")
    assert (
        only(readings(sample().change("Exit.csv", ExitDate="2026-02-09"), tmp_path), CaseClosed).duration_band
        == NOT_KNOWN
    )


def trafficking(folder, written=None, **answers):
    found = readings((written or sample()).change("Exit.csv", **answers), folder)
    assert not [unsound(fact.body) for fact in facts(found) if unsound(fact.body)]
    return bodies(found, TraffickingFacts)


def test_trafficking_columns_that_are_all_empty_say_nothing(tmp_path):
    assert trafficking(tmp_path) == []


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ({"ExchangeForSex": "1"}, "sex"),
        ({"AskedOrForcedToExchangeForSex": "1", "ExchangeForSex": "0"}, "sex"),
        ({"WorkplaceViolenceThreats": "1"}, "labor"),
        ({"CoercedToContinueWork": "1.0"}, "labor"),
        ({"ExchangeForSex": "1", "CoercedToContinueWork": "1"}, "both"),
    ],
)
def test_a_sign_of_trafficking_is_possible_and_never_confirmed(tmp_path, answers, kind):
    (body,) = trafficking(tmp_path, **answers)
    assert (body.trafficking_type, body.trafficking_status, body.decision_maker) == (kind, "possible", "not_applicable")


@pytest.mark.parametrize("born", ["2008-08-20", "2009-06-15", ""])
@pytest.mark.parametrize("quality", ["1", "2", "99"])
def test_sex_in_exchange_alone_is_a_sign_only_of_somebody_surely_a_minor_at_the_exit(tmp_path, born, quality):
    written = sample().change("Client.csv", DOB=born, DOBDataQuality=quality)
    (body,) = trafficking(tmp_path, written, ExchangeForSex="1")
    surely = (born, quality) == ("2009-06-15", "1")
    assert body.trafficking_status == ("possible" if surely else NOT_KNOWN)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"ExchangeForSex": "0", "WorkplaceViolenceThreats": "0"}, NOT_KNOWN),
        ({"WorkplacePromiseDifference": "1", "WorkplaceViolenceThreats": "0"}, NOT_KNOWN),
        ({"ExchangeForSex": "9", "WorkplaceViolenceThreats": "99"}, DECLINED),
        ({"ExchangeForSex": "8", "WorkplaceViolenceThreats": "9"}, NOT_KNOWN),
        ({"ExchangeForSex": "99", "WorkplaceViolenceThreats": "99"}, NOT_COLLECTED),
        ({"CountOfExchangeForSex": "1"}, NOT_KNOWN),
        ({"ExchangeForSex": "x"}, NOT_KNOWN),
    ],
)
def test_answers_without_a_sign_leave_the_type_open_for_the_right_reason(tmp_path, answers, why):
    (body,) = trafficking(tmp_path, **answers)
    assert (body.trafficking_type, body.trafficking_status) == (why, why)


def outcomes(folder, **cells):
    found = readings(sample().without("HealthAndDV.csv").change("Exit.csv", **cells), folder)
    return [
        (b.outcome_domain, b.outcome_direction, b.reported_by, b.protective_factor)
        for b in bodies(found, OutcomeAssessed)
    ]


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [("116", "422", "improved"), ("101", "302", "improved"), ("422", "101", "worsened"), ("204", "313", "unchanged")],
)
def test_housing_moves_between_the_kinds_before_and_after(tmp_path, before, after, direction):
    found = readings(
        sample().change("Enrollment.csv", LivingSituation=before).change("Exit.csv", Destination=after), tmp_path
    )
    assert {b.outcome_direction for b in bodies(found, OutcomeAssessed) if b.outcome_domain == "housing"} == {direction}


@pytest.mark.parametrize("destination", ["8", "17", "24", "30", "99", "", "x"])
def test_where_a_place_is_not_known_nothing_is_said_about_housing(tmp_path, destination):
    assert outcomes(tmp_path, Destination=destination) == []


def test_safety_is_told_by_whom_it_was_asked_of(tmp_path):
    housing = ("housing", "improved", NOT_COLLECTED, "not_applicable")
    assert outcomes(tmp_path, DestinationSafeClient="1", DestinationSafeWorker="2") == [
        housing,
        ("safety", "attained", "survivor", "not_applicable"),
        ("safety", "worker_does_not_know", "worker", "not_applicable"),
    ]
    assert outcomes(tmp_path, DestinationSafeClient="9", DestinationSafeWorker="99") == [
        housing,
        ("safety", "declined", "survivor", "not_applicable"),
    ]


def test_each_connection_is_a_protective_factor_and_together_they_are_support(tmp_path):
    said = outcomes(tmp_path, PosAdultConnections="0", PosPeerConnections="1", PosCommunityConnections="2")[1:]
    assert said == [
        ("protective_factors", "not_attained", "worker", "trusted_adult"),
        ("protective_factors", "attained", "worker", "supportive_peers"),
        ("protective_factors", "worker_does_not_know", "worker", "community_ties"),
        ("social_support", "attained", "worker", "not_applicable"),
    ]
    none = outcomes(tmp_path, PosAdultConnections="0", PosPeerConnections="0", PosCommunityConnections="0")
    some = outcomes(tmp_path, PosAdultConnections="0")
    assert (none[-1][1], some[-1][1]) == ("not_attained", NOT_KNOWN)


@pytest.mark.parametrize(
    ("sessions", "units"), [("1", "units_1"), ("12", "units_6_20"), ("", NOT_COLLECTED), ("0", NOT_COLLECTED)]
)
def test_counseling_at_the_exit_is_mental_health_care_given(tmp_path, sessions, units):
    written = sample().without("Services.csv").change("Exit.csv", CounselingReceived="1", SessionCountAtExit=sessions)
    body = only(readings(written, tmp_path), ServiceProvided)
    assert (body.service, body.unit_band, body.funding_source) == ("mental_health", units, "fysb_rhy")
    assert not bodies(readings(written.change("Exit.csv", CounselingReceived="0"), tmp_path), ServiceProvided)


def test_a_second_stay_of_a_client_is_a_second_case(tmp_path):
    written = sample().add("Enrollment.csv", **STAY | {"EnrollmentID": "E2"}, ProjectID="J1", EntryDate="2026-09-01")
    assert len(bodies(readings(written, tmp_path), CaseOpened)) == 2
