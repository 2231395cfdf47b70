"""The in-memory log: `exchange.engine.log.Log` over a `MemoryBroker`.

It passes the same contract suite as the log on Kafka.

It does what aiokafka does, where that matters: `commit` waits for sends and does not check whether
they failed, an empty transaction sends nothing, `assign` drops all positions, a large send goes out
as several requests.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TypeVar

from exchange.core.errors import ExchangeError
from exchange.engine.errors import PositionOutOfRange
from exchange.engine.log import OPEN_S_MAX, Pair, Partition, Record, Times
from exchange.testing.connection import Connection, DirectConnection
from exchange.testing.memory_broker import MemoryBroker, TryAgain, WriterEpoch
from exchange.testing.memory_partition import ABORTED, COMMITTED

T = TypeVar("T")
PAUSE_S = 0.02
BATCH_RECORDS_MAX = 8


class MemoryLog:
    """The log as one process reaches it; `connect` gives each client its own connection."""

    def __init__(self, broker: MemoryBroker, connect: Callable[[], Connection] = DirectConnection) -> None:
        self._broker, self._connect = broker, connect
        self.open_s_max = OPEN_S_MAX

    async def cluster_id(self) -> str:
        """The broker's cluster id."""
        return self._broker.cluster

    async def writer(self, transactional_id: str) -> "MemoryWriter":
        """A transactional writer; earlier writers of this id are fenced."""
        connection = self._connect()
        owner = await _patiently(connection, lambda: self._broker.take_over(transactional_id), "take over")
        return MemoryWriter(self._broker, connection, owner)

    async def reader(self) -> "MemoryReader":
        """A read-committed reader."""
        return MemoryReader(self._broker, self._connect(), self.open_s_max)

    async def producer(self) -> "MemoryProducer":
        """A producer without transactions."""
        connection = self._connect()
        return MemoryProducer(self._broker, connection, await connection.call(self._broker.new_producer, "new"))


class MemoryWriter:
    """A transactional writer."""

    def __init__(self, broker: MemoryBroker, connection: Connection, owner: WriterEpoch) -> None:
        self._broker, self._connection, self._owner = broker, connection, owner
        self._sequences: dict[Partition, int] = {}
        self._sends: dict[asyncio.Task[None], Partition] = {}
        self._added: list[Partition] = []
        self._open = False

    async def begin(self) -> None:
        """Begin a transaction."""
        self._open, self._sends, self._added = True, {}, []

    async def send(self, partition: Partition, records: Sequence[Pair]) -> Awaitable[None]:
        """Send records in the open transaction.

        Await what it returns to know that they are written.
        """
        before = [task for task, other in self._sends.items() if other == partition]
        sequence = self._sequences.get(partition, 0)
        self._sequences[partition] = sequence + len(records)
        task = asyncio.ensure_future(self._produce(partition, list(records), sequence, before))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._sends[task] = partition
        return task

    async def _produce(
        self, partition: Partition, pairs: list[Pair], sequence: int, before: list[asyncio.Task[None]]
    ) -> None:
        if before:
            await asyncio.wait(before)
        if partition not in self._added:
            self._added.append(partition)
            await _patiently(self._connection, lambda: self._broker.add(self._owner, partition), "add")
        for start in range(0, len(pairs), BATCH_RECORDS_MAX):
            batch = pairs[start : start + BATCH_RECORDS_MAX]
            request = partial(self._broker.produce_in, self._owner, sequence + start, partition, batch)
            await self._connection.call(request, "produce")

    async def commit(self) -> None:
        """Commit the open transaction."""
        if self._sends:
            await asyncio.wait(self._sends)  # whether they failed is the caller's to look at
        await self._end(COMMITTED)

    async def abort(self) -> None:
        """Abort the open transaction."""
        if self._sends:
            await asyncio.wait(self._sends)
        await self._end(ABORTED)

    async def _end(self, result: str) -> None:
        self._open = False
        if self._added:
            await self._connection.call(lambda: self._broker.end(self._owner, result), f"end {result}")

    async def close(self) -> None:
        """Let go of everything."""
        for task in self._sends:
            task.cancel()
        if self._open:
            try:
                async with asyncio.timeout(1.0):
                    await self._end(ABORTED)
            except (ExchangeError, TimeoutError):
                pass


class MemoryReader:
    """A reader of committed records."""

    def __init__(self, broker: MemoryBroker, connection: Connection, open_s_max: float = OPEN_S_MAX) -> None:
        self._broker, self._connection = broker, connection
        self.open_s_max = open_s_max
        self._positions: dict[Partition, int | None] = {}

    def assign(self, partitions: Collection[Partition]) -> None:
        """Read these partitions; all positions are dropped."""
        self._positions = dict.fromkeys(partitions)

    def seek(self, partition: Partition, offset: int) -> None:
        """Read on from this offset."""
        if partition not in self._positions:
            raise ValueError("not assigned")
        self._positions[partition] = offset

    async def position(self, partition: Partition) -> int:
        """The offset of the next record to read."""
        position = self._positions[partition]
        if position is None:
            raise PositionOutOfRange(f"{partition.topic}-{partition.partition} was assigned and never sought.")
        return position

    async def getmany(self, *, timeout_s: float, records_max: int) -> Mapping[Partition, Sequence[Record]]:
        """The next records; none when nothing comes within the timeout."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            order = list(self._positions)
            self._connection.shuffle(order)
            positions = {partition: await self.position(partition) for partition in order}
            found = {}
            if positions:
                found = await self._connection.call(partial(self._broker.fetch, positions, records_max), "fetch")
            for partition, (_, go_on) in found.items():
                self._positions[partition] = go_on
            batch = {partition: records for partition, (records, _) in found.items() if records}
            left = deadline - asyncio.get_running_loop().time()
            if batch or left <= 0:
                return batch
            await self._connection.arrival(self._broker, left)

    async def present(self, partitions: Collection[Partition]) -> set[Partition]:
        """Those of the partitions that exist."""
        wanted = list(partitions)
        return await self._connection.call(lambda: {p for p in wanted if self._broker.has(p)}, "present")

    async def beginning_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The first offset of each partition."""
        wanted = list(partitions)
        return await self._connection.call(lambda: {p: self._broker.begin_of(p) for p in wanted}, "ends")

    async def end_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The end of each partition, decided or not."""
        wanted = list(partitions)
        return await self._connection.call(lambda: {p: self._broker.end_of(p) for p in wanted}, "ends")

    async def stable_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The last stable offset of each partition."""
        wanted = list(partitions)
        return await self._connection.call(lambda: {p: self._broker.stable_end_of(p) for p in wanted}, "ends")

    async def close(self) -> None:
        """Let go of everything."""
        self._positions = {}


class MemoryProducer:
    """A producer without transactions."""

    def __init__(self, broker: MemoryBroker, connection: Connection, producer: int) -> None:
        self._broker, self._connection, self._producer = broker, connection, producer
        self._sequences: dict[Partition, int] = {}

    async def send(self, partition: Partition, records: Sequence[Pair], *, timestamp_ms: Times = None) -> None:
        """Write records; `timestamp_ms`: their time, unless it is now."""
        if isinstance(timestamp_ms, Sequence):
            for pair, own_ms in zip(records, timestamp_ms, strict=True):
                await self.send(partition, [pair], timestamp_ms=own_ms)
            return
        sequence, pairs = self._sequences.get(partition, 0), list(records)
        self._sequences[partition] = sequence + len(pairs)
        at_ms = () if timestamp_ms is None else (timestamp_ms,)
        await self._connection.call(
            lambda: self._broker.produce(self._producer, sequence, partition, pairs, *at_ms), "produce"
        )

    async def close(self) -> None:
        """Let go of everything."""


async def _patiently(connection: Connection, request: Callable[[], T], kind: str) -> T:
    while True:
        try:
            return await connection.call(request, kind)
        except TryAgain:
            await asyncio.sleep(PAUSE_S)
