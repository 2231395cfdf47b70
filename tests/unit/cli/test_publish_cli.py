"""`exchange publish`: what it prints, and its exit status."""

import csv
import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exchange.cli import app
from producers import errors
from producers.caps.policy import IN_THE_FUTURE
from tests.kits.edge_kit.desk import PLANTED, Desk, need
from tests.kits.edge_kit.exchange import Trouble


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_publishing_prints_what_was_done(desk: Desk) -> None:
    desk.write(need("1"), need("2"), need("3", "immigration_relief"))
    said = desk.run("publish", "facts.jsonl").stdout
    for row in (
        "rows read +│ +3",
        "new facts +│ +2",
        "ignored +│ +1",
        "switched off: sensitive +│ +1",
        "accepted .*│ +3",
        "of these, heartbeats, which end a run +│ +1",
    ):
        assert re.search(row, said), row
    assert desk.sent() == 2


def test_publishing_again_knows_it_all(desk: Desk) -> None:
    desk.write(need("1"), need("2"))
    desk.run("publish", "facts.jsonl")
    plain = json.loads(desk.run("publish", "facts.jsonl", "--json").stdout)
    assert (plain["published"], plain["known"], plain["delivered"]) == (0, 2, 1)


def test_refused_rows_are_listed_the_rest_goes_on_and_the_status_reports_it(desk: Desk) -> None:
    desk.write(need("1"), need("2", PLANTED), PLANTED, need(PLANTED * 99))
    result = desk.run("publish", "facts.jsonl", "--refusals", "refused.csv", ends=3)
    assert "`exchange vocabulary service` shows them" in result.stdout
    assert "row: the line of the file" in result.stdout
    rows = list(csv.reader((desk.folder / "refused.csv").open(encoding="utf-8")))
    assert [row[:3] for row in rows] == [
        ["file", "row", "column"],
        ["facts.jsonl", "2", "service"],
        ["facts.jsonl", "3", ""],
        ["facts.jsonl", "4", "key"],
    ]
    assert PLANTED not in str(rows)
    assert desk.sent() == 1


def test_many_refused_rows_are_cut_on_the_screen_and_whole_in_the_file(desk: Desk) -> None:
    desk.write(*(need(f"{n}", PLANTED) for n in range(60)))
    result = desk.run("publish", "facts.jsonl", ends=3)
    assert "+40" in result.stdout
    assert "--refusals FILE" in result.stdout
    desk.run("publish", "facts.jsonl", "--refusals", "refused.csv", ends=3)
    assert len((desk.folder / "refused.csv").read_text(encoding="utf-8").splitlines()) == 61


def test_a_list_that_cannot_be_written_is_named_after_publishing(desk: Desk) -> None:
    desk.write(need("1"), need("2", PLANTED))
    result = CliRunner().invoke(
        app, ["publish", "facts.jsonl", "--profile", "agency.toml", "--refusals", "none/refused.csv"]
    )
    assert isinstance(result.exception, errors.RefusalsUnwritable)
    assert desk.sent() == 1


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
def test_the_list_of_refused_rows_is_for_its_owner_alone_whoever_made_the_file(desk: Desk) -> None:
    desk.write(need("1"), need("2", PLANTED))
    there = desk.folder / "there.csv"
    there.write_text("an older and longer list\n" * 99, encoding="utf-8")
    there.chmod(0o666)
    for path in (desk.folder / "new.csv", there):
        desk.run("publish", "facts.jsonl", "--refusals", path.name, ends=3)
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(path.read_text(encoding="utf-8").splitlines()) == 2


def test_a_dry_run_shows_word_for_word_what_would_leave_and_sends_nothing(desk: Desk) -> None:
    desk.write(need("1"), need("2"))
    desk.run("publish", "facts.jsonl")
    desk.write(need("1"), need("2", "housing"), need("3"), {**need("4"), "first_name": PLANTED})
    before = list(desk.exchange.inbox)
    said = desk.run("publish", "facts.jsonl", "--dry-run").stdout
    lines = [line.strip() for line in said.splitlines()]
    assert "2× NeedIdentified 2024Q1 ca service=food" in lines
    assert "withdrawn: 1× NeedIdentified 2024Q1 ca service=food" in lines
    assert "columns with names like an identifier's: name (1). Rename a column if it holds no identifier" in said
    leaving = json.loads(desk.run("publish", "facts.jsonl", "--preview", "--json").stdout)["leaving"]
    assert {(x["fields"]["service"], x["retracts"]): x["count"] for x in leaving} == {
        ("food", True): 1,
        ("housing", False): 1,
        ("food", False): 2,
    }
    assert desk.exchange.inbox == before


def test_a_dry_run_shows_what_is_chained_but_not_accepted_corrections_too(desk: Desk) -> None:
    desk.write(need("1"), need("2"))
    desk.run("publish", "facts.jsonl")
    desk.exchange.trouble = Trouble(gate_sleeps=1.0)
    desk.impatient()
    desk.write(need("1", "housing"), need("2"), need("3", "legal"))
    desk.run("publish", "facts.jsonl", ends=1)
    desk.write(need("1", "housing"), need("2", "clothing"), need("3", "legal"))
    leaving = json.loads(desk.run("publish", "facts.jsonl", "--dry-run", "--json").stdout)["leaving"]
    assert {(x["fields"]["service"], x["retracts"]): x["count"] for x in leaving if not x["retracts"]} == {
        ("housing", False): 1,
        ("legal", False): 1,
        ("clothing", False): 1,
    }
    assert sum(x["count"] for x in leaving if x["retracts"] and x["fields"]["service"] == "food") == 2


def test_a_dry_run_of_nothing_new_reports_it_without_an_empty_table(desk: Desk) -> None:
    desk.write(need("1"))
    desk.run("publish", "facts.jsonl")
    said = desk.run("publish", "facts.jsonl", "--dry-run").stdout
    assert "Nothing would leave." in said
    assert "events that would leave" not in said


@pytest.mark.parametrize("period", ["2026Q4", "2027", "2027Q1", "2031Q2"])
def test_a_dry_run_and_a_real_one_judge_a_period_alike(desk: Desk, period: str) -> None:
    """By the given day: both refuse a period that has not begun; neither refuses one that has."""
    desk.write(need("1"), need("2", period=period))
    for today, begun in (("2026-09-30", False), ("2032-01-01", True)):
        ends = 0 if begun else 3
        words = ("publish", "facts.jsonl", "--json", "--today", today)
        dry = json.loads(desk.run(*words, "--dry-run", ends=ends).stdout)
        real = json.loads(desk.run(*words, ends=ends).stdout)
        assert dry["refused_rows"] == real["refused_rows"]
        assert [row["rule"] for row in real["refused_rows"]] == ([] if begun else [IN_THE_FUTURE.rule])
        assert sum(said["count"] for said in dry["leaving"]) == real["published"]


def test_what_is_no_source_is_named(desk: Desk) -> None:
    (desk.folder / "facts.xlsx").touch()
    for name in ("facts.xlsx", "none.jsonl"):
        result = CliRunner().invoke(app, ["publish", name, "--profile", "agency.toml"])
        assert isinstance(result.exception, errors.SourceUnreadable)


def test_a_folder_and_a_zip_are_hmis_exports(desk: Desk) -> None:
    (desk.folder / "export").mkdir()
    (desk.folder / "export.zip").touch()
    for name in ("export", "export.zip"):
        result = CliRunner().invoke(app, ["publish", name, "--profile", "agency.toml"])
        assert "[hmis]" in str(result.exception)
