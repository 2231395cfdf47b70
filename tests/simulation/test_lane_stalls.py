"""One lane that stands still, on virtual time: what is a stall, and what is not."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from exchange.engine.errors import (
    LaneGaveUp,
    LaneStalled,
)
from exchange.engine.lanes.lane import LaneLimits
from exchange.engine.lanes.progress import LaneState
from exchange.engine.lanes.stall_timer import StallTimer
from exchange.engine.lanes.supervised import Backoff
from exchange.engine.log import Partition, Record
from exchange.testing.memory_log import MemoryLog, MemoryReader, MemoryWriter
from tests.simulation.world.exchange_world import Process
from tests.simulation.world.mutants import NeverStalled, StalledBetweenCommits
from tests.simulation.world.stage import SOURCE, Stage

SECRET = b"a value of a record"


@pytest.fixture
def stage():
    stage = Stage()
    yield stage
    stage.world.end()
    assert not stage.world.unhandled


class DeafReader(MemoryReader):
    async def getmany(self, *, timeout_s: float, records_max: int) -> Mapping[Partition, Sequence[Record]]:
        """What a broken fetch looks like: no error, no records, while the source grows."""
        if SOURCE in self._positions:
            await asyncio.sleep(timeout_s)
            return {}
        return await super().getmany(timeout_s=timeout_s, records_max=records_max)


class DeafLog(MemoryLog):
    async def reader(self) -> MemoryReader:
        return DeafReader(self._broker, self._connect())


def test_a_silent_stall_is_noticed(stage: Stage) -> None:
    lane, process = stage.start(log=DeafLog)
    stage.run(30)
    assert not stage.ended
    stage.publish(b"a", b"b")
    stage.run(5)
    assert stage.look(lane, process).lag == 2
    stage.run(10 + LaneLimits().sample_every_s)
    assert isinstance(stage.ended["one"], LaneStalled)
    assert "lag 2" in str(stage.ended["one"])


def test_failures_in_a_row_are_limited(stage: Stage) -> None:
    stage.publish(b"a")
    stage.network.refusal = 1.0
    stage.start(limits=LaneLimits(backoff=Backoff(failures_max=3)))
    stage.run(12)
    assert isinstance(stage.ended["one"], LaneGaveUp)
    assert sum(progress.state is LaneState.BACKING_OFF for progress in stage.seen) == 3


def test_a_thawed_process_was_not_stalled(stage: Stage) -> None:
    lane, process = stage.start()
    stage.run(5)
    stage.publish(b"a")
    process.frozen = True
    stage.run(60)
    process.frozen = False
    stage.run(20)
    assert not stage.ended
    assert stage.counts()[b"a"] == b"1"
    assert stage.look(lane, process).state is LaneState.RUNNING


def starve(stage: Stage, process: Process, *, turn_s: float, seconds: float) -> None:
    """Its loop turns only so often: it is busy with other tasks, or has little CPU."""
    for _ in range(int(seconds / turn_s)):
        process.frozen = True
        stage.run(turn_s)
        process.frozen = False
        stage.run(0.0005)


@pytest.mark.parametrize(("turn_s", "least_s", "most_s"), [(0.01, 12, 13), (1.0, 40, 60), (2.0, 150, 220)])
def test_time_counts_less_the_longer_a_loop_takes_for_a_turn(
    stage: Stage, turn_s: float, least_s: float, most_s: float
) -> None:
    """A commit needs about ten turns: on a busy loop of two seconds that is no stall."""
    process = stage.world.process("busy")
    waited: list[bool] = []

    async def wait() -> None:
        waited.append(await StallTimer(12).lasts(asyncio.get_running_loop().create_future()))

    process.spawn(wait())
    starve(stage, process, turn_s=turn_s, seconds=least_s)
    assert waited == []
    starve(stage, process, turn_s=turn_s, seconds=most_s - least_s)
    assert waited == [False]


def test_a_lane_that_waits_for_its_turn_again_and_again_was_not_stalled(stage: Stage) -> None:
    """On half a core each answer of a broker waits until the loop is done with everything else."""
    _, process = stage.start()
    stage.run(5)
    stage.publish(b"a")
    starve(stage, process, turn_s=4.0, seconds=240)
    assert not stage.ended
    stage.run(20)
    assert stage.counts()[b"a"] == b"1"


def test_a_true_stall_is_noticed_by_a_busy_loop_too(stage: Stage) -> None:
    _, process = stage.start(log=DeafLog)
    stage.publish(b"a")
    starve(stage, process, turn_s=1.0, seconds=120)
    assert isinstance(stage.ended["one"], LaneStalled)


class LateWriter(MemoryWriter):
    """Its commits take longer than a lane may stall."""

    late_s = 14.0

    async def commit(self) -> None:
        await asyncio.sleep(self.late_s)
        await super().commit()


class HangingWriter(LateWriter):
    late_s = 10_000.0


class SlowReader(MemoryReader):
    async def getmany(self, *, timeout_s: float, records_max: int) -> Mapping[Partition, Sequence[Record]]:
        if SOURCE in self._positions:
            await asyncio.sleep(1.0)
        return await super().getmany(timeout_s=timeout_s, records_max=records_max)


class BacklogLog(MemoryLog):
    writers: type[MemoryWriter] = LateWriter

    async def writer(self, transactional_id: str) -> MemoryWriter:
        writer = await super().writer(transactional_id)
        writer.__class__ = self.writers
        return writer

    async def reader(self) -> MemoryReader:
        return SlowReader(self._broker, self._connect())


class HungLog(BacklogLog):
    writers = HangingWriter


BACKLOG = LaneLimits(records_max=1, batches_max=15)


def test_a_lane_that_works_through_a_backlog_is_not_stalled_though_its_commits_are_far_apart(stage: Stage) -> None:
    stage.publish(*[b"a"] * 100)
    lane, process = stage.start(log=BacklogLog, limits=BACKLOG)
    stage.run(60)
    assert not stage.ended
    assert stage.look(lane, process).transactions >= 2
    assert stage.look(lane, process).stuck_s < 5


def test_the_two_tests_of_a_backlog_notice_a_broken_rule(stage: Stage) -> None:
    stage.publish(*[b"a"] * 1_000)
    stage.start("one", log=BacklogLog, limits=BACKLOG, lane=StalledBetweenCommits)
    stage.run(60)
    assert isinstance(stage.ended["one"], LaneStalled)
    stage.start("two", log=HungLog, limits=BACKLOG, lane=NeverStalled)
    stage.run(60)
    assert "two" not in stage.ended


def test_a_backlog_does_not_hide_a_commit_that_never_ends(stage: Stage) -> None:
    stage.publish(*[b"a"] * 1_000)
    stage.start(log=HungLog, limits=BACKLOG)
    stage.run(60)
    assert isinstance(stage.ended["one"], LaneStalled)
