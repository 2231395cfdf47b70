"""The log on Kafka, by aiokafka.

Keeps the promises of `log.Log`; `tests/contract/log_contract.py` runs over it. The code below
allows for these habits of aiokafka: `start` may return before the producer id is there;
`commit_transaction` waits for sends but does not check whether they failed; one future a record is
slow, one a batch is not; an empty transaction is never sent to the broker; a producer that cannot
reach its broker never stops by itself.

Not promised: that `close` has ended everything after its second. A client of a lost broker keeps
trying in the background. It is harmless, because every later writer of that id fences it;
`KafkaLog.close` ends it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING

from exchange.engine.errors import Fenced, LogUnavailable, PartitionUnknown
from exchange.engine.kafka.admin import administer
from exchange.engine.kafka.bounded_close import BoundedClose, looked_at
from exchange.engine.kafka.clients import TRANSACTION_TIMEOUT_MS, idempotent_producer, transactional_producer
from exchange.engine.kafka.errors import named, naming
from exchange.engine.kafka.metadata import keep_in_mind, refuse_forbidden
from exchange.engine.kafka.reader import KafkaReader
from exchange.engine.wall_clock import wall_ms
from exchange.wire.topics import record_time_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection

    from aiokafka import AIOKafkaProducer

    from exchange.engine.kafka.clients import ClientSettings
    from exchange.engine.log import Pair, Partition, Times

METADATA_S_MAX = 3.0


class KafkaLog:
    """The log of one cluster. It makes readers, writers and producers; close it last."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._lingering = BoundedClose()
        self._cluster = ""

    async def cluster_id(self) -> str:
        """The cluster's id. It never changes, so a broker is asked once."""
        if not self._cluster:
            async with administer(self._settings) as admin:
                self._cluster = await admin.cluster_id()
        return self._cluster

    async def writer(self, transactional_id: str, *, timeout_ms: int = TRANSACTION_TIMEOUT_MS) -> KafkaWriter:
        """The writer of this id, producer id known: every earlier one is fenced and settled.

        `timeout_ms`: after which the coordinator aborts a transaction that is left open.
        """
        producer = transactional_producer(self._settings, transactional_id, timeout_ms)
        try:
            with naming(f"taking over {transactional_id}"):
                await producer.start()
                await producer.begin_transaction()  # waits for the producer id, whatever `start` does
                await producer.abort_transaction()  # empty: nothing is sent
        except BaseException:
            await self._lingering.let_go(producer.stop())
            raise
        return KafkaWriter(producer, transactional_id, self._lingering)

    async def reader(self) -> KafkaReader:
        """A new reader without assignment."""
        reader = KafkaReader(self._settings, self._lingering)
        try:
            with naming("connecting a reader"):
                await reader.start()
        except BaseException:
            await reader.close()
            raise
        return reader

    async def producer(self) -> KafkaProducer:
        """A new idempotent producer."""
        producer = idempotent_producer(self._settings)
        try:
            with naming("connecting a producer"):
                await producer.start()
        except BaseException:
            await self._lingering.let_go(producer.stop())
            raise
        return KafkaProducer(producer, self._lingering)

    async def close(self) -> None:
        """End the clients that are still trying to close."""
        await self._lingering.end()


class _Sending:
    """Filling and sending batches, for both kinds of producer."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._known: dict[str, Collection[int]] = {}

    async def queue(
        self, partition: Partition, records: Sequence[Pair], timestamp_ms: Times = None
    ) -> list[Awaitable[object]]:
        """Queue records as batches, in order; one future a batch."""
        topic, number = partition
        if number not in (self._known.get(topic) or await self._learn(topic)):
            raise PartitionUnknown(f"{topic} has no partition {number}.")
        sent: list[Awaitable[object]] = []
        batch = self._producer.create_batch()
        times = _times(topic, timestamp_ms, len(records))
        for (key, value), at_ms in zip(records, times, strict=True):
            if batch.append(key=key, value=value, timestamp=at_ms) is None:
                sent.append(await self._producer.send_batch(batch, topic, partition=number))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=at_ms)  # a batch always accepts its first record
        if batch.record_count():
            sent.append(await self._producer.send_batch(batch, topic, partition=number))
        return sent

    async def _learn(self, topic: str) -> Collection[int]:
        """The partitions of a topic.

        Its whole family (`receipts.…`) is learnt with it: one by one, hundreds would take seconds.
        """
        family, absent = topic.partition(".")[0] + ".", False
        try:
            async with asyncio.timeout(METADATA_S_MAX):
                cluster = await self._producer.client.fetch_all_metadata()
                absent = topic not in cluster.topics()
                if absent:
                    await refuse_forbidden(self._producer.client, {topic})
                names = {topic, *(name for name in cluster.topics() if name.startswith(family))}
                await keep_in_mind(self._producer.client, names)
        except TimeoutError:
            if absent:
                raise PartitionUnknown(f"No broker knows topic {topic}.") from None
            raise LogUnavailable(f"learning of topic {topic}: no answer.") from None
        self._known.update({name: self._producer.client.cluster.partitions_for_topic(name) for name in names})
        return self._known[topic]


class KafkaWriter:
    """A transactional writer.

    A broker that fences a transaction under way may answer with an error that has no name (seen
    with Kafka 4.4). So that counts as being fenced: nobody takes an id back that may be another's.
    """

    def __init__(self, producer: AIOKafkaProducer, transactional_id: str, lingering: BoundedClose) -> None:
        self._producer = producer
        self._id = transactional_id
        self._lingering = lingering
        self._sending = _Sending(producer)
        self._open = False

    async def begin(self) -> None:
        """Open a transaction."""
        with naming(f"beginning a transaction of {self._id}", unknown=Fenced):
            self._fail_if_broken()
            await self._producer.begin_transaction()
        self._open = True

    async def send(self, partition: Partition, records: Sequence[Pair]) -> Awaitable[None]:
        """Queue records; the result is done when the log has them."""
        doing = f"writing to {partition.topic}-{partition.partition} as {self._id}"
        with naming(doing):
            sent = await self._sending.queue(partition, records)
        acknowledged = asyncio.ensure_future(_all_of(sent, doing))
        acknowledged.add_done_callback(looked_at)
        return acknowledged

    async def commit(self) -> None:
        """Commit, once."""
        self._open = False
        with naming(f"committing as {self._id}", unknown=Fenced):
            self._fail_if_broken()
            await self._producer.commit_transaction()

    async def abort(self) -> None:
        """Abort the open transaction."""
        self._open = False
        with naming(f"aborting as {self._id}", unknown=Fenced):
            self._fail_if_broken()
            await self._producer.abort_transaction()

    async def close(self) -> None:
        """Abort an open transaction and stop, in bounded time."""
        await self._lingering.let_go(self._close())

    async def _close(self) -> None:
        try:
            if self._open:
                await self.abort()
        finally:
            await self._producer.stop()
            _hush(self._producer)

    def _fail_if_broken(self) -> None:
        """Raise the error that ended the sender: aiokafka itself would raise an assertion."""
        task = self._producer._sender.sender_task  # noqa: SLF001 (no public way to ask)
        if task is not None and task.done() and not task.cancelled() and (error := task.exception()):
            raise named(error, f"writing as {self._id}", unknown=Fenced)


class KafkaProducer:
    """An idempotent producer without transactions."""

    def __init__(self, producer: AIOKafkaProducer, lingering: BoundedClose) -> None:
        self._producer = producer
        self._lingering = lingering
        self._sending = _Sending(producer)

    async def send(self, partition: Partition, records: Sequence[Pair], *, timestamp_ms: Times = None) -> None:
        """Write records; returns when the log has them."""
        doing = f"writing to {partition.topic}-{partition.partition}"
        with naming(doing):
            sent = await self._sending.queue(partition, records, timestamp_ms)
        await _all_of(sent, doing)

    async def close(self) -> None:
        """Stop, in bounded time."""
        await self._lingering.let_go(self._producer.stop())


def _times(topic: str, given: Times, count: int) -> Iterable[int]:
    """The time of each record; as coarse as its topic has it, whoever writes."""
    if isinstance(given, Sequence):
        return (record_time_ms(topic, at_ms) for at_ms in given)
    return repeat(record_time_ms(topic, wall_ms() if given is None else given), count)


async def _all_of(sent: Sequence[Awaitable[object]], doing: str) -> None:
    with naming(doing):
        await asyncio.gather(*sent)


def _hush(producer: AIOKafkaProducer) -> None:
    """Mark the futures of a fenced producer as seen: asyncio would log each with its traceback.

    aiokafka has no public access to these futures. Our caller already has their error.
    """
    looked_at(producer._txn_manager.wait_for_transaction_end())  # noqa: SLF001
    for batches in producer._message_accumulator._batches.values():  # noqa: SLF001
        for batch in batches:
            looked_at(batch.future)
            looked_at(batch._drain_waiter)  # noqa: SLF001
