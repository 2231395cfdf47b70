"""The quarter that a refused row concerns: told only where all that it costs is in one quarter."""

import pytest

from exchange.core.model.events import OutcomeAssessed
from exchange.core.model.period import parse_period
from producers.facts import Fact
from tests.kits.hmis_exports import STAY, readings, refusals, sample

ANY = 0
Q1, Q3 = parse_period("2026Q1"), parse_period("2026Q3")


def periods(written, folder) -> dict[tuple[str, str], set[int]]:
    """(file, column) of refusals → their quarters."""
    found: dict[tuple[str, str], set[int]] = {}
    for refused in refusals(readings(written, folder)):
        found.setdefault((refused.where.file, refused.column), set()).add(refused.period)
    return found


@pytest.mark.parametrize(
    ("file", "cells", "period"),
    [
        ("Services.csv", {"TypeProvided": "777"}, Q1),
        ("Services.csv", {"ServicesID": "x!"}, Q1),
        ("Services.csv", {"DateDeleted": "yes"}, Q1),
        ("Services.csv", {"DateProvided": "x"}, ANY),
        ("Services.csv", {"DateProvided": "2027-02-01"}, ANY),  # after the export
        ("Exit.csv", {"Destination": "777"}, Q3),
        ("Exit.csv", {"ExitDate": "2/3/2026"}, ANY),
        ("Event.csv", {"Event": "777"}, Q1),
        ("Event.csv", {"ReferralResult": "777", "ResultDate": "2026-03-30"}, Q1),
        ("Event.csv", {"ReferralResult": "777", "ResultDate": "2026-07-30"}, ANY),
        ("Event.csv", {"ReferralResult": "1", "ResultDate": "x"}, ANY),
        ("Enrollment.csv", {"ReferralSource": "777"}, Q1),
        ("Enrollment.csv", {"EntryDate": "x"}, ANY),
        ("Enrollment.csv", {"RelationshipToHoH": "777"}, ANY),  # decides whether the exit closes a case
        ("Enrollment.csv", {"LivingSituation": "777"}, ANY),  # decides the outcome at exit
        ("Enrollment.csv", {"ProjectID": "J9"}, ANY),
        ("HealthAndDV.csv", {"DataCollectionStage": "777"}, ANY),
        ("Client.csv", {"DOBDataQuality": "777"}, ANY),
        ("Funder.csv", {"Funder": "777"}, ANY),
    ],
)
def test_a_refusal_tells_its_quarter_only_where_the_row_does(tmp_path, file, cells, period):
    found = periods(sample().change(file, **cells), tmp_path)
    (column, *_) = cells
    assert found[file, "Event" if (file, column) == ("Event.csv", "Event") else _refused(found, file)] == {period}


def _refused(found, file):
    return next(column for name, column in found if name == file)


def test_in_permanent_housing_the_move_in_may_be_of_another_quarter(tmp_path):
    written = sample().change("Enrollment.csv", ReferralSource="777", MoveInDate="2026-07-01")
    assert periods(written, tmp_path)["Enrollment.csv", "ReferralSource"] == {Q1}
    written.change("Project.csv", ProjectType="13")
    assert periods(written, tmp_path)["Enrollment.csv", "ReferralSource"] == {ANY}


def test_what_follows_from_a_refused_row_tells_its_own_quarter(tmp_path):
    found = periods(sample().change("Enrollment.csv", EntryDate="x"), tmp_path)
    assert found["Exit.csv", "EnrollmentID"] == {Q3}
    assert found["Services.csv", "EnrollmentID"] == {Q1}


def test_an_assessment_that_is_not_concluded_tells_its_quarter(tmp_path):
    other = {"HealthAndDVID": "H9", "InformationDate": "2026-03-01", "DataCollectionStage": "77"}
    found = periods(sample().add("HealthAndDV.csv", **STAY, **other), tmp_path)
    assert found == {("HealthAndDV.csv", "DataCollectionStage"): {0}, ("HealthAndDV.csv", ""): {Q3}}


def test_a_refused_row_of_another_file_costs_no_outcome(tmp_path):
    """It says nothing about health."""
    damaged = sample().change("Services.csv", DateProvided="soon", TypeProvided="777")
    assert outcomes(readings(damaged, tmp_path)) == outcomes(readings(sample(), tmp_path)) > 0


def outcomes(found):
    return sum(isinstance(one, Fact) and isinstance(one.body, OutcomeAssessed) for one in found)


def test_of_a_repeated_key_each_row_tells_its_own_quarter(tmp_path):
    service = {"ServicesID": "S1", "RecordType": "142", "TypeProvided": "7"}
    written = sample().add("Services.csv", **STAY, **service, DateProvided="2026-07-01")
    assert periods(written, tmp_path)["Services.csv", "ServicesID"] == {Q1, Q3}
