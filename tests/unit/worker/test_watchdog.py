"""A process under the watchdog ends in time, whatever hangs; without its thread it would not."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from typing import Any

import pytest

from exchange.core.exit_status import ExitStatus
from tests.unit.worker.hanging import LIMITS

SLACK_S = 30.0
"""For a busy machine; every limit of the hanging process is shorter."""
STILL_HANGS_AFTER_S = 4.0

HUNG = ExitStatus.HUNG
AFTER_A_SIGNAL = ("blocked", "service ignores cancel", "stop never returns", "thread never ends", "log is not read")
BY_ITSELF = ("never starts", "blocked", "lane fails")


@contextmanager
def hanging(way: str, *unwatched: str, stderr: int = subprocess.PIPE) -> Iterator["subprocess.Popen[str]"]:
    """The process, once it hangs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.worker.hanging", way, *unwatched],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        if process.stderr is not None:
            process.stderr.close()


def ends(process: "subprocess.Popen[str]", within_s: float = SLACK_S) -> int:
    return process.wait(within_s)


def last_line(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stderr is not None
    lines = process.stderr.read().splitlines()
    found: dict[str, Any] = json.loads(lines[-1])
    return found


@pytest.fixture
def all_hang() -> Iterator[Callable[..., dict[str, "subprocess.Popen[str]"]]]:
    """Hangs in several ways side by side, so that the test waits for the slowest only."""
    with ExitStack() as stack:
        yield lambda ways, *unwatched: {way: stack.enter_context(hanging(way, *unwatched)) for way in ways}


def test_a_process_that_hangs_ends_after_its_first_signal(all_hang: "Callable[..., dict[str, Any]]") -> None:
    processes = all_hang(AFTER_A_SIGNAL)
    for process, number in zip(processes.values(), cycle((signal.SIGINT, signal.SIGTERM)), strict=False):
        process.send_signal(number)
    assert {way: ends(process) for way, process in processes.items()} == dict.fromkeys(AFTER_A_SIGNAL, HUNG)


def test_it_ends_by_itself_if_it_never_starts_or_its_loop_hangs_or_a_lane_fails(
    all_hang: "Callable[..., dict[str, Any]]",
) -> None:
    processes = all_hang(BY_ITSELF)
    assert {way: ends(process) for way, process in processes.items()} == dict.fromkeys(BY_ITSELF, HUNG)


def test_without_the_thread_they_would_all_hang(all_hang: "Callable[..., dict[str, Any]]") -> None:
    signalled = all_hang(AFTER_A_SIGNAL, "unwatched")
    for process in signalled.values():
        process.send_signal(signal.SIGTERM)
    by_itself = all_hang(("never starts", "lane fails"), "unwatched")
    time.sleep(STILL_HANGS_AFTER_S)
    ended = {way for processes in (signalled, by_itself) for way, one in processes.items() if one.poll() is not None}
    assert ended == set()


def test_a_process_that_can_end_does_so_as_asked() -> None:
    with hanging("nothing") as process:
        process.send_signal(signal.SIGTERM)
        assert ends(process) == 0


def test_a_second_signal_ends_it_at_once() -> None:
    with hanging("stop never returns") as process:
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)  # two signals at once are one, for a kernel
        process.send_signal(signal.SIGINT)
        assert ends(process) == ExitStatus.INTERRUPTED
        assert time.monotonic() - began < LIMITS.end_s_max
        assert "second signal (SIGINT)" in last_line(process)["event"]


def test_the_last_line_names_reason_part_and_tasks() -> None:
    with hanging("stop never returns") as process:
        process.send_signal(signal.SIGTERM)
        ends(process)
        line = last_line(process)
        assert (line["reason"], line["part"], line["tasks"]) == ("SIGTERM", "stop of the lanes", ["work"])
        assert line["event"] == "The worker had to end and did not within 1 s. It was ended; start it again."


def test_a_failure_is_the_reason_with_its_own_words() -> None:
    with hanging("lane fails") as process:
        ends(process)
        assert last_line(process)["reason"].startswith("LaneStalled: Lane fold-0 got nowhere.")


def test_a_loop_that_hangs_shows_where() -> None:
    with hanging("blocked") as process:
        ends(process)
        assert process.stderr is not None
        assert "hanging.py" in process.stderr.read()


def test_a_stopped_and_thawed_process_has_not_hung() -> None:
    with hanging("nothing") as process:
        process.send_signal(signal.SIGSTOP)
        time.sleep(LIMITS.still_s_max + 1.0)
        process.send_signal(signal.SIGCONT)
        time.sleep(1.0)
        assert process.poll() is None
