"""The administrative calls, on a real Kafka."""

import asyncio

import pytest

from exchange.engine.errors import LogUnavailable, PartitionUnknown
from exchange.engine.kafka.admin import Admin, TopicSpec, administer
from exchange.engine.kafka.clients import ClientSettings, client_at
from exchange.engine.kafka.log import KafkaLog


async def shown(admin: Admin, *topics: str) -> dict[str, int]:
    """The cluster's topics, as soon as they include these: a broker learns of a new one later."""
    async with asyncio.timeout(10):
        while True:
            partitions = await admin.partitions()
            if set(topics) <= set(partitions):
                return partitions
            await asyncio.sleep(0.05)


async def test_topics_are_created_once_and_as_they_shall_be(bootstrap_servers: str, own_topics: str) -> None:
    spec = TopicSpec(own_topics + "a", 3, configs={"cleanup.policy": "compact"})
    async with administer(client_at(bootstrap_servers)) as admin:
        assert await admin.create([spec]) == {spec.name}
        assert await admin.create([spec, TopicSpec(own_topics + "b", 1)]) == {own_topics + "b"}
        partitions = await shown(admin, spec.name, own_topics + "b")
        assert (partitions[own_topics + "a"], partitions[own_topics + "b"]) == (3, 1)
        assert (await admin.configs([spec.name]))[spec.name]["cleanup.policy"] == "compact"


async def test_settings_are_replaced_and_topics_deleted(bootstrap_servers: str, own_topics: str) -> None:
    topic = own_topics + "a"
    async with administer(client_at(bootstrap_servers)) as admin:
        await admin.create([TopicSpec(topic, 1, configs={"retention.ms": "1000"})])
        await shown(admin, topic)
        await admin.set_configs({topic: {"retention.ms": "-1"}})
        assert (await admin.configs([topic]))[topic]["retention.ms"] == "-1"
        await admin.delete([topic])
        async with asyncio.timeout(20):
            while topic in await admin.partitions():  # noqa: ASYNC110 - brokers do not tell
                await asyncio.sleep(0.05)
        with pytest.raises(PartitionUnknown):
            await admin.delete([topic])


async def test_a_broker_that_is_not_there_is_named_by_every_client() -> None:
    settings = ClientSettings("127.0.0.1:1")
    log = KafkaLog(settings)
    with pytest.raises(LogUnavailable, match="connecting"):
        async with administer(settings):
            raise AssertionError
    for connect in (log.reader, log.producer, lambda: log.writer("w")):
        with pytest.raises(LogUnavailable):
            await connect()
    await log.close()


def test_secrets_do_not_show() -> None:
    settings = ClientSettings("localhost", sasl_username="worker", sasl_password="hunter2")
    assert "hunter2" not in repr(settings)
