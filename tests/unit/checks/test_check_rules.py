"""Every rule of `exchange edge check` fires where it should, and nowhere in a clean export."""

import json
from collections import Counter
from pathlib import Path

import pytest

from producers.checks.check_result import FileChecked
from producers.checks.file_check import check_file, profile_without_one
from producers.checks.from_publishing import rule_of
from producers.checks.rules.all_rules import BY_ID, RULES
from producers.facts import RowRefused, Where
from producers.profile import Profile
from tests.kits.clean_export import TODAY, clean_export
from tests.kits.edge_kit.desk import need
from tests.kits.hmis_exports import PLANTED
from tests.kits.sheet_files import edit_part, write_csv, write_xlsx
from tests.kits.spoiled_exports import SPOILED, Spoiled

BY_HISTORY = {"V01", "V02", "V03"}
"""Fired in `test_own_history`."""
NO_FACTOR = {
    **dict.fromkeys(("societal_factor", "economic_factor", "protective_factor", "resiliency_factor"), "not_applicable"),
    "trafficking_type": "not_known",
}
LINES: dict[str, list[object]] = {
    "G01": ["no JSON"],
    "G02": [{**need("1"), "body": "no_body"}],
    "G03": [{**need("1"), "more": 1}],
    "G04": [{"key": "1"}],
    "G05": [need("1", "no_service")],
    "G06": [need("1", period="2024") | {"period": "x"}],
    "G07": [need("1", period="2031Q1")],
    "G08": [need("1"), need("1")],
    "G09": [need("")],
    "G10": [need("1", state="zz")],
    "G11": [{**need("1"), "body": "factor_observed", "fields": NO_FACTOR}],
    "G12": [{name: value for name, value in need("1").items() if name != "client"}],
    "G13": [need(str(number), client="one") for number in range(11)],
}
"""Rule → lines of JSON that make it fire."""
HTCDS = ("_uuid", "cas_IncomingReferralDate", "vic_TypeOfExploitation")
HEADER = ("case", "quarter", "need", "served", "unmet_reason")
SHEETS: dict[str, list[tuple[object, ...]]] = {
    "G14": [("", "2026Q1", "food", "", "")],
    "G15": [("17", "2026Q1", "Klingon lessons", "", "")],
    "G16": [("17", "2026Q1", "=1/0", "", "")],
    "G17": [("17", "2026Q1", "food", "yes", ""), ("18", "2026Q1", "food", "yes", "")],
    "G18": [(123456789012345678, "2026Q1", "food", "", "")],
    "G19": [("17", "2026Q1", "food")],
    "G20": [("17", "2026Q1", "food", "", "waitlist"), ("17", "2026Q1", "food", "", "no_capacity")],
    "G22": [("17", "soon", "food", "", "")],
}
"""Rule → rows below the header of our own sheet that make it fire."""
OF_HTCDS: dict[str, tuple[str, ...]] = {"G21": ("1", "2026-02-10", "Forced labour;Sexual exploitation")}
"""Rule → a submission: its key, the date of referral, the type of exploitation."""


def written(case: Spoiled, folder: Path) -> Path:
    export = clean_export()
    case.spoil(export)
    contents = export.contents()
    case.damage(contents)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def profile_of(path: Path, keys) -> Profile:
    """The profile of a look without one, with other keys."""
    return Profile.model_validate({**profile_without_one(path).model_dump(), **keys})


def checked_export(case: Spoiled, folder: Path) -> FileChecked:
    path = written(case, folder)
    return check_file(path, profile_of(path, case.profile), TODAY)


def checked_lines(lines: list[object], folder: Path) -> FileChecked:
    path = folder / "facts.jsonl"
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines), encoding="utf-8")
    return check_file(path, profile_without_one(path), TODAY)


def checked_sheet(name: str, folder: Path) -> FileChecked:
    rows = [HEADER, *SHEETS[name]] if name in SHEETS else [HTCDS, OF_HTCDS[name]]
    path = folder / ("cases.csv" if name in {"G19", *OF_HTCDS} else "cases.xlsx")
    if path.suffix == ".csv":
        write_csv(path, rows)
    else:
        write_xlsx(path, rows, merged=["D2:D3"] if name == "G17" else ())
    if name == "G16":
        error = '<c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        edit_part(path, "xl/worksheets/sheet1.xml", r'<c r="C2"><f>1/0</f><v>0</v></c>', error)
    return check_file(path, profile_without_one(path), TODAY)


def fired(result: FileChecked) -> set[str]:
    return {found.rule.id for found in result.findings}


def test_every_rule_has_a_case_and_there_are_enough() -> None:
    assert {*SPOILED, *LINES, *SHEETS, *OF_HTCDS, *BY_HISTORY, "G99"} == {*BY_ID}
    assert len(BY_ID) == len(RULES) >= 75


@pytest.mark.parametrize("name", SPOILED)
def test_a_rule_about_exports_fires(name: str, tmp_path: Path) -> None:
    assert name in fired(checked_export(SPOILED[name], tmp_path))


@pytest.mark.parametrize("name", LINES)
def test_a_rule_about_other_files_fires(name: str, tmp_path: Path) -> None:
    assert name in fired(checked_lines(LINES[name], tmp_path))


@pytest.mark.parametrize("name", [*SHEETS, *OF_HTCDS])
def test_a_rule_about_sheets_fires_with_its_row_and_no_other_does(name: str, tmp_path: Path) -> None:
    result = checked_sheet(name, tmp_path)
    assert fired(result) == {name}
    (found,) = result.findings
    assert 2 in found.rows


def test_no_rule_fires_in_a_clean_sheet(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "cases.csv", [HEADER, ("17", "2026Q1", "food", "yes", "")])
    assert check_file(path, profile_without_one(path), TODAY).findings == ()


def test_no_rule_fires_in_a_clean_export(tmp_path: Path) -> None:
    result = checked_export(Spoiled(lambda _: None), tmp_path)
    assert result.findings == ()
    assert result.clean
    assert {name for name in SPOILED if name in result.not_checked} == set()


def test_no_rule_fires_in_clean_lines(tmp_path: Path) -> None:
    assert checked_lines([need("1"), need("2", "housing")], tmp_path).findings == ()


def test_a_refusal_in_words_that_nobody_knows_is_shown_in_its_own() -> None:
    assert rule_of(RowRefused(Where("any.csv", 3), "column", "a rule that is new")) == "G99"


def test_findings_hold_row_numbers_and_no_value(tmp_path: Path) -> None:
    result = checked_export(SPOILED["C09"], tmp_path)
    (found,) = [one for one in result.findings if one.rule.id == "C09"]
    assert (found.file, found.column, found.rows) == ("Services.csv", "TypeProvided", (2,))
    said = json.dumps(result.plain())
    assert "777" not in said
    assert PLANTED not in said


@pytest.mark.parametrize("name", ["S06", "Q13", "I16", "H02"])
def test_a_check_again_gives_the_same(name: str, tmp_path: Path) -> None:
    first = checked_export(SPOILED[name], tmp_path).plain()
    assert checked_export(SPOILED[name], tmp_path).plain() == first


def test_a_broken_file_disables_what_needs_it_and_the_rest_is_checked(tmp_path: Path) -> None:
    """Exit.csv lacks its dates: what needs exits is not checked, what does not is."""
    case = SPOILED["S03"]
    result = checked_export(case, tmp_path)
    needing = {one.id for one in RULES if "Exit.csv" in (one.table, *one.needs)}
    assert needing <= {*result.not_checked}
    assert all(result.not_checked[name] == "Exit.csv: the column ExitDate is missing" for name in needing)
    assert result.facts["CaseOpened"] == 3
    assert "S03" in fired(result)


def test_where_publishing_reads_nothing_the_other_files_are_checked_all_the_same(tmp_path: Path) -> None:
    def spoil(export) -> None:
        export.without("Client.csv")
        export.change("Services.csv", 0, DateProvided="2026-02-30")
        export.change("Exit.csv", 0, ExitDate="2026-01-01")

    result = checked_export(Spoiled(spoil), tmp_path)
    assert {"S01", "D01", "Q01"} <= fired(result)
    assert result.facts == {}
    assert "A01" in result.not_checked
    assert "H08" in result.not_checked
    assert "D01" not in result.not_checked


def test_one_repair_may_mend_many_rows(tmp_path: Path) -> None:
    result = checked_export(SPOILED["M18"], tmp_path)
    repairs = [str(repair) for repair, _ in result.by_repair()]
    assert len(repairs) == len({*repairs})
    assert Counter(found.rule.id for _, some in result.by_repair() for found in some) == Counter(
        found.rule.id for found in result.findings
    )
