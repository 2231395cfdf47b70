"""The systemd units: hardened, of users that there are, and stopped with patience.

`make check` lets systemd itself read and judge them.
"""

import configparser
import re
from pathlib import Path

import pytest

from consumers.worker.watchdog import WatchdogLimits
from exchange.deploy.units import COMMAND, HARDENING, SYSUSERS, SystemdUnit, systemd_units
from tests.kits.command_line import exchange

UNITS = {unit.name: unit for unit in systemd_units()}
SERVICES = {name: unit for name, unit in UNITS.items() if name.endswith(".service")}
each_service = pytest.mark.parametrize("unit", SERVICES.values(), ids=SERVICES.keys())
LESS_HARD = {
    "exchange-broker.service": {"MemoryDenyWriteExecute", "ProcSubset"},
    "exchange-worker.service": {"ProcSubset"},
    "exchange-publish.service": set(),
}


def read(unit: SystemdUnit) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit.text)
    return parser


@each_service
def test_a_service_is_hardened_but_for_what_its_work_needs(unit: SystemdUnit) -> None:
    service = read(unit)["Service"]
    assert {name for name, value in HARDENING.items() if service[name] != value} == LESS_HARD[unit.name]
    for name in LESS_HARD[unit.name]:  # and the line above says why
        assert re.search(rf"^# .+\.\n{name}=", unit.text, re.MULTILINE), name


@each_service
def test_a_service_runs_as_a_user_that_is_made_for_it(unit: SystemdUnit) -> None:
    service = read(unit)["Service"]
    made = {line.split()[1] for line in SYSUSERS.splitlines() if line.startswith("u ")}
    assert service["User"] == service["Group"]
    assert service["User"] in made


@each_service
def test_a_service_has_limits_and_time_to_end(unit: SystemdUnit) -> None:
    service = read(unit)["Service"]
    assert int(service["TimeoutStopSec"]) >= 2 * WatchdogLimits().end_s_max
    assert service["MemoryMax"]


def test_what_should_run_is_started_again() -> None:
    assert read(UNITS["exchange-worker.service"])["Service"]["Restart"] == "always"
    assert read(UNITS["exchange-worker.service"])["Unit"]["StartLimitIntervalSec"] == "0"
    assert read(UNITS["exchange-broker.service"])["Service"]["Restart"] == "on-failure"


def test_the_weekly_run_is_made_up_for_and_not_at_the_same_minute_everywhere() -> None:
    timer = read(UNITS["exchange-publish.timer"])["Timer"]
    assert timer["OnCalendar"].startswith("Mon ")
    assert timer["Persistent"] == "yes"
    assert timer["RandomizedDelaySec"] == "2h"


def test_no_unit_holds_a_secret_and_a_password_is_a_credential() -> None:
    assert "LoadCredential=exchange_sasl_password:" in UNITS["exchange-publish.service"].text
    assert not [name for name, unit in UNITS.items() if "SASL_PASSWORD" in unit.text]


def test_another_path_of_the_command_is_written_everywhere(tmp_path: Path) -> None:
    done = exchange("deploy", "systemd", "--out", str(tmp_path), "--command", "/usr/local/bin/exchange")
    assert done.returncode == 0
    for name in SERVICES:
        text = (tmp_path / name).read_text()
        assert "ExecStart=/usr/local/bin/exchange " in text
        assert COMMAND not in text
    assert exchange("deploy", "systemd", "--out", str(tmp_path), "--command", "exchange").returncode == 2
