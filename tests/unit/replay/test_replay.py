"""Laws of replay: equal to the live fold byte for byte at every cut; any difference is reported."""

import random

import pytest

from consumers.replay import ReplayProgress, ReplayVerdict, replay
from exchange.core.counting.counts import fold
from exchange.core.errors import StateDamaged
from exchange.core.model.events import ALL_CAPS, Correctable, Correction, Event
from exchange.engine.log import Partition
from exchange.wire.codec import decode, encode
from exchange.wire.records import encode_position
from exchange.wire.topics import EVENTS, POSITION_KEY
from tests.unit.replay.replay_world import FoldOutput, Growing, Here, World, random_pairs, world_of

SOURCE = Partition(EVENTS, 0)


def written_by(part) -> dict[bytes, bytes]:
    """A rebuilt partition as the bytes that the fold would have left in a compacted topic."""
    cells = {cell: b"%d" % count for cell, count in part.cells.items()}
    return {**cells, POSITION_KEY: encode_position(part.replayed)}


# Replay equals live


@pytest.mark.parametrize("independent", [False, True])
@pytest.mark.parametrize("seed", range(5))
async def test_replay_equals_the_live_fold_byte_for_byte_wherever_it_is(seed: int, independent: bool) -> None:
    rng = random.Random(seed)
    world = await world_of(seed, folded=False)
    output: list[FoldOutput] = []
    while world.uncounted():
        output.append(await world.fold(records=rng.randrange(1, 25)))
        result = await replay(Here(world), independent=independent, processes=0)
        assert result.matched
        assert written_by(result.partitions[0]) == output[-1].written
        assert result.events == output[-1].position.events
    for earlier in output:
        cut = {0: earlier.position.position}
        again = await replay(Here(world), cut, independent=independent, processes=0)
        assert written_by(again.partitions[0]) == earlier.written


@pytest.mark.parametrize("independent", [False, True])
async def test_every_cut_is_exact_between_any_two_offsets(independent: bool) -> None:
    world = await world_of(7, events=40)
    committed = world.broker.committed(SOURCE)
    end = world.broker.end_of(SOURCE)
    assert end > len(committed)  # there are markers and aborted records between them
    for cut in range(end + 1):
        before = [record for record in committed if record.offset < cut]
        result = await replay(Here(world), {0: cut}, independent=independent, processes=0)
        assert result.counts == fold((r.key.decode(), decode(r.value)) for r in before)
        assert (result.events, result.cut) == (len(before), {0: cut})
        assert result.partitions[0].compared == result.complete == (len(before) == len(committed))


async def test_the_same_tables_come_out_of_many_partitions_as_out_of_one() -> None:
    world = await world_of(8, partitions=3)
    result = await replay(Here(world), processes=0)
    events = [r for p in range(3) for r in world.broker.committed(Partition(EVENTS, p))]
    assert result.matched
    assert result.counts == fold((r.key.decode(), decode(r.value)) for r in events)
    assert list(result.counts) == sorted(result.counts)
    assert result.events == len(events)


@pytest.mark.parametrize("independent", [False, True])
async def test_batches_and_fetches_of_any_size_give_the_same(monkeypatch, independent: bool) -> None:
    world = await world_of(9)
    whole = await replay(Here(world), processes=0)
    for size in (1, 7, 30):
        monkeypatch.setattr("consumers.replay.partition.BATCH_RECORDS", size)
        assert await replay(Here(world), independent=independent, processes=0) == whole


async def test_a_log_that_grows_meanwhile_ends_the_replay_all_the_same() -> None:
    world = await world_of(10)
    rng = random.Random(10)
    output = world.output()
    await world.admit(random_pairs(rng, 30), rng)
    result = await replay(Here(world), processes=0)
    assert result.matched
    assert written_by(result.partitions[0]) == output.written
    assert result.partitions[0].end > result.cut[0]
    assert not result.complete
    await world.fold()
    assert (await replay(Here(world), processes=0)).complete


async def test_events_that_come_while_the_replay_runs_make_it_neither_endless_nor_incomplete() -> None:
    world = await world_of(25)
    output = world.output()
    result = await replay(Growing(world), processes=0)
    assert (result.matched, result.complete) == (True, True)
    assert written_by(result.partitions[0]) == output.written
    assert world.uncounted()


async def test_everything_withdrawn_leaves_no_cell() -> None:
    world = World()
    rng = random.Random(11)
    left = random_pairs(rng, 30, agencies=1)
    events = [decode(value) for _, value in left]
    kept = [e for e in events if isinstance(e.body, Correctable)]
    back = [
        Event(1, bytes(32), e.period, e.state, ALL_CAPS, Correction(1, bytes(32), e.period, e.state, e.cap, e.body))  # type: ignore[arg-type]
        for e in kept
    ]
    await world.admit([(b"agency-0", encode(event)) for event in [*kept, *back]], rng)
    await world.fold(records=7)
    await world.fold()
    result = await replay(Here(world), processes=0)
    assert (result.matched, result.counts, result.digest, result.events) == (True, {}, 0, 2 * len(kept))


# What is not equal


@pytest.mark.parametrize("independent", [False, True])
async def test_one_flipped_cell_is_found_and_named(independent: bool) -> None:
    world = await world_of(12, partitions=2)
    cells = world.output(1).cells
    cell = sorted(cells)[len(cells) // 2]
    await world.rewrite({cell: cells[cell] + 1}, 1)
    result = await replay(Here(world), independent=independent, processes=0)
    assert (result.verdict, result.matched) == (ReplayVerdict.DIFFERENT, False)
    (difference,) = result.differences
    assert (difference.cell, difference.partition) == (cell, 1)
    assert (difference.live, difference.replayed) == (cells[cell] + 1, cells[cell])
    name = cell.decode()
    assert str(difference) == f"{name} in partition 1: aggregates {cells[cell] + 1}, replay {cells[cell]}"


async def test_cells_lost_and_cells_made_up_are_found_in_order() -> None:
    world = await world_of(13)
    lost = max(world.output().cells)
    was = world.output().cells[lost]
    await world.rewrite({lost: 0, b"cases|2026Q4|tx": 3, b"|Jane Doe": 1})
    result = await replay(Here(world), processes=0)
    found = {d.cell: (d.live, d.replayed) for d in result.differences}
    assert found == {lost: (0, was), b"cases|2026Q4|tx": (3, 0), b"|Jane Doe": (1, 0)}
    assert [d.cell for d in result.differences] == sorted(found)
    assert not any("Jane" in str(d) for d in result.differences)


async def test_a_wrong_number_of_events_is_a_difference_even_when_every_cell_agrees() -> None:
    world = await world_of(14)
    await world.rewrite({}, events=1)
    (difference,) = (await replay(Here(world), processes=0)).differences
    assert (difference.cell, difference.live - difference.replayed) == (POSITION_KEY, 1)


async def test_damaged_aggregates_are_not_compared_at_all() -> None:
    world = await world_of(15)
    await world.rewrite({b"cases|2026Q1|ny": 70_000}, lie=1)
    with pytest.raises(StateDamaged):
        await replay(Here(world), processes=0)


async def test_partitions_are_compared_only_where_the_aggregates_stand_at_the_cut() -> None:
    world = await world_of(16, partitions=2)
    at = [world.output(p).position.position for p in range(2)]
    early = await replay(Here(world), {0: at[0], 1: at[1] - 1}, processes=0)
    assert early.verdict is ReplayVerdict.NOT_COMPARED
    assert [part.compared for part in early.partitions] == [True, False]
    await world.rewrite({b"cases|2026Q1|ny": 99}, 0)
    both = await replay(Here(world), {0: at[0], 1: at[1] - 1}, processes=0)
    assert both.verdict is ReplayVerdict.DIFFERENT  # one of them is compared, and differs
    await world.rewrite({b"cases|2026Q1|ny": 99}, 1)
    other = await replay(Here(world), {0: at[0] - 1, 1: at[1] - 1}, processes=0)
    assert other.verdict is ReplayVerdict.NOT_COMPARED


# How far it is


async def test_progress_goes_up_to_the_whole(monkeypatch) -> None:
    monkeypatch.setattr("consumers.replay.partition.BATCH_RECORDS", 16)
    world = await world_of(24, partitions=2)
    seen: list[ReplayProgress] = []
    result = await replay(Here(world), progress=seen.append, processes=0)
    assert [p.events for p in seen] == sorted(p.events for p in seen)
    assert all(p.read <= p.total for p in seen)
    last = seen[-1]
    assert (last.events, last.read, last.total) == (result.events, sum(result.cut.values()), sum(result.cut.values()))
    assert (last.partitions_done, last.partitions) == (2, 2)
    assert len(seen) > 4
