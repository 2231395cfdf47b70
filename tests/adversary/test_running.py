"""A run passes only if ours is within every bound and every attack has teeth.

Nothing that runs an exchange weakens noise.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from exchange.cli import app
from exchange.cli.trial import attack as command
from exchange.core.errors import BudgetExhausted
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.privacy_ledger import Ledger, spend
from exchange.trial.attack import attack_runs, running
from exchange.trial.attack.attack_findings import Finding, Measured
from exchange.trial.attack.attack_runs import FULL, Attack, Job, attacks
from exchange.trial.attack.running import AttackReport, carry_out
from exchange.trial.attack.weakened_noise import NOISED, Setting, scale_in
from tests.kits.children import working_children

ALL_CAUGHT_BUT_OURS = {setting: setting is not Setting.OURS for setting in Setting}


def row(name: str, **changed: bool) -> Finding:
    caught = {**ALL_CAUGHT_BUT_OURS, **{Setting[at.upper()]: so for at, so in changed.items()}}
    return Finding(name, "points", 1.0, 0.25, {at: Measured(0.5, so, 10) for at, so in caught.items()})


def verdict(**changed: bool) -> AttackReport:
    return AttackReport((row(attack_runs.LIFT), row(attack_runs.MEMBERSHIP), row("third", **changed)))


def test_the_last_line_of_a_run_that_passes() -> None:
    said = "adversary: lift 0.50 points (bound 1.25), membership 0.5 % (bound 1.2 %), all attacks have teeth"
    assert (verdict().words(), verdict().passed) == (said, True)


@pytest.mark.parametrize("setting", ["naive", "half", "tenth"])
def test_an_attack_without_teeth_fails_the_run_and_is_named(setting: str) -> None:
    found = verdict(**{setting: False})
    assert not found.passed
    assert found.words().endswith(f"no teeth: third ({Setting[setting.upper()].value})")


def test_a_bound_that_ours_breaks_fails_the_run_and_is_named() -> None:
    found = verdict(ours=True)
    assert not found.passed
    assert "not within bounds: third" in found.words()


def count(parts: Mapping[Setting, Sequence[Any]]) -> tuple[Finding, ...]:
    measured = {at: Measured(sum(some), sum(some) > 5, len(some)) for at, some in parts.items()}
    return (Finding("counting", "points", 5.0, 0.0, measured),)


def test_the_parts_of_an_attack_come_together_from_all_processes() -> None:
    jobs = tuple(Job("counting", at, partial(int, "3")) for at in Setting for _ in range(2))
    told: list[tuple[int, int]] = []
    found = carry_out(lambda done, of: told.append((done, of)), [Attack("counting", jobs, count)])
    assert [one.value for one in found.outcomes[0].measured.values()] == [6] * 4
    assert told == [(n, 8) for n in range(9)]


def test_every_attack_runs_on_a_naive_release_and_ours_and_those_on_noise_on_both_weakened_ones() -> None:
    for attack in attacks():
        settings = {job.setting for job in attack.jobs}
        assert settings in ({Setting.NAIVE, Setting.OURS}, {Setting.NAIVE, *NOISED})
    assert sum(len({job.setting for job in attack.jobs}) == 4 for attack in attacks()) == 7


def test_at_full_effort_at_least_ten_thousand_client_periods_are_guessed() -> None:
    assert FULL.worlds[Setting.OURS] * 336 >= 10_000
    assert FULL.worlds[Setting.HALF] >= FULL.worlds[Setting.OURS]


# Nobody else weakens noise


def test_no_worker_imports_the_adversary() -> None:
    said = (
        "import sys, consumers.worker.faust_app, consumers.release.noise, exchange.cli, exchange.trial.demo.demo\n"
        "import exchange.cli.operator.worker\n"
        "print([name for name in sys.modules if name.startswith('exchange.trial.attack')])"
    )
    ran = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("setting", [Setting.HALF, Setting.TENTH])
def test_the_ledger_refuses_plans_with_weakened_noise(setting: Setting) -> None:
    weak = [replace(plan, scale=scale_in(setting, plan.scale)) for plan in TABLE_COSTS.values()]
    with pytest.raises(BudgetExhausted):
        spend(Ledger(), 2027 * 12, weak)


def test_ours_is_drawn_with_the_plans_own_scale() -> None:
    assert all(scale_in(Setting.OURS, plan.scale) == plan.scale for plan in TABLE_COSTS.values())


# The command


def test_only_generated_data_is_attacked() -> None:
    found = CliRunner().invoke(app, ["attack"])
    assert found.exit_code == 2
    assert "--demo" in found.output


@pytest.mark.parametrize(("changed", "status"), [({}, 0), ({"half": False}, 1), ({"ours": True}, 1)])
def test_the_exit_status_shows_whether_the_run_passed(
    changed: dict[str, bool], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = verdict(**changed)
    monkeypatch.setattr(running, "carry_out", lambda tell: found)
    plain = CliRunner().invoke(app, ["attack", "--demo"])
    assert plain.exit_code == status
    assert plain.stdout.splitlines()[-1] == found.words()
    assert all(word in plain.stdout for word in ("naive", "ours", "bound", "σ/2", "σ/10"))
    as_json = CliRunner().invoke(app, ["attack", "--demo", "--json"])
    assert as_json.exit_code == status
    assert json.loads(as_json.stdout)["passed"] == (status == 0)


@pytest.mark.parametrize("how", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_the_command_attacks_in_memory_whatever_cluster_is_configured_and_ctrl_c_ends_it_at_once(
    how: signal.Signals,
) -> None:
    """Nobody listens on the port, so touching it would be an error; the run is then cut off.

    However it ends, none of its processes outlives it.
    """
    environment = {**os.environ, "EXCHANGE_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    command_line = [sys.executable, "-m", "exchange.cli", "attack", "--demo"]
    with subprocess.Popen(
        command_line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running_command:
        command_process = psutil.Process(running_command.pid)
        while not (started := set(working_children(command_process))):
            assert running_command.poll() is None
            time.sleep(0.02)
        started |= set(command_process.children())
        os.killpg(running_command.pid, how) if how is signal.SIGINT else running_command.kill()
        out, err = running_command.communicate(timeout=60)
    assert running_command.returncode == (130 if how is signal.SIGINT else -signal.SIGKILL)
    assert out == ""
    assert not psutil.wait_procs(started, timeout=30)[1]
    if how is signal.SIGKILL:
        return
    assert err.splitlines()[-1:] == [command.STOPPED]
    assert "Traceback" not in err


def test_where_no_bar_can_move_a_line_is_printed_each_tenth_of_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    tell = command.said_in_lines()
    for done in range(51):
        tell(done, 50)
    assert capsys.readouterr().err.splitlines() == [f"attacking: {done} of 50" for done in range(5, 51, 5)]
