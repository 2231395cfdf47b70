"""Release lanes killed at every step, with zombies, storms, lost answers: one draw or no cost."""

from collections.abc import Iterator
from random import Random

import pytest

from exchange.core.release.client_tables import ARRIVALS
from exchange.engine.errors import Fenced
from tests.simulation.world.closing_world import OF_DRAWS, ONE, PARTITIONS, START, ClosingWorld, prepared

MARCH, APRIL = START + 1, START + 2
SEEDS = 20
THIRDS = [1, *(pytest.param(first, marks=pytest.mark.slow) for first in (2, 3))]
"""The first of every third step."""


@pytest.fixture
def world() -> Iterator[ClosingWorld]:
    world = ClosingWorld()
    yield world
    world.end()


def steps_of_a_close() -> int:
    """Of a worker from its start to a while after everything is public."""
    world = ClosingWorld()
    one = prepared(world)
    while len(world.published()) < len(world.closings().parts) or not world.published():
        world.run(0.01)
    world.end()
    return one.steps + 30


def killed_at(world: ClosingWorld, step: int) -> None:
    """Kill a worker after so many steps; then start another, with what arrived in the meantime."""
    process = prepared(world)
    process.struck_at[step] = lambda: world.world.kill(process)
    world.run(3)
    world.check()
    world.send(ONE)
    world.worker()
    world.run(30)


@pytest.mark.parametrize("first", THIRDS)
def test_a_kill_at_every_step_leaves_one_draw_and_pays_once(first: int) -> None:
    for step in range(first, steps_of_a_close(), len(THIRDS)):
        world = ClosingWorld()
        killed_at(world, step)
        assert world.settled().closed.last_epoch == START, step
        world.end()


def test_a_kill_between_spending_and_publishing_publishes_the_same_later(world: ClosingWorld) -> None:
    process = prepared(world)
    while not world.broker.committed(OF_DRAWS):
        assert process.ready or world.world.now < 30
        world.run(0.001)
    world.world.kill(process)
    drawn = [(part.key, part.value) for part in world.closings().parts]
    assert drawn
    assert not world.releases()
    world.worker()
    world.run(20)
    world.settled()
    assert [(record.key, record.value) for record in world.releases()] == drawn
    assert world.noise.calls == len(ARRIVALS)  # of the first draw alone: one a table of arrivals


def test_two_workers_at_once_draw_once_and_publish_the_same_bytes(world: ClosingWorld) -> None:
    world.send(ONE)
    for _ in range(3):
        world.worker()
    world.close(START, MARCH)
    world.run(60)
    world.settled()


def test_a_thawed_zombie_commits_nothing(world: ClosingWorld) -> None:
    """Frozen with its noise drawn and its transaction open; another one draws; then it goes on."""
    process = prepared(world)
    while not any(entry.state == "open" for entry in world.broker.log(OF_DRAWS).entries):
        world.run(0.001)
    process.frozen = True
    world.worker()
    world.run(30)
    process.frozen = False
    world.run(30)
    world.settled()
    assert any(isinstance(error, Fenced) for error in world.ended) or world.noise.calls == len(ARRIVALS)


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, SEEDS))])
def test_whatever_crashes_one_draw_is_public_or_none_and_nothing_was_spent(seed: int) -> None:
    survive_a_storm(seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_whatever_else_crashes_one_draw_is_public_or_none(part: int, fresh_random: Random) -> None:
    for _ in range(20):
        survive_a_storm(fresh_random.randrange(2**32))


def survive_a_storm(seed: int) -> None:
    world = ClosingWorld(seed)
    stormy(world, seed)
    assert world.settled().closed.last_epoch == APRIL, f"seed {seed}"
    world.end()


def stormy(world: ClosingWorld, seed: int) -> None:
    """Three months close while workers are killed, frozen and cut off, and answers are lost."""
    random = Random(f"closing {seed}")
    network, staff = world.network, [world.worker(), world.worker()]
    for epoch in (START, MARCH, APRIL):
        world.send(*[ONE] * random.randrange(4), partition=random.randrange(PARTITIONS))
        world.close(epoch)
        for _ in range(4):
            world.run(random.uniform(0.05, 1.5))
            victim = random.choice(staff)
            match random.randrange(5):
                case 0:
                    if not victim.dead:
                        world.world.kill(victim)
                    staff[staff.index(victim)] = world.worker()
                case 1:
                    victim.frozen = not victim.frozen
                case 2:
                    network.dark_until = world.world.now + random.uniform(0.1, 3)
                case 3:
                    network.answers_lost = random.choice((0.0, 0.5, 1.0))
                case 4:
                    world.send(ONE)
            world.check()
    network.heal()
    for process in staff:
        process.frozen = False
    world.worker()
    world.run(90)
