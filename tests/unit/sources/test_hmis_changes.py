"""What happens to rows whose keys are odd, repeated, orphaned or in an impossible order."""

import pytest

from exchange.core.model.events import CaseClosed, CaseOpened, ServiceProvided
from exchange.core.model.period import parse_period
from tests.kits.hmis_exports import FIRST_ROW, STAY, bodies, facts, keys, only, readings, refusals, refused, sample

STAY_PREFIX = "hmis/project/J1/stay/E1/"


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
    assert repeated(tmp_path, "2026-09-01T10:00:00Z", "2026-09-02T10:00:00Z") == 1
    assert repeated(tmp_path, "9/1/2026 10:00", "9/22/2026 10:00") == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("not a date", "2026-09-02"),
        ("2026-09-01", ""),
        ("", ""),
        ("9/1/2026", "8/1/2026"),
        ("2026-09-01", "2026-09-01"),
    ],
)
def test_of_rows_with_one_key_none_counts_where_nobody_knows_which_is_the_newest(tmp_path, first, second):
    written = sample().change("Exit.csv", DateUpdated=first, Destination="422")
    written.add("Exit.csv", **STAY, ExitID="X1", ExitDate="2026-08-20", Destination="101", DateUpdated=second)
    found = readings(written, tmp_path)
    assert refused(found) >= {("Exit.csv", 1, "ExitID"), ("Exit.csv", 2, "ExitID")}
    assert not bodies(found, CaseClosed)


def test_a_row_that_is_there_twice_is_one_row(tmp_path):
    written = sample()
    written.tables["Exit.csv"] *= 2
    assert len(bodies(readings(written, tmp_path), CaseClosed)) == 1


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
        assert not [fact for fact in facts(found) if (fact.where.file, fact.where.row) == (file, FIRST_ROW)]


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
