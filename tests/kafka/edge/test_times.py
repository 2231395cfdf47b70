"""The time of a record tells its month and no more, to whoever reads with default settings.

In `events` and in inboxes, which are kept for ever, a finer time would be the day of each contact,
also of agencies that may share the year at finest.
"""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from exchange.core.model.epochs import begins_ms, epoch_at
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.kafka.clients import client_at
from exchange.engine.log import Partition
from exchange.engine.wall_clock import wall_ms
from exchange.settings import Settings
from exchange.trial.empty_cluster import TrialExchange, trial_exchange
from exchange.wire.topics import EVENTS, inbox_of
from tests.kits.edge_kit.on_kafka import CODE, enrol, profile_at, publish

pytestmark = pytest.mark.timeout(240)
CREATE_TIME = 0
"""Kafka's word for a time that the writer gave, and no broker replaced."""


async def as_anybody(bootstrap_servers: str, partitions: Iterable[Partition]) -> AsyncIterator[ConsumerRecord]:
    """Every record, those of aborted transactions too, as a consumer with defaults gets it."""
    consumer = AIOKafkaConsumer(**client_at(bootstrap_servers).connection(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        wanted = [TopicPartition(*partition) for partition in partitions]
        consumer.assign(wanted)
        ends = await consumer.end_offsets(wanted)
        for partition in wanted:
            consumer.seek(partition, 0)
        while any([await consumer.position(one) < ends[one] for one in wanted]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    yield record
    finally:
        await consumer.stop()


async def abort_in(ground: TrialExchange, partition: Partition) -> None:
    writer = await ground.log.writer("another")
    await writer.begin()
    await (await writer.send(partition, [(CODE.encode(), b"aborted")]))
    await writer.abort()
    await writer.close()


async def test_events_and_inboxes_tell_the_month_of_a_record_and_no_finer_time(
    settings: Settings, tmp_path: Path
) -> None:
    async with trial_exchange(settings, tmp_path) as ground:
        servers = ground.settings.bootstrap_servers
        profile = profile_at(ground, tmp_path, LegalClass.year_only)
        await enrol(ground, profile)
        began_ms = wall_ms()
        await ground.start_worker()
        await publish(profile, "ab")
        await publish(profile, "cd")
        events = [Partition(EVENTS, number) for number in range(ground.settings.partitions)]
        await abort_in(ground, events[0])
        producer = await ground.log.producer()
        inbox = Partition(inbox_of(CODE), 0)
        await producer.send(inbox, [(CODE.encode(), b"stray")] * 2, timestamp_ms=[began_ms, began_ms + 1])
        await producer.close()
        found = [record async for record in as_anybody(servers, [*events, inbox])]
        ended_ms = wall_ms()
    months = {begins_ms(epoch_at(at_ms)) for at_ms in (began_ms, ended_ms)}
    topics = [record.topic for record in found]
    assert (topics.count(EVENTS), topics.count(inbox.topic)) == (7, 8), "an aborted one, and two strays"
    assert {record.timestamp for record in found} <= months
    assert {record.timestamp_type for record in found} == {CREATE_TIME}
    assert [record.headers for record in found if record.headers] == []
