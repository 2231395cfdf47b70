"""The storage of a new broker: ids, keys and checksums. Kafka's own tool is the other test."""

import stat
from pathlib import Path

from aiokafka.record.memory_records import MemoryRecords

from exchange.engine.broker.storage import FEATURES, SNAPSHOT, cluster_id, first_snapshot, format_storage

SECRET, OTHER = "5ec" * 21 + "0", "5ec" * 21 + "1"
SALT = bytes(range(32))


def test_storage_that_was_never_formatted_has_no_cluster(tmp_path: Path) -> None:
    assert cluster_id(tmp_path) is None
    (tmp_path / "log").mkdir()
    (tmp_path / "log/meta.properties").write_text("#\nnode.id=1\ncluster.id=abc\nversion=1\n")
    assert cluster_id(tmp_path) == "abc"


def test_each_format_draws_other_ids_and_another_salt(tmp_path: Path) -> None:
    clusters, directories, snapshots = set(), set(), set()
    for _ in range(50):
        format_storage(tmp_path, SECRET, 7)  # again: as after one that was cut short
        drawn = dict(line.split("=") for line in (tmp_path / "log/meta.properties").read_text().splitlines())
        assert drawn["cluster.id"] == cluster_id(tmp_path)
        clusters.add(drawn["cluster.id"])
        directories.add(drawn["directory.id"])
        snapshots.add((tmp_path / "log" / SNAPSHOT).read_bytes())
    assert len(clusters) == len(directories) == len(snapshots) == 50
    assert all(len(drawn) == 22 and not drawn.startswith("-") for drawn in clusters | directories)


def test_the_keys_depend_on_secret_and_salt_and_show_neither_the_secret() -> None:
    snapshot = first_snapshot(SECRET, SALT, 7)
    assert snapshot == first_snapshot(SECRET, SALT, 7)
    assert len({snapshot, first_snapshot(OTHER, SALT, 7), first_snapshot(SECRET, SALT[::-1], 7)}) == 3
    assert SALT in snapshot
    assert SECRET.encode() not in snapshot
    assert bytes.fromhex(SECRET) not in snapshot


def test_the_batches_are_whole_and_follow_one_another() -> None:
    records, offsets = MemoryRecords(first_snapshot(SECRET, SALT, 7)), list[int]()
    while records.has_next():
        batch = records.next_batch()
        assert batch is not None
        assert batch.validate_crc()
        offsets += [record.offset for record in batch]
    assert offsets == list(range(len(FEATURES) + 3))


def test_the_storage_is_for_its_owner_alone(tmp_path: Path) -> None:
    format_storage(tmp_path, SECRET, 7)
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "log").rglob("*")} == {0}
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700
