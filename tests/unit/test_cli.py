"""How the command ends: its exit status, and what it may say when something goes wrong."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "import exchange.cli; exchange.cli.main()"]
SECRET = "Jane Doe"
# The command, with one more subcommand that does what a test wants.
WITH_ONE_MORE = """
import exchange.cli, sys, time
from exchange.core.errors import ExchangeError
class Refused(ExchangeError):
    exit_code = 3
    hint = "Do something else."
@exchange.cli.app.command()
def more():
    {body}
exchange.cli.main()
"""


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)


def run_more(body: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", WITH_ONE_MORE.format(body=body), "more"]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False)


def test_help_lists_the_commands() -> None:
    ran = run("--help")
    assert ran.returncode == 0
    assert " up " in ran.stdout
    assert " down " in ran.stdout


def test_a_named_error_is_one_clean_message_and_its_status() -> None:
    ran = run_more("raise Refused('It was refused.')")
    assert (ran.returncode, ran.stdout, ran.stderr) == (3, "", "exchange: It was refused. Do something else.\n")


def test_a_command_that_ends_well_has_status_zero() -> None:
    assert run_more("print('done')").returncode == 0


def test_a_command_chooses_its_own_status() -> None:
    assert run_more("import typer; raise typer.Exit(4)").returncode == 4


def test_a_wrong_option_is_a_usage_error() -> None:
    assert run("up", "--no-such-option").returncode == 2


def test_a_fault_of_ours_says_where_but_never_what() -> None:
    ran = run_more("name = sys.stdin.read(); raise ValueError(f'could not convert {name}')", SECRET)
    assert ran.returncode == 70
    assert "ValueError" in ran.stderr
    assert "line" in ran.stderr
    assert SECRET not in ran.stderr + ran.stdout


@pytest.mark.parametrize("body", ["time.sleep(600)", "import asyncio; asyncio.run(asyncio.sleep(600))"])
def test_ctrl_c_ends_with_130_and_without_a_traceback(body: str) -> None:
    program = WITH_ONE_MORE.format(body=f"print('up', flush=True); {body}")
    with subprocess.Popen(
        [sys.executable, "-c", program, "more"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as ran:
        assert ran.stdout is not None
        assert ran.stdout.readline() == b"up\n"
        time.sleep(0.2)  # let it fall asleep
        ran.send_signal(signal.SIGINT)
        _, errors = ran.communicate(timeout=20)
    assert ran.returncode == 130
    assert b"Traceback" not in errors


def test_a_reader_that_goes_away_is_no_fault() -> None:
    """As in `exchange status | head`."""
    reading, writing = os.pipe()
    os.close(reading)
    program = WITH_ONE_MORE.format(body="print('x' * 100_000)")
    with os.fdopen(writing, "wb") as gone:
        ran = subprocess.run(
            [sys.executable, "-c", program, "more"], stdout=gone, stderr=subprocess.PIPE, text=True, check=False
        )
    assert "fault of ours" not in ran.stderr


def test_down_where_nothing_runs_says_so_and_is_no_error(tmp_path: Path) -> None:
    ran = run("down", "--data-dir", str(tmp_path))
    assert ran.returncode == 0
    assert "No broker runs" in ran.stderr


def test_a_data_directory_that_cannot_be_used_is_one_clean_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = run("up", "--data-dir", str(tmp_path / "file" / "data"))
    assert ran.returncode == 1
    assert ran.stderr.startswith("exchange: The data directory")
    assert "Traceback" not in ran.stderr


def test_a_first_up_without_a_network_names_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # nobody listens: the only way out of this machine is shut
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    ran = run("up", "--data-dir", str(tmp_path / "data"))
    assert ran.returncode == 1
    assert "Three ways out: (1) set EXCHANGE_BOOTSTRAP_SERVERS" in ran.stderr
    assert "Traceback" not in ran.stderr
