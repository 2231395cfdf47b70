"""`exchange publish` where something waits for a person, and the list of refused rows."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exchange.cli import app
from exchange.cli.agency.refused_rows import ROWS_SHOWN, causes_first, refused_shown, write_refusals
from exchange.core.exit_status import ExitStatus
from producers import errors
from producers.facts import RowRefused, Where
from tests.kits.at_a_terminal import CTRL_C, at_a_terminal
from tests.kits.edge_kit.desk import PLANTED, TODAY, Desk, need

KEYS = range(1, 21)
PUBLISH = ["publish", "facts.jsonl", "--profile", "agency.toml", "--today", TODAY]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk that has published twenty needs; now the file has a decimal point in each key."""
    desk = Desk(tmp_path, monkeypatch)
    desk.write(*(need(f"{n}", client=f"{n}") for n in KEYS))
    desk.run("publish", "facts.jsonl")
    desk.write(*(need(f"{n}.0", client=f"{n}.0") for n in KEYS), need("new"))
    return desk


def plain_of(desk: Desk, *words: str, ends: int) -> dict[str, object]:
    """The result as JSON; a run that ends with a named error prints it, too."""
    result = CliRunner(env={"COLUMNS": "10000"}).invoke(app, [*PUBLISH, "--json", *words])
    status = result.exception.exit_code if isinstance(result.exception, errors.EdgeError) else result.exit_code
    assert status == ends, result.output
    plain: dict[str, object] = json.loads(result.stdout)
    return plain


def test_what_waits_is_counted_and_the_rest_is_sent(desk: Desk) -> None:
    plain = plain_of(desk, ends=ExitStatus.WAITS)
    assert plain["waits"] == {"cause": "other_form", "withdraws": 0, "published": 20, "new": 20, "holds": 0}
    assert (plain["published"], plain["complete"]) == (1, True)
    assert desk.sent() == 21


def test_a_dry_run_says_what_the_run_would(desk: Desk) -> None:
    before = list(desk.exchange.inbox)
    dry = plain_of(desk, "--dry-run", ends=ExitStatus.WAITS)
    assert desk.exchange.inbox == before
    real = plain_of(desk, ends=ExitStatus.WAITS)
    assert (dry["waits"], dry["published"]) == (real["waits"], real["published"])
    assert [leaving["count"] for leaving in dry["leaving"]] == [1]  # type: ignore[attr-defined]


def test_a_person_who_says_so_lets_it_through(desk: Desk) -> None:
    assert plain_of(desk, "--withdraw", ends=0)["published"] == 21


def test_the_process_ends_with_its_own_status_and_says_why(desk: Desk) -> None:
    """In a process of its own; a dry run needs no Kafka."""
    done = subprocess.run(
        [sys.executable, "-m", "exchange.cli", *PUBLISH, "--dry-run"],
        cwd=desk.folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "COLUMNS": "200", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == ExitStatus.WAITS == 7
    assert "exchange: This run would publish 20 facts under new keys. Likely cause: keys are written in" in done.stderr
    assert "publish it with --withdraw" in done.stderr
    assert "facts under new keys, which wait for your yes" in done.stdout


def test_a_person_at_a_terminal_is_asked_and_may_leave_it(desk: Desk) -> None:
    """At a terminal of its own; Ctrl-D at the question."""
    shown, _, status = at_a_terminal(PUBLISH, ["\x04"], desk.folder)
    assert "This run would publish 20 facts under new keys." in " ".join(shown.split())
    assert "[y/N]:" in shown
    assert status == ExitStatus.INTERRUPTED, shown
    assert desk.sent() == 20


def test_ctrl_c_at_the_question_ends_the_run_and_nothing_is_lost(desk: Desk) -> None:
    shown, _, status = at_a_terminal(PUBLISH, [CTRL_C], desk.folder)
    assert "[y/N]:" in shown
    assert "run the command again" in " ".join(shown.split())
    assert "Traceback" not in shown
    assert status == ExitStatus.INTERRUPTED, shown
    assert desk.sent() == 20
    assert plain_of(desk, "--withdraw", ends=0)["published"] == 21


def test_a_run_of_the_schedule_asks_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True)
    assert plain_of(desk, "--scheduled", ends=ExitStatus.WAITS)["waits"]


@pytest.mark.parametrize(("typed", "published"), [("y\n", 21), ("n\n", 1)])
def test_the_answer_decides(desk: Desk, monkeypatch: pytest.MonkeyPatch, typed: str, published: int) -> None:
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True)
    result = CliRunner(env={"COLUMNS": "10000"}).invoke(app, [*PUBLISH, "--json"], input=typed)
    assert json.loads(result.stdout.removeprefix(f" {typed}"))["published"] == published


# The list of refused rows


def refused(row: int, column: str = "EntryDate", *, follows: bool = False, file: str = "Enrollment.csv") -> RowRefused:
    return RowRefused(Where(file, row), column, f"{column} is wrong", follows=follows, record=PLANTED)


def shown(rows: list[RowRefused]) -> str:
    from io import StringIO

    from rich.console import Console

    made = Console(file=StringIO(), width=200)
    for part in refused_shown(rows, None):
        made.print(part)
    assert isinstance(made.file, StringIO)
    return made.file.getvalue()


def test_causes_stand_above_what_follows_which_is_folded() -> None:
    following = [refused(n, "EnrollmentID", follows=True, file="Exit.csv") for n in range(2, 40)]
    said = shown([*following, refused(7), refused(0, "", file="Funder.csv")])
    assert said.index("whole file") < said.index("EntryDate is wrong") < said.index("Exit.csv: 38 more rows refused")
    assert "EnrollmentID is wrong" not in said
    assert PLANTED not in said


def test_every_cause_is_shown_before_one_is_repeated() -> None:
    rows = [*(refused(n) for n in range(2, 60)), refused(60, "MoveInDate")]
    assert "MoveInDate is wrong" in shown(rows)
    assert f"+{59 - ROWS_SHOWN}" in shown(rows)
    assert [row.where.row for row in causes_first(rows)][:3] == [2, 60, 3]


def test_the_list_names_records_and_nothing_else_does(desk: Desk) -> None:
    desk.write({**need(PLANTED), "body": "nonsense"}, {**need("=1+1"), "period": "2031Q1"})
    said = desk.run("publish", "facts.jsonl", "--json", "--refusals", "refused.csv", ends=3).output
    said += desk.run("publish", "facts.jsonl", "--refusals", "refused.csv", ends=3).output
    assert PLANTED not in said
    with (desk.folder / "refused.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["record"] for row in rows} == {PLANTED, "'=1+1"}


def test_a_link_or_a_pipe_is_never_written_through(tmp_path: Path) -> None:
    import os

    target = tmp_path / "target"
    target.write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "nowhere").symlink_to(tmp_path / "absent")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "nowhere", "pipe", "."):
        with pytest.raises(errors.RefusalsUnwritable):
            write_refusals(tmp_path / name, [refused(2)])
    assert target.read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "nowhere", "pipe", "target"]


def test_whoever_has_the_old_list_open_does_not_see_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "refused.csv"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o666)
    with path.open(encoding="utf-8") as before:
        write_refusals(path, [refused(2)])
        assert before.read() == "old"
    assert path.stat().st_mode & 0o777 == 0o600
    assert PLANTED in path.read_text(encoding="utf-8")
