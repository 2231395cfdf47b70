"""Independent sources: none that is missing or lost holds up another.

On virtual time.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import pytest

from exchange.engine.errors import PartitionUnknown, PositionOutOfRange
from exchange.engine.lanes.lane import LaneLimits
from exchange.engine.lanes.step import Outcome
from exchange.engine.log import Partition, Record
from exchange.testing.memory_broker import TryAgain
from exchange.testing.memory_partition import ABORTED
from tests.simulation.world.stage import STATE, Stage

HERE, THERE = Partition("inbox.here", 0), Partition("inbox.there", 0)


class Kept:
    """Keeps each value once, from any source, and remembers it, as a chain does at the gate."""

    independent = True

    def __init__(self, *sources: Partition) -> None:
        self._positions: dict[Partition, int | None] = dict.fromkeys(sources)
        self._kept: dict[bytes, bytes] = {}
        self._changed: dict[bytes, bytes] = {}

    def restore(self, key: bytes, value: bytes | None) -> None:
        if key.startswith(b"at/"):
            self._positions[Partition(key[3:].decode(), 0)] = int(value or b"")
        else:
            self._kept[key] = value or b""

    def restored(self) -> None: ...

    def positions(self) -> Mapping[Partition, int | None]:
        return self._positions

    def apply(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        for source, records in batch.items():
            for record in records:
                if record.value not in self._kept:
                    self._changed[record.value or b""] = self._kept[record.value or b""] = b"kept"
            self._positions[Partition(*source)] = records[-1].offset + 1
            self._changed[b"at/" + source.topic.encode()] = b"%d" % (records[-1].offset + 1)

    def outcome(self) -> Outcome:
        pairs = list(self._changed.items())
        self._changed.clear()
        return Outcome([(STATE, pairs)])


class Strict(Kept):
    independent = False


@pytest.fixture
def stage():
    stage = Stage()
    stage.broker.create(HERE.topic)
    yield stage
    stage.world.end()
    assert not stage.world.unhandled


def publish(stage: Stage, source: Partition, *values: bytes) -> None:
    stage.broker.append(source, *[(b"k", value) for value in values])


def kept(stage: Stage) -> set[bytes | None]:
    return {record.key for record in stage.broker.committed(STATE) if record.value == b"kept"}


def test_a_missing_source_holds_up_nobody_and_is_read_once_it_is_there(stage: Stage) -> None:
    publish(stage, HERE, b"1")
    stage.start(make_step=lambda: Kept(HERE, THERE))
    stage.run(60)  # a quiet minute is no stall
    assert not stage.ended
    assert kept(stage) == {b"1"}
    stage.broker.create(THERE.topic)
    publish(stage, THERE, b"2")
    publish(stage, HERE, b"3")
    stage.run(2 * LaneLimits().sample_every_s)
    assert kept(stage) == {b"1", b"2", b"3"}
    assert not stage.ended


def test_a_source_that_is_deleted_while_it_is_read_holds_up_nobody(stage: Stage) -> None:
    stage.broker.create(THERE.topic)
    publish(stage, THERE, b"1")
    lane, process = stage.start(make_step=lambda: Kept(HERE, THERE))
    stage.run(5)
    stage.broker.delete(THERE.topic)
    stage.run(2 * LaneLimits().sample_every_s)
    publish(stage, HERE, b"2")
    stage.run(5)
    assert kept(stage) == {b"1", b"2"}
    assert stage.look(lane, process).lag == 0


@pytest.mark.parametrize("lost", ["deleted before it", "made anew and shorter"])
def test_a_lost_position_is_read_again_from_the_beginning_and_told(stage: Stage, lost: str) -> None:
    stage.broker.create(THERE.topic)
    publish(stage, THERE, b"1", b"2", b"3")
    _, first = stage.start(make_step=lambda: Kept(HERE, THERE))
    stage.run(5)
    stage.world.kill(first)
    if lost == "deleted before it":
        publish(stage, THERE, b"gone", b"4")
        stage.broker.delete_before(THERE, 4)
    else:
        stage.broker.delete(THERE.topic)
        stage.broker.create(THERE.topic)
        publish(stage, THERE, b"3", b"4")
    publish(stage, HERE, b"5")
    lane, process = stage.start("two", make_step=lambda: Kept(HERE, THERE))
    stage.run(5)
    assert kept(stage) == {b"1", b"2", b"3", b"4", b"5"}
    assert stage.look(lane, process).rereads == 1
    assert not stage.ended


def test_a_source_that_is_made_anew_while_it_is_read_goes_on_from_its_beginning(stage: Stage) -> None:
    stage.broker.create(THERE.topic)
    publish(stage, THERE, b"1", b"2", b"3")
    lane, process = stage.start(make_step=lambda: Kept(HERE, THERE))
    stage.run(5)
    stage.broker.delete(THERE.topic)
    stage.broker.create(THERE.topic)
    publish(stage, THERE, b"4")
    publish(stage, HERE, b"5")
    stage.run(10)
    assert kept(stage) == {b"1", b"2", b"3", b"4", b"5"}
    assert not stage.ended
    assert stage.look(lane, process).restarts == 0


def test_aborted_records_without_end_are_no_stall(stage: Stage) -> None:
    stage.start(make_step=lambda: Kept(HERE))
    somebody = stage.broker.take_over("somebody")

    def abort(sequence: int = 0) -> None:
        with suppress(TryAgain):
            stage.broker.add(somebody, HERE)
            stage.broker.produce_in(somebody, sequence, HERE, [(b"k", b"never")] * 3)
            stage.broker.end(somebody, ABORTED)
            sequence += 3
        stage.world.after(0.001, lambda: abort(sequence))

    abort()
    stage.run(20)
    assert not stage.ended
    assert kept(stage) == set()


def test_sources_that_depend_on_each_other_stop_the_lane_instead(stage: Stage) -> None:
    stage.start(make_step=lambda: Strict(HERE, THERE))
    stage.run(10)
    assert isinstance(stage.ended["one"], PartitionUnknown)
    stage.broker.create(THERE.topic)
    stage.broker.append(STATE, (b"at/inbox.there", b"7"))
    stage.start("two", make_step=lambda: Strict(HERE, THERE))
    stage.run(10)
    assert isinstance(stage.ended["two"], PositionOutOfRange)
