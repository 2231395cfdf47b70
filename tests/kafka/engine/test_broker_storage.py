"""The storage that we write for the broker is that of Kafka's own tool, but for what is drawn."""

import re
from pathlib import Path
from threading import Event

from aiokafka.record.memory_records import MemoryRecords

from exchange.engine import own_brokers
from exchange.engine.broker import Silent
from exchange.engine.broker.jars import cache_directory
from exchange.engine.broker.server import prepare
from exchange.engine.broker.starting import Start
from exchange.engine.broker.storage import IDENTITY, SNAPSHOT, first_snapshot
from tests.kits.storage_tool import format_as_owner

USER = re.compile(rb"exchange-owner\x02(.)(.*)", re.DOTALL)


def test_the_storage_is_what_kafkas_own_tool_writes(tmp_path: Path) -> None:
    """A Kafka with other features fails here: change `storage.FEATURES` with it."""
    start = Start(Silent(), cache_directory(), None, Event())
    ours, tools = tmp_path / "ours", tmp_path / "tools"
    for folder in (ours, tools):
        folder.mkdir(mode=0o700)
    prepare(start.plan(ours))
    prepare(start.plan(tools), format_as_owner)
    assert files(ours) == files(tools)
    assert keys(ours / "log" / IDENTITY) == keys(tools / "log" / IDENTITY)
    written = (tools / "log" / SNAPSHOT).read_bytes()
    batches, user = batches_of(written), USER.search(written)
    assert user is not None
    salt, at_ms = user[2][: user[1][0] - 1], time_of(batches[0])
    assert batches_of(first_snapshot(own_brokers.secret_in(tools), salt, at_ms)) == batches


def files(data_dir: Path) -> set[str]:
    return {str(path.relative_to(data_dir)) for path in data_dir.rglob("*") if path.is_file()} - {"broker.log"}


def keys(identity: Path) -> dict[str, str]:
    """The keys, with the values that are not drawn."""
    lines = [line.split("=") for line in identity.read_text().splitlines() if not line.startswith("#")]
    return {key: "" if key in {"cluster.id", "directory.id"} else value for key, value in lines}


Batch = tuple[bool, list[tuple[int, bytes | None, bytes | None]]]


def batches_of(snapshot: bytes) -> list[Batch]:
    """Whether each batch is a control batch, and its records. The batches' own times may differ."""
    records, found = MemoryRecords(snapshot), list[Batch]()
    while records.has_next():
        batch = records.next_batch()
        assert batch is not None
        assert batch.validate_crc()
        found.append((batch.is_control_batch, [(row.offset, row.key, row.value) for row in batch]))
    return found


def time_of(header: Batch) -> int:
    """The time in the snapshot's header, in milliseconds since 1970."""
    [(_offset, _key, value)] = header[1]
    return int.from_bytes((value or b"")[2:10], "big")
