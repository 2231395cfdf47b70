"""How the command ends: its exit status, and what it may print when something goes wrong."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer.main

from consumers.replay.errors import NoEvents
from exchange.cli import TOPICS_MISSING, app, command_line
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.core.model.vocabulary import UsState
from exchange.engine.errors import PartitionUnknown
from tests.kits.command_line import CommandResult, exchange

COMMAND = [sys.executable, "-c", "import exchange.cli; exchange.cli.main()"]
SECRET = "Jane Doe"
PROFILE = """
agency = "harbor-light"
state = "ca"
legal_class = "individual"
vault = "harbor.vault"
key_file = "harbor.key"
"""
# The command, with one more subcommand that does what a test wants.
WITH_ONE_MORE = """
import exchange.cli, sys, time
@exchange.cli.app.command()
def more():
    {body}
exchange.cli.main()
"""


class Refused(ExchangeError):
    """It was refused."""

    exit_code = ExitStatus.SOME_REFUSED
    hint = "Do something else."


def ends_by(raised: BaseException | type[BaseException] | None) -> CommandResult:
    """The command, with one more subcommand that raises this, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "registered_commands", list(app.registered_commands))
        patch.setattr("exchange.cli.command_line", command_line.__wrapped__)  # built again

        @app.command("more")
        def more() -> None:
            if raised is not None:
                raise raised

        return exchange("more")


def test_help_lists_the_commands_in_a_process_of_its_own() -> None:
    ran = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    assert " up " in ran.stdout
    assert " down " in ran.stdout


HEAVY = ("aiokafka", "cryptography", "fastavro", "faust", "mode", "numpy", "pyarrow", "rich", "sqlcipher3", "structlog")
OF_OPERATORS = {"faust", "jgo", "mode", "numpy", "pyarrow"}
# After each command of a list, all in one process: every module that is imported by then, one list
# a line.
TELL_MODULES = """
import json, sys
for words in {commands!r}:
    sys.argv = ["exchange", *words]
    import exchange.cli
    try:
        exchange.cli.main()
    except SystemExit:
        pass
    sys.stderr.write("\\n" + json.dumps(list(sys.modules)) + "\\n")
"""


def imported_by(commands: list[list[str]], folder: Path) -> list[set[str]]:
    """What each command has imported, or one before it in this list."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}
    env["XDG_DATA_HOME"] = str(folder)  # no broker of this machine is found
    program = TELL_MODULES.format(commands=commands)
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=folder, env=env
    )
    assert "Traceback" not in ran.stderr
    told = [json.loads(line) for line in ran.stderr.splitlines() if line.startswith('["')]
    assert len(told) == len(commands)
    return [{name.partition(".")[0] for name in names} for names in told]


def test_help_waits_for_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    commands = [[], *([name] for name in sorted(typer.main.get_group(app).commands))]
    for words, found in zip(commands, imported_by([[*c, "--help"] for c in commands], tmp_path), strict=True):
        assert "typer" in found
        assert found & set(HEAVY) == set(), words


def test_a_command_imports_nothing_that_only_workers_need(tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text(PROFILE, encoding="utf-8")
    (tmp_path / "facts.jsonl").write_text("", encoding="utf-8")
    commands = [
        ["edge", "init", "--key-file", "--profile", "agency.toml"],
        ["edge", "status", "--profile", "agency.toml"],
        ["publish", "facts.jsonl", "--dry-run", "--profile", "agency.toml"],
        ["vocabulary", "service"],
        ["topics", "rights"],
        ["agencies", "list"],
    ]
    for words, found in zip(commands, imported_by(commands, tmp_path), strict=True):
        assert found & OF_OPERATORS == set(), words


@pytest.mark.parametrize("raised", [PartitionUnknown("No broker knows topic events."), PartitionUnknown(), NoEvents()])
def test_a_missing_topic_is_reported_in_the_same_words_by_every_command(raised: ExchangeError) -> None:
    ran = ends_by(raised)
    assert (ran.returncode, ran.stderr) == (1, f"exchange: {TOPICS_MISSING}\n")
    assert "Run `exchange topics apply`" in TOPICS_MISSING


@pytest.mark.parametrize(
    "narrow",
    [{}, {"COLUMNS": "60"}, {"COLUMNS": "60", "FORCE_COLOR": "1"}],
    ids=["piped", "narrow pipe", "narrow terminal"],
)
@pytest.mark.parametrize("words", [["topics", "rights"], ["vocabulary", "service"]])
def test_tables_are_never_cut(narrow: dict[str, str], words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a terminal a row is one line, unless COLUMNS says so; a narrow terminal folds it."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    ran = exchange(*words, TERM="xterm", **narrow)
    assert ran.returncode == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", ran.stdout).splitlines()
    assert "…" not in ran.stdout
    widest = max(len(line) for line in plain if not line.startswith("exchange-evaluators:"))  # a sentence, no table
    assert (widest <= 60) == bool(narrow)


def test_a_list_that_does_not_exist_is_a_usage_error_that_names_the_nearest() -> None:
    ran = exchange("vocabulary", "services")
    assert ran.returncode == 2
    assert "did you mean service?" in ran.stderr


def test_the_codes_of_a_list_are_those_of_the_contract_with_their_labels() -> None:
    shown = json.loads(exchange("vocabulary", "us_state", "--json").stdout)
    assert [row["code"] for row in shown] == [str(code) for code in UsState]
    assert shown[4] == {"code": "ca", "label": "California", "source": "USPS", "source_code": "CA", "note": ""}
    lists = json.loads(exchange("vocabulary", "--json").stdout)
    assert {"list": "us_state", "codes": len(UsState)} in lists


def test_a_named_error_is_one_clean_message_and_its_status() -> None:
    assert ends_by(Refused("It was refused.")) == (3, "", "exchange: It was refused. Do something else.\n")


def test_a_command_that_ends_well_has_status_zero() -> None:
    assert ends_by(None).returncode == 0


def test_a_command_chooses_its_own_status() -> None:
    assert ends_by(typer.Exit(4)).returncode == 4


def test_a_wrong_option_is_a_usage_error() -> None:
    assert exchange("up", "--no-such-option").returncode == 2


def test_an_internal_error_names_its_place_and_never_its_text() -> None:
    """In a process of its own, with a real standard input and all that ends an interpreter."""
    body = "name = sys.stdin.read(); raise ValueError(f'could not convert {name}')"
    command = [sys.executable, "-c", WITH_ONE_MORE.format(body=body), "more"]
    ran = subprocess.run(command, input=SECRET, capture_output=True, text=True, check=False)
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
    assert "internal error" not in ran.stderr


def test_down_where_nothing_runs_is_reported_and_is_no_error(tmp_path: Path) -> None:
    ran = exchange("down", "--data-dir", str(tmp_path))
    assert ran.returncode == 0
    assert "no Kafka is running" in ran.stderr


def test_a_data_directory_that_cannot_be_used_is_one_clean_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = exchange("up", "--data-dir", str(tmp_path / "file" / "data"))
    assert ran.returncode == 1
    assert ran.stderr.startswith("exchange: The data directory")
    assert "Traceback" not in ran.stderr


def test_a_first_up_without_a_network_names_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # nobody listens: the only way out of this machine is shut
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    ran = exchange("up", "--data-dir", str(tmp_path / "data"))
    assert ran.returncode == 1
    assert "Three ways out: (1) set EXCHANGE_BOOTSTRAP_SERVERS" in ran.stderr
    assert "Traceback" not in ran.stderr
