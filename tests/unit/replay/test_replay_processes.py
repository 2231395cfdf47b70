"""Replay in processes: the same result, the first error, nothing left over, no blocked loop."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from consumers.child_processes import in_thread_to_end
from consumers.replay import replay
from consumers.replay.errors import CannotReplay, ReplayFailed, ReplayProcessLost
from consumers.replay.workers import cores
from tests.kits.children import working_children
from tests.unit.replay.replay_world import Seeded


async def test_processes_give_what_one_loop_gives() -> None:
    seen = []
    there = await replay(Seeded(1, 3), progress=seen.append, processes=2)
    here = await replay(Seeded(1, 3), processes=0)
    assert there == here
    assert there.matched
    assert (seen[-1].events, seen[-1].partitions_done) == (there.events, 3)
    assert multiprocessing.active_children() == []


async def test_an_error_in_a_process_arrives_as_what_it_is_and_ends_the_others() -> None:
    source = Seeded(2, trouble="foreign")
    world = await source.world()
    cut = {p: world.broker.end_of(part) for p, part in enumerate(list(world.broker.logs)[:2])}
    with pytest.raises(CannotReplay, match=r"events-1 offset \d+: [A-Za-z]+\."):
        await replay(source, cut, processes=2)
    assert multiprocessing.active_children() == []


async def test_a_defect_in_a_process_is_named_by_its_place_and_without_its_text() -> None:
    with pytest.raises(ReplayFailed, match=r"ValueError at .*replay_world\.py:\d+") as raised:
        await replay(Seeded(3, trouble="defect"), processes=1)
    assert "Jane" not in f"{raised.value!r}{raised.value.__cause__!r}{raised.value.__context__!r}"


async def test_a_process_that_is_killed_is_an_error_and_no_endless_wait() -> None:
    with pytest.raises(ReplayProcessLost):
        await replay(Seeded(4, trouble="killed"), processes=2)
    assert multiprocessing.active_children() == []


async def test_a_replay_that_is_cancelled_leaves_no_process_behind() -> None:
    started = asyncio.Event()
    replaying = asyncio.create_task(replay(Seeded(5, trouble="slow"), progress=lambda _: started.set(), processes=2))
    await started.wait()
    replaying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await replaying
    assert multiprocessing.active_children() == []


async def test_a_process_that_is_ending_is_waited_for_though_that_is_cancelled() -> None:
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(1,), daemon=True)
    process.start()
    joining = asyncio.create_task(in_thread_to_end(process.join))
    await asyncio.sleep(0)
    joining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await joining
    assert multiprocessing.active_children() == []


PARENT = """
import asyncio, os
from consumers.replay import replay
from tests.unit.replay.replay_world import Seeded
if __name__ == "__main__":
    try:
        asyncio.run(replay(Seeded(6, trouble="slow"), progress=lambda _: print(os.getpid(), flush=True), processes=2))
    except KeyboardInterrupt:
        pass
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_the_one_that_started_it(how: signal.Signals, tmp_path) -> None:
    (tmp_path / "parent.py").write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        start_new_session=True,
    )
    assert parent.stdout is not None
    assert parent.stderr is not None
    parent.stdout.readline()
    children = psutil.Process(parent.pid).children(recursive=True)
    assert len(working_children(psutil.Process(parent.pid))) == 2
    if how is signal.SIGINT:
        for child in children:
            child.send_signal(how)  # at a terminal it reaches them before the parent has ended them
        assert psutil.wait_procs(children, timeout=1)[0] == []
    os.killpg(parent.pid, how) if how is signal.SIGINT else parent.send_signal(how)
    parent.wait(30)
    parent.stdout.close()
    if how is signal.SIGINT:
        assert parent.stderr.read() == b""
    parent.stderr.close()
    _, alive = psutil.wait_procs(children, timeout=30)
    for one in alive:
        one.kill()
    assert alive == []


def test_there_is_at_least_one_core() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)
