"""The simulation has teeth: each broken rule is noticed, on seeds on which the real engine passes.

Every mutant has faults of its own that bring its weakness out, and stays within the kinds of
`faults.KINDS`.
"""

from collections.abc import Sequence

import pytest

from tests.simulation.world import mutants
from tests.simulation.world.faults import Fault
from tests.simulation.world.scenario import Engine, LawBroken, simulate

SEEDS = (9, 2, 0, 1, *range(3, 9), 10, 11)
"""The shortest run first; it exposes most."""


def every(step_s: int, kind: str, length_s: float) -> list[Fault]:
    return [Fault(at, kind, number, length_s) for number, at in enumerate(range(3, 50, step_s))]


def caught(mutant: Engine, faults: Sequence[Fault] | None) -> str:
    """The error on the first seed that exposes the mutant; until then the real engine passes."""
    for seed in SEEDS:
        simulate(seed, faults)
        try:
            simulate(seed, faults, mutant)
        except LawBroken as broken:
            return str(broken)
    pytest.fail(f"{mutant} was not noticed on {SEEDS}")


def test_state_read_before_the_producer_id_is_caught() -> None:
    how = caught(Engine(lane=mutants.StateReadBeforeTheProducerId), None)
    assert "duplicated" in how


def test_a_position_outside_the_transaction_is_caught() -> None:
    how = caught(Engine(lane=mutants.PositionOutsideTheTransaction), every(4, "kill", 0.5))
    assert "StateDamaged" in how or "duplicated" in how


def test_a_send_not_awaited_is_caught() -> None:
    assert " lost" in caught(Engine(lane=mutants.SendNotAwaited), every(5, "refuse", 2.0))


def test_a_restart_without_a_new_generation_is_caught() -> None:
    how = caught(Engine(ownership=mutants.RestartWithoutANewGeneration), every(15, "deaf", 14.0))
    assert "without a new generation" in how


def test_a_seek_forgotten_after_assign_is_caught() -> None:
    """Under `auto_offset_reset=none` the log itself refuses: the first new inbox stops the lane."""
    assert "never sought" in caught(Engine(lane=mutants.SeekForgottenAfterAssign), [])


def test_a_seek_forgotten_after_assign_is_caught_under_latest_too() -> None:
    """Where it skips silently, records are missing in the end."""
    how = caught(Engine(lane=mutants.SeekForgottenAfterAssign, log=mutants.LatestLog), [Fault(2.0, "slow", 1, 45.0)])
    assert " lost" in how


def test_a_commit_retried_is_caught() -> None:
    faults = [f for at in range(3, 50, 9) for f in (Fault(at, "slow", 1, 7.0), Fault(at + 2, "mute", 0, 3.3))]
    assert "duplicated" in caught(Engine(lane=mutants.CommitRetried), faults)


def test_a_restore_up_to_the_last_stable_offset_is_caught() -> None:
    """Held open from before two workers die until long after others took over."""
    held = [Fault(4.0 + number, "hold", number, 25.0) for number in range(4)]
    faults = [*held, Fault(12.0, "kill", 0), Fault(12.0, "kill", 1)]
    how = caught(Engine(lane=mutants.RestoreEndsWhereAllIsDecided), faults)
    assert "duplicated" in how


def test_memory_kept_after_a_failure_is_caught() -> None:
    assert " lost" in caught(Engine(lane=mutants.MemoryKeptAfterFailure), every(5, "refuse", 2.0))
