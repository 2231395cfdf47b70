"""What every log promises, once, for all implementations (`exchange/engine/log.py` says it in words).

A subclass gives the fixture `harness`; see `test_log_memory.py` and `test_log_kafka.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager

import pytest

from exchange.engine.errors import Fenced, LogUnavailable, PartitionUnknown, PositionOutOfRange, RecordRefused
from exchange.engine.log import Log, Pair, Partition, Reader, Record, Writer


class Harness(ABC):
    """One log under test. `log` and `other` are the same log as two processes reach it."""

    log: Log
    other: Log
    prefix: str

    @abstractmethod
    async def create(self, partitions: int = 1) -> list[Partition]: ...

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
    end = (await reader.end_offsets([partition]))[partition]
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


class LogContract:
    async def test_committed_records_are_read_in_order_with_key_and_value(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.writer() as writer:
            await writer.begin()
            await (await writer.send(p, [(b"a", b"1"), (b"b", None), (None, b"3"), (b"", b"")]))
            await writer.commit()
            records = await settled(harness, p)
        assert [(r.key, r.value) for r in records] == [(b"a", b"1"), (b"b", None), (None, b"3"), (b"", b"")]
        assert all(not r.headers and isinstance(r.timestamp, int) for r in records)

    async def test_aborted_records_are_never_read(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.writer() as writer:
            await writer.begin()
            await sent(writer, p, b"gone")
            await writer.abort()
            await writer.begin()
            await sent(writer, p, b"kept")
            await writer.commit()
        assert values(await settled(harness, p)) == [b"kept"]

    async def test_an_open_transaction_holds_back_what_stands_behind_it(self, harness: Harness) -> None:
        (p,) = await harness.create()
        producer = await harness.log.producer()
        async with harness.writer() as writer, harness.reader(p) as reader:
            await producer.send(p, pairs(b"before"))
            await writer.begin()
            await sent(writer, p, b"open")
            await producer.send(p, pairs(b"behind"))
            assert (await reader.end_offsets([p]))[p] == 1
            assert values(await read_on(reader, p)) == [b"before"]
            assert not await reader.getmany(timeout_s=0.1, records_max=10)
            await writer.commit()
            assert values(await settled(harness, p)) == [b"before", b"open", b"behind"]
        await producer.close()

    async def test_markers_take_offsets_and_positions_move_past_them(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.writer() as writer:
            for value in (b"one", b"two"):
                await writer.begin()
                await sent(writer, p, value)
                await writer.commit()
        await settled(harness, p)
        async with harness.reader(p) as reader:
            records = await read_on(reader, p)
            assert [r.offset for r in records] == [0, 2]
            assert await reader.position(p) == (await reader.end_offsets([p]))[p] == 4

    async def test_a_transaction_over_partitions_is_all_or_nothing(self, harness: Harness) -> None:
        p, q = await harness.create(2)
        async with harness.writer() as writer:
            for end in (writer.abort, writer.commit):
                await writer.begin()
                await sent(writer, p, b"p")
                await sent(writer, q, b"q")
                await end()
        assert values(await settled(harness, p)) == [b"p"]
        assert values(await settled(harness, q)) == [b"q"]

    async def test_a_new_writer_fences_the_old_one(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.writer() as old:
            await old.begin()
            await sent(old, p, b"old")
            async with harness.writer(log=harness.other) as new:
                assert values(await harness.read(p)) == []
                await refused(Fenced, lambda: sent(old, p, b"zombie"))
                await new.begin()
                await sent(new, p, b"new")
                await new.commit()
        assert values(await settled(harness, p)) == [b"new"]

    async def test_a_fenced_writer_learns_it_at_its_commit(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.writer() as old:
            await old.begin()
            await sent(old, p, b"old")
            async with harness.writer(log=harness.other):
                await refused(Fenced, old.commit)
        assert values(await settled(harness, p)) == []

    async def test_a_new_writer_settles_the_open_transaction(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.writer() as old:
            await old.begin()
            await sent(old, p, b"open")
            async with harness.writer(log=harness.other), harness.reader(p) as reader:
                assert (await reader.end_offsets([p]))[p] == 2  # the record and its marker: decided

    async def test_what_was_committed_is_visible_once_a_new_writer_exists(self, harness: Harness) -> None:
        p, q = await harness.create(2)
        for round_number in range(5):
            async with harness.writer() as writer:
                await writer.begin()
                await sent(writer, p, b"%d" % round_number)
                await sent(writer, q, b"%d" % round_number)
                await writer.commit()
                async with harness.writer(log=harness.other):
                    assert len(await harness.read(p)) == len(await harness.read(q)) == round_number + 1

    async def test_writers_of_different_ids_do_not_disturb_each_other(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.writer("one") as one, harness.writer("two") as two:
            await one.begin()
            await two.begin()
            await sent(one, p, b"one")
            await sent(two, p, b"two")
            await two.commit()
            await one.commit()
        assert values(await settled(harness, p)) == [b"one", b"two"]

    async def test_closing_a_writer_aborts_its_open_transaction(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.writer() as writer:
            await writer.begin()
            await sent(writer, p, b"open")
        assert values(await settled(harness, p)) == []
        async with harness.reader(p) as reader:
            assert (await reader.end_offsets([p]))[p] == 2

    async def test_a_transaction_of_nothing_does_nothing(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.writer() as writer:
            await writer.begin()
            await writer.commit()
            await writer.begin()
            await writer.abort()
            await writer.begin()
            await sent(writer, p, b"real")
            await writer.commit()
        assert values(await settled(harness, p)) == [b"real"]

    async def test_large_sends_keep_their_order(self, harness: Harness) -> None:
        (p,) = await harness.create()
        many = [b"%06d" % number + bytes(100) for number in range(12_000)]
        async with harness.writer() as writer:
            await writer.begin()
            done = [await writer.send(p, pairs(*many[:6000])), await writer.send(p, pairs(*many[6000:]))]
            for acknowledged in done:
                await acknowledged
            await writer.commit()
        assert values(await settled(harness, p)) == many

    async def test_a_record_too_large_is_refused_at_its_send(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.writer() as writer:
            await writer.begin()
            await refused(RecordRefused, lambda: sent(writer, p, bytes(3 << 20)))

    async def test_a_commit_does_not_look_at_sends_that_failed(self, harness: Harness) -> None:
        """Not a promise but a trap, kept here so that the in-memory log has it too."""
        p, q = await harness.create(2)
        async with harness.writer() as writer:
            await writer.begin()
            await writer.send(p, pairs(bytes(3 << 20)))
            await writer.send(q, pairs(b"alone"))
            await writer.commit()
        assert values(await settled(harness, p)) == []
        assert values(await settled(harness, q)) == [b"alone"]

    async def test_a_partition_that_does_not_exist_is_named(self, harness: Harness) -> None:
        (p,) = await harness.create()
        nowhere = Partition(harness.prefix + "nowhere", 0)
        async with harness.writer() as writer, harness.reader() as reader:
            await writer.begin()
            await refused(PartitionUnknown, lambda: sent(writer, nowhere, b"x"))
            await refused(PartitionUnknown, lambda: sent(writer, Partition(p.topic, 7), b"x"))
            with pytest.raises(PartitionUnknown, match="nowhere"):
                await reader.end_offsets([nowhere])

    async def test_assign_drops_every_position(self, harness: Harness) -> None:
        p, q = await harness.create(2)
        producer = await harness.log.producer()
        await producer.send(p, pairs(b"1", b"2"))
        async with harness.reader(p) as reader:
            assert len(await read_on(reader, p)) == 2
            reader.assign([p, q])
            reader.seek(q, 0)
            await producer.send(p, pairs(b"3"))
            await refused(PositionOutOfRange, lambda: keep_reading(reader))
        await producer.close()

    async def test_one_more_partition_and_all_sought_again_loses_nothing(self, harness: Harness) -> None:
        p, q = await harness.create(2)
        producer = await harness.log.producer()
        await producer.send(p, pairs(*(b"%d" % n for n in range(50))))
        await producer.send(q, pairs(b"q"))
        seen: list[bytes | None] = []
        async with harness.reader(p) as reader:
            batch = await reader.getmany(timeout_s=2, records_max=20)
            seen += values(batch[p])
            position = await reader.position(p)
            reader.assign([p, q])
            reader.seek(p, position)
            reader.seek(q, 0)
            while len(seen) < 51:
                for records in (await reader.getmany(timeout_s=2, records_max=20)).values():
                    seen += values(records)
        assert [value for value in seen if value != b"q"] == [b"%d" % n for n in range(50)]
        assert seen.count(b"q") == 1
        await producer.close()

    async def test_a_position_beyond_the_end_is_refused(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.reader(p) as reader:
            reader.seek(p, 5)
            await refused(PositionOutOfRange, lambda: keep_reading(reader))

    async def test_a_position_before_the_beginning_is_refused(self, harness: Harness) -> None:
        (p,) = await harness.create()
        producer = await harness.log.producer()
        await producer.send(p, pairs(b"1", b"2", b"3"))
        await producer.close()
        await harness.delete_before(p, 2)
        async with harness.reader(p) as reader:
            assert await reader.position(p) == 2
            assert values(await read_on(reader, p)) == [b"3"]
            reader.seek(p, 1)
            await refused(PositionOutOfRange, lambda: keep_reading(reader))

    async def test_getmany_gives_at_most_what_is_asked_and_nothing_when_there_is_nothing(
        self, harness: Harness
    ) -> None:
        (p,) = await harness.create()
        producer = await harness.log.producer()
        async with harness.reader(p) as reader:
            assert not await reader.getmany(timeout_s=0.1, records_max=10)
            await producer.send(p, pairs(b"1", b"2", b"3"))
            first = await reader.getmany(timeout_s=5, records_max=2)
            rest = await reader.getmany(timeout_s=5, records_max=2)
            assert (values(first[p]), values(rest[p])) == ([b"1", b"2"], [b"3"])
            reader.assign([])
            assert not await reader.getmany(timeout_s=0.1, records_max=10)
        await producer.close()

    async def test_a_producer_needs_no_transaction(self, harness: Harness) -> None:
        (p,) = await harness.create()
        producer = await harness.log.producer()
        await producer.send(p, pairs(b"1", b"2"))
        await producer.send(p, pairs(b"3"))
        assert values(await harness.read(p)) == [b"1", b"2", b"3"]
        assert [r.offset for r in await harness.read(p)] == [0, 1, 2]
        await refused(RecordRefused, lambda: producer.send(p, pairs(bytes(3 << 20))))
        await producer.close()

    async def test_closing_twice_is_no_error(self, harness: Harness) -> None:
        writer, reader = await harness.log.writer(harness.prefix + "w"), await harness.log.reader()
        producer = await harness.log.producer()
        for _ in range(2):
            await writer.close()
            await reader.close()
            await producer.close()

    async def test_errors_hold_no_value(self, harness: Harness) -> None:
        (p,) = await harness.create()
        secret = b"the value of a record"
        async with harness.writer() as old:
            await old.begin()
            await sent(old, p, secret)
            async with harness.writer(log=harness.other):
                with pytest.raises((Fenced, LogUnavailable)) as caught:
                    await sent(old, p, secret)
        assert secret.decode() not in f"{caught.value} {caught.value!r}"


async def settled(harness: Harness, partition: Partition) -> list[Record]:
    """All records, once every transaction is decided: only a new writer of an id makes sure of that."""
    for name in ("w", "one", "two"):
        async with harness.writer(name, harness.other):
            pass
    return await harness.read(partition)
