"""Every log's promises on transactions: all or nothing, in order, one living writer of an id."""

import asyncio
import re

import pytest

from exchange.engine.errors import Fenced, RecordRefused, TransactionOpen
from exchange.engine.reading import decided_ends
from tests.contract.log_harness import Harness, pairs, read_on, refused, sent, settled, values


class TransactionContract:
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

    async def test_an_open_transaction_holds_back_what_comes_after_it(self, harness: Harness) -> None:
        (p,) = await harness.create()
        producer = await harness.log.producer()
        async with harness.writer() as writer, harness.reader(p) as reader:
            await producer.send(p, pairs(b"before"))
            await writer.begin()
            await sent(writer, p, b"open")
            await producer.send(p, pairs(b"behind"))
            assert (await reader.stable_offsets([p]))[p] == 1
            assert (await reader.end_offsets([p]))[p] == 3
            assert values(await read_on(reader, p)) == [b"before"]
            assert not await reader.getmany(timeout_s=0.1, records_max=10)
            await writer.commit()
            assert values(await settled(harness, p)) == [b"before", b"open", b"behind"]
            assert await reader.stable_offsets([p]) == await reader.end_offsets([p]) == {p: 4}
        await producer.close()

    async def test_the_two_ends_are_asked_for_many_partitions_at_once(self, harness: Harness) -> None:
        p, q = await harness.create(2)
        async with harness.writer() as writer, harness.reader(p, q) as reader:
            await writer.begin()
            await sent(writer, q, b"open")
            assert await reader.stable_offsets([p, q]) == {p: 0, q: 0}
            assert await reader.end_offsets([p, q]) == {p: 0, q: 1}
            stable, ends = await asyncio.gather(reader.stable_offsets([q]), reader.end_offsets([q]))
            assert (stable, ends) == ({q: 0}, {q: 1})
            await writer.abort()

    async def test_whoever_must_know_all_waits_for_an_open_transaction_and_then_names_it(
        self, harness: Harness
    ) -> None:
        (p,) = await harness.create()
        looks: list[None] = []
        producer = await harness.log.producer()
        await producer.send(p, pairs(b"before"))
        await producer.close()
        async with harness.writer() as writer, harness.reader(p) as reader:
            await writer.begin()
            await sent(writer, p, b"open")
            place = f"{p.topic}-0 is not decided from offset 1 on"
            with pytest.raises(TransactionOpen, match=re.escape(place)):
                await decided_ends(reader, [p], waits=lambda: looks.append(None), open_s_max=0.3)
            waiting = asyncio.create_task(decided_ends(reader, [p]))
            await asyncio.sleep(0.2)
            assert looks
            assert not waiting.done()
            await writer.commit()
            assert await waiting == {p: 3}
            assert values(await harness.read(p)) == [b"before", b"open"]

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
