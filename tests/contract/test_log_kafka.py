"""The log on Kafka keeps the contract."""

import secrets
from collections.abc import AsyncIterator

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from exchange.engine.clients import ClientSettings, TopicSpec, administer
from exchange.engine.kafka_log import KafkaLog
from exchange.engine.log import Partition
from tests.contract.log_contract import Harness, LogContract

pytestmark = pytest.mark.kafka


class KafkaHarness(Harness):
    def __init__(self, settings: ClientSettings, prefix: str) -> None:
        self.settings, self.prefix = settings, prefix
        self.log, self.other = KafkaLog(settings), KafkaLog(settings)

    async def create(self, partitions: int = 1) -> list[Partition]:
        topic = self.prefix + secrets.token_hex(4)
        async with administer(self.settings) as admin:
            assert await admin.create([TopicSpec(topic, partitions)]) == {topic}
        return [Partition(topic, number) for number in range(partitions)]

    async def delete_before(self, partition: Partition, offset: int) -> None:
        admin = AIOKafkaAdminClient(**self.settings.connection())
        await admin.start()
        try:
            await admin.delete_records({TopicPartition(*partition): RecordsToDelete(before_offset=offset)})
        finally:
            await admin.close()


@pytest.fixture
async def harness(bootstrap_servers: str, own_topics: str) -> AsyncIterator[KafkaHarness]:
    harness = KafkaHarness(ClientSettings(bootstrap_servers), own_topics)
    yield harness
    await harness.log.close()
    await harness.other.close()


class TestKafkaLog(LogContract):
    """Nothing of its own: the contract is all."""
