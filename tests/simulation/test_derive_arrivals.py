"""What the agent on `releases` hands on is derived, once, and only where `releases` is assigned."""

from collections.abc import Iterator

import pytest

from consumers.metrics.derive import FROM, LOOK_S, TO
from consumers.worker.derive_owner import RETRY_S
from exchange.testing.memory_partition import ABORTED, COMMITTED
from tests.kits.release_world import APRIL, JULY
from tests.simulation.world.derive_world import MAY, DeriveWorld, expected, made, pairs


@pytest.fixture
def stage() -> Iterator[DeriveWorld]:
    stage = DeriveWorld()
    yield stage
    stage.world.end()
    assert stage.failed == []


def start_and_settle(stage: DeriveWorld, *, lost: float = 0.0) -> None:
    """A worker that derived all and looked just now: it next looks by itself in some seconds."""
    stage.start(lost=lost)
    stage.run(LOOK_S + 1)


def test_a_record_that_the_agent_hands_on_is_derived(stage: DeriveWorld) -> None:
    start_and_settle(stage)
    stage.publish(*pairs(made(MAY)))
    stage.run(2)
    assert stage.points() == expected(MAY)


def test_a_record_that_was_not_handed_on_is_derived_at_the_next_look(stage: DeriveWorld) -> None:
    start_and_settle(stage, lost=1.0)
    stage.publish(*pairs(made(MAY)))
    stage.run(2)
    assert stage.points() == {}
    stage.run(LOOK_S)
    assert stage.points() == expected(MAY)


def test_a_record_that_is_handed_on_again_and_again_is_derived_once(stage: DeriveWorld) -> None:
    start_and_settle(stage)
    stage.publish(*pairs(made(MAY)))
    stage.run(2)
    written = len(stage.broker.committed(TO))
    for offset in (0, 3, 3, 0):
        stage.arrivals["one"].hand_on(offset)
        stage.run(1)
    assert len(stage.broker.committed(TO)) == written == len(expected(MAY))


def test_a_record_that_is_not_decided_is_not_derived_however_early_it_is_handed_on(stage: DeriveWorld) -> None:
    """Nobody writes `releases` in a transaction; an agent would pass such records on even so."""
    start_and_settle(stage, lost=1.0)
    for ends_in, points in ((ABORTED, {}), (COMMITTED, expected(MAY))):
        writer = stage.broker.take_over("a writer")
        stage.broker.add(writer, FROM)
        stage.broker.produce_in(writer, 0, FROM, pairs(made(MAY)))
        stage.arrivals["one"].hand_on(len(stage.broker.log(FROM).entries) - 1)
        stage.run(2 * LOOK_S)
        assert stage.points() == {}
        stage.broker.end(writer, ends_in)
        stage.run(2 * LOOK_S)
        assert stage.points() == points


def test_nothing_is_derived_where_releases_is_not_assigned(stage: DeriveWorld) -> None:
    stage.mine = False
    stage.start()
    stage.publish(*pairs(made(MAY)))
    stage.arrivals["one"].hand_on(0)
    stage.run(60)
    assert stage.points() == {}
    stage.mine = True
    stage.run()
    assert stage.points() == expected(MAY)
    stage.mine = False
    stage.run(1)
    stage.publish(*pairs(one for one in made(JULY) if one.epoch > MAY))
    stage.run(60)
    assert stage.points() == expected(MAY)
    stage.mine = True
    stage.run()
    assert stage.points() == expected(JULY)


def test_a_derivation_that_ended_by_a_named_error_starts_again_from_the_beginning(stage: DeriveWorld) -> None:
    start_and_settle(stage)
    stage.publish((b"x", b"nothing of ours"), *pairs(made(MAY)))
    stage.run(2)
    stage.broker.delete(FROM.topic)
    stage.broker.create(FROM.topic)
    stage.publish(*pairs(made(APRIL)))
    stage.run(LOOK_S)
    assert stage.alert() is not None
    stage.run(RETRY_S)
    assert stage.alert() is None  # read again, and nothing is left out
    assert stage.points() == expected(MAY)  # nothing is ever taken back
