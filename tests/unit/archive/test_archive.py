"""An archive holds an exchange byte for byte, grows, and is never replaced by a lesser one."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import fastavro
import pytest

from consumers.archive.archive_reading import read_archive
from consumers.archive.errors import (
    ArchiveAhead,
    ArchiveDamaged,
    ArchiveOfAnother,
    ArchiveRefused,
    LogBeginsLate,
)
from consumers.archive.event_files import EventFiles
from consumers.archive.manifest import MANIFEST, OPEN, read_manifest
from exchange.core.errors import RestoreUnfinished, SequenceBroken
from exchange.core.release.cuts import Relocation
from exchange.engine.log import Partition
from exchange.wire.release_records import encode_relocation, relocation_part
from exchange.wire.topics import AGENCIES, DRAWS, EPOCHS, EVENTS, RELEASES
from tests.kits.archive_world import CODES, JANUARY, MemoryCluster, old_exchange

TOPICS = (EVENTS, AGENCIES, EPOCHS, DRAWS, RELEASES)


def files(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def avro_records(path: Path) -> Iterator[tuple[int, bytes | None, bytes | None, int]]:
    """Partition, key, value and time, as any program reads the file that follows its schema."""
    with path.open("rb") as file:
        for run in cast("list[dict[str, Any]]", list(fastavro.reader(file))):
            keys = [one["key"] for one in run["keys"] for _ in range(one["records"])]
            at, time = 0, 0
            for number, key in enumerate(keys):
                length = int.from_bytes(run["lengths"][4 * number :][:4], "big", signed=True)
                time += int.from_bytes(run["timestamps"][8 * number :][:8], "big", signed=True)
                value = None if length < 0 else run["values"][at : at + length]
                yield run["partition"], key, value, time
                at += max(0, length)


async def test_every_record_is_in_the_archive_byte_for_byte(tmp_path: Path) -> None:
    old = await old_exchange()
    done = await old.archived(tmp_path / "archive")
    for topic in TOPICS:
        found = [
            record
            for segment in done.manifest.of(topic)
            for record in avro_records(tmp_path / "archive" / segment.file)
        ]
        numbers = range(old.partitions if topic == EVENTS else 1)
        held = [(number, *record) for number in numbers for record in old.bytes_of(topic, number)]
        assert sorted(found, key=repr) == sorted(held, key=repr), topic
        assert held


async def test_a_file_holds_an_epoch_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    old = await old_exchange()
    done = await old.archived(tmp_path / "archive")
    assert done.manifest.epochs == (JANUARY, JANUARY + 1)
    assert [(one.epoch, one.records) for one in done.manifest.of(EVENTS)] == [
        (JANUARY, 7 * 5),
        (JANUARY + 1, 5 * 3),
        (OPEN, 3 * 4),
    ]
    assert [one.records for one in done.manifest.of(EPOCHS)] == [1, 2, 0]
    assert stat.S_IMODE((tmp_path / "archive").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "archive").iterdir()} == {0o600}
    assert files(tmp_path / "archive") == {MANIFEST, *(one.file for one in done.manifest.segments)}


async def test_a_second_run_adds_new_epochs_and_leaves_the_others(tmp_path: Path) -> None:
    old = await old_exchange()
    first = await old.archived(tmp_path / "archive")
    before = {name: (tmp_path / "archive" / name).stat().st_mtime_ns for name in files(tmp_path / "archive")}
    await old.close(JANUARY + 2)
    await old.send(2)
    second = await old.archived(tmp_path / "archive")
    kept = [one for one in first.manifest.segments if one.epoch != OPEN]
    assert kept
    assert [one for one in kept if one not in second.manifest.segments] == []
    assert all((tmp_path / "archive" / one.file).stat().st_mtime_ns == before[one.file] for one in kept)
    assert second.manifest.epochs == (JANUARY, JANUARY + 1, JANUARY + 2)
    assert second.manifest.records(EVENTS) == first.manifest.records(EVENTS) + 2 * len(CODES)
    assert files(tmp_path / "archive") == {MANIFEST, *(one.file for one in second.manifest.segments)}
    read_archive(tmp_path / "archive")


async def test_releases_that_were_published_late_are_added_to_their_epoch(tmp_path: Path) -> None:
    old = await MemoryCluster("old", 2).founded()
    await old.send(4)
    await old.close(JANUARY, publishes=False)
    assert (await old.archived(tmp_path)).manifest.records(RELEASES) == 0
    part, *_ = [one for one in old.records(DRAWS) if (one.key or b"").endswith(b"|release")]
    old.broker.append(Partition(RELEASES, 0), ((part.key or b"").removesuffix(b"|release"), part.value), at_ms=9)
    assert [one.records for one in (await old.archived(tmp_path)).manifest.of(RELEASES)] == [1, 0]


async def test_an_archive_of_another_cluster_is_never_replaced(tmp_path: Path) -> None:
    await (await old_exchange()).archived(tmp_path)
    before = (tmp_path / MANIFEST).read_bytes()
    other = await MemoryCluster("another", 3).founded()
    with pytest.raises(ArchiveOfAnother, match="is of cluster old; this is cluster another"):
        await other.archived(tmp_path)
    assert (tmp_path / MANIFEST).read_bytes() == before


async def test_an_archive_of_another_exchange_with_the_same_cluster_id_is_never_replaced(tmp_path: Path) -> None:
    await (await old_exchange()).archived(tmp_path)
    with pytest.raises(ArchiveOfAnother, match="another first agency"):
        await (await MemoryCluster("old", 3).founded(CODES[1:])).archived(tmp_path)


async def test_an_archive_with_more_epochs_is_never_replaced(tmp_path: Path) -> None:
    """A broker that was put back from a snapshot has the same cluster id."""
    await (await old_exchange()).archived(tmp_path)
    behind = await MemoryCluster("old", 3).founded()
    await behind.send(7)
    with pytest.raises(ArchiveAhead, match="holds 2026-01, which this cluster has not closed"):
        await behind.archived(tmp_path)


async def test_an_archive_with_more_events_is_never_replaced(tmp_path: Path) -> None:
    old = await MemoryCluster("old", 3).founded()
    await old.send(8)
    await old.archived(tmp_path)
    behind = await MemoryCluster("old", 3).founded()
    await behind.send(8, *CODES[1:])
    await behind.send(7, CODES[0])
    with pytest.raises(ArchiveAhead, match="holds 8 events of harbor-light; this cluster holds 7"):
        await behind.archived(tmp_path)


async def test_an_archive_with_more_agencies_is_never_replaced(tmp_path: Path) -> None:
    await (await MemoryCluster("old", 3).founded()).archived(tmp_path)
    with pytest.raises(ArchiveAhead, match="holds 5 records of agencies; this cluster holds fewer"):
        await (await MemoryCluster("old", 3).founded(CODES[:3])).archived(tmp_path)


async def test_another_history_of_the_same_agencies_is_never_added(tmp_path: Path) -> None:
    old = await MemoryCluster("old", 3).founded()
    await old.send(4)
    await old.archived(tmp_path)
    other = await MemoryCluster("old", 3).founded()
    for chain in other.chains.values():
        chain.previous = bytes(32)
    await other.send(6)
    with pytest.raises(ArchiveOfAnother, match="differs from the archived one"):
        await other.archived(tmp_path)


@pytest.mark.parametrize("break_chain", ["twice", "lost", "changed"])
async def test_a_log_whose_chains_are_broken_is_not_archived(tmp_path: Path, break_chain: str) -> None:
    old = await MemoryCluster("old", 2).founded()
    await old.send(3)
    chain = old.chains[CODES[0]]
    more = chain.more(3)
    broken = {
        "twice": [more[0], more[0]],
        "lost": [more[1]],
        "changed": [more[0], more[1][:20] + bytes(25) + more[1][45:]],
    }
    await old.admit(CODES[0], broken[break_chain])
    with pytest.raises(SequenceBroken, match="of harbor-light does not follow event"):
        await old.archived(tmp_path)
    assert read_manifest(tmp_path) is None


async def test_a_truncated_log_is_not_archived(tmp_path: Path) -> None:
    old = await old_exchange()
    old.broker.delete_before(Partition(EVENTS, 1), 2)
    with pytest.raises(LogBeginsLate, match="events-1 begins at offset 2"):
        await old.archived(tmp_path)


async def test_only_committed_records_are_archived(tmp_path: Path) -> None:
    old = await MemoryCluster("old", 1).founded(CODES[:1])
    await old.send(2)
    writer = await old.log.writer("gate-0")
    await writer.begin()
    await (await writer.send(Partition(EVENTS, 0), [(CODES[0].encode(), b"aborted")]))
    await writer.abort()
    await old.send(1)
    assert (await old.archived(tmp_path)).manifest.records(EVENTS) == 3


async def test_a_half_restored_cluster_is_not_archived(tmp_path: Path) -> None:
    old = await old_exchange()
    begun = Relocation("older", "old", "", 1, finished=False)
    old.broker.append(Partition(DRAWS, 0), (relocation_part("old"), encode_relocation(begun)))
    with pytest.raises(RestoreUnfinished):
        await old.archived(tmp_path)


async def test_a_run_that_is_cut_off_leaves_the_earlier_archive_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New files that no manifest names do not count, and the next run deletes them."""
    old = await old_exchange()
    first = (await old.archived(tmp_path)).manifest
    await old.close(JANUARY + 2)
    whole = EventFiles.copied

    async def cut_off(self: EventFiles, *args: object) -> None:
        await whole(self, *args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(EventFiles, "copied", cut_off)
    with pytest.raises(KeyboardInterrupt):
        await old.archived(tmp_path)
    assert read_archive(tmp_path).manifest == first
    assert len(files(tmp_path)) > len(first.segments) + 1
    monkeypatch.undo()
    (tmp_path / ".incomplete.avro").write_bytes(b"half")
    done = await old.archived(tmp_path)
    assert files(tmp_path) == {MANIFEST, *(one.file for one in done.manifest.segments)}


async def test_a_directory_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(ArchiveRefused, match="is not empty, and holds no archive"):
        await (await old_exchange()).archived(tmp_path)
    assert files(tmp_path) == {"letter.txt"}
    with pytest.raises(ArchiveRefused, match="is no directory"):
        await (await old_exchange()).archived(tmp_path / "letter.txt" / "below")
    (tmp_path / MANIFEST).write_text(json.dumps({"kind": "exchange replay export"}))
    with pytest.raises(ArchiveRefused, match="is not empty, and holds no archive"):
        await (await old_exchange()).archived(tmp_path)


async def test_a_manifest_that_cannot_be_read_is_damage_and_no_empty_directory(tmp_path: Path) -> None:
    old = await old_exchange()
    await old.archived(tmp_path)
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(ArchiveDamaged, match="cannot be read"):
        await old.archived(tmp_path)
