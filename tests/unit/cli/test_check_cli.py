"""`exchange edge check`: what it prints and writes, and its exit status."""

import csv
import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exchange.cli import app
from producers.checks.rules.all_rules import RULES
from tests.kits.clean_export import clean_export
from tests.kits.edge_kit.desk import PLANTED, Desk, need
from tests.kits.hmis_exports import PLANTED as PLANTED_IN_EXPORT

TODAY = ("--today", "2026-11-29")


def check(*words: str, ends: int = 3) -> str:
    result = CliRunner(env={"COLUMNS": "10000"}).invoke(app, ["edge", "check", *words, *TODAY])
    assert result.exit_code == ends, result.output
    assert PLANTED_IN_EXPORT not in result.output
    return result.stdout


@pytest.fixture
def spoiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An export in which three rows need two repairs, in a folder where the command runs."""
    monkeypatch.chdir(tmp_path)
    written = clean_export()
    written.change("Exit.csv", 0, Destination="99")
    written.change("Enrollment.csv", 0, LivingSituation="")
    written.change("Services.csv", 0, DateProvided="2026-01-05")
    return str(written.folder(tmp_path))


def test_findings_are_grouped_by_repair_with_their_rows_and_effects(spoiled: str) -> None:
    said = check(spoiled)
    assert said.count("Ask the client, or look into the file, and enter the answer.") == 1
    assert said.count("Open the record in the HMIS and correct the date.") == 1
    assert re.search(
        r"warning │ M02:Exit.csv:Destination: .* │ Exit.csv Destination +│ +1 │ 2 +│ The answer counts", said
    )
    assert f"of {len(RULES)} rules were checked" in said
    assert "What can be published all the same: " in said
    assert "0 errors, 3 warnings" in said


def test_a_clean_export_ends_with_0_and_names_what_can_be_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clean_export().folder(tmp_path)
    said = check("export", ends=0)
    assert "0 errors, 0 warnings, 0 notes" in said
    assert "CaseOpened 3" in said


def test_json_has_every_row_and_what_to_do(spoiled: str) -> None:
    plain = json.loads(check(spoiled, "--json", "--burden"))
    assert plain["counts"] == {"error": 0, "warning": 3, "note": 0}
    assert {(one["rule"], tuple(one["rows"])) for one in plain["findings"]} == {
        ("M02", (2,)),
        ("M01", (2,)),
        ("Q02", (2,)),
    }
    assert all(one["repair"] and one["your_figures"] and one["meaning"] for one in plain["findings"])
    assert plain["burden"]["known"]
    assert plain["history"] is False


def test_the_page_and_the_list_are_their_owners_alone_and_hold_no_value(spoiled: str) -> None:
    check(spoiled, "--html", "check.html", "--to-fix", "list.csv", "--burden")
    page = Path("check.html").read_text(encoding="utf-8")
    rows = list(csv.reader(Path("list.csv").read_text(encoding="utf-8").splitlines()))
    assert {tuple(row[:3]) for row in rows[1:]} == {
        ("Exit.csv", "2", "Destination"),
        ("Enrollment.csv", "2", "LivingSituation"),
        ("Services.csv", "2", "DateProvided"),
    }
    assert "Ask the client, or look into the file, and enter the answer." in page
    assert "Columns that you fill" in page
    assert "<script" not in page
    assert not re.search(r"(?:src|href|url)\s*[=(]", page)
    for text in (page, str(rows)):
        assert PLANTED_IN_EXPORT not in text
        assert "2026-01-05" not in text
    if os.name == "posix":
        assert {Path(one).stat().st_mode & 0o777 for one in ("check.html", "list.csv")} == {0o600}


def test_a_broken_file_is_named_with_what_it_disables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    clean_export().without("Exit.csv").folder(tmp_path)
    said = check("export")
    assert re.search(r"Not checked, because of Exit.csv: it is missing: .*Q01", said)
    assert "CaseOpened 3" in said
    assert "CaseClosed" not in said


def test_what_is_no_source_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("x", encoding="utf-8")
    result = CliRunner().invoke(app, ["edge", "check", "a.txt"])
    assert "no format" in str(result.exception)


def test_right_needs_the_vault_that_remembers_it(spoiled: str) -> None:
    result = CliRunner().invoke(app, ["edge", "check", spoiled, "--right", "M02:Exit.csv:Destination"])
    assert result.exit_code == 2


def test_a_finding_that_is_called_right_is_quiet_in_later_checks_and_leaves_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, monkeypatch)
    desk.write(*(need(str(one), client="one") for one in range(11)))
    name = "G13:file"
    before = list(desk.exchange.inbox)
    words = ("edge", "check", "facts.jsonl", *TODAY)
    assert f"{name}: The same fact" in desk.run(*words).stdout
    assert f"{name}: The same fact" not in desk.run(*words, "--right", name).stdout
    assert "1 finding that you called right" in desk.run(*words).stdout
    assert desk.exchange.inbox == before
    desk.write(need("1", PLANTED))
    assert "G05" in desk.run(*words, ends=3).stdout


def test_a_sheet_that_leaves_consent_open_is_checked_without_a_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an empty cell means is decided when it is published."""
    monkeypatch.chdir(tmp_path)
    Path("cases.csv").write_text("case,quarter,consent,need\n1,2026Q1,,food\n", encoding="utf-8")
    assert "NeedIdentified 1" in check("cases.csv", ends=0)
