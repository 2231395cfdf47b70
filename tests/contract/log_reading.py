"""What every log promises of readers and positions, and of producers without transactions."""

import pytest

from exchange.engine.errors import Fenced, LogUnavailable, PartitionUnknown, PositionOutOfRange, RecordRefused
from exchange.engine.log import Partition
from tests.contract.log_harness import Harness, keep_reading, pairs, read_on, refused, sent, values


class ReadingContract:
    async def test_a_partition_that_does_not_exist_is_named(self, harness: Harness) -> None:
        (p,) = await harness.create()
        nowhere = Partition(harness.prefix + "nowhere", 0)
        async with harness.writer() as writer, harness.reader() as reader:
            await writer.begin()
            await refused(PartitionUnknown, lambda: sent(writer, nowhere, b"x"))
            await refused(PartitionUnknown, lambda: sent(writer, Partition(p.topic, 7), b"x"))
            with pytest.raises(PartitionUnknown, match="nowhere"):
                await reader.end_offsets([nowhere])

    async def test_present_are_those_that_exist(self, harness: Harness) -> None:
        (p,) = await harness.create()
        async with harness.reader() as reader:
            await reader.end_offsets([p])  # waits until the topic is known
            assert await reader.present([p, Partition(harness.prefix + "nowhere", 0)]) == {p}

    async def test_a_topic_that_is_deleted_while_it_is_read_holds_up_no_other(self, harness: Harness) -> None:
        (p,), (q,) = await harness.create(), await harness.create()
        producer = await harness.log.producer()
        async with harness.reader(p, q) as reader:
            await producer.send(q, pairs(b"1"))
            assert values((await reader.getmany(timeout_s=5, records_max=10))[q]) == [b"1"]
            await harness.delete(q.topic)
            await producer.send(p, pairs(b"2"))
            read: list[bytes | None] = []
            for _ in range(10):
                read += values((await reader.getmany(timeout_s=0.2, records_max=10)).get(p, []))
            assert read == [b"2"]
            with pytest.raises(PartitionUnknown):
                await reader.end_offsets([p, q])
        await producer.close()

    async def test_a_producer_gives_records_the_time_that_it_is_given(self, harness: Harness) -> None:
        (p,) = await harness.create()
        producer = await harness.log.producer()
        await producer.send(p, pairs(b"1", b"2"), timestamp_ms=1_600_000_000_000)
        await producer.send(p, pairs(b"3"))
        first, second, third = await harness.read(p)
        assert first.timestamp == second.timestamp == 1_600_000_000_000 != third.timestamp
        await producer.close()

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
