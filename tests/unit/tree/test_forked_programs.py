"""Programs that are forked are processes as any other; where a test is about the start, none is."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kits.warm_kit import programs
from tests.kits.warm_kit.programs import COLD, WarmPopen

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere programs are started from nothing")
EXCHANGE = [sys.executable, "-m", "exchange.cli"]
SERVE = [*EXCHANGE, "serve", "--port", "0"]
NOWHERE = {"EXCHANGE_BOOTSTRAP_SERVERS": "127.0.0.1:1"}


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were forked in a test."""
    pids: list[int] = []
    honest = programs.Forker.started

    def started(forker: programs.Forker, *asked) -> int:
        pids.append(honest(forker, *asked))
        return pids[-1]

    monkeypatch.setattr(programs.Forker, "started", started)
    monkeypatch.setattr(subprocess, "Popen", WarmPopen)
    monkeypatch.delenv(COLD, raising=False)
    return pids


def same_as_started_from_nothing(*words: str) -> None:
    ran, cold = (
        subprocess.run([*EXCHANGE, *words], capture_output=True, check=False, env={**os.environ, COLD: start})
        for start in ("", "cold")
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (cold.returncode, cold.stdout, cold.stderr)


def test_a_forked_program_says_and_ends_as_one_that_is_started(forked: list[int]) -> None:
    same_as_started_from_nothing("metrics", "list", "--json")
    same_as_started_from_nothing("metrics", "nonsense")
    assert len(forked) == 2


async def test_it_is_a_child_that_can_be_frozen_and_killed_and_waited_for(forked: list[int]) -> None:
    pipe = asyncio.subprocess.PIPE
    ran = await asyncio.create_subprocess_exec(*SERVE, env={**os.environ, **NOWHERE}, stdout=pipe, stderr=pipe)
    assert forked == [ran.pid]
    assert stat(ran.pid)[1] == str(os.getpid())
    ran.send_signal(signal.SIGSTOP)
    async with asyncio.timeout(30):
        while stat(ran.pid)[0] != "T":  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    ran.kill()
    assert await ran.wait() == -signal.SIGKILL


def stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def test_it_has_no_file_and_no_variable_but_its_own(forked: list[int], tmp_path: Path) -> None:
    with (tmp_path / "kept").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        with subprocess.Popen(
            SERVE, env={**os.environ, **NOWHERE, "ITS_OWN": "1"}, cwd=tmp_path, stdout=subprocess.PIPE
        ) as ran:
            assert ran.stdout
            assert b"http://" in ran.stdout.readline()
            opened = {os.path.realpath(one) for one in Path(f"/proc/{ran.pid}/fd").iterdir()}
            folder = os.path.realpath(f"/proc/{ran.pid}/cwd")
            ran.kill()
    assert forked == [ran.pid]
    assert str(tmp_path / "kept") not in opened
    assert folder == str(tmp_path)


@pytest.mark.parametrize(
    "how",
    [
        {"start_new_session": True},
        {"env": {**os.environ, COLD: "cold"}},
        {"env": {**os.environ, "PYTHONHASHSEED": "1"}},
        {"umask": 0o077},
    ],
    ids=["a session of its own", "asked for", "a variable of Python's", "a mask"],
)
def test_a_test_about_the_start_starts_a_program_from_nothing(forked: list[int], how: dict) -> None:
    assert subprocess.run([*EXCHANGE, "--version"], check=True, capture_output=True, **how).stdout
    assert forked == []


def test_a_copy_of_the_tree_is_run_as_it_is(forked: list[int], tmp_path: Path) -> None:
    (tmp_path / "exchange" / "cli").mkdir(parents=True)
    for name in ("__init__.py", "cli/__init__.py"):
        (tmp_path / "exchange" / name).write_text("")
    (tmp_path / "exchange" / "cli" / "__main__.py").write_text("print('the copy')")
    ran = subprocess.run(EXCHANGE, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert (ran.stdout, forked) == ("the copy\n", [])
