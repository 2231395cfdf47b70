"""Every command of deploy/README.md is one that there is, and the first day goes in order."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml

from exchange.deploy.generated_files import UNITS, systemd_files
from exchange.deploy.image import BASE
from exchange.engine.broker.jars import KAFKA_VERSION
from exchange.settings import PREFIX
from tests.unit.cli.test_command_reference import parsed

DEPLOY = Path(__file__).parents[3] / "deploy"
README = (DEPLOY / "README.md").read_text()
COMPOSE = (DEPLOY / "compose.yaml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
FIRST_DAY = [
    "Certificates and passwords",
    "Settings",
    "Brokers",
    "Users and rights",
    "Topics",
    "Agencies",
    "Workers",
    "The first publish",
    "The month's end",
    "Backup",
]
OPERATOR = "docker compose run --rm (?:--volume \\S+ )?operator "


def lines() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def exchange_commands() -> Iterator[list[str]]:
    """The words after `exchange`, whoever runs it: this shell, a container, another user."""
    for line in lines():
        words = shlex.split(line, comments=True)
        if found := re.match(OPERATOR, line):
            yield shlex.split(line[found.end() :], comments=True)
        elif words[:1] == ["exchange"] or (words[:1] == ["sudo"] and "/opt/exchange/bin/exchange" in words):
            start = next(at for at, word in enumerate(words) if word.rpartition("/")[2] == "exchange" and at != 2)
            words = words[start + 1 :]
            yield words[: next((at for at, word in enumerate(words) if word in {">", "|"}), len(words))]


COMMANDS = list(exchange_commands())


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_parses_as_written(words: list[str]) -> None:
    assert parsed(words)


def test_no_command_is_left_out_of_the_test() -> None:
    assert len(COMMANDS) == len([line for line in lines() if re.search(r"operator [a-z]|(^|/)exchange [a-z]", line)])
    assert len(COMMANDS) >= 20


def test_a_wrong_command_would_be_found_out() -> None:
    with pytest.raises(typer.BadParameter):
        parsed(["agencies", "add", "harbor-light", "--legal-class", "nonsense"])


def test_the_first_day_goes_in_order() -> None:
    found = re.findall(r"^### (\d+)\. (.+)$", README, re.MULTILINE)
    assert found == [(str(number), title) for number, title in enumerate(FIRST_DAY, start=1)]


def test_every_service_that_is_named_is_in_the_compose_file() -> None:
    known = {*SERVICES, "exchange-broker", "exchange-worker"}
    named = {
        word
        for line in lines()
        if line.startswith("docker compose")
        for word in re.findall(r"(?:broker-\d|worker|operator|kafka-tools)(?= |$)", line)
    }
    assert named == set(SERVICES) <= known


def test_every_unit_that_is_installed_is_made() -> None:
    named = set(re.findall(rf"deploy/{UNITS}/(\S+)", "\n".join(lines())))
    assert named == set(systemd_files())


def test_every_variable_of_the_compose_file_is_explained() -> None:
    asked = set(re.findall(rf"\$\{{({PREFIX}[A-Z_]+)", COMPOSE))
    assert {name for name in asked if name not in README} == set()


def test_versions_are_those_of_the_code() -> None:
    assert set(re.findall(r"apache/kafka:(\S+)", README)) == {KAFKA_VERSION}
    assert BASE in README


def test_the_ports_for_agencies_are_those_that_are_open() -> None:
    opened = {port.split(":")[0] for name in SERVICES for port in SERVICES[name].get("ports", ())}
    assert set(re.findall(r"kafka\.example\.org:(\d+)", README)) == opened
