"""A cut by heads is the same events on every cluster, and the same counts as by its address."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.replay import replay
from consumers.replay.at_heads import UpToHeads, cut_of_epoch, parse_heads
from consumers.replay.errors import CutBeyondEnd, CutInvalid, EpochNotClosed
from exchange.cli.operator.replay import lines_of
from exchange.core.counting.counts import fold
from exchange.core.errors import SequenceBroken
from exchange.core.release.cuts import BEGINNING, Address, Cut, Grown, Relocation, moved
from exchange.engine.log import Log
from exchange.testing.memory_partition import StoredRecord
from exchange.wire.archive_files import FileUnreadable, RecordRun, digest_of_file, read_runs, run_writer
from exchange.wire.codec import decode
from exchange.wire.release_records import (
    decode_relocation,
    encode_relocation,
    is_relocation_part,
    parse_ledger_part,
    parse_release_part,
    relocation_part,
)
from tests.kits.archive_world import CODES, JANUARY, MemoryCluster, old_exchange
from tests.kits.sizes import examples


@dataclass(frozen=True)
class Source:
    """A cluster in memory as a replay reads it."""

    cluster: MemoryCluster

    async def partitions(self) -> Mapping[str, int]:
        return await self.cluster.admin.partitions()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Log]:
        yield self.cluster.log


async def counts(cluster: MemoryCluster, heads: Mapping[str, int] | None = None, cut: Mapping[int, int] | None = None):
    result = await replay(Source(cluster), cut, heads=heads, processes=0)
    return dict(result.counts)


@pytest.mark.parametrize("partitions", [1, 2, 5])
async def test_a_closed_epoch_counts_the_same_on_every_cluster_by_heads_and_by_address(
    tmp_path: Path, partitions: int
) -> None:
    old, new = await old_exchange(), MemoryCluster("new", partitions)
    await old.archived(tmp_path)
    await new.restored(tmp_path)
    for epoch in (JANUARY, JANUARY + 1):
        (was, was_here), (now, now_here) = [await cut_of_epoch(Source(one), epoch) for one in (old, new)]
        assert (was_here, now_here, was.heads) == (True, True, now.heads)
        expected = await counts(old, cut=dict(enumerate(was.offsets)))
        assert sum(expected.values())
        assert await counts(new, cut=dict(enumerate(now.offsets))) == expected
        for cluster in (old, new):
            assert await counts(cluster, dict(was.heads)) == expected
    with pytest.raises(EpochNotClosed, match="2026-03 is not closed"):
        await cut_of_epoch(Source(new), JANUARY + 2)


@given(st.tuples(*(st.integers(0, 15) for _ in CODES)), st.integers(1, 5))
@settings(max_examples=examples(25))
def test_any_heads_pick_the_first_events_of_each_agency(heads: tuple[int, ...], partitions: int) -> None:
    async def law() -> None:
        cluster = await MemoryCluster("any", partitions).founded()
        for _ in range(3):
            await cluster.send(5)
        wanted = dict(zip(CODES, heads, strict=True))
        inside = [(code, decode(one)) for code in CODES for one in cluster.chains[code].values[: wanted[code]]]
        assert await counts(cluster, wanted) == fold(inside)

    asyncio.run(law())


async def test_heads_beyond_the_log_are_an_error_and_no_smaller_count() -> None:
    cluster = await MemoryCluster("old", 2).founded()
    await cluster.send(3)
    for heads in ({CODES[0]: 4}, {CODES[0]: 3, "nobody-here": 1}):
        with pytest.raises(CutBeyondEnd, match="the log holds 3 of them"):
            await replay(Source(cluster), heads=heads, processes=0)


async def test_where_a_cut_lies_between_other_events_nothing_is_compared_and_it_is_reported() -> None:
    cluster = await MemoryCluster("old", 1).founded()
    await cluster.send(3)
    result = await replay(Source(cluster), heads={CODES[0]: 1, CODES[4]: 3}, processes=0)
    assert [part.clean for part in result.partitions] == [False]
    assert not result.matched
    assert "partition 0: not compared, because the cut lies between other events" in list(lines_of(result, None))


@pytest.mark.parametrize(
    "text", ["", "harbor-light", "harbor-light:x", "Harbor:1", "a:1", "harbor-light:1,harbor-light:2"]
)
def test_heads_that_are_written_wrongly_are_refused(text: str) -> None:
    with pytest.raises(CutInvalid):
        parse_heads(text)


def test_heads_are_read_as_they_are_written() -> None:
    assert parse_heads("harbor-light:812, new-door:90") == {"harbor-light": 812, "new-door": 90}


def test_whether_events_were_left_out_and_where_is_noticed() -> None:
    value = (0).to_bytes(5, "big") + (2).to_bytes(8, "big") + bytes(40)
    records = [StoredRecord(key, value, (), 0, 0) for key in (b"inside", b"outside")]
    tail, between = UpToHeads({"inside": 2}), UpToHeads({"inside": 2})
    assert (list(tail.of(records)), tail.left_out, tail.clean) == (records[:1], True, True)
    assert (list(between.of(records[::-1])), between.left_out, between.clean) == (records[:1], True, False)


# The pure parts

codes = st.sampled_from(CODES)
arrivals = st.lists(st.tuples(st.integers(0, 2), codes), max_size=30)


@given(arrivals, st.integers(0, 30))
def test_a_cut_grows_the_same_in_one_go_or_in_two(arrived: list[tuple[int, str]], middle: int) -> None:
    places = {code: number % 3 for number, code in enumerate(CODES)}
    seen: dict[str, int] = {}
    events = []
    for _, code in arrived:
        seen[code] = seen.get(code, 0) + 1
        events.append((places[code], code.encode(), seen[code]))

    def grown(start: Cut, some: list[tuple[int, bytes, int]]) -> Cut:
        growing = Grown(start, 3)
        for place, key, sequence in some:
            growing.take(place, [(key, sequence)])
        return growing.cut("here", ())

    whole = grown(BEGINNING, events)
    assert grown(grown(BEGINNING, events[:middle]), events[middle:]) == whole
    assert (dict(whole.heads), sum(whole.events), whole.total) == (seen, len(events), len(events))
    if events:
        with pytest.raises(SequenceBroken):
            grown(whole, events[-1:])


cuts = st.dictionaries(
    st.integers(1, 6), st.builds(Cut, st.lists(st.tuples(codes, st.integers(1, 9)), max_size=3).map(tuple))
)
addresses = st.lists(
    st.builds(Address, st.integers(1, 6), st.just((1, 2)), st.just((3, 4))), unique_by=lambda one: one.epoch
)


@given(cuts, addresses)
def test_a_relocation_changes_addresses_and_nothing_else(held: dict[int, Cut], given_: list[Address]) -> None:
    there = moved(held, Relocation("old", "new", "", 0, finished=True, addresses=tuple(given_)))
    named = {one.epoch for one in given_}
    assert {epoch: cut.heads for epoch, cut in there.items()} == {epoch: cut.heads for epoch, cut in held.items()}
    for epoch, cut in there.items():
        assert (cut.cluster, cut.offsets) == (("new", (3, 4)) if epoch in named else ("", ()))


@given(st.from_regex(r"[\w-]{0,40}", fullmatch=True).filter(str.isascii), addresses, st.booleans())
def test_a_relocation_reads_back_and_its_key_is_no_other_part(
    cluster: str, given_: list[Address], finished: bool
) -> None:
    one = Relocation("old", cluster, "ab", 7, finished, tuple(given_))
    assert decode_relocation(encode_relocation(one)) == one
    key = relocation_part(cluster)
    assert is_relocation_part(key)
    assert parse_release_part(key) is parse_ledger_part(key) is None


octets = st.one_of(st.none(), st.binary(max_size=40))
runs = st.lists(
    st.lists(st.tuples(st.integers(0, 2**60), st.integers(-1, 2**60), octets, octets), min_size=1, max_size=5),
    max_size=6,
)


@given(runs, st.data())
def test_a_file_reads_back_and_any_changed_bit_changes_its_digest(
    tmp_path_factory: pytest.TempPathFactory, given_: list[list[tuple[int, int, bytes | None, bytes | None]]], data
) -> None:
    path = tmp_path_factory.mktemp("runs") / "file.avro"
    written = [
        RecordRun(number, *(list(column) for column in zip(*rows, strict=True))) for number, rows in enumerate(given_)
    ]
    with path.open("wb") as file, run_writer(file) as writer:
        for run in written:
            writer.add(run)
    assert list(read_runs(path)) == written
    assert (writer.digest, writer.octets) == (digest_of_file(path), path.stat().st_size)
    damaged = bytearray(path.read_bytes())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(damaged)
    assert digest_of_file(path) != writer.digest


def test_foreign_bytes_are_no_file_of_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "file.avro"
    path.write_bytes(b"not Avro at all")
    with pytest.raises(FileUnreadable, match=r"file\.avro is not an Avro file of records"):
        list(read_runs(path))
