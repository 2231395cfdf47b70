"""`exchange publish --watch`: each file once, when it is whole; refused ones are named once."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange.cli import app
from exchange.cli.agency.upkeep import watching
from exchange.core.exit_status import ExitStatus
from tests.kits.edge_kit.desk import TODAY, Desk, need

WATCH = ["publish", "--watch", "inbox", "--profile", "agency.toml", "--today", TODAY]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    (tmp_path / "inbox").mkdir()
    return Desk(tmp_path, monkeypatch)


def put(desk: Desk, name: str, *needs: dict[str, object], seconds: int = 0) -> None:
    """A file comes into the folder, changed so many seconds after 2026 began."""
    desk.write(*needs)
    (desk.folder / "facts.jsonl").rename(desk.folder / "inbox" / name)
    at = 1_767_225_600 + seconds
    os.utime(desk.folder / "inbox" / name, (at, at))


def watch(desk: Desk, monkeypatch: pytest.MonkeyPatch, *meanwhile: Callable[[], object]) -> Result:
    """Watch; between two looks each of these happens, then two more looks, then Ctrl-C."""
    left: Iterator[Callable[[], object]] = iter((*meanwhile, lambda: None, lambda: None))

    def pause(_: float) -> None:
        happens = next(left, None)
        if happens is None:
            raise KeyboardInterrupt
        happens()

    monkeypatch.setattr(watching, "pause", pause)
    result = CliRunner(env={"COLUMNS": "10000"}).invoke(app, WATCH)
    assert result.exit_code == ExitStatus.INTERRUPTED, result.output
    assert "stopped watching" in result.stderr
    return result


def test_each_new_and_each_changed_file_is_published_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put(desk, "a.jsonl", need("1"))
    said = watch(
        desk,
        monkeypatch,
        lambda: put(desk, "b.jsonl", need("2")),
        lambda: None,
        lambda: None,
        lambda: put(desk, "b.jsonl", need("2"), need("3"), seconds=9),
    ).stderr
    assert said.count("publishing a.jsonl") == 1
    assert said.count("publishing b.jsonl") == 2
    assert desk.sent() == 3


def test_a_file_that_grows_is_left_until_it_is_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    grows = [lambda n=n: put(desk, "a.jsonl", *(need(f"{m}") for m in range(n)), seconds=n) for n in range(1, 6)]
    assert watch(desk, monkeypatch, *grows).stderr.count("publishing a.jsonl") == 1
    assert desk.sent() == 5


def test_a_refused_file_is_named_once_and_the_others_go_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk.folder / "inbox" / "broken.jsonl").write_bytes(b"[\n]")
    (desk.folder / "inbox" / "~$a.jsonl").write_bytes(b"?")
    (desk.folder / "inbox" / "notes.txt").write_bytes(b"?")
    put(desk, "a.jsonl", need("1"))
    said = watch(desk, monkeypatch, *[lambda: None] * 4).stderr
    assert said.count("holds a JSON array") == 1
    assert said.count("publishing") == 2
    assert desk.sent() == 1


def test_what_the_exchange_cannot_take_now_is_tried_again_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.impatient()
    desk.exchange.away = 9
    put(desk, "a.jsonl", need("1"))
    now = iter(range(0, 10_000, 200))
    monkeypatch.setattr("exchange.cli.agency.upkeep.watching.time.monotonic", lambda: float(next(now)))
    said = watch(desk, monkeypatch, *[lambda: None] * 6).stderr
    assert said.count("publishing a.jsonl") == 2
    assert "watching: 1 file published, 1 not" in said
    assert desk.sent() == 1


def test_the_oldest_file_comes_first_whatever_its_name(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put(desk, "a.jsonl", need("1", "housing"), seconds=20)
    put(desk, "b.jsonl", need("1", "food"), seconds=10)
    said = watch(desk, monkeypatch).stderr
    assert said.index("publishing b.jsonl") < said.index("publishing a.jsonl")
    assert desk.exchange.events()[-2][1].body.service == "housing"


def test_a_folder_that_is_away_for_a_while_is_named_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put(desk, "a.jsonl", need("1"))
    folder, elsewhere = desk.folder / "inbox", desk.folder / "unmounted"
    goes, comes = lambda: folder.rename(elsewhere), lambda: elsewhere.rename(folder)
    assert watch(desk, monkeypatch, goes, lambda: None, comes).stderr.count("cannot be read") == 1
    assert desk.sent() == 1


@pytest.mark.parametrize("words", [["a.jsonl"], ["--dry-run"], ["--scheduled"], ["--withdraw"], ["--watch", "nowhere"]])
def test_it_does_not_go_with_what_is_about_one_file(desk: Desk, words: list[str]) -> None:
    assert CliRunner().invoke(app, [*WATCH, *words]).exit_code == ExitStatus.USAGE


def test_ctrl_c_ends_a_real_process_cleanly(desk: Desk) -> None:
    command = [sys.executable, "-m", "exchange.cli", *WATCH]
    with subprocess.Popen(command, cwd=desk.folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert "watching inbox" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == ExitStatus.INTERRUPTED
    assert said.strip() == watching.STOPPED
