"""`exchange serve` as a process on a real Kafka: its figures are the topic's, in all clients."""

import asyncio
import json
import signal
import subprocess
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from exchange.core.model.epochs import epoch_text
from exchange.engine.kafka.clients import client_at
from exchange.engine.kafka.log import KafkaLog
from exchange.wire.public_records import decode_point, period_of_point_text
from exchange.wire.topics import METRICS, RELEASES
from tests.kafka.release.metrics_kit import send
from tests.kits.serve_process import read_as_of, served
from tests.kits.serve_world import FIRST, JANUARY, as_records, as_released, of_epoch, releases

APRIL = FIRST + 2


async def publish(log: KafkaLog, epoch: int) -> None:
    await send(log, RELEASES, as_released(releases(epoch, epoch)))
    await send(log, METRICS, as_records(of_epoch(epoch)))


async def test_figures_that_are_published_while_it_serves_are_served(
    exchange: KafkaLog, variables: dict[str, str]
) -> None:
    await publish(exchange, FIRST)
    async with served(variables) as serve, httpx.AsyncClient(base_url=serve.address) as client:
        await read_as_of(client, epoch_text(FIRST))
        assert (await client.get("/v1/metrics/needs_by_service?period=2026Q1")).json()["total"] == 0
        for epoch in range(FIRST + 1, APRIL + 1):
            await publish(exchange, epoch)
        status = await read_as_of(client, epoch_text(APRIL))
        assert status["figures"] == sum(len(of_epoch(epoch)) for epoch in range(FIRST, APRIL + 1))
        got = (await client.get("/v1/metrics/needs_by_service?service=housing")).json()["figures"]
        wanted = [
            p for p in of_epoch(APRIL) if p.metric == "needs_by_service" and ("service", "housing") in p.dimensions
        ]
        assert [(one["period"], one["value"], one["low"], one["high"]) for one in got] == [
            (period_of_point_text(p.period), *(float(n) for n in (p.value, p.low, p.high))) for p in wanted
        ]
        assert await serve.stopped() == 0
    assert any(line.startswith("Read ") for line in serve.said)


async def test_kafka_knows_no_group_and_nothing_new(exchange: KafkaLog, admin, variables: dict[str, str]) -> None:
    await publish(exchange, FIRST)
    before = set(await admin.partitions())
    async with served(variables) as serve, httpx.AsyncClient(base_url=serve.address) as client:
        await read_as_of(client, epoch_text(FIRST))
        assert await serve.stopped(signal.SIGTERM) == 0
    assert set(await admin.partitions()) == before


async def test_a_stock_deserializer_decodes_both_topics(exchange: KafkaLog, variables: dict[str, str]) -> None:
    for epoch in range(FIRST, APRIL + 1):
        await publish(exchange, epoch)
    async with served(variables) as serve:
        for prefix in ("", "/registry"):
            decoded = await asyncio.to_thread(_decoded, variables, serve.address + prefix)
            points = decoded[METRICS]
            assert [(one["metric"], one["period"], one["value"]) for one in points] == [
                (p.metric, period_of_point_text(p.period), None if p.value is None else f"{p.value:f}")
                for epoch in range(FIRST, APRIL + 1)
                for p in of_epoch(epoch)
            ]
            assert [one["table"] for one in decoded[RELEASES]] == [one.table for one in releases(APRIL)]


def _decoded(variables: dict[str, str], registry: str) -> dict[str, list[dict]]:
    """Both topics, read and decoded by confluent-kafka alone."""
    decode = AvroDeserializer(SchemaRegistryClient({"url": registry}))
    at = client_at(variables["EXCHANGE_BOOTSTRAP_SERVERS"])
    signed_in = {
        "sasl.mechanism": at.sasl_mechanism,
        "sasl.username": at.sasl_username,
        "sasl.password": at.sasl_password,
    }
    consumer = Consumer(
        {
            "bootstrap.servers": at.bootstrap_servers,
            "security.protocol": at.security_protocol,
            "group.id": "stock",
            "enable.auto.commit": False,
            **(signed_in if at.sasl_username else {}),
        }
    )
    found: dict[str, list[dict]] = {METRICS: [], RELEASES: []}
    wanted = {METRICS: sum(len(of_epoch(e)) for e in range(FIRST, APRIL + 1)), RELEASES: len(releases(APRIL))}
    try:
        consumer.assign([TopicPartition(topic, 0, 0) for topic in found])
        while any(len(found[topic]) < wanted[topic] for topic in found):
            record = consumer.poll(20)
            assert record is not None
            assert record.error() is None
            found[record.topic()].append(
                decode(record.value(), SerializationContext(record.topic(), MessageField.VALUE))
            )
    finally:
        consumer.close()
    return found


NODE = """
const { SchemaRegistry } = require('@kafkajs/confluent-schema-registry');
const lines = require('fs').readFileSync(0, 'utf8').trim().split('\\n');
(async () => {
  const registry = new SchemaRegistry({ host: process.argv[2] });
  for (const line of lines) console.log(JSON.stringify(await registry.decode(Buffer.from(line, 'hex'))));
})().catch((error) => { console.error(error.message); process.exit(1); });
"""
NODE_CLIENT = "@kafkajs/confluent-schema-registry@4.1.0"


@pytest.fixture(scope="module")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client; skips where there is no Node, or no registry to have it from."""
    folder = tmp_path_factory.mktemp("node")
    words = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", NODE_CLIENT]
    try:
        subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=120)
    except FileNotFoundError:
        pytest.skip("Node.js and npm are not installed: the second language was not tried")
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"{NODE_CLIENT} could not be had from npm's registry: the second language was not tried")
    (folder / "decode.js").write_text(NODE)
    return folder


async def test_a_stock_client_in_another_language_decodes_both_topics(
    exchange: KafkaLog, variables: dict[str, str], node_client: Path
) -> None:
    points, made = as_records(of_epoch(JANUARY))[::40], as_released(releases(APRIL))
    values = [value for _, value in (*points, *made)]
    async with served(variables) as serve:
        node = await asyncio.create_subprocess_exec(
            "node",
            "decode.js",
            f"{serve.address}/registry",
            cwd=node_client,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await asyncio.wait_for(node.communicate("\n".join(v.hex() for v in values).encode()), 60)
        assert node.returncode == 0
    decoded = [json.loads(line) for line in out.splitlines()]
    wanted = [decode_point(value) for _, value in points]
    assert [(one["metric"], one["unit"]) for one in decoded[: len(points)]] == [(p.metric, p.unit) for p in wanted]
    assert [one["table"] for one in decoded[len(points) :]] == [one.table for one in releases(APRIL)]


async def test_it_serves_while_kafka_is_away_and_says_so(variables: dict[str, str]) -> None:
    away = variables | {"EXCHANGE_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    async with served(away) as serve, httpx.AsyncClient(base_url=serve.address) as client:
        status = (await client.get("/v1/status")).json()
        assert (status["as_of"], status["complete"], status["heard_seconds_ago"]) == (None, False, None)
        assert (await client.get("/v1/metrics/cases")).status_code == 503
        assert (await client.get("/v1/metrics")).status_code == 200
        assert await serve.stopped() == 0


async def test_with_a_cache_it_answers_before_kafka_does(
    exchange: KafkaLog, variables: dict[str, str], tmp_path: Path
) -> None:
    for epoch in range(FIRST, APRIL + 1):
        await publish(exchange, epoch)
    cache = ("--cache", str(tmp_path / "serve.cache"))
    async with served(variables, *cache) as serve, httpx.AsyncClient(base_url=serve.address) as client:
        await read_as_of(client, epoch_text(APRIL))
        before = (await client.get("/v1/metrics/needs_by_service?as_of=2026-04")).content
        assert await serve.stopped() == 0
    away = variables | {"EXCHANGE_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    async with served(away, *cache) as serve, httpx.AsyncClient(base_url=serve.address) as client:
        answer = await client.get("/v1/metrics/needs_by_service?as_of=2026-04")
        assert (answer.content, answer.headers["x-exchange-complete"]) == (before, "false")
    async with served(variables, *cache) as serve, httpx.AsyncClient(base_url=serve.address) as client:
        await publish(exchange, APRIL + 1)
        status = await read_as_of(client, epoch_text(APRIL + 1))
        assert status["figures"] == sum(len(of_epoch(epoch)) for epoch in range(FIRST, APRIL + 2))


async def test_an_address_in_use_is_named(exchange: KafkaLog, variables: dict[str, str]) -> None:
    async with served(variables) as first:
        async with served(variables, "--port", first.address.rpartition(":")[2]) as second:
            assert await second.stopped() == 1
        assert any("Address already in use" in line and "--port" in line for line in second.said)
