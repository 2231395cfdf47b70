"""The in-memory log of the simulation keeps the contract."""

import asyncio
import time
from itertools import count

import pytest

from exchange.engine.errors import Fenced
from exchange.engine.log import Partition
from exchange.testing.connection import DirectConnection
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from tests.contract.log_contract import LogContract
from tests.contract.log_harness import Harness, pairs, sent, settled, values


class MemoryHarness(Harness):
    def __init__(self, transaction_timeout_s: float = 15.0) -> None:
        def after(delay_s: float, callback) -> None:
            asyncio.get_running_loop().call_later(delay_s, callback)

        self.broker = MemoryBroker(
            after, time.monotonic, transaction_timeout_s=transaction_timeout_s, marker_delay_s=lambda: 0.002
        )
        self.log = MemoryLog(self.broker, DirectConnection)
        self.other = MemoryLog(self.broker, DirectConnection)
        self.prefix = ""
        self._topics = count()

    async def create(self, partitions: int = 1) -> list[Partition]:
        return self.broker.create(f"t{next(self._topics)}", partitions)

    async def delete(self, topic: str) -> None:
        self.broker.delete(topic)

    async def delete_before(self, partition: Partition, offset: int) -> None:
        self.broker.delete_before(partition, offset)


@pytest.fixture
def harness() -> MemoryHarness:
    return MemoryHarness()


class TestMemoryLog(LogContract):
    async def test_compaction_keeps_the_last_of_each_key_and_the_offsets(self, harness: MemoryHarness) -> None:
        (p,) = await harness.create()
        async with harness.writer() as writer:
            for value in (b"1", b"2", b"3"):
                await writer.begin()
                await (await writer.send(p, [(b"same", value), (value, value)]))
                await writer.commit()
            await settled(harness, p)
            harness.broker.log(p).compact(keep_from=1000)
        records = await harness.read(p)
        assert [(r.key, r.value) for r in records] == [(b"1", b"1"), (b"2", b"2"), (b"same", b"3"), (b"3", b"3")]
        assert [r.offset for r in records] == [1, 4, 6, 7]

    async def test_a_transaction_that_takes_too_long_is_aborted_and_its_writer_fenced(self) -> None:
        harness = MemoryHarness(transaction_timeout_s=0.05)
        (p,) = await harness.create()
        async with harness.writer() as writer:
            await writer.begin()
            await sent(writer, p, b"late")
            await asyncio.sleep(0.2)
            with pytest.raises(Fenced):
                await writer.commit()
        assert values(await settled(harness, p)) == []

    async def test_a_request_that_is_sent_again_writes_nothing_twice(self, harness: MemoryHarness) -> None:
        (p,) = await harness.create()
        producer = harness.broker.new_producer()
        for _ in range(2):
            harness.broker.produce(producer, 0, p, pairs(b"1", b"2"))
        assert values(await harness.read(p)) == [b"1", b"2"]
