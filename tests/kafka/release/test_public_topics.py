"""Every topic that evaluators may read, read from offset 0 at default isolation, after kills.

It holds no exact aggregate, no agency's code, no sequence, no time of an event or of a draw, no cut
and no second draw.
"""

from collections import Counter
from dataclasses import dataclass
from math import erf, sqrt
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from consumers.release.draws_state import DrawsState
from consumers.release.history import read_closings
from exchange.core.model.epochs import ends_ms, parse_epoch
from exchange.core.model.events import Event
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.draw import Reading, counted, reading_of
from exchange.engine.kafka.clients import client_at
from exchange.engine.kafka.log import KafkaLog
from exchange.settings import Settings
from exchange.trial.empty_cluster import trial_exchange
from exchange.wire.message import decode_plain
from exchange.wire.public_records import decode_point, decode_release
from exchange.wire.topics import METRICS, RELEASES, TOPICS, Party
from tests.kafka.release.closing_kit import AGENCIES, START, Publishing, ask, handled, killed_while_drawing, needs
from tests.kits.draw_world import due, from_agency

PUBLIC = [topic.name for topic in TOPICS if Party.EVALUATORS in topic.readers]
FIELDS = {
    "table", "tier", "bit", "epoch", "periods", "places", "dimensions", "counts", "variance", "versions", "rho",
    "clients_a_year",
}  # fmt: skip
"""All fields of a release; none is a position, a time or an agency's name."""


@dataclass(frozen=True, slots=True)
class Found:
    topic: str
    record: ConsumerRecord


async def walk(bootstrap_servers: str) -> list[Found]:
    """Everything in the public topics, aborted records too, for a consumer with defaults."""
    consumer = AIOKafkaConsumer(**client_at(bootstrap_servers).connection(), auto_offset_reset="earliest")
    await consumer.start()
    found: list[Found] = []
    try:
        wanted = [TopicPartition(topic, 0) for topic in PUBLIC]
        consumer.assign(wanted)
        ends = await consumer.end_offsets(wanted)
        for partition in wanted:
            consumer.seek(partition, 0)
        while any([await consumer.position(p) < ends[p] for p in wanted]):
            for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                found += [Found(partition.topic, record) for record in records]
    finally:
        await consumer.stop()
    return found


@pytest.mark.slow
async def test_workers_killed_while_they_draw_leave_one_draw_and_the_public_topics_tell_nothing_but_it(
    settings: Settings, log: KafkaLog, tmp_path: Path
) -> None:
    random = Random(11)
    arrived: dict[int, list[Event]] = {}
    async with trial_exchange(settings, tmp_path) as ground:
        worker = await ground.start_worker()
        agencies = Publishing(ground)
        await agencies.register()
        for first, *others in ([START], [START + 1, START + 2]):  # the last two without a pause between them
            arrived[first] = list(needs(random, 150))
            await agencies.send(arrived[first])
            for epoch in (first, *others):
                await ask(log, epoch)
                worker = await killed_while_drawing(ground, worker, random)
            await handled(log, epoch - START + 1)
        found = await walk(settings.bootstrap_servers)
        closings, _ = await read_closings(log)
    assert {f.topic for f in found} >= {RELEASES}
    one_draw_of_every_command(closings, found)
    nothing_but_declared(found)
    no_second_draw(found)
    no_exact_aggregate(found, arrived)
    assert not closings.refused


def one_draw_of_every_command(closings: DrawsState, found: list[Found]) -> None:
    """What is public is what was drawn, each table and epoch once, and it alone was paid for."""
    assert [spent.refused for spent in closings.commands.values()] == ["", "", ""]
    keys = [part.key for part in closings.parts]
    assert len(set(keys)) == len(keys)
    public = [one.record for one in found if one.topic == RELEASES]
    assert {(one.key, one.value) for one in public} == {(part.key, part.value) for part in closings.parts}
    assert {(part.key, ends_ms(part.epoch)) for part in closings.parts} == {(one.key, one.timestamp) for one in public}
    assert set(closings.closed.ledger.accounts) == {
        n for n in TABLE_COSTS if n.encode() in {key.partition(b"|")[0] for key in keys}
    }


def nothing_but_declared(found: list[Found]) -> None:
    """No agency, no sequence, no time, no cut: only the declared fields, timed by their epoch."""
    for one in found:
        record = one.record
        assert not record.headers
        octets = (record.key or b"") + (record.value or b"")
        assert not any(code.encode() in octets for code in AGENCIES)
        if one.topic == RELEASES:
            assert set(decode_plain("release", record.value)) == FIELDS
            assert record.timestamp == ends_ms(decode_release(record.value).epoch)
        elif one.topic == METRICS and record.value is not None:
            decode_point(record.value)
            assert record.timestamp == ends_ms(parse_epoch(record.key.rpartition(b"|")[2].decode()))


def no_second_draw(found: list[Found]) -> None:
    draws: dict[bytes, set[bytes]] = {}
    for one in found:
        if one.topic == RELEASES:
            draws.setdefault(one.record.key, set()).add(one.record.value)
    assert draws
    assert Counter(map(len, draws.values())).keys() == {1}


def no_exact_aggregate(found: list[Found], arrived: dict[int, list[Event]]) -> None:
    """No more cells equal the true count than chance gives with noise of the plan's scale."""
    equal = cells = 0
    chance = 0.0
    for value in {one.record.value for one in found if one.topic == RELEASES}:
        release = decode_release(value)
        if not release.clients:
            # of agencies, all together or none: each sent equally many runs
            assert all((n or 0) % len(AGENCIES) == 0 for n in release.counts)
            continue
        first = {Reading.ALL: START, Reading.SINCE_LAST: release.epoch}.get(reading_of(release.tier), release.epoch + 1)
        read = [e for epoch in range(first, release.epoch + 1) for e in arrived.get(epoch, ())]
        [truth] = counted([due(TABLE_COSTS[release.table], release.epoch)], from_agency(read))
        equal += sum(a == b for a, b in zip(release.counts, truth.counts, strict=True))
        cells += len(truth.counts)
        chance += len(truth.counts) * erf(0.5 / sqrt(2 * release.variance))
    assert cells > 500
    assert equal <= chance + 6 * sqrt(chance)
