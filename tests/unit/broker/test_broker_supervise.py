"""The supervisor with a child that is not Kafka: however its parent ends, so do child and data."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange.engine.broker import supervise
from exchange.engine.broker.directory import process_began

WAIT_S = 20
PYTHON = [sys.executable, "-I", "-S", "-c"]
PATIENT = [*PYTHON, "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    *PYTHON,
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]
FAILING = [*PYTHON, "raise SystemExit(7)"]
# A parent that starts the supervisor, prints its and its child's number, and releases nothing.
PARENT = """
import subprocess, sys
supervisor = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                              pass_fds=(int(sys.argv[6]),))
others = []
{and_then}
print(supervisor.pid, int(supervisor.stdout.readline()), *(other.pid for other in others), flush=True)
sys.stdin.read()
"""
# Another process that holds the writing end of the supervisor's input open, so that it never ends.
HOARDER = """
idle = [sys.executable, "-c", "import time; time.sleep(600)"]
others.append(subprocess.Popen(idle, pass_fds=(supervisor.stdin.fileno(),)))
"""


@dataclass
class Supervised:
    """A supervisor under test and its child, and the data that goes with them."""

    process: "subprocess.Popen[bytes]"
    child: int
    data: Path
    log: Path

    def child_lives(self) -> bool:
        return process_began(self.child) is not None


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Callable[[list[str]], Supervised]]:
    started: list[Supervised] = []

    def start(command: list[str]) -> Supervised:
        arguments, lock = supervise_arguments(tmp_path, command)
        process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(lock,), start_new_session=True
        )
        os.close(lock)
        assert process.stdout is not None
        started.append(Supervised(process, int(process.stdout.readline()), tmp_path / "data", tmp_path / "log"))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


def supervise_arguments(tmp_path: Path, command: list[str]) -> tuple[list[str], int]:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/records").touch()
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    script = [sys.executable, "-I", "-S", supervise.__file__]
    return [*script, str(tmp_path / "log"), str(lock), str(tmp_path / "data"), *command], lock


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def is_up(one: Supervised) -> bool:
    return one.log.exists() and one.log.read_bytes() == b"up\n"


@pytest.mark.parametrize("wish", [supervise.GENTLY, supervise.AT_ONCE])
def test_a_wish_ends_the_child_and_keeps_the_data(supervised: Callable[[list[str]], Supervised], wish: bytes) -> None:
    one = supervised(PATIENT)
    one.process.communicate(wish, timeout=WAIT_S)
    assert not one.child_lives()
    assert (one.data / "records").exists()


def test_the_end_of_input_ends_the_child_and_removes_the_data(supervised: Callable[[list[str]], Supervised]) -> None:
    one = supervised(PATIENT)
    one.process.communicate(supervise.DONE, timeout=WAIT_S)
    assert not one.child_lives()
    assert not one.data.exists()


def test_the_wish_at_once_does_not_ask_the_child(supervised: Callable[[list[str]], Supervised]) -> None:
    one = supervised(STUBBORN)
    assert eventually(lambda: is_up(one))
    one.process.communicate(supervise.AT_ONCE, timeout=WAIT_S / 2)
    assert not one.child_lives()


def test_a_child_that_does_not_go_when_asked_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "GRACE_S", 0.1)
    with subprocess.Popen(STUBBORN, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        supervise._end(child, supervise.GENTLY)
        assert child.returncode == -signal.SIGKILL


def test_a_child_that_was_stopped_in_its_tracks_ends_too(supervised: Callable[[list[str]], Supervised]) -> None:
    one = supervised(PATIENT)
    os.kill(one.child, signal.SIGSTOP)
    one.process.communicate(supervise.AT_ONCE, timeout=WAIT_S)
    assert not one.child_lives()


def test_a_child_that_ends_by_itself_leaves_its_status_its_log_and_its_data(
    supervised: Callable[[list[str]], Supervised],
) -> None:
    one = supervised(FAILING)
    assert one.process.wait(WAIT_S) == 7
    assert one.data.exists()


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_supervisor_ends_the_child(
    supervised: Callable[[list[str]], Supervised], signal_number: signal.Signals
) -> None:
    one = supervised(PATIENT)
    one.process.send_signal(signal_number)
    one.process.wait(WAIT_S)
    assert not one.child_lives()
    assert not one.data.exists()


def test_the_child_holds_the_lock_until_it_ends(supervised: Callable[[list[str]], Supervised]) -> None:
    one = supervised(PATIENT)
    lock = os.open(one.log.with_name("lock"), os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.kill(one.process.pid, signal.SIGSTOP)  # so that it can neither hold nor let go of anything
    with pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.kill(one.child, signal.SIGKILL)
    assert eventually(lambda: not one.child_lives())
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(lock)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child when its parent goes")
def test_a_killed_supervisor_takes_the_child_along(supervised: Callable[[list[str]], Supervised]) -> None:
    one = supervised(PATIENT)
    one.process.kill()
    assert eventually(lambda: not one.child_lives())


@pytest.mark.parametrize("and_then", ["", HOARDER], ids=["its input ends", "its input is held open by another"])
def test_a_killed_parent_ends_the_child_and_removes_the_data(tmp_path: Path, and_then: str) -> None:
    arguments, lock = supervise_arguments(tmp_path, PATIENT)
    program = [sys.executable, "-c", PARENT.format(and_then=and_then)]
    with subprocess.Popen(
        [*program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(lock,)
    ) as parent:
        os.close(lock)
        assert parent.stdout is not None
        supervisor, child, *others = map(int, parent.stdout.readline().split())
        assert process_began(child)
        parent.kill()
        parent.stdout.close()
    assert eventually(lambda: process_began(child) is None and process_began(supervisor) is None)
    for other in others:
        os.kill(other, signal.SIGKILL)
    assert not (tmp_path / "data").exists()
