"""Whose rows are read: the projects of the profile, what the agency is, and who funds it."""

import pytest

from exchange.core.model.events import AgencyProfiled, CaseOpened, FundingReceived
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, UsState
from producers.errors import ProfileInvalid
from producers.profile import Profile
from producers.profile_sections import HmisProfile
from producers.sources.hmis import HmisSettings
from tests.kits.hmis_exports import bodies, facts, ignored, keys, only, readings, refusals, refused, sample


def test_a_profile_that_names_no_project_is_invalid_and_names_what_to_write():
    with pytest.raises(ProfileInvalid, match="all_projects_trafficking"):
        HmisSettings(UsState.ca)


@pytest.mark.parametrize(
    ("legal", "year", "totals"), [("individual", False, False), ("year_only", True, False), ("tally_only", False, True)]
)
def test_the_settings_are_those_of_the_profile(tmp_path, legal, year, totals):
    hmis = HmisProfile(gender_from_sex=True, projects=("J1", "J2"))
    profile = Profile(agency="harbor", state=UsState.ca, legal_class=LegalClass(legal), vault=tmp_path, hmis=hmis)
    expected = HmisSettings(
        UsState.ca, gender_from_sex=True, projects=frozenset({"J1", "J2"}), year_only=year, totals_only=totals
    )
    assert HmisSettings.from_profile(profile) == expected


def test_rows_of_projects_that_the_profile_does_not_name_are_ignored_with_all_that_belongs_to_them(tmp_path):
    written = sample().add("Project.csv", ProjectID="J2", OrganizationID="O1", ProjectType="0")
    other = {"EnrollmentID": "E2", "PersonalID": "P2"}
    written.add("Client.csv", PersonalID="P2").add("Enrollment.csv", **other, ProjectID="J2", EntryDate="not read")
    written.add("Exit.csv", **other, ExitID="X2", ExitDate="not read")
    found = readings(written, tmp_path, all_projects_trafficking=False, projects=frozenset({"J1"}))
    assert keys(found) == keys(readings(sample(), tmp_path))
    assert not refusals(found)
    assert "not from a project that the profile names" in ignored(found, "Enrollment.csv")
    assert "not from a project that the profile names" in ignored(found, "Exit.csv")
    assert "a client without a stay that is read" in ignored(found, "Client.csv")


def test_a_project_of_the_profile_that_is_not_in_the_export_is_refused_and_the_rest_is_read(tmp_path):
    found = readings(sample(), tmp_path, all_projects_trafficking=False, projects=frozenset({"J1", "J9"}))
    assert ("Project.csv", 0, "ProjectID") in refused(found)
    assert "of the 2 projects that the profile names, 1 cannot be read here" in next(
        x.rule for x in refusals(found) if x.where.row == 0
    )
    assert keys(found) == keys(readings(sample(), tmp_path))


@pytest.mark.parametrize("flag", ["1", "99", "yes"])
def test_of_a_victim_service_provider_no_client_is_read_unless_only_totals_leave(tmp_path, flag):
    written = sample().change("Organization.csv", VictimServiceProvider=flag)
    found = readings(written, tmp_path)
    assert not [fact for fact in facts(found) if fact.client]
    assert ("Organization.csv", 1, "VictimServiceProvider") in refused(found)
    assert only(readings(written, tmp_path, totals_only=True), CaseOpened)


def test_a_project_without_its_organization_in_the_export_is_not_read(tmp_path):
    found = readings(sample().change("Project.csv", OrganizationID="O9"), tmp_path)
    assert ("Project.csv", 1, "OrganizationID") in refused(found)
    assert not [fact for fact in facts(found) if fact.client]


@pytest.mark.parametrize(
    ("flag", "target", "funder", "kind"),
    [
        ("0", "4", "3", "homeless_service"),
        ("0", "4", "24", "youth_service"),
        ("0", "1", "24", "domestic_violence"),
        ("1", "4", "24", "domestic_violence"),
    ],
)
def test_the_agency_is_profiled_in_the_quarter_of_the_export(tmp_path, flag, target, funder, kind):
    written = (
        sample().change("Organization.csv", VictimServiceProvider=flag).change("Project.csv", TargetPopulation=target)
    )
    (fact,) = [
        f
        for f in facts(readings(written.change("Funder.csv", Funder=funder), tmp_path))
        if isinstance(f.body, AgencyProfiled)
    ]
    assert (fact.body, fact.period, fact.client) == (AgencyProfiled(kind, "events"), parse_period("2027Q1"), "")


def test_a_funder_is_recorded_where_it_begins_with_no_amount_at_all(tmp_path):
    (fact,) = [fact for fact in facts(readings(sample(), tmp_path)) if isinstance(fact.body, FundingReceived)]
    assert (fact.body, fact.period) == (FundingReceived("fysb_rhy", "not_applicable", 0), parse_period("2024Q4"))
    assert (fact.client, fact.key) == ("", "hmis/project/J1/Funder/F1/received")


@pytest.mark.parametrize(
    ("code", "name", "source"),
    [
        ("46", "", "local_government"),
        ("46", "Foundation", "foundation"),
        ("46", "voca_state", "voca_state"),
        ("46", "City of Nowhere", "other"),
        ("77", "", "not_known"),
    ],
)
def test_another_funder_is_what_the_agency_calls_it_when_that_is_a_word_of_the_list(tmp_path, code, name, source):
    found = readings(sample().change("Funder.csv", Funder=code, OtherFunder=name), tmp_path)
    assert only(found, FundingReceived).funding_source == source


def test_nobody_is_no_funder(tmp_path):
    assert not bodies(readings(sample().change("Funder.csv", Funder="34"), tmp_path), FundingReceived)


def test_a_vendor_without_funder_keys_still_gives_each_grant_a_stable_one(tmp_path):
    written = sample()
    written.headers["Funder.csv"].remove("FunderID")
    assert "hmis/project/J1/Funder/22.2024-10-01/received" in keys(readings(written, tmp_path))
