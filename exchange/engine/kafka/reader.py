"""Reading from Kafka: records by one consumer, offsets by another.

A broker answers the requests of a connection one after the other. A fetch that waits for records is
one of them, so a request for offsets on the same connection would wait half a second. The second
consumer also looks for records that cannot be decoded (`unreadable`).
"""

from __future__ import annotations

import asyncio
from copy import copy
from typing import TYPE_CHECKING, cast

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_UNCOMMITTED

from exchange.engine.errors import LogUnavailable, PartitionUnknown
from exchange.engine.kafka.clients import reading_consumer
from exchange.engine.kafka.errors import naming
from exchange.engine.kafka.metadata import keep_in_mind, refuse_forbidden
from exchange.engine.kafka.unreadable import Looking, read_unless_faulty

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from typing import TypeAlias

    from aiokafka import AIOKafkaConsumer

    from exchange.engine.kafka.bounded_close import BoundedClose
    from exchange.engine.kafka.clients import ClientSettings
    from exchange.engine.log import Partition, Record

    Ask: TypeAlias = Callable[[list[TopicPartition]], Awaitable[dict[Partition, int]]]

METADATA_S_MAX = 3.0
METADATA_PAUSE_S = 0.2
OFFSETS_S_MAX = 5.0
OTHERS_S = 0.05
CANCEL_AGAIN_S = 0.02


class KafkaReader:
    """A read-committed reader without a group."""

    def __init__(self, settings: ClientSettings, lingering: BoundedClose) -> None:
        self._consumer = reading_consumer(settings)
        self._asker = reading_consumer(settings)
        self._lingering = lingering
        self._looking = Looking(self._asker)
        self._next: dict[TopicPartition, int] = {}
        """The next position of each sought partition, after the records handed over."""
        self._assigned = False
        self.open_s_max = settings.open_s_max

    async def start(self) -> None:
        """Connect; raises aiokafka's errors. Both connect at once, and neither is left half-way."""
        started = await asyncio.gather(self._consumer.start(), self._asker.start(), return_exceptions=True)
        for outcome in started:
            if isinstance(outcome, BaseException):
                raise outcome

    def assign(self, partitions: Collection[Partition]) -> None:
        """Read these; every position is dropped."""
        self._assigned = bool(partitions)
        self._next.clear()
        self._consumer.assign([TopicPartition(*partition) for partition in partitions])

    def seek(self, partition: Partition, offset: int) -> None:
        """Read this partition from that offset."""
        self._consumer.seek(TopicPartition(*partition), offset)
        self._next[TopicPartition(*partition)] = offset

    async def position(self, partition: Partition) -> int:
        """The offset of the next read."""
        with naming("asking for a position"):
            return cast("int", await self._consumer.position(TopicPartition(*partition)))

    async def getmany(self, *, timeout_s: float, records_max: int) -> Mapping[Partition, Sequence[Record]]:
        """Records in aiokafka's form."""
        if not self._assigned:
            await asyncio.sleep(timeout_s)
            return {}
        batch = await self._read((), timeout_s, records_max)
        return (
            await self._pass_over(records_max) if batch is None else cast("Mapping[Partition, Sequence[Record]]", batch)
        )

    async def _read(
        self, only: Sequence[TopicPartition], timeout_s: float, records_max: int
    ) -> Mapping[TopicPartition, Sequence[Record]] | None:
        """Records, with their positions noted; None at a fault."""
        batch = await read_unless_faulty(self._consumer, *only, timeout_s=timeout_s, records_max=records_max)
        if batch is not None:
            self._next.update({partition: records[-1].offset + 1 for partition, records in batch.items()})
        return batch

    async def _pass_over(self, records_max: int) -> Mapping[Partition, Sequence[Record]]:
        """Skip a record that cannot be read.

        Other partitions get a turn first: faults in one may be endless.
        """
        passed = await self._looking.pass_over(self._next)
        if passed is not None:
            self._next[passed.partition] = passed.go_on
        self._seek_all()
        if passed is None:
            return {}
        others = [partition for partition in self._next if partition != passed.partition]
        batch = await self._read(others, OTHERS_S, records_max) if others else {}
        if batch is None:  # a fault there too: its turn comes later
            self._seek_all()
        return cast("Mapping[Partition, Sequence[Record]]", {**(batch or {}), passed.partition: passed.records})

    def _seek_all(self) -> None:
        for partition, position in self._next.items():
            self._consumer.seek(partition, position)

    async def present(self, partitions: Collection[Partition]) -> set[Partition]:
        """The partitions whose topics exist now."""
        with naming("listing topics"):
            topics = await self._asker.topics()
        return {partition for partition in partitions if partition.topic in topics}

    async def beginning_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The first offsets that still exist."""
        return await self._offsets(self._asker.beginning_offsets, partitions)

    async def end_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The high watermarks."""
        return await self._offsets(self._written, partitions)

    async def stable_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The last stable offsets, because the consumer reads committed records."""
        return await self._offsets(self._asker.end_offsets, partitions)

    async def _written(self, partitions: list[TopicPartition]) -> dict[Partition, int]:
        """Ask on the asker's connection, but as a client would that reads uncommitted records.

        aiokafka's fetcher puts its isolation level into each request for offsets. A copy of it
        shares the client and starts nothing of its own.
        """
        fetcher = copy(self._asker._fetcher)  # noqa: SLF001 (no public way)
        fetcher._isolation_level = READ_UNCOMMITTED  # noqa: SLF001
        return cast("dict[Partition, int]", await fetcher.end_offsets(partitions, OFFSETS_S_MAX * 1000))

    async def _offsets(self, ask: Ask, partitions: Collection[Partition]) -> dict[Partition, int]:
        topics = {partition.topic for partition in partitions}
        await self._expect(topics)
        with naming("learning of topics"):
            async with asyncio.timeout(METADATA_S_MAX):
                await keep_in_mind(self._asker._client, topics)  # noqa: SLF001 (no public way)
        wanted = [TopicPartition(*partition) for partition in partitions]
        try:
            with naming("asking for offsets"):
                async with asyncio.timeout(OFFSETS_S_MAX):
                    offsets = await ask(wanted)
        except LogUnavailable:  # also raised for a known topic that was deleted
            if gone := set(partitions) - await self.present(partitions):
                raise PartitionUnknown(f"No broker knows topic {min(gone).topic} any more.") from None
            raise
        return {partition: offsets[partition] for partition in partitions}

    async def _expect(self, topics: Collection[str]) -> None:
        """Wait a little for new topics. aiokafka would ask for missing ones until it times out."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + METADATA_S_MAX
        while missing := {topic for topic in topics if self._asker.partitions_for_topic(topic) is None}:
            with naming("listing topics"):
                missing -= await self._asker.topics()
            if not missing:
                return
            await refuse_forbidden(self._asker._client, missing)  # noqa: SLF001 (no public way)
            if loop.time() > deadline:
                raise PartitionUnknown(f"No broker knows topic {min(missing)}.")
            await asyncio.sleep(METADATA_PAUSE_S)

    async def close(self) -> None:
        """Stop, in bounded time."""
        await self._lingering.let_go(stopped(self._consumer), stopped(self._asker))


async def stopped(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer, also one that was assigned partitions a moment ago.

    aiokafka's fetcher is then at work on the change, takes the cancellation for one of its requests
    and goes on for ever. So it is cancelled again.
    """
    stopping = asyncio.ensure_future(consumer.stop())
    try:
        while not (await asyncio.wait({stopping}, timeout=CANCEL_AGAIN_S))[0]:
            if consumer._fetcher is not None:  # noqa: SLF001 (no public way)
                consumer._fetcher._fetch_task.cancel()  # noqa: SLF001
        stopping.result()
    finally:
        stopping.cancel()
