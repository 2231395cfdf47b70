"""Draws in real processes: fresh noise each, no OpenDP in the worker, no process left over."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from consumers.child_processes import LogJob, log_process
from consumers.release.draw_process import DrawInProcess, DrawProcessLost
from consumers.release.draw_task import Drawn
from exchange.engine.errors import StepFailed
from exchange.wire.public_records import decode_release
from tests.kits.children import fork_server, kill_and_wait, working_children, working_soon
from tests.unit.release.draw_source import Empty, february, january, length_of

HERE = psutil.Process()


def noise_of(drawn: Drawn) -> list[int | None]:
    releases = [decode_release(value) for _, value in drawn.parts]
    return [number for one in releases if one.clients for number in one.counts]


async def test_no_two_draws_of_one_worker_share_their_noise() -> None:
    """Both are forks of one process that loaded OpenDP: a generator seeded there would repeat."""
    drawer = DrawInProcess(Empty())
    first, second = [noise_of(await drawer.draw(january(), lambda _: None)) for _ in range(2)]
    assert len(first) == len(second) > 1000
    # a cell of the smallest scale agrees by chance in about one of three draws
    assert sum(a == b for a, b in zip(first, second, strict=True)) < len(first) / 2
    assert working_children(HERE) == []


async def test_a_draw_that_is_killed_is_begun_again_by_whoever_asked_for_it() -> None:
    with pytest.raises(DrawProcessLost):
        await DrawInProcess(Empty("killed")).draw(february(), lambda _: None)


async def test_a_defect_of_a_draw_is_reported_by_its_place_and_without_its_text() -> None:
    with pytest.raises(StepFailed, match=r"The draw: ValueError at .*replay_world\.py:\d+") as raised:
        await DrawInProcess(Empty("defect")).draw(february(), lambda _: None)
    assert "Jane" not in f"{raised.value!r}{raised.value.__cause__!r}{raised.value.__context__!r}"


async def test_a_long_task_does_not_hold_up_the_loop_while_the_child_opens_its_log() -> None:
    longest_s, running = 0.0, True

    async def beat() -> None:
        nonlocal longest_s
        before = time.monotonic()
        while running:
            await asyncio.sleep(0.01)
            longest_s, before = max(longest_s, time.monotonic() - before), time.monotonic()

    beating = asyncio.create_task(beat())
    job = LogJob("length", length_of, StepFailed, (length_of.__module__,))
    async with log_process(job, Empty("late")) as process:
        assert await process.do(bytes(5_000_000), lambda _: None) == 5_000_000
    running = False
    await beating
    assert longest_s < 0.9


async def test_a_draw_that_is_cancelled_leaves_no_process_behind() -> None:
    drawing = asyncio.create_task(DrawInProcess(Empty("slow")).draw(february(), lambda _: None))
    started = await working_soon(HERE)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert not any(one.is_running() for one in started)


async def test_a_fork_server_that_was_killed_is_started_again() -> None:
    drawer = DrawInProcess(Empty())
    await drawer.draw(february(), lambda _: None)
    server = fork_server(HERE)
    assert server is not None
    kill_and_wait(server)
    assert (await drawer.draw(february(), lambda _: None)).parts
    assert fork_server(HERE) not in {None, server}


async def test_a_draw_is_made_though_the_socket_of_the_fork_server_was_cleaned_up() -> None:
    """It is a file among the temporary ones, and months lie between two draws."""
    drawer = DrawInProcess(Empty())
    await drawer.draw(february(), lambda _: None)
    server = fork_server(HERE)
    assert server is not None
    (address,) = {Path(str(one.laddr)) for one in server.net_connections("unix") if one.laddr}
    address.unlink()
    try:
        assert (await drawer.draw(february(), lambda _: None)).parts
    finally:
        kill_and_wait(server)


async def test_a_child_whose_fork_server_was_killed_does_not_outlive_its_draw() -> None:
    drawing = asyncio.create_task(DrawInProcess(Empty("slow")).draw(february(), lambda _: None))
    started = await working_soon(HERE)
    server = fork_server(HERE)
    assert server is not None
    server.kill()
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    await asyncio.to_thread(psutil.wait_procs, started, 30)
    assert not any(one.is_running() for one in started)


PARENT = """
import asyncio, sys
from consumers.release.draw_process import DrawInProcess
from tests.unit.release.draw_source import Empty, february

async def work():
    drawing = asyncio.create_task(DrawInProcess(Empty("slow")).draw(february(), lambda _: None))
    print("opendp" in sys.modules, flush=True)
    await drawing

if __name__ == "__main__":
    try:
        asyncio.run(work())
    except KeyboardInterrupt:
        pass
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_neither_draw_nor_fork_server_outlives_its_worker_and_ctrl_c_reaches_neither(
    how: signal.Signals, tmp_path: Path
) -> None:
    (tmp_path / "parent.py").write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stderr is not None
        assert parent.stdout.readline() == b"False\n"
        worker = psutil.Process(parent.pid)
        while not working_children(worker):
            assert parent.poll() is None
            time.sleep(0.02)
        everybody = worker.children(recursive=True)
        server = fork_server(worker)
        assert server in everybody
        if how is signal.SIGINT:
            for one in everybody:
                one.send_signal(how)  # at a terminal it reaches them before the worker has ended them
            assert psutil.wait_procs(everybody, timeout=1)[0] == []
        os.killpg(parent.pid, how) if how is signal.SIGINT else parent.send_signal(how)
        parent.wait(30)
        assert parent.stderr.read() == b""
    _, alive = psutil.wait_procs(everybody, timeout=30)
    for one in alive:
        one.kill()
    assert alive == []


def test_a_draw_is_made_where_no_fork_server_can_have_its_socket(tmp_path: Path) -> None:
    """The path of a socket has at most 107 bytes."""
    long = tmp_path / ("long" * 25)
    long.mkdir()
    (tmp_path / "parent.py").write_text(PARENT.replace('Empty("slow")', "Empty()"))
    done = subprocess.run(
        [sys.executable, str(tmp_path / "parent.py")],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "TMPDIR": str(long)},
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"False\n", b"")


async def test_the_fork_server_has_no_socket_of_the_worker_and_one_thread() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        old = fork_server(HERE)
        if old is not None:
            kill_and_wait(old)
        await DrawInProcess(Empty()).draw(february(), lambda _: None)
        server = fork_server(HERE)
    assert server is not None
    assert [one for one in server.net_connections() if one.family != socket.AF_UNIX] == []
    assert server.num_threads() == 1
