"""The gate after a restore is as a rebuild would write it; a broken chain is never copied."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.admission.gate_rebuild import rebuild_partition
from consumers.archive.manifest import MANIFEST, Segment, read_manifest
from exchange.core.errors import SequenceBroken
from exchange.core.model.chain import digest_of
from exchange.core.model.event_layout import all_follow, follows
from exchange.engine.kafka.admin import TopicSpec
from exchange.engine.kafka.provision import PartitionsDiffer
from exchange.engine.reading import apply_compacted
from exchange.wire.archive_files import digest_of_file, read_runs, run_writer
from exchange.wire.topics import EVENTS, GATE_STATE, partition_of, receipts_of
from tests.kits.archive_world import CODES, JANUARY, ChainOf, MemoryCluster, old_exchange
from tests.kits.sizes import examples

State = Mapping[bytes, bytes]
sends = st.lists(
    st.tuples(st.sets(st.sampled_from(CODES), min_size=1), st.integers(1, 9), st.booleans()), min_size=1, max_size=6
)


@settings(max_examples=examples(25))
@given(sends, st.integers(1, 5))
def test_the_state_is_what_a_rebuild_would_write(
    tmp_path_factory: pytest.TempPathFactory, given_: list[tuple[set[str], int, bool]], partitions: int
) -> None:
    """Of chains with corrections, of agencies without events, after any number of closed epochs."""

    async def law() -> None:
        old, new = await MemoryCluster("old", 3).founded(), MemoryCluster("new", partitions)
        epoch = JANUARY
        for codes, events, closes in given_:
            await old.send(events, *sorted(codes))
            if closes:
                await old.close(epoch)
                epoch += 1
        directory = tmp_path_factory.mktemp("archive")
        await old.archived(directory)
        await new.restored(directory)
        restored = [state_of(new, number) for number in range(partitions)]
        receipts = {code: new.records(receipts_of(code))[-1].value for code in CODES}
        for number in range(partitions):
            here = [code for code in CODES if partition_of(code, partitions) == number]
            if here:
                await rebuild_partition(new.log, number, here)
        assert restored == [state_of(new, number) for number in range(partitions)]
        assert receipts == {code: new.records(receipts_of(code))[-1].value for code in CODES}
        assert sum(map(len, restored)) > partitions

    asyncio.run(law())


def state_of(cluster: MemoryCluster, number: int) -> State:
    newest: dict[bytes, bytes] = {}
    for record in cluster.records(GATE_STATE, number):
        apply_compacted(newest, record)
    return newest


def broken(directory: Path) -> None:
    """The last events of a file change places; every digest of the archive is made anew."""
    manifest = read_manifest(directory)
    assert manifest is not None
    first = manifest.of(EVENTS)[0]
    runs = list(read_runs(directory / first.file))
    values = list(runs[-1].values)
    values[-1], values[-2] = values[-2], values[-1]
    runs[-1] = replace(runs[-1], values=values)
    staged = directory / "staged"
    with staged.open("wb") as file, run_writer(file) as writer:
        for run in runs:
            writer.add(run)
    name = f"{first.file[:-17]}{digest_of_file(staged)[:12]}.avro"
    staged.rename(directory / name)

    def remade(one: Segment) -> Segment:
        return replace(one, file=name, sha256=digest_of_file(directory / name)) if one == first else one

    segments = tuple(map(remade, manifest.segments))
    (directory / MANIFEST).write_bytes(replace(manifest, segments=segments).encoded())


async def test_events_of_a_broken_chain_are_named_and_not_copied(tmp_path: Path) -> None:
    old, new = await old_exchange(1), MemoryCluster("new", 2)
    await old.archived(tmp_path)
    broken(tmp_path)
    with pytest.raises(SequenceBroken, match=r"events-0 offset \d+: event 7 of [a-z-]+ does not follow event 5"):
        await new.restored(tmp_path)
    assert not [record for number in range(2) for record in new.records(EVENTS, number)]
    assert (await new.closed()).restoring == {"new"}


async def test_topics_of_agencies_with_other_partitions_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    await (await old_exchange()).archived(tmp_path)
    new = MemoryCluster("new", 2)
    await new.admin.create([TopicSpec(receipts_of(CODES[-1]), 2)])
    with pytest.raises(PartitionsDiffer, match=receipts_of(CODES[-1])):
        await new.restored(tmp_path)
    assert {partition.topic for partition in new.broker.logs} == {receipts_of(CODES[-1])}


@given(st.integers(0, 6), st.integers(1, 6), st.data())
def test_all_follow_says_what_follows_says_of_each(known: int, more: int, data: st.DataObject) -> None:
    values = ChainOf("harbor-light").more(known + more)
    sequence, digest = known, digest_of(values[known - 1]) if known else b""
    some = values[known:]
    if data.draw(st.booleans()):
        some[data.draw(st.integers(0, more - 1))] = data.draw(st.sampled_from([*values, b"", values[-1][:20]]))
    digests = list(map(digest_of, some))
    heads = [(sequence + number, before) for number, before in enumerate([digest, *digests[:-1]])]
    each = all(follows(value, *head) for value, head in zip(some, heads, strict=True))
    assert all_follow(some, digests, sequence, digest) == each
