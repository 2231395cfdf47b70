"""A table of faults, each with the longest it lasts and what it does to a scenario."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from exchange.testing.memory_broker import TryAgain
from tests.simulation.world.steps import inbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.world.exchange_world import Process
    from tests.simulation.world.scenario import Scenario

FAULTS_UNTIL_S = 50.0
STAFF_MAX = 4
COMPACTION_LAG_S = 25.0
"""Longer than the longest freeze, as `min.compaction.lag.ms` of an hour is longer than any
restore."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`length_s`: how long it lasts, if it lasts.

    `target` chooses a worker, a lane or a degree.
    """

    at_s: float
    kind: str
    target: int = 0
    length_s: float = 1.0


def strike(scenario: Scenario, fault: Fault) -> None:
    scenario.world.note("fault", fault)
    KINDS[fault.kind][1](scenario, fault)


def plan(seed: int) -> list[Fault]:
    """The faults of a seed, in the order of time."""
    random = Random(f"plan {seed}")
    faults = [
        Fault(
            at_s=random.uniform(1.0, FAULTS_UNTIL_S),
            kind=kind,
            target=random.randrange(8),
            length_s=random.uniform(0.05, KINDS[kind][0]),
        )
        for kind in random.choices(list(KINDS), k=random.randrange(4, 24))
    ]
    return sorted(faults, key=lambda fault: fault.at_s)


# Workers


def _chosen(scenario: Scenario, fault: Fault) -> tuple[int, Process] | None:
    """The worker that is meant, if there is one and it lives."""
    if not scenario.staff:
        return None
    worker = sorted(scenario.staff)[fault.target % len(scenario.staff)]
    process = scenario.staff[worker]
    return None if process.dead else (worker, process)


def _kill(scenario: Scenario, fault: Fault) -> None:
    if chosen := _chosen(scenario, fault):
        scenario.kill(chosen[0], again_after_s=fault.length_s)


def _freeze(scenario: Scenario, fault: Fault) -> None:
    if chosen := _chosen(scenario, fault):
        scenario.freeze(chosen[0], fault.length_s)


def _deafen(scenario: Scenario, fault: Fault) -> None:
    """It cannot reach the group's coordinator, while it can reach the log."""
    if chosen := _chosen(scenario, fault):
        scenario.network.deaf_until[chosen[1].name] = scenario.world.now + fault.length_s


def _evict(scenario: Scenario, fault: Fault) -> None:
    """The group puts it out; it learns that at its next heartbeat."""
    if chosen := _chosen(scenario, fault):
        for member in list(scenario.group.seen):
            if member.startswith(chosen[1].name + "#"):
                scenario.group.evict(member)


def _hire(scenario: Scenario, _: Fault) -> None:
    if len(scenario.staff) < STAFF_MAX:
        scenario.hire()


def _fire(scenario: Scenario, fault: Fault) -> None:
    """Killed, and nobody starts it again."""
    chosen = _chosen(scenario, fault)
    if chosen and len(scenario.staff) > 1:
        del scenario.staff[chosen[0]]
        scenario.world.kill(chosen[1])


# The network


def _darken(scenario: Scenario, fault: Fault) -> None:
    """The brokers are away."""
    scenario.network.dark_until = max(scenario.network.dark_until, scenario.world.now + fault.length_s)


def _lossy(scenario: Scenario, fault: Fault) -> None:
    _for_a_while(scenario, fault, "loss", 0.2)


def _slow(scenario: Scenario, fault: Fault) -> None:
    _for_a_while(scenario, fault, "delay_s_max", (0.1, 0.4, 1.5)[fault.target % 3])


def _refuse(scenario: Scenario, fault: Fault) -> None:
    """Some writes are refused for good, as with too few replicas."""
    _for_a_while(scenario, fault, "refusal", 0.3)


def _mute(scenario: Scenario, fault: Fault) -> None:
    """Requests arrive and are done; no answer comes back."""
    _for_a_while(scenario, fault, "answers_lost", 1.0)


def _for_a_while(scenario: Scenario, fault: Fault, name: str, value: float) -> None:
    network = scenario.network
    setattr(network, name, value)
    scenario.world.after(fault.length_s, lambda: setattr(network, name, network.USUAL[name]))


# The brokers


def _lane(fault: Fault, scenario: Scenario) -> str:
    return f"{('gate', 'fold')[fault.target % 2]}-{fault.target // 2 % len(scenario.events)}"


def _intrude(scenario: Scenario, fault: Fault) -> None:
    """Somebody outside the group takes a lane's id, as a dead owner's delayed request can."""
    with contextlib.suppress(TryAgain):
        scenario.broker.take_over(_lane(fault, scenario))


def _expire(scenario: Scenario, fault: Fault) -> None:
    """The coordinator forgets a lane's id, as it does after a week without transactions."""
    scenario.broker.expire(_lane(fault, scenario))


def _compact(scenario: Scenario, fault: Fault) -> None:
    scenario.broker.compact(scenario.states[fault.target % len(scenario.states)], COMPACTION_LAG_S)


def _hold(scenario: Scenario, fault: Fault) -> None:
    """A program outside the exchange holds a transaction open, for longer than any of ours."""
    topics = [*scenario.states, *scenario.events, *map(inbox, sorted(scenario.agencies))]
    scenario.hold(topics[fault.target % len(topics)], fault.length_s)


KINDS: dict[str, tuple[float, Callable[[Scenario, Fault], None]]] = {
    "kill": (1.0, _kill),
    "freeze": (20.0, _freeze),
    "deaf": (25.0, _deafen),
    "evict": (1.0, _evict),
    "hire": (1.0, _hire),
    "fire": (1.0, _fire),
    "dark": (8.0, _darken),
    "lossy": (6.0, _lossy),
    "slow": (6.0, _slow),
    "refuse": (4.0, _refuse),
    "mute": (5.0, _mute),
    "intrude": (1.0, _intrude),
    "expire": (1.0, _expire),
    "compact": (1.0, _compact),
    "hold": (45.0, _hold),
}
"""Kind → the longest it lasts, in seconds, and what it does."""
