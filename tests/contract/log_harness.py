"""One log under test, as the contract's parts use it; a subclass provides it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager

import pytest

from exchange.engine.log import Log, Pair, Partition, Reader, Record, Writer


class Harness(ABC):
    """One log under test. `log` and `other` are the same log as two processes reach it."""

    log: Log
    other: Log
    prefix: str

    @abstractmethod
    async def create(self, partitions: int = 1) -> list[Partition]: ...

    @abstractmethod
    async def delete(self, topic: str) -> None: ...

    @abstractmethod
    async def delete_before(self, partition: Partition, offset: int) -> None: ...

    @asynccontextmanager
    async def writer(self, name: str = "w", log: Log | None = None):
        writer = await (log or self.log).writer(self.prefix + name)
        try:
            yield writer
        finally:
            await writer.close()

    @asynccontextmanager
    async def reader(self, *partitions: Partition):
        reader = await self.log.reader()
        try:
            await self.rewind(reader, partitions)
            yield reader
        finally:
            await reader.close()

    async def rewind(self, reader: Reader, partitions: Collection[Partition]) -> None:
        if partitions:
            begins = await reader.beginning_offsets(partitions)
            reader.assign(partitions)
            for partition, begin in begins.items():
                reader.seek(partition, begin)

    async def read(self, partition: Partition) -> list[Record]:
        """All that is decided now."""
        async with self.reader(partition) as reader:
            return await read_on(reader, partition)


async def read_on(reader: Reader, partition: Partition) -> list[Record]:
    end = (await reader.stable_offsets([partition]))[partition]
    records: list[Record] = []
    while await reader.position(partition) < end:
        batch = await reader.getmany(timeout_s=0.2, records_max=1000)
        records += batch.get(partition, [])
    return records


async def keep_reading(reader: Reader) -> None:
    for _ in range(20):
        await reader.getmany(timeout_s=0.2, records_max=10)


async def sent(writer: Writer, partition: Partition, *values: bytes) -> None:
    await (await writer.send(partition, pairs(*values)))


def pairs(*values: bytes) -> list[Pair]:
    return [(b"k", value) for value in values]


def values(records: Sequence[Record]) -> list[bytes | None]:
    return [record.value for record in records]


async def refused(error: type[Exception], call: Callable[[], Awaitable[object]]) -> None:
    with pytest.raises(error):
        await call()


async def settled(harness: Harness, partition: Partition) -> list[Record]:
    """All records, once every transaction is decided: only a new writer of an id ensures that."""
    for name in ("w", "one", "two"):
        async with harness.writer(name, harness.other):
            pass
    return await harness.read(partition)
