"""Columns that an agency fills and nobody reads; and the list of columns itself."""

from pathlib import Path

from producers.checks.columns.burden import burden_of
from producers.checks.columns.hmis_columns import EVERY_PROGRAM, FUNDED, IDENTIFYING, NO_STANDARD, PROGRAMS
from producers.checks.columns.staying import IDENTIFYING as NEVER_READ
from producers.checks.columns.staying import OTHER, staying_columns
from producers.sources.hmis.reading.layout import FILES
from schemas.lists import read_list
from tests.kits.clean_export import clean_export
from tests.kits.hmis_exports import Written


def with_path_columns(*, filled: str = "1") -> Written:
    written = clean_export()
    written.headers["Enrollment.csv"] += ["ClientEnrolledInPATH", "RunawayYouth", "MyOwnQuestion"]
    for row in written.tables["Enrollment.csv"]:
        row |= {"ClientEnrolledInPATH": filled, "RunawayYouth": "0", "MyOwnQuestion": "4711"}
    return written


def test_a_column_of_a_program_that_does_not_fund_the_agency_is_a_burden(tmp_path: Path) -> None:
    found = burden_of(with_path_columns().folder(tmp_path))
    assert found.programs == ("HUD Continuum of Care", "runaway and homeless youth programs")
    assert [(one.file, one.name, one.filled, one.programs) for one in found.columns] == [
        ("Enrollment.csv", "ClientEnrolledInPATH", 4, ("PATH",))
    ]
    assert "4711" not in str(found.plain())
    assert "MyOwnQuestion" not in str(found.plain())


def test_a_column_that_a_funder_asks_for_or_nobody_fills_is_none(tmp_path: Path) -> None:
    written = with_path_columns()
    written.add("Funder.csv", FunderID="F9", ProjectID="J1", Funder="21", StartDate="2024-10-01")
    assert burden_of(written.folder(tmp_path)).columns == ()
    assert burden_of(with_path_columns(filled="").folder(tmp_path)).columns == ()
    assert burden_of(with_path_columns(filled="99").folder(tmp_path)).columns == ()


def test_without_a_known_funder_nothing_is_concluded(tmp_path: Path) -> None:
    for written in (with_path_columns(), with_path_columns().without("Funder.csv")):
        for row in written.tables.get("Funder.csv", []):
            row["Funder"] = "46"
        found = burden_of(written.folder(tmp_path))
        assert (found.known, found.columns) == (False, ())
        assert "nothing is concluded" in " ".join(found.words())


def test_every_code_of_a_funder_is_sorted_once() -> None:
    cited = {
        int(one.rpartition(":")[2])
        for row in read_list("funding_source")
        for one in row["source_code"].split(";")
        if one.startswith("2.06.1:")
    }
    sorted_codes = [code for codes in (*FUNDED.values(), NO_STANDARD) for code in codes]
    assert len(sorted_codes) == len({*sorted_codes})
    assert cited <= {*sorted_codes}
    assert {*FUNDED} | {EVERY_PROGRAM} == {*PROGRAMS}


def test_no_column_that_identifies_is_ever_read() -> None:
    for file in FILES:
        assert not {*IDENTIFYING.get(file.name, ())} & {*file.columns}


def test_columns_that_stay_are_named_by_the_standard_and_others_are_counted(tmp_path: Path) -> None:
    groups = {one.why: one for one in staying_columns(with_path_columns().folder(tmp_path))}
    assert "Client.SSN" in groups[NEVER_READ].names
    assert (groups[OTHER].names, groups[OTHER].more) == ((), 1)
