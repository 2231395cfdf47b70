"""The log on Kafka, by aiokafka.

Keeps the promises of `log.Log`; `tests/contract/test_log.py` runs over it. What aiokafka does that the code below must
know: `start` may return before the producer id is there; `commit_transaction` waits for sends but does not look whether
they failed; one future a record is slow, one a batch is not; a transaction of nothing is never sent to the broker; a
producer that cannot reach its broker never stops by itself.

Not promised: that `close` has ended everything after its second. What hangs on a lost broker goes on trying in the
background, harmless, because every later writer of that id fences it; `KafkaLog.close` puts an end to it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from aiokafka import TopicPartition

from exchange.engine.clients import idempotent_producer, reading_consumer, transactional_producer
from exchange.engine.errors import PartitionUnknown
from exchange.engine.kafka_errors import named, naming

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
    from typing import TypeAlias

    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    from exchange.engine.clients import ClientSettings
    from exchange.engine.log import Pair, Partition, Record

    Ask: TypeAlias = Callable[[list[TopicPartition]], Awaitable[dict[Partition, int]]]

CLOSE_S_MAX = 1.0
METADATA_S_MAX = 3.0
METADATA_PAUSE_S = 0.2
OFFSETS_S_MAX = 10.0


class KafkaLog:
    """The log of one cluster. Readers, writers and producers are made from it; close it last."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._lingering: set[asyncio.Task[None]] = set()

    async def writer(self, transactional_id: str) -> KafkaWriter:
        """The writer of this id, its producer id known: every earlier one is fenced and settled."""
        producer = transactional_producer(self._settings, transactional_id)
        try:
            with naming(f"taking over {transactional_id}"):
                await producer.start()
                await producer.begin_transaction()  # waits for the producer id, whatever `start` does
                await producer.abort_transaction()  # of nothing: stays here
        except BaseException:
            await self.let_go(producer.stop())
            raise
        return KafkaWriter(producer, transactional_id, self)

    async def reader(self) -> KafkaReader:
        """A new reader, nothing assigned."""
        consumer = reading_consumer(self._settings)
        try:
            with naming("connecting a reader"):
                await consumer.start()
        except BaseException:
            await self.let_go(consumer.stop())
            raise
        return KafkaReader(consumer, self)

    async def producer(self) -> KafkaProducer:
        """A new idempotent producer."""
        producer = idempotent_producer(self._settings)
        try:
            with naming("connecting a producer"):
                await producer.start()
        except BaseException:
            await self.let_go(producer.stop())
            raise
        return KafkaProducer(producer, self)

    async def let_go(self, closing: Coroutine[None, None, None]) -> None:
        """Wait a second for a client to close; what takes longer ends in the background."""
        task = asyncio.ensure_future(closing)
        self._lingering.add(task)
        task.add_done_callback(self._lingering.discard)
        task.add_done_callback(_looked_at)
        await asyncio.wait({task}, timeout=CLOSE_S_MAX)

    async def close(self) -> None:
        """End what is still trying to close."""
        lingering = set(self._lingering)
        for task in lingering:
            task.cancel()
        if lingering:
            await asyncio.wait(lingering, timeout=CLOSE_S_MAX)


class _Sending:
    """Filling and sending batches, for both kinds of producer."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._known: dict[str, Collection[int]] = {}

    async def queue(self, partition: Partition, records: Sequence[Pair]) -> list[Awaitable[object]]:
        """Queue records as batches, in order; one future a batch."""
        topic, number = partition
        if number not in (self._known.get(topic) or await self._learn(topic)):
            raise PartitionUnknown(f"{topic} has no partition {number}.")
        sent: list[Awaitable[object]] = []
        batch = self._producer.create_batch()
        for key, value in records:
            if batch.append(key=key, value=value, timestamp=None) is None:
                sent.append(await self._producer.send_batch(batch, topic, partition=number))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)  # the first of a batch is always taken
        if batch.record_count():
            sent.append(await self._producer.send_batch(batch, topic, partition=number))
        return sent

    async def _learn(self, topic: str) -> Collection[int]:
        try:
            async with asyncio.timeout(METADATA_S_MAX):
                self._known[topic] = await self._producer.partitions_for(topic)
        except TimeoutError:
            raise PartitionUnknown(f"No broker knows topic {topic}.") from None
        return self._known[topic]


class KafkaWriter:
    """A transactional writer."""

    def __init__(self, producer: AIOKafkaProducer, transactional_id: str, log: KafkaLog) -> None:
        self._producer = producer
        self._id = transactional_id
        self._log = log
        self._sending = _Sending(producer)
        self._open = False

    async def begin(self) -> None:
        """Open a transaction."""
        with naming(f"beginning a transaction of {self._id}"):
            self._fail_if_broken()
            await self._producer.begin_transaction()
        self._open = True

    async def send(self, partition: Partition, records: Sequence[Pair]) -> Awaitable[None]:
        """Queue records; the result is done when the log has them."""
        doing = f"writing to {partition.topic}-{partition.partition} as {self._id}"
        with naming(doing):
            sent = await self._sending.queue(partition, records)
        acknowledged = asyncio.ensure_future(_all_of(sent, doing))
        acknowledged.add_done_callback(_looked_at)
        return acknowledged

    async def commit(self) -> None:
        """Commit, once."""
        self._open = False
        with naming(f"committing as {self._id}"):
            self._fail_if_broken()
            await self._producer.commit_transaction()

    async def abort(self) -> None:
        """Give the open transaction up."""
        self._open = False
        with naming(f"aborting as {self._id}"):
            self._fail_if_broken()
            await self._producer.abort_transaction()

    async def close(self) -> None:
        """Abort what is open and stop, in bounded time."""
        await self._log.let_go(self._close())

    async def _close(self) -> None:
        try:
            if self._open:
                await self.abort()
        finally:
            await self._producer.stop()
            _hush(self._producer)

    def _fail_if_broken(self) -> None:
        """Raise what ended the sender: aiokafka's own state machine would answer with an assertion."""
        task = self._producer._sender.sender_task  # noqa: SLF001 (no public way to ask)
        if task is not None and task.done() and not task.cancelled() and (error := task.exception()):
            raise named(error, f"writing as {self._id}")


class KafkaReader:
    """A read-committed reader without a group."""

    def __init__(self, consumer: AIOKafkaConsumer, log: KafkaLog) -> None:
        self._consumer = consumer
        self._log = log
        self._assigned = False

    def assign(self, partitions: Collection[Partition]) -> None:
        """Read these; every position is dropped."""
        self._assigned = bool(partitions)
        self._consumer.assign([TopicPartition(*partition) for partition in partitions])

    def seek(self, partition: Partition, offset: int) -> None:
        """Read this one from there."""
        self._consumer.seek(TopicPartition(*partition), offset)

    async def position(self, partition: Partition) -> int:
        """Where it is read from next."""
        with naming("asking for a position"):
            return cast("int", await self._consumer.position(TopicPartition(*partition)))

    async def getmany(self, *, timeout_s: float, records_max: int) -> Mapping[Partition, Sequence[Record]]:
        """Records as aiokafka has them."""
        if not self._assigned:
            await asyncio.sleep(timeout_s)
            return {}
        with naming("reading"):
            batch = await self._consumer.getmany(timeout_ms=int(timeout_s * 1000), max_records=records_max)
        return cast("Mapping[Partition, Sequence[Record]]", batch)

    async def beginning_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The first offsets that still exist."""
        return await self._offsets(self._consumer.beginning_offsets, partitions)

    async def end_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The last stable offsets: the consumer asks as a read-committed one."""
        return await self._offsets(self._consumer.end_offsets, partitions)

    async def _offsets(self, ask: Ask, partitions: Collection[Partition]) -> dict[Partition, int]:
        topics = {partition.topic for partition in partitions}
        await self._expect(topics)
        await self._meet(topics)
        wanted = [TopicPartition(*partition) for partition in partitions]
        with naming("asking for offsets"):
            async with asyncio.timeout(OFFSETS_S_MAX):
                offsets = await ask(wanted)
        return {partition: offsets[partition] for partition in partitions}

    async def _expect(self, topics: Collection[str]) -> None:
        """Wait a little for topics that are new. aiokafka would ask for what does not exist until its request times out."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + METADATA_S_MAX
        while missing := {topic for topic in topics if self._consumer.partitions_for_topic(topic) is None}:
            with naming("listing topics"):
                missing -= await self._consumer.topics()
            if not missing:
                return
            if loop.time() > deadline:
                raise PartitionUnknown(f"No broker knows topic {min(missing)}.")
            await asyncio.sleep(METADATA_PAUSE_S)

    async def _meet(self, topics: Collection[str]) -> None:
        """Learn of all these topics at once: left alone, aiokafka meets one in each tenth of a second."""
        client = self._consumer._client  # noqa: SLF001 (no public way to ask for the metadata of several topics)
        met = [client.add_topic(topic) for topic in topics if self._consumer.partitions_for_topic(topic) is None]
        if met:
            with naming("learning of topics"):
                async with asyncio.timeout(METADATA_S_MAX):
                    await asyncio.gather(*met)

    async def close(self) -> None:
        """Stop, in bounded time."""
        await self._log.let_go(self._consumer.stop())


class KafkaProducer:
    """An idempotent producer without transactions."""

    def __init__(self, producer: AIOKafkaProducer, log: KafkaLog) -> None:
        self._producer = producer
        self._log = log
        self._sending = _Sending(producer)

    async def send(self, partition: Partition, records: Sequence[Pair]) -> None:
        """Write records; returns when the log has them."""
        doing = f"writing to {partition.topic}-{partition.partition}"
        with naming(doing):
            sent = await self._sending.queue(partition, records)
        await _all_of(sent, doing)

    async def close(self) -> None:
        """Stop, in bounded time."""
        await self._log.let_go(self._producer.stop())


async def _all_of(sent: Sequence[Awaitable[object]], doing: str) -> None:
    with naming(doing):
        await asyncio.gather(*sent)


def _hush(producer: AIOKafkaProducer) -> None:
    """Mark what a fenced producer leaves behind as seen: asyncio would log each with its traceback.

    aiokafka has no public way to these futures. Their error is the one that our caller got.
    """
    _looked_at(producer._txn_manager.wait_for_transaction_end())  # noqa: SLF001
    for batches in producer._message_accumulator._batches.values():  # noqa: SLF001
        for batch in batches:
            _looked_at(batch.future)
            _looked_at(batch._drain_waiter)  # noqa: SLF001


def _looked_at(future: asyncio.Future[None] | None) -> None:
    """Mark a future's error as seen: it was reported where it matters, and need not be logged as lost."""
    if future is not None and future.done() and not future.cancelled():
        future.exception()
