"""A signed run is in one transaction, so no epoch's cut falls inside it: real gates and lanes."""

from collections.abc import Iterator

import pytest

from consumers.admission import gate_step, inbox
from consumers.admission.gate_step import GateStep
from exchange.core.admission.runs import may_close
from exchange.engine.lanes import lane
from exchange.engine.lanes.step import Step
from exchange.engine.log import Reader, Writer
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.kits.step_world import FOOD, NEED
from tests.simulation.test_gate_state import LOG, Gate

RUNS, EVENTS_A_RUN = 12, 7
LOOK_S = 0.002


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Its turns are shorter than any run of an agency, and it commits after each."""
    monkeypatch.setattr(gate_step, "RECORDS_MAX", 3)
    monkeypatch.setattr(inbox, "RECORDS_AT_ONCE", 2)
    made = Gate()
    yield made
    made.world.end()


def no_cut_parts_a_run(gate: Gate, *, kill_after: int = 0) -> set[int]:
    """The law. Returns how many events anybody saw who looked at `events`."""
    for _ in range(RUNS):
        gate.send(*[NEED, FOOD] * (EVENTS_A_RUN // 2))
    worker, seen = gate.worker(), set[int]()
    for look in range(4_000):
        gate.run(LOOK_S)
        if look == kill_after > 0:
            gate.world.kill(worker)
            worker = gate.worker()
        events = gate.broker.committed(LOG)
        last = {one.key: one.value or b"" for one in events}
        assert all(map(may_close, last.values())), "an epoch's cut would fall inside a run"
        seen.add(len(events))
    gate.check()
    assert max(seen) == sum(one.sequence for one in gate.agencies)
    return seen


def test_whoever_looks_at_the_log_sees_whole_runs_only(gate: Gate) -> None:
    """And not all at once: an agency does not wait for the runs of all others."""
    assert len(no_cut_parts_a_run(gate)) > RUNS + 1


@pytest.mark.parametrize("look", [30, 60, 120])
def test_nor_does_a_killed_gate_leave_half_a_run(gate: Gate, look: int) -> None:
    no_cut_parts_a_run(gate, kill_after=look)


def test_a_gate_that_does_not_say_that_a_run_is_half_judged_is_noticed(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GateStep, "whole", True)
    with pytest.raises(AssertionError, match="inside a run"):
        no_cut_parts_a_run(gate)


def test_a_lane_that_commits_all_the_same_is_noticed(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = BrokenRule(lane, "Lane._work", "(behind or not step.whole)", "behind")
    break_rule(monkeypatch, broken, Writer=Writer, Reader=Reader, Step=Step)
    with pytest.raises(AssertionError, match="inside a run"):
        no_cut_parts_a_run(gate)


def test_a_gate_that_turns_to_others_within_a_run_commits_too_rarely(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_rule(monkeypatch, BrokenRule(gate_step, "GateStep._work", "cost is None or not inbox.admitting", "True"))
    assert len(no_cut_parts_a_run(gate)) <= RUNS + 1
