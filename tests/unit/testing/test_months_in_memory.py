"""The log in memory gives records the times that Kafka's does: of monthly topics, the month."""

import asyncio
from collections.abc import Callable

from exchange.core.model.epochs import begins_ms, epoch_of
from exchange.engine.log import Partition
from exchange.testing import MemoryBroker, MemoryLog
from exchange.wire.topics import EVENTS, QUARANTINE, inbox_of

NOW_MS = begins_ms(epoch_of(2026, 3)) + 2_564_123_456


async def test_a_writer_and_a_producer_give_the_month_however_they_state_the_time() -> None:
    def after(delay_s: float, call: Callable[[], object]) -> None:
        asyncio.get_running_loop().call_later(delay_s, call)

    broker = MemoryBroker(after, lambda: NOW_MS / 1000)
    log = MemoryLog(broker)
    inbox = inbox_of("harbor-light")
    for topic in (EVENTS, QUARANTINE, inbox):
        broker.create(topic)
    writer, producer = await log.writer("gate-0"), await log.producer()
    await writer.begin()
    for topic in (EVENTS, QUARANTINE):
        await (await writer.send(Partition(topic, 0), [(b"k", b"v")]))
    await writer.commit()
    for times in (None, NOW_MS, [NOW_MS]):
        await producer.send(Partition(inbox, 0), [(b"k", b"v")], timestamp_ms=times)
    await asyncio.sleep(0.01)
    month = begins_ms(epoch_of(2026, 3))
    assert [one.timestamp for one in broker.committed(Partition(EVENTS, 0))] == [month]
    assert [one.timestamp for one in broker.committed(Partition(inbox, 0))] == [month] * 3
    assert [one.timestamp for one in broker.committed(Partition(QUARANTINE, 0))] == [NOW_MS]
