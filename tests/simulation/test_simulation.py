"""The law of the lanes: whatever strikes, every record is forwarded and counted exactly once.

`SIMULATION_SEED=7 pytest tests/simulation -k random` runs one seed; `SIMULATION_TRACE=file` keeps
what happened in it. `make test` runs a few fixed seeds and strikes. `make test-slow` runs more of
them, and a thousand that are new each time.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kits.sizes import examples
from tests.simulation.world.faults import FAULTS_UNTIL_S, KINDS, Fault
from tests.simulation.world.scenario import BRIEF, Scenario, simulate

SLOW = pytest.mark.slow
FIXED = [*range(3), *(pytest.param(seed, marks=SLOW) for seed in range(3, 40))]
SEEDS = [int(os.environ["SIMULATION_SEED"])] if "SIMULATION_SEED" in os.environ else FIXED


@pytest.mark.parametrize("seed", SEEDS)
def test_the_law_holds_under_random_faults(seed: int) -> None:
    simulate(seed)


@SLOW
@pytest.mark.parametrize("hundred", range(10))
def test_the_law_holds_under_many_random_faults(hundred: int, fresh_random: Random) -> None:
    for _ in range(100):
        simulate(fresh_random.randrange(2**32))


@settings(max_examples=examples(12), deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**16),
    faults=st.lists(
        st.builds(
            Fault,
            at_s=st.floats(1.0, FAULTS_UNTIL_S),
            kind=st.sampled_from(sorted(KINDS)),
            target=st.integers(0, 3),
            length_s=st.floats(0.05, 15.0),
        ),
        max_size=12,
    ),
)
def test_the_law_holds_under_any_faults(seed: int, faults: list[Fault]) -> None:
    """As above, but a failure is shrunk to the few faults that it takes."""
    simulate(seed, faults)


def struck(kind: str, worker: int, steps: int) -> Callable[[Scenario], None]:
    """Prepare a scenario that kills a worker, or freezes it 10 s, after exactly that many steps."""

    def prepare(scenario: Scenario) -> None:
        strikes = {
            "kill": lambda: scenario.kill(worker, again_after_s=0.5),
            "freeze": lambda: scenario.freeze(worker, 10.0),
        }
        scenario.staff[worker].struck_at[steps] = strikes[kind]

    return prepare


@pytest.mark.parametrize("kind", ["kill", "freeze"])
@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=SLOW) for part in range(1, 10))])
def test_the_law_holds_wherever_a_worker_is_struck(kind: str, part: int) -> None:
    """Between any two steps of a worker's first seconds; a part is a tenth of the sample."""
    strike_at_some_steps(kind, Random(f"{kind} {part}"))


@SLOW
@pytest.mark.parametrize("kind", ["kill", "freeze"])
@pytest.mark.parametrize("part", range(10))
def test_the_law_holds_wherever_else_a_worker_is_struck(kind: str, part: int, fresh_random: Random) -> None:
    strike_at_some_steps(kind, fresh_random)


def strike_at_some_steps(kind: str, random: Random) -> None:
    for steps in sorted(random.sample(range(1, 1700), 4)):
        seed = random.randrange(1000)
        simulate(seed, [], timing=BRIEF, prepare=struck(kind, random.choice((1, 2)), steps))


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(seed, marks=SLOW) for seed in range(2, 5))])
def test_without_faults_no_lane_ever_starts_again(seed: int) -> None:
    """Nor for a new agency while running: its inbox is one more source, nothing else changes."""
    report = simulate(seed, [])
    assert (report.exits, report.fenced, report.restarts, report.generations) == ([], 0, 0, 1)
    assert report.events > 0


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=SLOW) for seed in range(1, 3))])
def test_a_worker_that_lost_its_group_is_fenced_once_and_fights_nobody(seed: int) -> None:
    """It still reaches the log. Another owns its lanes now: it must stop, not fence back."""
    report = simulate(seed, [Fault(10.0, "deaf", 0, 30.0)])
    assert report.fenced <= 4
    assert len(report.exits) <= 1


def test_the_same_seed_gives_the_same_run() -> None:
    assert simulate(5).trace == simulate(5).trace


def test_the_run_does_not_depend_on_the_order_of_hashes() -> None:
    code = "from tests.simulation.world.scenario import simulate; print(hash(tuple(map(len, t := simulate(9).trace))), len(t))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
