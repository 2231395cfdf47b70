"""Withdrawn facts: rows that were withdrawn, and rows that a complete export no longer has."""

import pytest

from exchange.core.model.period import parse_period
from producers.facts import ClientWithdrawn, Complete, Edition, Fact, NotWhole, Withdrawn
from producers.sources.hmis import HmisExport
from tests.kits.hmis_exports import (
    STAY,
    empty,
    facts,
    keys,
    readings,
    refusals,
    refused,
    sample,
    settings,
    withdrawn,
)

DAY = "2026-12-01 00:00:00"
STAY_PREFIX = "hmis/project/J1/stay/E1/"


# Withdrawn rows


@pytest.mark.parametrize(
    ("file", "prefix"), [("Exit.csv", "Exit/X1/"), ("Services.csv", "Services/S1/"), ("Event.csv", "Event/V1/")]
)
def test_a_withdrawn_row_withdraws_what_it_recorded_whatever_else_it_holds(tmp_path, file, prefix):
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
    assert refused(found) == {("Enrollment.csv", 0, "DateDeleted")}  # it was the only one


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


def test_a_withdrawn_assessment_takes_the_outcome_along_unless_another_one_replaces_it(tmp_path):
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
    """Of whole projects; not the one by which a moved stay leaves its former project."""
    whole = [r for r in found if isinstance(r, Complete) and r.where.file == "Export.csv"]
    return {(r.key_prefix, r.first, r.last) for r in whole if r.key_prefix != "hmis/project/"}


def test_every_row_is_marked_once_all_of_it_is_read(tmp_path):
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
def test_where_absence_means_nothing_nothing_is_complete(tmp_path, head):
    assert completions(readings(sample().change("Export.csv", **head), tmp_path)) == set()


@pytest.mark.parametrize("file", ["Funder.csv", "Exit.csv", "Services.csv", "Event.csv", "HealthAndDV.csv"])
def test_a_missing_or_damaged_file_proves_no_absence(tmp_path, file):
    assert completions(readings(sample().without(file), tmp_path)) == set()
    folder = sample().folder(tmp_path)
    with (folder / file).open("a") as damaged:
        damaged.write("cut off")
    found = list(HmisExport(folder, settings()).read())
    assert completions(found) == set()
    assert [reading.where.file for reading in found if isinstance(reading, NotWhole)] == [file]


def test_an_export_without_its_own_row_is_refused_whole(tmp_path):
    written = sample()
    written.tables["Export.csv"] = []
    found = readings(written, tmp_path)
    assert completions(found) == set()
    assert not any(isinstance(reading, Edition) for reading in found)
    assert refused(found) == {("Export.csv", 0, "")}
    assert not facts(found)


@pytest.mark.parametrize("version", ["2022 v1.3", "", "FY2022, made in 2024", "6.12", "2028"])
def test_an_export_of_a_year_that_is_not_known_is_refused_whole(tmp_path, version):
    written = sample().change("Export.csv", CSVVersion=version)
    written.headers["Client.csv"].remove("Sex")  # else the columns show that it is of 2026
    found = readings(written, tmp_path)
    assert refused(found) == {("Export.csv", 1, "CSVVersion")}
    assert not [reading for reading in found if isinstance(reading, (Fact, Withdrawn, Complete, ClientWithdrawn))]


def test_an_export_with_the_columns_of_another_year_than_it_states_is_refused_whole(tmp_path):
    written = sample()
    written.headers["Client.csv"] = [column for column in written.headers["Client.csv"] if column != "Sex"]
    written.headers["Client.csv"] += ["Female", "Male", "NoSingleGender"]
    found = readings(written, tmp_path)
    assert refused(found) == {("Export.csv", 1, "CSVVersion")}
    assert not facts(found)


def test_an_export_without_any_row_withdraws_nothing(tmp_path):
    found = readings(empty(), tmp_path)
    assert facts(found) == []
    assert refused(found) == {("Export.csv", 0, "")}
