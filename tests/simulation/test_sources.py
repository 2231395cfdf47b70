"""Independent sources: none that is missing or lost holds up another.

On virtual time.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress

import pytest

from exchange.engine.errors import PartitionUnknown, PositionOutOfRange
from exchange.engine.lanes.lane import LaneLimits
from exchange.engine.lanes.step import Outcome, PlainStep
from exchange.engine.log import Pair, Partition, Record
from exchange.testing.memory_broker import TryAgain
from exchange.testing.memory_log import MemoryLog, MemoryWriter
from exchange.testing.memory_partition import ABORTED
from tests.simulation.world.stage import STATE, Stage

HERE, THERE = Partition("inbox.here", 0), Partition("inbox.there", 0)


class Kept(PlainStep):
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
def test_a_lost_position_is_read_again_from_the_beginning_and_reported(stage: Stage, lost: str) -> None:
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
        stage.world.after(0.02, lambda: abort(sequence))

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


# A source whose answers have nowhere to go


class Answering(Kept):
    """Writes an answer for each batch of a source, in the same transaction."""

    def outcome(self) -> Outcome:
        answered = [
            (answers_of(Partition(key[3:].decode(), 0)), [(b"to", b"it")]) for key in self._changed if b"/" in key
        ]
        return Outcome([*answered, *super().outcome().outputs])


def answers_of(source: Partition) -> Partition:
    return Partition(source.topic.replace("inbox", "receipts"), 0)


def test_a_source_whose_answers_have_no_topic_holds_up_nobody_and_catches_up_exactly(stage: Stage) -> None:
    for topic in (THERE.topic, answers_of(HERE).topic):
        stage.broker.create(topic)
    publish(stage, HERE, b"1")
    publish(stage, THERE, b"2")
    lane, process = stage.start(make_step=lambda: Answering(HERE, THERE), needs=answers_of)
    stage.run(60)
    assert kept(stage) == {b"1"}
    assert stage.look(lane, process).absent == ("receipts.there",)
    stage.broker.create(answers_of(THERE).topic)
    stage.run(2 * LaneLimits().sample_every_s)
    assert kept(stage) == {b"1", b"2"}
    assert len(stage.broker.committed(answers_of(THERE))) == 1
    assert stage.look(lane, process).absent == ()
    assert stage.look(lane, process).restarts == 0
    assert not stage.ended


@pytest.mark.parametrize("hangs", [False, True])
def test_answers_deleted_while_they_are_written_leave_out_that_source_alone(stage: Stage, *, hangs: bool) -> None:
    """Kafka refuses such a write, or its client goes on trying for ever."""
    for topic in (THERE.topic, answers_of(HERE).topic, answers_of(THERE).topic):
        stage.broker.create(topic)
    lane, process = stage.start(
        make_step=lambda: Answering(HERE, THERE), needs=answers_of, log=Patient if hangs else MemoryLog
    )
    publish(stage, THERE, b"1")
    stage.run(5)
    stage.broker.delete(answers_of(THERE).topic)
    publish(stage, THERE, b"2")
    publish(stage, HERE, b"3")
    stage.run(3 * LaneLimits().sample_every_s)
    publish(stage, HERE, b"4")
    stage.run(60)
    assert kept(stage) == {b"1", b"3", b"4"}
    assert not stage.ended
    stage.broker.create(answers_of(THERE).topic)
    stage.run(2 * LaneLimits().sample_every_s)
    assert kept(stage) == {b"1", b"2", b"3", b"4"}
    assert stage.look(lane, process).restarts == 1


def test_a_missing_topic_of_the_lane_itself_still_stops_it(stage: Stage) -> None:
    stage.broker.create(answers_of(HERE).topic)
    stage.start(make_step=lambda: Answering(HERE), needs=answers_of)
    stage.run(5)
    stage.broker.delete(STATE.topic)
    publish(stage, HERE, b"1")
    stage.run(20)
    assert isinstance(stage.ended["one"], PartitionUnknown)


class Patient(MemoryLog):
    """Its writers try a write to a missing topic for ever, as aiokafka's may."""

    async def writer(self, transactional_id: str) -> MemoryWriter:
        writer = await super().writer(transactional_id)
        writer.__class__ = PatientWriter
        return writer


class PatientWriter(MemoryWriter):
    async def send(self, partition: Partition, records: Sequence[Pair]) -> Awaitable[None]:
        if not self._broker.has(partition):
            return asyncio.get_running_loop().create_future()
        return await super().send(partition, records)
