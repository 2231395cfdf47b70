"""`exchange publish` idle, cut off, or stopped with Ctrl-C: its messages, and what it keeps."""

import json
import os
import re
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from exchange.cli.agency.publish_progress import progress_of
from producers import errors
from producers.delivery.waiting import Waiting, WaitLimits
from tests.kits.edge_kit.desk import PLANTED, Desk, need
from tests.kits.edge_kit.exchange import Trouble


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_a_run_that_the_exchange_cut_off_reports_how_far_it_came_and_not_that_it_is_done(desk: Desk) -> None:
    desk.write(*(need(f"{n}") for n in range(5)), need("x", PLANTED))
    desk.exchange.trouble = Trouble(gate_sleeps=1.0)
    desk.impatient()
    result = desk.run("publish", "facts.jsonl", "--refusals", "refused.csv", ends=1)
    assert isinstance(result.exception, errors.ExchangeSilent)
    for row in (
        "stopped before its end",
        "new facts +│ +5",
        "refused +│ +1",
        "accepted by the exchange +│ +0",
        "not accepted yet +│ +5",
    ):
        assert re.search(row, result.stdout), row
    assert not re.search("published|done", result.stdout)
    assert len((desk.folder / "refused.csv").read_text(encoding="utf-8").splitlines()) == 2
    plain = json.loads(desk.run("publish", "facts.jsonl", "--json", ends=1).stdout)
    assert (plain["complete"], plain["waiting"], plain["delivered"]) == (False, 5, 0)
    desk.exchange.trouble = Trouble()
    whole = json.loads(desk.run("publish", "facts.jsonl", "--json", ends=3).stdout)
    assert (whole["complete"], whole["waiting"], desk.sent()) == (True, 0, 5)


def test_a_run_without_receipts_reports_what_it_waits_for_how_long_and_how_often_it_has_sent(desk: Desk) -> None:
    desk.write(need("1"))
    desk.exchange.trouble = Trouble(gate_sleeps=1.0)
    desk.impatient()
    said = " ".join(desk.run("publish", "facts.jsonl", ends=1).stderr.split())
    assert "waiting for a receipt of the exchange: 15 s of at most 90 s, attempt 1 of 3" in said
    assert "60 s of at most 90 s, attempt 3 of 3" in said
    assert "1 event is kept" in said
    assert said.count("waiting for a receipt") <= 90 / 15


@pytest.mark.parametrize("width", [50, 120])
def test_at_a_terminal_the_waiting_is_shown_whole_and_taken_away(width: int) -> None:
    out = StringIO()
    waiting = Waiting(WaitLimits(), 0.0)
    with progress_of(Console(file=out, force_terminal=True, width=width)) as shown:
        for words, now_s in (("", 2.0), ("12 s of at most 90 s", 12.0)):
            shown.waiting(waiting.describe(now_s))
            shown.bars.refresh()
            assert ("waiting" in out.getvalue()) == bool(words)
        said = " ".join(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|[━╸╺]|[0-9]+/[0-9]+", "", out.getvalue()).split())
        assert "waiting for a receipt of the exchange: 12 s of at most 90 s, attempt 1 of 3" in said
        assert "…" not in said
        shown.sending(1, 2)
        assert [task.description for task in shown.bars.tasks] == ["accepted by the exchange"]


def test_a_run_that_cannot_reach_the_exchange_counts_its_attempts(desk: Desk) -> None:
    desk.write(need("1"), need("2"))
    desk.exchange.away = 2
    desk.impatient()
    said = desk.run("publish", "facts.jsonl").stderr
    assert "trying again in 1 s (attempt 2 of 9); 2 events are kept" in said
    assert "trying again in 2 s (attempt 3 of 9)" in said


def test_ctrl_c_is_answered_while_a_file_is_being_read(desk: Desk) -> None:
    """The next line of the file never comes: a check for Ctrl-C between rows only never runs."""
    os.mkfifo(desk.folder / "facts.jsonl")
    command = [sys.executable, "-m", "exchange.cli", "publish", "facts.jsonl", "--profile", "agency.toml"]
    with (
        subprocess.Popen(command, cwd=desk.folder, stderr=subprocess.PIPE, text=True) as process,
        (desk.folder / "facts.jsonl").open("w") as file,  # opens when the other end does
    ):
        file.write(json.dumps(need("1")) + "\n")
        file.flush()
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "Everything read is kept in the vault: run the command again" in said
    assert "Traceback" not in said


def test_ctrl_c_keeps_everything_and_reports_it(desk: Desk) -> None:
    """A real process that waits for an exchange which is not there."""
    desk.write(*(need(f"{n}") for n in range(3_000)))
    command = [sys.executable, "-m", "exchange.cli", "publish", "facts.jsonl", "--profile", "agency.toml"]
    process = subprocess.Popen(
        command, cwd=desk.folder, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"}
    )
    assert process.stderr
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "cannot be reached" in line:
            process.send_signal(signal.SIGINT)
            break
    rest = process.communicate()[1]
    assert process.returncode == 130
    assert rest.index("stopping and disconnecting") < rest.index(
        "Everything read is kept in the vault: run the command again"
    )
    assert "Traceback" not in rest
    plain = json.loads(desk.run("edge", "status", "--json").stdout)
    assert plain["events_waiting"] == 3_000
    desk.run("publish", "facts.jsonl")
    assert desk.sent() == 3_000
