"""Whose rows are read, and what happens to rows that are repeated, withdrawn, orphaned or absent."""

import pytest

from exchange.core.events import AgencyProfiled, CaseClosed, CaseOpened, FundingReceived, ServiceProvided
from exchange.core.period import parse_period
from exchange.core.vocabulary import LegalClass, UsState
from producers.errors import ProfileInvalid
from producers.facts import ClientWithdrawn, Complete, Edition, RowIgnored
from producers.profile import HmisProfile, Profile
from producers.sources.hmis import HmisExport, HmisSettings
from tests.hmis_exports import (
    STAY,
    bodies,
    empty,
    facts,
    ignored,
    only,
    readings,
    refusals,
    refused,
    sample,
    settings,
    withdrawn,
)

DAY = "2026-12-01 00:00:00"
STAY_PREFIX = "hmis/project/J1/stay/E1/"


def keys(found):
    return {fact.key for fact in facts(found)}


# Whose rows


def test_a_profile_that_names_no_project_is_invalid_and_says_what_to_write():
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
    assert "not of a project that the profile names" in ignored(found, "Enrollment.csv")
    assert "not of a project that the profile names" in ignored(found, "Exit.csv")
    assert "a client without a stay that is read" in ignored(found, "Client.csv")


def test_a_project_of_the_profile_that_is_not_in_the_export_is_pointed_out(tmp_path):
    found = readings(sample(), tmp_path, all_projects_trafficking=False, projects=frozenset({"J1", "J9"}))
    assert "the profile names a project that is not in this export" in ignored(found, "Project.csv")


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


def test_a_funder_is_told_where_it_begins_with_no_amount_at_all(tmp_path):
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


# Keys


def test_keys_do_not_change_with_the_export_or_when_two_clients_become_one(tmp_path):
    again = sample().change("Export.csv", ExportDate="2027-05-01", ExportID="another")
    merged = sample().change("Client.csv", PersonalID="P9")
    for file in ("Enrollment.csv", "Exit.csv", "Services.csv", "Event.csv"):
        merged.change(file, PersonalID="P9")
    for row in (0, 1):
        merged.change("HealthAndDV.csv", row, PersonalID="P9")
    before = keys(readings(sample(), tmp_path))
    profile = {key for key in before if key.startswith("hmis/organization/")}
    assert keys(readings(again, tmp_path)) - before == {"hmis/organization/O1/" + str(parse_period("2027Q2"))}
    assert keys(readings(merged, tmp_path)) == before
    assert len(before) == len(facts(readings(sample(), tmp_path)))
    assert all(key.startswith((STAY_PREFIX, "hmis/project/J1/Funder/")) for key in before - profile)


@pytest.mark.parametrize("key", ["", "a/b", "a b", "x" * 65, "é", "a\x00b"])
def test_what_is_no_key_is_refused(tmp_path, key):
    found = readings(sample().change("Exit.csv", ExitID=key), tmp_path)
    assert ("Exit.csv", 1, "ExitID") in refused(found)
    assert not bodies(found, CaseClosed)


@pytest.mark.parametrize("key", ["007", "1.0", "0A1b" * 8, "123_1", "6F9619FF-8B86-D011-B42D-00CF4FC964FF"])
def test_a_key_is_text_and_stays_as_it_is(tmp_path, key):
    assert f"{STAY_PREFIX}Exit/{key}/closed" in keys(readings(sample().change("Exit.csv", ExitID=key), tmp_path))


# Repeated rows


def repeated(folder, first, second):
    written = sample().change("Exit.csv", DateUpdated=first, Destination="422")
    written.add("Exit.csv", **STAY, ExitID="X1", ExitDate="2026-08-20", Destination="101", DateUpdated=second)
    found = readings(written, folder)
    ((file, row, _),) = refused(found)
    assert file == "Exit.csv"
    assert only(found, CaseClosed).exit_destination == ("emergency_shelter" if row == 1 else "family_permanent")
    return row


def test_of_rows_with_one_key_the_newest_counts_and_the_others_are_reported(tmp_path):
    assert repeated(tmp_path, "2026-09-02 10:00:00", "2026-09-01 10:00:00") == 2
    assert repeated(tmp_path, "2026-09-01 10:00:00", "2026-09-02") == 1
    assert repeated(tmp_path, "not a date", "2026-09-02") == 1
    assert repeated(tmp_path, "2026-09-01", "") == 2
    assert repeated(tmp_path, "", "") == 1


def test_a_stay_has_one_exit_the_newest(tmp_path):
    written = sample().change("Exit.csv", DateUpdated="2026-09-02")
    written.add("Exit.csv", **STAY, ExitID="X2", ExitDate="2026-08-21", DateUpdated="2026-09-01")
    found = readings(written, tmp_path)
    assert refused(found) == {("Exit.csv", 2, "EnrollmentID")}
    assert len(bodies(found, CaseClosed)) == 1


def test_of_two_clients_or_stays_with_one_key_the_newest_counts(tmp_path):
    written = sample().change("Client.csv", DateUpdated="2026-01-01").change("Enrollment.csv", DateUpdated="2026-01-01")
    written.add("Client.csv", PersonalID="P1", DOB="1980-01-01", DOBDataQuality="1", DateUpdated="2026-01-02")
    written.add(
        "Enrollment.csv", **STAY, ProjectID="J1", EntryDate="2026-02-11", ReferralSource="1", DateUpdated="2026-01-02"
    )
    found = readings(written, tmp_path)
    assert refused(found) == {("Client.csv", 1, "PersonalID"), ("Enrollment.csv", 1, "EnrollmentID")}
    assert (only(found, CaseOpened).age_band, only(found, CaseOpened).referral_source) == ("age_39_47", "self_referral")


# Orphans and impossible orders


@pytest.mark.parametrize("file", ["Exit.csv", "Services.csv", "Event.csv", "HealthAndDV.csv"])
def test_a_row_without_its_stay_or_of_another_client_is_refused(tmp_path, file):
    for column, value in (("EnrollmentID", "E9"), ("PersonalID", "P9")):
        found = readings(sample().change(file, **{column: value}), tmp_path)
        assert (file, 1, column) in refused(found)
        assert not [fact for fact in facts(found) if (fact.where.file, fact.where.row) == (file, 1)]


def test_a_stay_without_its_client_or_project_is_refused(tmp_path):
    assert ("Enrollment.csv", 1, "EnrollmentID") in refused(
        readings(sample().change("Client.csv", PersonalID="P9"), tmp_path)
    )
    assert ("Enrollment.csv", 1, "ProjectID") in refused(
        readings(sample().change("Enrollment.csv", ProjectID="J9"), tmp_path)
    )


def test_a_service_after_the_exit_or_before_the_entry_is_published(tmp_path):
    for day in ("2026-12-01", "2026-01-01"):
        found = readings(sample().change("Services.csv", DateProvided=day), tmp_path)
        assert only(found, ServiceProvided)
        assert not refusals(found)


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("Exit.csv", "ExitDate"),
        ("Services.csv", "DateProvided"),
        ("Event.csv", "EventDate"),
        ("HealthAndDV.csv", "InformationDate"),
    ],
)
def test_a_row_is_refused_for_a_bad_event_date_and_never_for_a_bad_update(tmp_path, file, column):
    found = readings(sample().change(file, **{column: "3/4/26"}), tmp_path)
    assert refused(found) == {(file, 1, column)}
    assert not refusals(readings(sample().change(file, DateUpdated="nonsense"), tmp_path))


# Withdrawn rows


@pytest.mark.parametrize(
    ("file", "prefix"), [("Exit.csv", "Exit/X1/"), ("Services.csv", "Services/S1/"), ("Event.csv", "Event/V1/")]
)
def test_a_withdrawn_row_withdraws_what_it_said_whatever_else_it_holds(tmp_path, file, prefix):
    day = {"Exit.csv": "ExitDate", "Services.csv": "DateProvided", "Event.csv": "EventDate"}[file]
    before = keys(readings(sample(), tmp_path))
    found = readings(sample().change(file, DateDeleted=DAY, PersonalID="nonsense", **{day: "nonsense"}), tmp_path)
    assert withdrawn(found) == {STAY_PREFIX + prefix}
    assert keys(found) == {key for key in before if not key.startswith(STAY_PREFIX + prefix)}
    assert not refusals(found)


def test_a_withdrawn_stay_takes_all_its_rows_along(tmp_path):
    found = readings(sample().change("Enrollment.csv", DateDeleted=DAY), tmp_path)
    assert withdrawn(found) == {STAY_PREFIX}
    assert not [fact for fact in facts(found) if fact.client]
    assert not refusals(found)


def test_a_withdrawn_client_takes_all_its_stays_along_also_those_not_in_the_export(tmp_path):
    found = readings(sample().change("Client.csv", DateDeleted=DAY), tmp_path)
    assert withdrawn(found) == {STAY_PREFIX}
    assert [reading.client for reading in found if isinstance(reading, ClientWithdrawn)] == ["P1"]
    assert not [fact for fact in facts(found) if fact.client]


def test_a_row_withdrawn_from_a_stay_that_is_not_in_the_export_is_looked_for_in_every_project(tmp_path):
    written = sample().add("Project.csv", ProjectID="J2", OrganizationID="O1")
    written.add("Services.csv", EnrollmentID="E9", PersonalID="P9", ServicesID="S9", DateDeleted=DAY)
    assert withdrawn(readings(written, tmp_path)) == {
        f"hmis/project/{name}/stay/E9/Services/S9/" for name in ("J1", "J2")
    }


def test_a_withdrawn_row_is_no_duplicate_and_never_withdraws_a_live_one(tmp_path):
    written = sample()
    written.add("Exit.csv", **STAY, ExitID="X1", ExitDate="2026-08-20", DateDeleted=DAY, DateUpdated="2026-12-01")
    found = readings(written, tmp_path)
    assert keys(found) == keys(readings(sample(), tmp_path))
    assert not withdrawn(found)
    assert not refusals(found)


def test_an_exit_that_was_made_anew_replaces_the_withdrawn_one(tmp_path):
    written = sample().change("Exit.csv", DateDeleted=DAY).add("Exit.csv", **STAY, ExitID="X2", ExitDate="2026-08-21")
    found = readings(written, tmp_path)
    assert withdrawn(found) == {STAY_PREFIX + "Exit/X1/"}
    assert f"{STAY_PREFIX}Exit/X2/closed" in keys(found)


def test_a_withdrawn_assessment_takes_the_outcome_along_unless_another_one_stands_in(tmp_path):
    outcome = STAY_PREFIX + "HealthOutcome/"
    written = sample().change("HealthAndDV.csv", 0, DateDeleted=DAY)
    assert withdrawn(readings(written, tmp_path)) == {outcome}
    written.add(
        "HealthAndDV.csv",
        **STAY,
        HealthAndDVID="H0",
        InformationDate="2026-02-11",
        DataCollectionStage="1",
        GeneralHealthStatus="4",
    )
    found = readings(written, tmp_path)
    assert not withdrawn(found)
    assert outcome + "physical_health" in keys(found)


def test_a_withdrawn_pregnancy_is_withdrawn(tmp_path):
    found = readings(sample().change("HealthAndDV.csv", 1, PregnancyStatus="1", DateDeleted=DAY), tmp_path)
    assert STAY_PREFIX + "Pregnancy/" in withdrawn(found)


def test_a_withdrawn_funder_or_organization_is_withdrawn(tmp_path):
    found = readings(sample().change("Funder.csv", DateDeleted=DAY), tmp_path)
    assert withdrawn(found) == {"hmis/project/J1/Funder/F1/"}
    assert "hmis/organization/O1/" in withdrawn(
        readings(sample().change("Organization.csv", DateDeleted=DAY), tmp_path)
    )


# Absent rows


def completions(found):
    return {(r.key_prefix, r.first, r.last) for r in found if isinstance(r, Complete) and r.where.file == "Export.csv"}


def test_every_row_says_when_it_has_said_everything(tmp_path):
    found = readings(sample(), tmp_path)
    said = {(reading.where, reading.key_prefix) for reading in found if isinstance(reading, Complete)}
    for fact in facts(found):
        if fact.client:
            assert any(where == fact.where and fact.key.startswith(prefix) for where, prefix in said)


def test_a_full_export_is_complete_in_its_projects_over_the_quarters_it_covers(tmp_path):
    found = readings(sample(), tmp_path)
    assert completions(found) == {("hmis/project/J1/", parse_period("2025Q1"), parse_period("2026Q4"))}
    assert isinstance(found[0], Edition)
    assert isinstance(found[-1], Complete)


@pytest.mark.parametrize(
    "head",
    [
        {"ExportDirective": "1"},
        {"ExportDirective": "3"},
        {"ExportDirective": ""},
        {"ExportPeriodType": "1"},
        {"ExportPeriodType": "4"},
        {"ExportStartDate": "nonsense"},
        {"ExportEndDate": ""},
    ],
)
def test_where_absence_says_nothing_nothing_is_complete(tmp_path, head):
    assert completions(readings(sample().change("Export.csv", **head), tmp_path)) == set()


@pytest.mark.parametrize("file", ["Funder.csv", "Exit.csv", "Services.csv", "Event.csv", "HealthAndDV.csv"])
def test_a_missing_or_damaged_file_proves_no_absence(tmp_path, file):
    assert completions(readings(sample().without(file), tmp_path)) == set()
    folder = sample().folder(tmp_path)
    with (folder / file).open("a") as damaged:
        damaged.write("cut off")
    found = list(HmisExport(folder, settings()).read())
    assert completions(found) == set()
    assert any(isinstance(reading, RowIgnored) and "damaged" in reading.why for reading in found)


def test_an_export_without_its_own_row_is_read_as_a_delta_without_age(tmp_path):
    written = sample()
    written.tables["Export.csv"] = []
    found = readings(written, tmp_path)
    assert completions(found) == set()
    assert not any(isinstance(reading, Edition) for reading in found)
    assert refused(found) == {("Export.csv", 0, "")}
    assert only(found, CaseOpened)


def test_an_export_of_another_version_is_pointed_out_and_read(tmp_path):
    found = readings(sample().change("Export.csv", CSVVersion="2022 v1.3"), tmp_path)
    assert refused(found) == {("Export.csv", 1, "CSVVersion")}
    assert only(found, CaseOpened)


def test_an_export_without_any_row_says_nothing(tmp_path):
    found = readings(empty(), tmp_path)
    assert facts(found) == []
    assert refused(found) == {("Export.csv", 0, "")}
