"""Alerts outlive the worker: what the commands show of a broken exchange on a real Kafka."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from consumers.admission.enrolment import Enrolment, register
from consumers.status.reader import read_lives
from consumers.status.worker_lives import CRASHES_MIN
from exchange.core.model.chain import Head
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.kafka.admin import Admin
from exchange.engine.kafka.clients import client_at
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from exchange.wire.records import encode_gate_head
from exchange.wire.topics import ALERTS, DRAWS, EVENTS, GATE_STATE
from tests.kafka.conftest import PARTITIONS
from tests.kits.command_line import in_a_thread

WAIT_S = 90
PIPE = asyncio.subprocess.PIPE


class Operator:
    def __init__(self, bootstrap_servers: str) -> None:
        own = {"EXCHANGE_PARTITIONS": "4", "EXCHANGE_REPLICATION": "1", "EXCHANGE_CALENDAR": "off", "COLUMNS": "10000"}
        self.variables = own | {"EXCHANGE_BOOTSTRAP_SERVERS": bootstrap_servers}
        self.env = os.environ | self.variables

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "exchange.cli", *words, env=self.env, stdout=PIPE, stderr=PIPE
        )

    async def run(self, *words: str) -> tuple[int, str, str]:
        return await in_a_thread(self.variables, *words)

    async def status(self) -> dict[str, object]:
        _, out, err = await self.run("status", "--json")
        assert out, err
        found: dict[str, object] = json.loads(out)
        return found

    async def alerts(self) -> dict[str, tuple[str, str]]:
        _, out, err = await self.run("alerts", "--json")
        assert out, err
        return {alert["subject"]: (alert["kind"], alert["says"]) for alert in json.loads(out)}

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A worker whose lanes run; ended with the block."""
        worker = await self.start("worker")
        try:
            async with asyncio.timeout(WAIT_S):
                while (await self.status())["running"] is not True:
                    assert worker.returncode is None
                    await asyncio.sleep(0.2)
            yield worker
        finally:
            if worker.returncode is None:
                worker.kill()
            await worker.communicate()


@pytest.fixture
def operator(bootstrap_servers: str) -> Operator:
    return Operator(bootstrap_servers)


async def gone(admin: Admin, topic: str) -> None:
    await admin.delete([topic])
    async with asyncio.timeout(WAIT_S):
        while topic in await admin.partitions():  # noqa: ASYNC110 (Kafka tells of no end)
            await asyncio.sleep(0.05)


async def put(log: KafkaLog, topic: str, key: bytes, value: bytes, partition: int = 0) -> None:
    producer = await log.producer()
    await producer.send(Partition(topic, partition), [(key, value)])
    await producer.close()


async def cut_off(bootstrap_servers: str, topic: str, partition: int, *, before: int) -> None:
    """Delete the beginning of a log, as `kafka-delete-records.sh` does."""
    client = AIOKafkaAdminClient(**client_at(bootstrap_servers).connection())
    await client.start()
    try:
        await client.delete_records({TopicPartition(topic, partition): RecordsToDelete(before)})
    finally:
        await client.close()


async def test_a_crash_loop_is_an_alert_with_its_reason_though_no_worker_is_alive(
    exchange: KafkaLog, admin: Admin, operator: Operator
) -> None:
    await gone(admin, ALERTS)
    for _ in range(CRASHES_MIN):
        worker = await operator.start("worker")
        _, printed = await asyncio.wait_for(worker.communicate(), WAIT_S)
        assert worker.returncode == 1, printed
    found = await operator.alerts()
    kind, says = found["workers"]
    assert kind == "crash loop"
    assert "PartitionUnknown: " in says
    assert (await operator.status())["running"] is False
    assert found[f"topic:{ALERTS}"][0] == "missing"


@pytest.mark.slow
async def test_a_worker_that_is_stopped_is_not_running_from_that_moment(exchange: KafkaLog, operator: Operator) -> None:
    async with operator.worker() as worker:
        assert (await operator.alerts()) == {}
        worker.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(worker.wait(), WAIT_S) == 0
        found = await operator.status()
        assert found["running"] is False
        assert {lane["state"] for lane in found["lanes"]} == {"not running"}  # type: ignore[attr-defined]
        assert (await operator.alerts())["workers"][0] == "not running"
        lives = await read_lives(exchange, PARTITIONS)
        assert lives.judge(0, 0).trouble is None


async def test_a_member_of_the_group_that_is_no_worker_is_named(
    exchange: KafkaLog, operator: Operator, bootstrap_servers: str
) -> None:
    stranger = AIOKafkaConsumer(
        EVENTS, **client_at(bootstrap_servers, "a-console").connection(), group_id="exchange-workers"
    )
    await stranger.start()
    try:
        kind, says = (await operator.alerts())["group:exchange-workers"]
    finally:
        await stranger.stop()
    assert kind == "foreign member"
    assert "a-console at " in says
    assert "group:exchange-workers" not in await operator.alerts()


async def test_a_cut_off_log_a_lost_registry_and_a_damaged_ledger_are_shown_without_a_worker(
    exchange: KafkaLog, admin: Admin, operator: Operator, bootstrap_servers: str
) -> None:
    """And each takes away only its own figures."""
    await register(exchange, admin, Enrolment("new-door", LegalClass.individual, b"1" * 32), replication=1)
    await put(exchange, GATE_STATE, b"head|harbor-light", encode_gate_head(Head(7, bytes(32))), 1)
    await put(exchange, "quarantine", b"k", b"no refusal", 2)
    await put(exchange, DRAWS, b"no", b"draw")
    for _ in range(3):
        await put(exchange, EVENTS, b"harbor-light", b"an event", 1)
    await cut_off(bootstrap_servers, EVENTS, 1, before=2)
    status, out, said = await operator.run("status", "--json")
    found = json.loads(out)
    assert status == 1
    assert {one["section"] for one in found["unknown"]} == {DRAWS, "quarantine"}
    assert "exchange: unknown: draws. draws-0 offset 0 holds no draw." in said
    assert (found["closed"], found["known"], found["events"]) == (None, 1, 0)
    kinds = {alert["subject"]: alert["kind"] for alert in found["alerts"]}
    assert kinds == {
        "topic:agencies": "unregistered",
        "topic:draws": "unreadable",
        "topic:events": "cut off",
        "topic:quarantine": "unreadable",
        "workers": "not running",
    }
    shown = await operator.alerts()
    assert "harbor-light" in shown["topic:agencies"][1]
    assert "events-1 begins at 2" in shown["topic:events"][1]
    status, out, said = await operator.run("release", "list")
    assert (status, "exchange: unknown: draws." in said) == (1, True)
    status, out, said = await operator.run("budget")
    assert (status, "exchange: unknown: the ledger." in said) == (1, True)
    assert "In all: rho" in out
    status, out, said = await operator.run("status")
    assert status == 1
    assert "new-door" in out
    assert "epochs    unknown" in out
