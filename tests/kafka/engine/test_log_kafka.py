"""The log on Kafka keeps the contract."""

import asyncio
import gc
import secrets
from collections.abc import AsyncIterator

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from exchange.engine.errors import Fenced
from exchange.engine.kafka.admin import TopicSpec, administer
from exchange.engine.kafka.clients import ClientSettings, client_at
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from tests.contract.log_contract import LogContract
from tests.contract.log_harness import Harness, pairs


class KafkaHarness(Harness):
    def __init__(self, settings: ClientSettings, prefix: str) -> None:
        self.settings, self.prefix = settings, prefix
        self.logs = KafkaLog(settings), KafkaLog(settings)
        self.log, self.other = self.logs

    async def create(self, partitions: int = 1) -> list[Partition]:
        topic = self.prefix + secrets.token_hex(4)
        async with administer(self.settings) as admin:
            assert await admin.create([TopicSpec(topic, partitions)]) == {topic}
        return [Partition(topic, number) for number in range(partitions)]

    async def delete(self, topic: str) -> None:
        async with administer(self.settings) as admin:
            await admin.delete([topic])

    async def delete_before(self, partition: Partition, offset: int) -> None:
        admin = AIOKafkaAdminClient(**self.settings.connection())
        await admin.start()
        try:
            await admin.delete_records({TopicPartition(*partition): RecordsToDelete(before_offset=offset)})
        finally:
            await admin.close()


@pytest.fixture
async def harness(bootstrap_servers: str, own_topics: str) -> AsyncIterator[KafkaHarness]:
    harness = KafkaHarness(client_at(bootstrap_servers), own_topics)
    yield harness
    for log in harness.logs:
        await log.close()


class TestKafkaLog(LogContract):
    async def test_a_partition_that_does_not_exist_is_named(  # type: ignore[override]
        self, harness: KafkaHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An unknown topic is looked up until the limit (here 1 s): brokers may be creating it."""
        for module in ("log", "reader"):
            monkeypatch.setattr(f"exchange.engine.kafka.{module}.METADATA_S_MAX", 1.0)
        await super().test_a_partition_that_does_not_exist_is_named(harness)

    async def test_many_topics_are_met_at_once(self, harness: KafkaHarness) -> None:
        """Looked up one by one, so many would exceed the limit: a gate reads hundreds of topics."""
        topics = [TopicSpec(f"{harness.prefix}inbox.{number}", 1) for number in range(200)]
        async with administer(harness.settings) as admin:
            await admin.create(topics)
        inboxes = [Partition(topic.name, 0) for topic in topics]
        async with harness.reader() as reader:
            assert await reader.end_offsets(inboxes) == dict.fromkeys(inboxes, 0)

    async def test_a_reader_that_was_just_assigned_others_ends_when_it_is_closed(self, harness: KafkaHarness) -> None:
        """aiokafka alone would go on for ever, and each lane would wait a second at its start."""
        one, other = await harness.create(2)
        reader = await harness.logs[0].reader()
        await reader.end_offsets([one, other])
        for partition in (one, other):
            reader.assign([partition])
            reader.seek(partition, 0)
            if partition == one:
                assert await reader.getmany(timeout_s=0.1, records_max=1) == {}
        await reader.close()
        assert not harness.logs[0]._lingering._tasks

    async def test_a_fenced_writer_leaves_no_error_that_nobody_looked_at(self, harness: KafkaHarness) -> None:
        """asyncio would log each with a traceback, and an operator would take it for a defect."""
        noise: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context["message"]))
        p, q = await harness.create(2)
        old = await harness.log.writer(harness.prefix + "w")
        new = await harness.other.writer(harness.prefix + "w")
        await old.begin()
        with pytest.raises(Fenced):
            await asyncio.gather(*[await old.send(partition, pairs(b"zombie")) for partition in (p, q)])
        await old.close()
        await new.close()
        del old
        gc.collect()
        await asyncio.sleep(0)
        assert noise == []
