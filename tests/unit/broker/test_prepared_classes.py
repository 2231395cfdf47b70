"""Files of prepared classes: only a whole one that fits is read. Java here is a small program."""

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from exchange.engine.broker import prepared_classes, training
from exchange.engine.broker.errors import BrokerAbandoned
from exchange.engine.broker.java import Java
from exchange.engine.broker.prepared_classes import PreparedClasses
from exchange.engine.broker.server import Launch
from exchange.engine.broker.training import LOCK_FILE, train

CONTENT = b"classes" * 1000


def a_java(home: Path, status: int) -> Java:
    program = home / f"java-{status}"
    program.write_text(f"#!/bin/sh\nexit {status}\n")
    program.chmod(0o755)
    return Java(program, 17, "17.0.15+6", "PATH")


@pytest.fixture
def prepared(tmp_path: Path) -> PreparedClasses:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "kafka.jar").write_bytes(b"jar")
    return PreparedClasses(a_java(tmp_path, 0), [cache / "kafka.jar"], cache)


def kept(prepared: PreparedClasses) -> Path:
    path = prepared.keep(written(prepared))
    assert path is not None
    return path


def written(prepared: PreparedClasses) -> Path:
    path = prepared.cache / "written"
    path.write_bytes(CONTENT)
    return path


def test_a_file_that_java_accepts_is_found_again_and_nothing_else_stays(prepared: PreparedClasses) -> None:
    assert prepared.found() is None
    path = kept(prepared)
    assert prepared.found() == path
    assert path.read_bytes() == CONTENT
    assert sorted(prepared.cache.iterdir()) == sorted([path, *prepared.class_path])


@pytest.mark.parametrize("damage", [CONTENT[:-1], b"", CONTENT.replace(b"c", b"C", 1)])
def test_a_damaged_file_is_not_read_but_made_again(prepared: PreparedClasses, damage: bytes) -> None:
    path = kept(prepared)
    path.write_bytes(damage)
    assert prepared.found() is None
    assert not path.exists()
    assert prepared.may_be_made()
    assert kept(prepared) == path


def test_a_file_that_another_account_may_write_is_not_read(prepared: PreparedClasses) -> None:
    kept(prepared).chmod(0o666)
    assert prepared.found() is None


def test_a_file_for_another_java_or_other_archives_is_not_read(prepared: PreparedClasses) -> None:
    path = kept(prepared)
    assert replace(prepared, java=replace(prepared.java, version="17.0.15+7")).found() is None
    assert replace(prepared, class_path=[]).found() is None
    (prepared.cache / "kafka.jar").write_bytes(b"another")
    assert prepared.found() is None
    assert path.exists()  # it is of use to others


@pytest.mark.parametrize("writes", [True, False])
def test_a_file_that_java_refuses_or_did_not_write_is_not_kept_and_not_asked_for_within_a_day(
    prepared: PreparedClasses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: bool
) -> None:
    refuses = replace(prepared, java=a_java(tmp_path, 1))
    assert refuses.keep(written(prepared) if writes else tmp_path / "none") is None
    assert prepared.found() is None
    assert not prepared.may_be_made()
    monkeypatch.setattr(prepared_classes, "FAILED_S", -1)  # the clock is cut to whole milliseconds
    assert prepared.may_be_made()


def test_a_java_that_cannot_read_such_files_is_not_asked_to_write_one(
    prepared: PreparedClasses, tmp_path: Path
) -> None:
    assert not replace(prepared, java=a_java(tmp_path, 1)).may_be_made()


def test_the_files_used_last_are_kept(prepared: PreparedClasses) -> None:
    first = kept(prepared)
    os.utime(first, (0, 0))
    others = [kept(replace(prepared, java=replace(prepared.java, version=str(n)))) for n in range(4)]
    assert not first.exists()
    assert all(other.exists() for other in others)


def test_a_cache_that_cannot_be_written_stays_without(prepared: PreparedClasses, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = replace(prepared, cache=tmp_path / "file" / "cache")
    assert nowhere.found() is None
    assert train(nowhere, Event()) is None


def test_a_broker_that_never_answers_leaves_nothing_and_says_nothing_about_its_java(prepared: PreparedClasses) -> None:
    assert train(prepared, Event()) is None
    assert prepared.may_be_made()
    assert [path for path in prepared.cache.iterdir() if path.is_dir()] == []


def test_when_ports_are_taken_other_ones_are_tried(prepared: PreparedClasses, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Launch] = []

    def run(launch: Launch, _: Event) -> bool:
        tried.append(launch)
        launch.data_dir.mkdir()
        if len(tried) == training.ATTEMPTS:
            Launch.written_classes(launch.data_dir).write_bytes(CONTENT)
        return len(tried) == training.ATTEMPTS

    monkeypatch.setattr(training, "_run", run)
    path = train(prepared, Event())
    assert path is not None
    assert path.read_bytes() == CONTENT
    assert prepared.found() == path
    assert len({launch.ports for launch in tried}) == training.ATTEMPTS


def test_of_two_processes_one_prepares_and_the_other_waits_for_it(prepared: PreparedClasses) -> None:
    """Its own Java could not run, so what it gets is the other's."""
    lock = os.open(prepared.cache / LOCK_FILE, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(train, prepared, Event())
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
            made = kept(prepared)
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert waiting.result(timeout=30) == made
    finally:
        os.close(lock)


def test_who_waits_for_another_process_may_give_up(prepared: PreparedClasses) -> None:
    lock = os.open(prepared.cache / LOCK_FILE, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    abandoned = Event()
    abandoned.set()
    try:
        with pytest.raises(BrokerAbandoned):
            train(prepared, abandoned)
    finally:
        os.close(lock)
