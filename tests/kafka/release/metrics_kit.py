"""Real draws, the points that follow from them, and both on a real Kafka."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cache

import pytest

from consumers.metrics.derive import usability_of
from consumers.release.noise import gaussian
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import points
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import Event
from exchange.core.release.draw import counted, drawn, dues, plans_due
from exchange.core.release.privacy_ledger import Ledger, spend
from exchange.core.release.released import Release, Released
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Pair, Partition, Record
from exchange.engine.reading import read_whole
from exchange.trial.sample import sample_exchange
from exchange.trial.sample.volumes import marks
from exchange.wire.public_records import encode_point, encode_release, point_key, release_key
from exchange.wire.topics import METRICS, RELEASES

FEBRUARY, MARCH, APRIL = (epoch_of(2025, month) for month in (2, 3, 4))
TO = Partition(METRICS, 0)


def events() -> list[tuple[str, Event]]:
    """What some generated agencies sent, with the bits of their caps."""
    found = []
    for agency in sample_exchange(4, scale=0.02).agencies:
        units: dict[tuple[str, int], list] = {}
        for fact in agency.facts():
            if fact.client:
                units.setdefault((fact.client, fact.period), []).append(fact)
        for unit, facts in units.items():
            bits = marks([fact.body for fact in facts], str(unit))
            sent = zip(facts, bits, strict=True)
            found += [(agency.code, Event(1, bytes(32), f.period, f.state, cap, f.body)) for f, cap in sent]
    return found


@cache  # OpenDP takes a while, and two files use them
def draws(last: int) -> list[Release]:
    """Real draws of every client table due, month by month; all events arrive in the last month."""
    ledger, found, arrived = Ledger(), [], events()
    for epoch in range(FEBRUARY, last + 1):
        ledger = spend(ledger, epoch, plans_due(epoch))
        now = counted(dues(ledger), arrived if epoch == last else ())
        found += [drawn(one, gaussian(one.due.plan.scale, one.due.length)) for one in now]
    return found


@cache
def expected(last: int) -> list[MetricPoint]:
    released = Released().taking(draws(last))
    usability = usability_of(released)
    return [point for epoch in released.epochs() for point in points(released, epoch, usability.usable)]


async def send(log: KafkaLog, topic: str, pairs: Sequence[Pair]) -> None:
    producer = await log.producer()
    await producer.send(Partition(topic, 0), pairs)
    await producer.close()


async def publish(log: KafkaLog, made: Sequence[Release]) -> None:
    await send(log, RELEASES, [(release_key(one), encode_release(one)) for one in made])


async def publish_points(log: KafkaLog, some: Sequence[MetricPoint]) -> None:
    await send(log, METRICS, [(point_key(point), encode_point(point)) for point in some])


async def whole(log: KafkaLog) -> list[Record]:
    reader = await log.reader()
    try:
        return [record async for records in read_whole(reader, TO) for record in records]
    finally:
        await reader.close()


async def until(log: KafkaLog, count: int) -> None:
    """Wait until `metrics` has so many records."""
    reader = await log.reader()

    async def enough() -> bool:
        return (await reader.end_offsets([TO]))[TO] >= count

    await eventually(enough)
    await reader.close()


async def eventually(so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while True:
            if await so():
                return
            await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def made() -> list[Release]:
    return draws(APRIL)


@pytest.fixture(scope="module")
def every() -> list[MetricPoint]:
    return expected(APRIL)
