"""Provisioning and registry on a real Kafka: repeatable, corrected, refused if counts differ."""

import asyncio

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from consumers.admission.enrolment import Enrolment, LegalClassWouldChange, register
from consumers.admission.registry import read_registry
from consumers.release.calendar import HOUR_MS
from exchange.core.admission.gate import Status
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.errors import ClocksDiffer, PartitionUnknown, SettingRefused, TooFewBrokers
from exchange.engine.kafka.admin import Admin, TopicSpec
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.provision import (
    PartitionsDiffer,
    TopicDifference,
    check,
    exchange_topics,
    provision,
)
from exchange.engine.log import Partition
from exchange.engine.wall_clock import wall_ms
from exchange.wire.topics import AGENCIES, AGENCY_CODE, inbox_of, partition_of, receipts_of

KEY = bytes(range(32))
OTHER_KEY = bytes(range(32, 64))
SMALL = Enrolment("harbor-light", LegalClass.individual, KEY)


def named(namespace: str, partitions: int = 4) -> list[TopicSpec]:
    """The wanted topics under names of this test alone."""
    specs = exchange_topics(partitions=partitions, replication=1, agencies=["harbor-light"])
    return [TopicSpec(namespace + s.name, s.partitions, s.replication, s.configs) for s in specs]


async def test_provisioning_twice_does_nothing_the_second_time(admin: Admin, own_topics: str) -> None:
    wanted = named(own_topics)
    first = await provision(admin, wanted)
    assert first.created == tuple(spec.name for spec in wanted)
    assert await check(admin, wanted) == []
    second = await provision(admin, wanted)
    assert (second.created, second.corrected) == ((), ())


async def test_every_setting_of_the_table_is_the_clusters(admin: Admin, own_topics: str) -> None:
    wanted = named(own_topics)
    await provision(admin, wanted)
    found = await admin.configs([spec.name for spec in wanted])
    for spec in wanted:
        assert spec.configs.items() <= found[spec.name].items()


async def test_a_changed_setting_is_found_and_put_right(admin: Admin, own_topics: str) -> None:
    wanted = named(own_topics)
    await provision(admin, wanted)
    events = own_topics + "events"
    await admin.set_configs({events: {"retention.ms": "604800000"}})
    while True:  # brokers hear of it a moment later
        differences = await check(admin, wanted)
        if differences:
            break
        await asyncio.sleep(0.05)
    assert TopicDifference(events, "retention.ms", "-1", "604800000") in differences
    assert {d.topic for d in differences} == {events}
    assert set((await provision(admin, wanted)).corrected) == set(differences)
    assert await check(admin, wanted) == []


async def test_another_partition_count_is_refused_before_anything_changes(admin: Admin, own_topics: str) -> None:
    wanted = named(own_topics)
    await provision(admin, [TopicSpec(own_topics + "events", 3)])
    with pytest.raises(PartitionsDiffer, match="events: partitions is 3, not 4"):
        await provision(admin, wanted)
    assert {t for t in await admin.partitions() if t.startswith(own_topics)} == {own_topics + "events"}


async def test_more_replicas_than_brokers_say_what_to_set(admin: Admin, own_topics: str) -> None:
    with pytest.raises(TooFewBrokers, match="EXCHANGE_REPLICATION"):
        await provision(admin, [TopicSpec(own_topics + "events", 1, 9)])


async def test_a_setting_that_the_brokers_refuse_is_named_with_their_reason(admin: Admin, own_topics: str) -> None:
    refused = {"cleanup.policy": "compact", "min.compaction.lag.ms": "10", "max.compaction.lag.ms": "5"}
    with pytest.raises(SettingRefused, match=r"max.compaction.lag.ms.* brokers' own configuration") as raised:
        await provision(admin, [TopicSpec(own_topics + "events", 1, 1, refused)])
    assert "EXCHANGE_REPLICATION" not in str(raised.value)


async def test_a_record_from_the_future_is_a_matter_of_clocks(admin: Admin, log: KafkaLog, own_topics: str) -> None:
    await provision(admin, [TopicSpec(own_topics + "pulse", 1)])
    producer = await log.producer()
    try:
        with pytest.raises(ClocksDiffer, match="clocks"):
            await producer.send(
                Partition(own_topics + "pulse", 0), [(None, b"pulse")], timestamp_ms=wall_ms() + 2 * HOUR_MS
            )
    finally:
        await producer.close()


async def test_an_agency_has_its_topics_and_its_registration(admin: Admin, exchange: KafkaLog) -> None:
    (registration,) = await register(exchange, admin, SMALL, replication=1)
    assert (await read_registry(exchange)).agencies == {"harbor-light": registration}
    assert registration.partition == partition_of("harbor-light", 4)
    assert registration.keys == ((1, KEY),)
    topics = await admin.partitions()
    assert topics[inbox_of("harbor-light")] == topics[receipts_of("harbor-light")] == 1
    assert await check(admin, exchange_topics(partitions=4, replication=1, agencies=["harbor-light"])) == []


async def test_registering_the_same_again_writes_nothing(admin: Admin, exchange: KafkaLog) -> None:
    await register(exchange, admin, SMALL, replication=1)
    await register(exchange, admin, SMALL, replication=1)
    reader = await exchange.reader()
    assert await reader.end_offsets([Partition(AGENCIES, 0)]) == {Partition(AGENCIES, 0): 1}
    await reader.close()


async def test_changes_keep_what_is_not_named(admin: Admin, exchange: KafkaLog) -> None:
    others = [Enrolment(f"agency-{n}", LegalClass.tally_only, KEY) for n in range(20)]
    await register(exchange, admin, SMALL, *others, replication=1)
    (changed,) = await register(exchange, admin, Enrolment("harbor-light", key=OTHER_KEY), replication=1)
    assert changed.keys == ((1, KEY), (2, OTHER_KEY))
    (suspended,) = await register(exchange, admin, Enrolment("harbor-light", status=Status.SUSPENDED), replication=1)
    assert suspended.keys == changed.keys
    assert suspended.legal_class is LegalClass.individual
    registry = (await read_registry(exchange)).agencies
    assert registry["harbor-light"].status is Status.SUSPENDED
    assert len(registry) == 21


async def test_a_refused_enrolment_leaves_no_trace(admin: Admin, exchange: KafkaLog) -> None:
    await register(exchange, admin, SMALL, replication=1)
    new = Enrolment("new-door", LegalClass.individual, KEY)
    with pytest.raises(LegalClassWouldChange):
        await register(exchange, admin, new, Enrolment("harbor-light", LegalClass.tally_only), replication=1)
    assert set((await read_registry(exchange)).agencies) == {"harbor-light"}
    assert inbox_of("new-door") not in await admin.partitions()


async def test_without_topics_an_agency_cannot_be_added(admin: Admin, log: KafkaLog) -> None:
    with pytest.raises(PartitionUnknown, match="topics apply"):
        await register(log, admin, SMALL, replication=1)


@given(agency=st.from_regex(AGENCY_CODE, fullmatch=True), partitions=st.integers(1, 128))
def test_an_agencys_partition_is_the_one_that_kafkas_clients_choose(agency: str, partitions: int) -> None:
    every = list(range(partitions))
    assert partition_of(agency, partitions) == DefaultPartitioner()(agency.encode(), every, every)
