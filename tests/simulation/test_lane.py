"""One lane in detail: how it ends, what it reports, and what it must not do.

On virtual time.
"""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from exchange.core.errors import ExchangeError, StateDamaged
from exchange.engine.errors import (
    CannotApply,
    Fenced,
    LaneStalled,
    PositionOutOfRange,
    StepFailed,
)
from exchange.engine.lanes.lane import Lane, LaneLimits
from exchange.engine.lanes.progress import LaneState
from exchange.engine.lanes.step import Outcome
from exchange.engine.log import Pair, Partition, Record
from exchange.testing.memory_log import MemoryLog, MemoryReader
from tests.simulation.world.exchange_world import Process
from tests.simulation.world.mutants import RestoreReadsOn
from tests.simulation.world.stage import SOURCE, STATE, Stage
from tests.simulation.world.steps import POSITION, Count

SECRET = b"a value of a record"


@pytest.fixture
def stage():
    stage = Stage()
    yield stage
    stage.world.end()
    assert not stage.world.unhandled


def test_a_lane_counts_and_reports_how_far_it_is(stage: Stage) -> None:
    stage.publish(b"a", b"b", b"a")
    lane, process = stage.start()
    stage.run(10)
    progress = stage.look(lane, process)
    assert stage.counts() == {b"a": b"2", b"b": b"1", POSITION: b"3 3"}
    assert (progress.lane, progress.state, progress.lag) == ("fold-0", LaneState.RUNNING, 0)
    assert (progress.records, progress.transactions, progress.restarts, progress.restored) == (3, 1, 0, 0)
    assert progress.positions == {SOURCE: 3}
    assert progress.since_commit_s is not None
    assert 9 < progress.since_commit_s < 10
    assert [p.state for p in stage.seen[:3]] == [LaneState.STARTING, LaneState.RESTORING, LaneState.RUNNING]


def test_an_idle_lane_is_not_stalled(stage: Stage) -> None:
    lane, process = stage.start()
    stage.run(3600)
    assert not stage.ended
    assert stage.look(lane, process).restarts == 0


def test_a_restored_lane_goes_on_where_the_last_one_stopped(stage: Stage) -> None:
    stage.publish(b"a")
    _, process = stage.start("one")
    stage.run(5)
    stage.world.kill(process)
    stage.publish(b"a")
    lane, process = stage.start("two")
    stage.run(5)
    assert stage.counts()[b"a"] == b"2"
    assert stage.look(lane, process).restored == 2


def test_a_fenced_lane_ends_and_reports_it(stage: Stage) -> None:
    lane, process = stage.start("one")
    stage.run(5)
    stage.start("two")
    stage.run(5)
    assert not stage.ended  # it has had nothing to write yet
    stage.publish(b"a")
    stage.run(5)
    assert isinstance(stage.ended["one"], Fenced)
    assert stage.look(lane, process).state is LaneState.FENCED
    assert stage.counts()[b"a"] == b"1"


def test_a_record_that_cannot_be_applied_stops_the_lane_with_its_offset(stage: Stage) -> None:
    stage.publish(b"a")
    lane, process = stage.start()
    stage.run(5)
    stage.publish(b"b", b"", SECRET)
    stage.run(5)
    error = stage.ended["one"]
    assert isinstance(error, CannotApply)
    assert (error.partition, error.offset) == (SOURCE, 2)
    assert "events-0 offset 2" in str(error)
    assert SECRET.decode() not in str(error)
    assert stage.counts() == {b"a": b"1", POSITION: b"1 1"}
    assert stage.look(lane, process).state is LaneState.FAILED


def held_open(stage: Stage, partition: Partition, seconds: float) -> None:
    """A foreign transaction, open for so long; it comes to nothing."""
    somebody = stage.broker.take_over("somebody")
    stage.broker.add(somebody, partition, timeout_s=seconds)
    stage.broker.produce_in(somebody, 0, partition, [(b"foreign", b"")])


def test_a_lane_is_not_restored_past_an_open_transaction_and_reports_it(stage: Stage) -> None:
    stage.publish(b"a")
    _, first = stage.start("one")
    stage.run(5)
    held_open(stage, STATE, 100)
    stage.publish(b"a", b"b")
    stage.run(5)
    stage.world.kill(first)
    lane, process = stage.start("two")
    stage.run(80)
    progress = stage.look(lane, process)
    assert (progress.error, progress.transactions) == ("TransactionOpen", 0)
    assert not stage.ended
    stage.run(60)
    assert stage.look(lane, process).state is LaneState.RUNNING
    assert stage.counts() == {b"a": b"2", b"b": b"1", POSITION: b"3 3"}


def test_an_open_transaction_on_a_source_is_lag_and_no_stall(stage: Stage) -> None:
    stage.publish(b"a")
    lane, process = stage.start()
    stage.run(5)
    held_open(stage, SOURCE, 600)
    stage.publish(b"b")
    stage.run(300)
    assert not stage.ended
    assert stage.look(lane, process).lag == 2
    assert stage.counts() == {b"a": b"1", POSITION: b"1 1"}
    stage.run(310)
    assert stage.counts() == {b"a": b"1", b"b": b"1", POSITION: b"3 2"}
    assert stage.look(lane, process).lag == 0


class Defective(Count):
    def apply(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        {}[batch[SOURCE][0].value]
        raise AssertionError


def test_a_defect_of_a_step_is_named_by_place_and_not_by_value(stage: Stage) -> None:
    stage.publish(SECRET)
    stage.start(make_step=lambda: Defective(SOURCE, STATE))
    stage.run(5)
    error = stage.ended["one"]
    assert isinstance(error, StepFailed)
    assert "KeyError at " in str(error)
    assert "test_lane.py:" in str(error)
    assert SECRET.decode() not in str(error)
    assert error.__suppress_context__


def test_damaged_state_stops_the_lane(stage: Stage) -> None:
    stage.broker.append(STATE, (b"a", b"7"), (POSITION, b"3 4"))
    stage.start()
    stage.run(5)
    assert isinstance(stage.ended["one"], StateDamaged)


@pytest.mark.parametrize("position", [b"9 0", b"1 0"])
def test_a_position_outside_the_log_refuses_to_start(stage: Stage, position: bytes) -> None:
    stage.publish(b"a", b"b", b"c")
    stage.broker.delete_before(SOURCE, 2)
    stage.broker.append(STATE, (POSITION, position))
    stage.start()
    stage.run(5)
    error = stage.ended["one"]
    assert isinstance(error, PositionOutOfRange)
    assert "the log holds 2 to 3" in str(error)


def test_a_lane_without_its_log_ends_within_fifteen_seconds(stage: Stage) -> None:
    stage.start()
    stage.run(5)
    stage.publish(b"a")
    stage.network.dark_until = 1e9
    stage.run(15)
    assert isinstance(stage.ended["one"], LaneStalled)
    assert "fold-0" in str(stage.ended["one"])


def test_a_lane_that_never_gets_its_producer_id_ends_within_fifteen_seconds(stage: Stage) -> None:
    stage.network.dark_until = 1e9
    stage.start()
    stage.run(15)
    assert isinstance(stage.ended["one"], LaneStalled)


def test_a_cancelled_lane_stops_and_leaves_nothing_open(stage: Stage) -> None:
    stage.publish(b"a")
    lane, process = stage.start()
    stage.run(0.004)
    process.tasks[0].cancel()
    stage.run(5)
    assert isinstance(stage.ended["one"], asyncio.CancelledError)
    assert stage.look(lane, process).state is LaneState.STOPPED
    log = stage.broker.log(STATE)
    assert log.stable_end == log.end


class FreezingReader(MemoryReader):
    """Its process is frozen at the first read, when the end has been sampled."""

    async def getmany(self, *, timeout_s: float, records_max: int) -> Mapping[Partition, Sequence[Record]]:
        process = asyncio.get_running_loop()
        assert isinstance(process, Process)
        process.frozen = True
        await asyncio.sleep(0)
        return await super().getmany(timeout_s=timeout_s, records_max=records_max)


class FreezingLog(MemoryLog):
    async def reader(self) -> MemoryReader:
        return FreezingReader(self._broker, self._connect())


@pytest.mark.parametrize(("lane", "end"), [(Lane, Fenced), (RestoreReadsOn, StateDamaged)])
def test_a_fenced_owner_that_still_restores_takes_nothing_of_its_successors(
    stage: Stage, lane: type[Lane], end: type[ExchangeError]
) -> None:
    """Reading beyond the sampled end would take half a successor's transaction (the mutant)."""
    limits = LaneLimits(records_max=1)
    stage.publish(b"a", b"b", b"c")
    _, first = stage.start("first", limits=limits)
    stage.run(5)
    stage.world.kill(first)
    _, zombie = stage.start("zombie", lane=lane, log=FreezingLog, limits=limits)
    stage.run(5)
    assert zombie.frozen
    stage.start("successor")
    stage.run(5)
    stage.publish(b"a", b"b", b"c")
    stage.run(5)
    for _ in range(200):
        zombie.frozen = False
        stage.run(0.2)
    assert stage.counts() == {b"a": b"2", b"b": b"2", b"c": b"2", POSITION: b"6 6"}
    assert isinstance(stage.ended["zombie"], end)


def test_a_step_that_writes_nothing_moves_on_without_a_transaction(stage: Stage) -> None:
    class Silent(Count):
        def outcome(self) -> Outcome:
            return Outcome([])

    stage.publish(b"a")
    lane, process = stage.start(make_step=lambda: Silent(SOURCE, STATE))
    stage.run(30)
    progress = stage.look(lane, process)
    assert (progress.records, progress.transactions, progress.lag) == (1, 0, 0)
    assert not stage.ended


def test_transactions_are_committed_in_the_order_of_the_batches(stage: Stage) -> None:
    """One batch is applied while the one before it commits; the log must show them in order."""
    order: list[Pair] = []

    class Noting(Count):
        def outcome(self) -> Outcome:
            outcome = super().outcome()
            order.append(outcome.outputs[0][1][-1])
            return outcome

    stage.publish(*[b"a"] * 40)
    stage.start(make_step=lambda: Noting(SOURCE, STATE), limits=LaneLimits(records_max=4))
    stage.run(20)
    written = [(r.key, r.value) for r in stage.broker.committed(STATE) if r.key == POSITION]
    assert written == order
    assert len(order) == 10
