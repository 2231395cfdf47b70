"""The cache file: a service that starts again shows the same picture, or reads everything again."""

import asyncio
import time
from pathlib import Path

import pytest

from consumers.serve.caching import service_from
from consumers.serve.snapshot.cache_file import VERSION, CacheFile, CacheUnfit, CacheUnwritable, held, read_cache
from consumers.serve.snapshot.snapshot import Picture
from consumers.serve.stream.frames import Channel, encoded
from tests.kits.serve_world import FIRST, JANUARY, Topics, asking, following, picture, read_to, running, soon

APRIL = FIRST + 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "serve.cache"


def kept(path: Path, last: int = JANUARY) -> None:
    CacheFile(path, ours=True).write(picture(last))


def content(there: Picture) -> tuple:
    frames = [event for run in there.runs for event in encoded(there, run, Channel())]
    sizes = {epoch: len(columns) for epoch, columns in there.epochs.items()}
    return frames, sizes, there.settled, there.position, there.mark


def test_a_picture_comes_back_whole_from_its_file(path: Path) -> None:
    kept(path)
    assert content(read_cache(path)) == content(picture(JANUARY))
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_no_file_is_no_fault(path: Path) -> None:
    assert read_cache(path) is None
    assert service_from(path).picture.newest is None
    assert service_from(None).picture.newest is None


@pytest.mark.parametrize("place", ["first", "digest", "head", "columns", "end", "cut", "more", "empty", "text"])
def test_a_file_with_one_byte_that_differs_is_thrown_away(path: Path, place: str, capsys) -> None:
    kept(path, APRIL)
    octets = bytearray(path.read_bytes())
    at = {"first": 3, "digest": len(VERSION) + 5, "head": 200, "columns": len(octets) // 2, "end": len(octets) - 1}
    if place in at:
        octets[at[place]] ^= 1
    wrong = {"cut": octets[:-40], "more": octets + b"x", "empty": b"", "text": b"notes about last year\n" * 9}
    path.write_bytes(bytes(wrong.get(place, octets)))
    with pytest.raises(CacheUnfit, match=r"damaged|another version"):
        read_cache(path)
    assert service_from(path).picture.newest is None
    assert "thrown away" in "".join(capsys.readouterr())


def test_a_file_of_another_version_is_thrown_away_though_it_is_sound(path: Path, capsys) -> None:
    kept(path, APRIL)
    path.write_bytes(path.read_bytes().replace(VERSION, VERSION.replace(b"1", b"2"), 1))
    with pytest.raises(CacheUnfit, match="another version"):
        read_cache(path)
    assert service_from(path).picture.newest is None
    assert "of another version" in "".join(capsys.readouterr())


async def test_a_restart_shows_the_figures_before_kafka_answers_and_goes_on_from_there(path: Path, monkeypatch) -> None:
    kept(path, APRIL)
    topics = Topics()
    service = service_from(path)
    async with asking(service) as client:
        answer = await client.get("/v1/metrics/needs_by_service")
        assert answer.status_code == 200
        assert answer.json()["complete"] is False
        assert answer.headers["x-exchange-heard-seconds-ago"] == "never"
    for epoch in range(FIRST, JANUARY + 1):
        topics.publish(epoch)
    read, take = [], service.snapshot.take
    monkeypatch.setattr(service.snapshot, "take", lambda records: (read.extend(records), take(records)))
    async with following(topics.log, service):
        await read_to(service, JANUARY)
    assert content(service.picture) == content(picture(JANUARY))
    assert min(record.offset for record in read) == picture(APRIL).position


async def test_a_cache_of_another_topic_is_thrown_away(path: Path) -> None:
    kept(path, APRIL)
    topics = Topics()
    for epoch in (FIRST, FIRST + 1):
        topics.publish(epoch)
    service = service_from(path)
    async with following(topics.log, service):
        await soon(lambda: service.picture.newest == FIRST + 1 and service.hearing.complete)


async def test_a_running_service_keeps_its_file_and_writes_it_at_its_end(path: Path, monkeypatch) -> None:
    monkeypatch.setattr("consumers.serve.caching.LOOK_S", 0.05)
    topics = Topics()
    topics.publish(FIRST)
    with held(path) as file:
        async with running(topics.log, service_from(path), file) as served:
            await read_to(served.service, FIRST)
            await soon(path.exists)
            monkeypatch.setattr("consumers.serve.caching.LOOK_S", 1_000)
            await asyncio.sleep(0.2)
            topics.publish(FIRST + 1)
            topics.publish(APRIL)
            await read_to(served.service, APRIL)
        assert content(read_cache(path)) == content(picture(APRIL))


async def test_two_services_on_one_file_do_not_harm_it(path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("consumers.serve.caching.LOOK_S", 0.05)
    topics = Topics()
    for epoch in range(FIRST, APRIL + 1):
        topics.publish(epoch)
    with held(path) as first, held(path) as second:
        assert (first.ours, second.ours) == (True, False)
        async with running(topics.log, service_from(path), second) as later:
            await read_to(later.service, APRIL)
            await said(capsys, "only reads it")
            assert read_cache(path) is None
            async with running(topics.log, service_from(path), first) as served:
                await read_to(served.service, APRIL)
                await soon(path.exists)
    with held(path) as again:
        assert again.ours
    assert content(read_cache(path)) == content(picture(APRIL))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CacheUnwritable, match="No such file"), held(tmp_path / "no" / "serve.cache"):
        pass


async def said(capsys, notice: str) -> None:
    """Wait for a notice, wherever this process writes them."""
    found = ""

    def so() -> bool:
        nonlocal found
        found += "".join(capsys.readouterr())
        return notice in found

    await soon(so)


async def test_a_disk_that_is_full_ends_nothing(path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("consumers.serve.caching.LOOK_S", 0.05)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("consumers.serve.snapshot.cache_file.os.fsync", full)
    topics = Topics()
    topics.publish(FIRST)
    with held(path) as file:
        async with running(topics.log, service_from(path), file) as served:
            await read_to(served.service, FIRST)
            await said(capsys, "No space left")
            assert not served.ended.done()
    assert [one.name for one in path.parent.iterdir()] == [f"{path.name}.lock"]


def test_reading_maps_the_file_and_is_quick(path: Path) -> None:
    kept(path)
    began = time.process_time()
    read_cache(path)
    assert time.process_time() - began < 0.5
