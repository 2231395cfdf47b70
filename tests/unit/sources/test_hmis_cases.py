"""A stay's beginning (Enrollment, Client): CaseOpened, and the housing of a housing program."""

import pytest

from exchange.core.model.events import CaseClosed, CaseOpened, NeedIdentified, ServiceProvided
from exchange.core.model.period import parse_period
from tests.kits.hmis_exports import STAY, bodies, fact_of, facts, only, readings, refusals, refused, sample

NOT_KNOWN, DECLINED, NOT_COLLECTED = "not_known", "declined", "not_collected"


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
def test_sex_is_read_as_gender_only_where_the_profile_asks_for_it(tmp_path, sex, gender):
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
    waiting = readings(written.change("Enrollment.csv", MoveInDate=""), tmp_path)
    assert {body.service for body in bodies(waiting, ServiceProvided)} == {"legal"}


@pytest.mark.parametrize("kind", ["1", "4", "6", "7", "11", "12", "14", ""])
def test_other_projects_house_nobody_by_being_entered(tmp_path, kind):
    written = sample().change("Project.csv", ProjectType=kind).change("Enrollment.csv", MoveInDate="2026-04-01")
    assert only(readings(written, tmp_path), ServiceProvided).service == "legal"


def test_a_second_stay_of_a_client_is_a_second_case(tmp_path):
    written = sample().add("Enrollment.csv", **STAY | {"EnrollmentID": "E2"}, ProjectID="J1", EntryDate="2026-09-01")
    assert len(bodies(readings(written, tmp_path), CaseOpened)) == 2
