"""The supervision that all lanes share, on virtual time: pauses, giving up, stalls, halting."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest

from exchange.core.errors import StateDamaged
from exchange.engine.errors import Fenced, LaneGaveUp, LaneStalled, LogUnavailable, StepFailed
from exchange.engine.lanes.progress import LaneProgress, LaneState
from exchange.engine.lanes.supervised import SINGLE_STALL_S, Backoff, SingleLane, SupervisedTask
from exchange.engine.loop_time import loop_s
from tests.simulation.world.exchange_world import World


class Failing(SupervisedTask):
    """Fails at once, but writes something first in some of its attempts."""

    def __init__(self, writes_in: range = range(0), backoff: Backoff | None = None) -> None:
        self.hooked: list[LaneProgress] = []
        super().__init__("failing", 3, stall_after_s=60.0, backoff=backoff or Backoff(), hook=self.hooked.append)
        self.attempted_at: list[float] = []
        self._writes_in = writes_in

    async def _attempt(self, resources: AsyncExitStack) -> None:
        self._transactions += len(self.attempted_at) in self._writes_in
        self.attempted_at.append(loop_s())
        raise LogUnavailable("away")


class Single(SingleLane):
    """Does its task once, and then waits."""

    halts_on = (StateDamaged,)

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__("single")
        self._raises = error

    async def _work(self, resources: AsyncExitStack) -> None:
        self._enter(LaneState.RUNNING)
        if self._raises is not None:
            raise self._raises
        await asyncio.Event().wait()


@pytest.fixture
def world() -> Iterator[World]:
    world = World(0)
    yield world
    world.end()
    assert not world.unhandled


def run(world: World, task: SupervisedTask, seconds: float = 600.0) -> "asyncio.Task[None]":
    running = world.process("one").spawn(task.run())
    world.run_until(seconds)
    return running


def pauses(task: Failing) -> list[float]:
    return [round(after - before, 6) for before, after in pairwise(task.attempted_at)]


def test_pauses_double_up_to_the_longest_and_then_the_task_gives_up(world: World) -> None:
    task = Failing()
    ended = run(world, task)
    assert pauses(task) == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0, 2.0]
    with pytest.raises(LaneGaveUp, match=r"failing-3 failed 9 times in a row: away"):
        ended.result()
    assert (task.hooked[-1].state, task.hooked[-1].error) == (LaneState.FAILED, "LaneGaveUp")
    assert [seen.state for seen in task.hooked[:-1]] == [LaneState.BACKING_OFF] * 8
    assert [seen.restarts for seen in task.hooked[:-1]] == list(range(1, 9))


def test_an_attempt_that_wrote_something_starts_the_count_anew(world: World) -> None:
    task = Failing(range(2, 3), Backoff(first_s=1.0, longest_s=3.0, failures_max=3))
    ended = run(world, task)
    assert pauses(task) == [1.0, 2.0, 1.0, 2.0, 3.0]
    assert isinstance(ended.exception(), LaneGaveUp)


def test_a_single_lane_that_gets_nowhere_has_stalled(world: World) -> None:
    ended = run(world, Single())
    with pytest.raises(LaneStalled, match=rf"single-0 is running and got nowhere for {SINGLE_STALL_S:.0f} s"):
        ended.result()


@pytest.mark.parametrize(
    ("error", "ends_with", "state"),
    [
        (Fenced("by another"), Fenced, LaneState.FENCED),
        (ValueError("a value of a record"), StepFailed, LaneState.FAILED),
    ],
)
def test_an_error_that_trying_again_does_not_help_ends_a_single_lane(
    world: World, error: Exception, ends_with: type[Exception], state: LaneState
) -> None:
    task = Single(error)
    ended = run(world, task)
    assert type(ended.exception()) is ends_with
    assert "a value" not in str(ended.exception())
    assert task._state is state


def test_what_halts_a_single_lane_does_not_end_it(world: World) -> None:
    task = Single(StateDamaged("torn"))
    running = run(world, task, 3600)
    assert not running.done()
    assert (task._state, task._error) == (LaneState.FAILED, "StateDamaged")
    running.cancel()
    world.run_until(3601)
    assert running.cancelled()
