"""The in-memory log: `log.Log` over `broker.Broker`. Passes the same contract suite as the one on Kafka.

It does what aiokafka does where that matters: `commit` waits for sends and does not look whether they failed, a
transaction of nothing sends nothing, `assign` drops every position, large sends go out as several requests.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeVar

from exchange.engine.errors import ExchangeError, PositionOutOfRange
from exchange.engine.log import Pair, Partition, Record
from tests.simulation.world.broker import ABORTED, COMMITTED, Broker, TryAgain
from tests.simulation.world.network import Connection

T = TypeVar("T")
PAUSE_S = 0.02
BATCH_RECORDS_MAX = 8


class MemoryLog:
    """The log as one process reaches it; `connect` gives each client its own connection."""

    def __init__(self, broker: Broker, connect: Callable[[], Connection]) -> None:
        self._broker, self._connect = broker, connect

    async def writer(self, transactional_id: str) -> "MemoryWriter":
        connection = self._connect()
        producer, epoch = await _patiently(connection, lambda: self._broker.take_over(transactional_id), "take over")
        return MemoryWriter(self._broker, connection, transactional_id, producer, epoch)

    async def reader(self) -> "MemoryReader":
        return MemoryReader(self._broker, self._connect())

    async def producer(self) -> "MemoryProducer":
        connection = self._connect()
        return MemoryProducer(self._broker, connection, await connection.call(self._broker.new_producer, "new"))


class MemoryWriter:
    def __init__(self, broker: Broker, connection: Connection, tid: str, producer: int, epoch: int) -> None:
        self._broker, self._connection = broker, connection
        self._who = (tid, producer, epoch)
        self._sequences: dict[Partition, int] = {}
        self._sends: dict[asyncio.Task[None], Partition] = {}
        self._added: list[Partition] = []
        self._open = False

    async def begin(self) -> None:
        self._open, self._sends, self._added = True, {}, []

    async def send(self, partition: Partition, records: Sequence[Pair]) -> Awaitable[None]:
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
            await _patiently(self._connection, lambda: self._broker.add(*self._who, partition), "add")
        for start in range(0, len(pairs), BATCH_RECORDS_MAX):
            batch = pairs[start : start + BATCH_RECORDS_MAX]
            await self._connection.call(
                lambda start=start, batch=batch: self._broker.produce_in(
                    *self._who, sequence + start, partition, batch
                ),
                "produce",
            )

    async def commit(self) -> None:
        if self._sends:
            await asyncio.wait(self._sends)  # whether they failed is the caller's to look at
        await self._end(COMMITTED)

    async def abort(self) -> None:
        if self._sends:
            await asyncio.wait(self._sends)
        await self._end(ABORTED)

    async def _end(self, result: str) -> None:
        self._open = False
        if self._added:
            await self._connection.call(lambda: self._broker.end(*self._who, result), f"end {result}")

    async def close(self) -> None:
        for task in self._sends:
            task.cancel()
        if self._open:
            try:
                async with asyncio.timeout(1.0):
                    await self._end(ABORTED)
            except (ExchangeError, TimeoutError):
                pass


class MemoryReader:
    def __init__(self, broker: Broker, connection: Connection) -> None:
        self._broker, self._connection = broker, connection
        self._positions: dict[Partition, int | None] = {}

    def assign(self, partitions: Collection[Partition]) -> None:
        self._positions = dict.fromkeys(partitions)

    def seek(self, partition: Partition, offset: int) -> None:
        if partition not in self._positions:
            raise ValueError("not assigned")
        self._positions[partition] = offset

    async def position(self, partition: Partition) -> int:
        position = self._positions[partition]
        if position is None:
            raise PositionOutOfRange(f"{partition.topic}-{partition.partition} was assigned and never sought.")
        return position

    async def getmany(self, *, timeout_s: float, records_max: int) -> Mapping[Partition, Sequence[Record]]:
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            order = list(self._positions)
            self._connection.shuffle(order)
            positions = {partition: await self.position(partition) for partition in order}
            found = {}
            if positions:
                found = await self._connection.call(lambda at=positions: self._broker.fetch(at, records_max), "fetch")
            for partition, (_, go_on) in found.items():
                self._positions[partition] = go_on
            batch = {partition: records for partition, (records, _) in found.items() if records}
            left = deadline - asyncio.get_running_loop().time()
            if batch or left <= 0:
                return batch
            await self._connection.arrival(self._broker, left)

    async def present(self, partitions: Collection[Partition]) -> set[Partition]:
        wanted = list(partitions)
        return await self._connection.call(lambda: {p for p in wanted if self._broker.has(p)}, "present")

    async def beginning_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        wanted = list(partitions)
        return await self._connection.call(lambda: {p: self._broker.begin_of(p) for p in wanted}, "ends")

    async def end_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        wanted = list(partitions)
        return await self._connection.call(lambda: {p: self._broker.end_of(p) for p in wanted}, "ends")

    async def close(self) -> None:
        self._positions = {}


class MemoryProducer:
    def __init__(self, broker: Broker, connection: Connection, producer: int) -> None:
        self._broker, self._connection, self._producer = broker, connection, producer
        self._sequences: dict[Partition, int] = {}

    async def send(self, partition: Partition, records: Sequence[Pair], *, timestamp_ms: int | None = None) -> None:
        sequence, pairs = self._sequences.get(partition, 0), list(records)
        self._sequences[partition] = sequence + len(pairs)
        at_ms = () if timestamp_ms is None else (timestamp_ms,)
        await self._connection.call(
            lambda: self._broker.produce(self._producer, sequence, partition, pairs, *at_ms), "produce"
        )

    async def close(self) -> None:
        pass


async def _patiently(connection: Connection, request: Callable[[], T], kind: str) -> T:
    while True:
        try:
            return await connection.call(request, kind)
        except TryAgain:
            await asyncio.sleep(PAUSE_S)
