"""`exchange edge report`: what it prints and writes, from a file and from the vault."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from markupsafe import escape as escaped
from python_calamine import load_workbook
from typer.testing import CliRunner

from exchange.cli import app
from exchange.cli.agency.reports.report_files import _safe, report_page, write_csv, write_workbook
from producers.reports.funder_report import COLUMNS, FOR_WHOM
from producers.reports.report_period import ReportPeriodInvalid
from producers.reports.report_rows import ReportKind
from tests.kits.clean_export import clean_export
from tests.kits.edge_kit.desk import PLANTED, Desk, need
from tests.kits.export_damage import town
from tests.kits.hmis_exports import PLANTED as PLANTED_IN_EXPORT
from tests.kits.report_inputs import report_of

TODAY = ("--today", "2026-12-01")


def report(*words: str, ends: int = 0) -> str:
    result = CliRunner(env={"COLUMNS": "10000"}).invoke(app, ["edge", "report", *words, *TODAY])
    assert result.exit_code == ends, result.output
    assert PLANTED_IN_EXPORT not in result.output
    return result.stdout


def test_a_report_says_for_whom_it_is_and_what_was_measured(tmp_path: Path) -> None:
    file = str(clean_export().folder(tmp_path))
    shown = report("otip", "--period", "2026Q1", "--file", file)
    assert FOR_WHOM in shown
    assert "more rows cannot be known here: HMIS has no code for this" in shown
    assert " cells filled in " in shown
    assert "minutes" not in shown
    told = report("otip", "--period", "2026Q1", "--file", file, "--by-hand", "90")
    assert "By your own number it takes 90 minutes by hand, so it saved at most 90 minutes" in told
    assert "This funder asks for a half year; this is a quarter." in report("ovw", "--period", "2026Q1", "--file", file)
    assert "The period is not over" in report("tims", "--period", "2026Q4", "--file", file, ends=3)


def test_every_form_has_the_same_cells_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = str(town().folder(tmp_path))
    words = ("needs", "--period", "2026H1", "--file", file)
    page, table, book = tmp_path / "a.html", tmp_path / "a.csv", tmp_path / "a.xlsx"
    plain = json.loads(report(*words, "--json", "--html", str(page), "--csv", str(table), "--xlsx", str(book)))
    cells = [tuple("" if value is None else value for value in one.values()) for one in plain["cells"]]
    rows = [*csv.reader(io.StringIO(table.read_text(encoding="utf-8")))]
    below = rows.index([*COLUMNS]) + 1
    assert rows[below:] == [[str(value) for value in one] for one in cells]
    sheet = load_workbook(str(book)).get_sheet_by_index(0).to_python()
    assert [[*row] for row in sheet[below:]] == [[*one] for one in cells]
    html = page.read_text(encoding="utf-8")
    shown = {"exact": "{:,}", "at least": "at least {:,}", "incomplete": "incomplete: {:,}"}
    for one in plain["cells"]:
        number = one["certain"] if one["number"] is None else shown[one["certain"]].format(one["number"])
        assert re.search(
            f'<th scope="row">{re.escape(str(escaped(one["row"])))}</th><td class="n">{number}</td>', html
        ), one
    assert {path.stat().st_mode & 0o777 for path in (page, table, book)} == {0o600}
    assert "script" not in html
    assert "Content-Security-Policy" in html
    with ZipFile(book) as archive:
        parts = b"".join(archive.read(name) for name in archive.namelist())
    assert b"<f>" not in parts
    assert not any(word in parts for word in (str(tmp_path).encode(), PLANTED_IN_EXPORT.encode()))


def test_the_same_report_has_the_same_bytes_and_no_formula(tmp_path: Path) -> None:
    made = report_of(town().folder(tmp_path), ReportKind.HMIS, "2026H1")
    for write, name in ((write_csv, "a.csv"), (write_workbook, "a.xlsx")):
        for number in "12":
            write(tmp_path / (number + name), made)
        assert (tmp_path / f"1{name}").read_bytes() == (tmp_path / f"2{name}").read_bytes()
    assert report_page(made) == report_page(made)
    assert [_safe(cell) for cell in ("=1+1", "+1", "-1", "@x", 5, None)] == ["'=1+1", "'+1", "'-1", "'@x", 5, ""]


def test_the_vault_remembers_holds_and_minutes_and_is_counted_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, monkeypatch)
    desk.write(need("1", client="a"), need("2", client="b"), need("3", "legal", client="b"))
    desk.run("publish", "facts.jsonl")
    words = ("edge", "report", "needs", "--period", "2024Q1", "--json", *TODAY)

    def food(*more: str) -> tuple[object, object]:
        cells = json.loads(desk.run(*words, *more).stdout)["cells"]
        (one,) = (
            cell
            for cell in cells
            if cell["section"].startswith("Services that clients needed") and cell["row"] == "Food"
        )
        return one["number"], one["certain"]

    before = list(desk.exchange.inbox)
    assert food() == (2, "at least")
    assert food("--file", "facts.jsonl") == (2, "exact")
    desk.run("edge", "hold", typed="b\n")
    assert food() == (1, "at least")
    assert food("--file", "facts.jsonl") == (1, "exact")
    assert food("--file", "facts.jsonl", "--with-held") == (2, "exact")
    assert json.loads(desk.run(*words, "--by-hand", "30").stdout)["minutes_by_hand"] == 30
    assert json.loads(desk.run(*words).stdout)["minutes_by_hand"] == 30
    assert desk.exchange.inbox == before


def test_a_report_needs_something_to_count(tmp_path: Path) -> None:
    report("otip", "--period", "2026Q1", ends=2)
    file = str(clean_export().folder(tmp_path))
    refused = CliRunner().invoke(app, ["edge", "report", "otip", "--period", "July", "--file", file])
    assert isinstance(refused.exception, ReportPeriodInvalid)
    report("nobody", "--period", "2026Q1", "--file", file, ends=2)


def test_damage_ends_with_its_causes(tmp_path: Path) -> None:
    written = town().change("Enrollment.csv", 0, EntryDate="soon")
    shown = report("otip", "--period", "2026Q1", "--file", str(written.folder(tmp_path)), ends=3)
    assert "What could not be read" in shown
    assert "D01" in shown
    assert "soon" not in shown


def test_in_a_process_of_its_own(tmp_path: Path) -> None:
    file = str(town().zip(tmp_path))
    words = [sys.executable, "-m", "exchange.cli", "edge", "report", "hmis", "--period", "2026H1", "--json"]
    done = subprocess.run([*words, "--file", file, *TODAY], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"] == "hmis"
    assert PLANTED not in done.stdout + done.stderr
