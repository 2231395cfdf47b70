"""Ten thousand planted identifiers, published over a real Kafka: none is in any byte that it keeps.

Looked at: every record of every topic, key and headers included, as a reader gets it; every file of
the broker, its segments and its own logs among them; the worker's log and state; and all that
`tests/adversary/test_planted_identifiers.py` looks at on the agency's side. An identifier put into
a topic is found.
"""

import asyncio
from pathlib import Path

import pytest

from exchange.core.model.vocabulary import LegalClass
from exchange.engine.broker import embedded_broker
from exchange.engine.log import Partition
from exchange.engine.reading import read_whole
from exchange.settings import Settings
from exchange.trial.empty_cluster import TrialExchange, trial_exchange
from exchange.wire.topics import inbox_of
from tests.kits.command_line import as_a_process
from tests.kits.planted_kit.finder import Finder
from tests.kits.planted_kit.identifiers import Planter
from tests.kits.planted_kit.plantings import PLANTINGS
from tests.kits.planted_kit.sheet_plantings import to_be_mapped
from tests.kits.planted_kit.watched_runs import AGENCY, WatchedDesk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]
CLIENTS, PLANTED_MIN = 200, 10_000
ENDS = {0, 1, 3, 7}
WAIT_S = 60.0


@pytest.mark.parametrize("legal_class", [LegalClass.individual, LegalClass.tally_only])
async def test_no_planted_identifier_is_in_any_byte_of_a_real_kafka(
    legal_class: LegalClass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planter, data = Planter(11), tmp_path / "broker"
    (tmp_path / "trial").mkdir()
    async with embedded_broker(data) as broker:
        settings = Settings(bootstrap_servers="", partitions=2, replication=1).at(broker.bootstrap_servers)
        async with trial_exchange(settings, tmp_path / "trial") as ground:
            await ground.start_worker()
            desk = await asyncio.to_thread(
                WatchedDesk, tmp_path, monkeypatch, legal_class, kafka=broker.bootstrap_servers
            )
            await registered(desk, legal_class, broker.bootstrap_servers)
            await asyncio.to_thread(published, desk, planter)
            finder = Finder(planter.planted)
            records = await of_every_topic(ground)
            await put_into(ground, planter.planted[0].text.encode())
            assert finder.found(b"".join((await of_every_topic(ground)).values())), "what is in a topic is found"
            kept = files_of(data) | files_of(tmp_path / "trial")
    found = desk.leaks(finder, {**records, **without(kept, planter.planted[0].text.encode())})
    with capsys.disabled():
        octets = sum(map(len, [*records.values(), *kept.values(), *desk.kept.values()]))
        met = len(set().union(*found.values()))
        print(f"\n{legal_class}, Kafka: planted {len(planter.planted):,}, found {met} in {octets:,} bytes")
        print(f"of {len(records)} partitions with records and {len(kept)} files of the broker and the worker")
    assert not found
    assert any(place.startswith(inbox_of(AGENCY)) for place in records)
    assert any(place.startswith("events ") for place in records), "the gate has admitted"
    assert len(planter.planted) >= PLANTED_MIN


async def registered(desk: WatchedDesk, legal_class: LegalClass, servers: str) -> None:
    """What the operator types."""
    key = ("--public-key", desk.key["public_key"], "--key-number", str(desk.key["key_number"]))
    variables = {"EXCHANGE_BOOTSTRAP_SERVERS": servers, "EXCHANGE_PARTITIONS": "2", "EXCHANGE_REPLICATION": "1"}
    done = await as_a_process(variables, "agencies", "add", AGENCY, "--legal-class", str(legal_class), *key)
    assert done.returncode == 0, done.stderr


def published(desk: WatchedDesk, planter: Planter) -> None:
    """Every planted file of every source, and what is done beside publishing."""
    for planting in PLANTINGS:
        for what, write in planting.files(planter, CLIENTS):
            assert desk.send(f"{planting.format}, {what}", write) <= ENDS
    write, words = to_be_mapped(planter, CLIENTS)
    assert desk.map(write, *words) <= ENDS
    assert desk.look_after(offline=False) == {0}


async def of_every_topic(ground: TrialExchange) -> dict[str, bytes]:
    """Topic and partition → the keys, values and headers of its records, as a reader gets them."""
    found: dict[str, bytes] = {}
    reader = await ground.log.reader()
    try:
        for topic, partitions in sorted((await ground.admin.partitions()).items()):
            for number in range(partitions):
                octets = [
                    part
                    async for records in read_whole(reader, Partition(topic, number), records_max=20_000)
                    for record in records
                    for part in (record.key or b"", record.value or b"", repr(record.headers).encode())
                ]
                if octets:
                    found[f"{topic} {number}"] = b"\n".join(octets)
    finally:
        await reader.close()
    return found


async def put_into(ground: TrialExchange, octets: bytes) -> None:
    """A record in an inbox, as a leak would be."""
    producer = await ground.log.producer()
    try:
        await producer.send(Partition(inbox_of(AGENCY), 0), [(AGENCY.encode(), octets)])
    finally:
        await producer.close()


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def without(kept: dict[str, bytes], octets: bytes) -> dict[str, bytes]:
    """Without the one that was put in on purpose."""
    return {place: content.replace(octets, b"") for place, content in kept.items()}
