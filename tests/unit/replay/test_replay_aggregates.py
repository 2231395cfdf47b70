"""Laws of reading aggregates that the fold writes: whole snapshots, finite time, nothing hidden."""

import random

import pytest

from consumers.counting.aggregates import LOOKS_MAX, LivePartition, NoWholeSnapshot, merged, read_aggregates
from exchange.core.counting.generation import GENERATION
from exchange.core.errors import StateDamaged
from exchange.engine.errors import PartitionUnknown
from exchange.engine.log import Partition
from exchange.wire.records import Position, encode_position
from exchange.wire.topics import POSITION_KEY
from tests.unit.replay.replay_world import AGGREGATES, FoldOutput, Interrupted, World, random_pairs

LIVE = Partition(AGGREGATES, 0)


async def folded(seed: int, events: int = 120) -> tuple[World, random.Random]:
    rng = random.Random(seed)
    world = World()
    await world.admit(random_pairs(rng, events), rng)
    return world, rng


@pytest.mark.parametrize("seed", range(4))
async def test_a_snapshot_is_what_the_fold_had_committed_at_its_position(seed: int) -> None:
    world, rng = await folded(seed)
    live = LivePartition(await world.log.reader(), 0)
    while world.uncounted():
        output = await world.fold(records=rng.randrange(1, 30))
        if rng.random() < 0.3:
            await world.transact(LIVE, [(b"cases|2026Q1|ny", b"99"), (POSITION_KEY, b"nonsense")], abort=True)
        snapshot = await live.catch_up()
        assert (snapshot.position, snapshot.cells) == (output.position, output.cells)
    (whole,) = await read_aggregates(world.log, [0])
    assert (whole.position, whole.cells) == (output.position, output.cells)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("compacting", [False, True])
async def test_a_torn_snapshot_is_never_given_out_however_the_fold_goes_on_meanwhile(
    seed: int, compacting: bool
) -> None:
    world, rng = await folded(seed, events=200)
    known: dict[int, FoldOutput] = {0: FoldOutput({})}

    async def go_on() -> None:
        if world.uncounted() and rng.random() < 0.6:
            output = await world.fold(records=rng.randrange(1, 20))
            known[output.position.position] = output
        if compacting and rng.random() < 0.5:
            world.compact()

    for _ in range(4):
        await go_on()
    whole = 0
    while world.uncounted():
        uncounted = world.uncounted()
        end = (await (await world.log.reader()).end_offsets([LIVE]))[LIVE]
        at_least = world.output().position.position if end else 0
        reader = Interrupted(await world.log.reader(), go_on, records_max=rng.randrange(1, 40))
        try:
            snapshot = await LivePartition(reader, 0).catch_up()
        except NoWholeSnapshot:
            assert compacting, "only compaction may outrun a reader"
            continue
        whole += 1
        assert snapshot.cells == (known[snapshot.position.position].cells if snapshot.written else {})
        assert snapshot.position.position >= at_least
        if world.uncounted() == uncounted:
            await go_on()
    assert whole


async def test_a_cell_hidden_by_compaction_while_reading_is_found_again() -> None:
    world, _ = await folded(1, events=0)
    rng = random.Random(1)
    pairs = random_pairs(rng, 80)
    await world.admit(pairs[:40], rng)
    await world.fold()
    await world.admit(pairs[40:], rng)
    reads = 0

    async def overtake() -> None:
        nonlocal reads
        reads += 1
        if reads == 2:  # what comes next to the reader is replaced by a record after its sampled end
            await world.fold()
            world.compact()

    reader = Interrupted(await world.log.reader(), overtake, records_max=5)
    snapshot = await LivePartition(reader, 0).catch_up()
    assert (snapshot.position, snapshot.cells) == (world.output().position, world.output().cells)


async def test_a_topic_that_never_stops_moving_is_read_to_its_sampled_end_and_no_further() -> None:
    world, rng = await folded(2)
    output = await world.fold(records=20)
    reads = 0

    async def move() -> None:
        nonlocal reads
        reads += 1
        assert reads < 200, "it runs after the end"
        await world.admit(random_pairs(rng, 5), rng)
        await world.fold(records=5)

    reader = Interrupted(await world.log.reader(), move, records_max=5)
    snapshot = await LivePartition(reader, 0).catch_up()
    assert snapshot.position.position >= output.position.position


async def test_cells_without_a_position_record_behind_them_are_not_counts() -> None:
    world, _ = await folded(3)
    await world.transact(LIVE, [(b"cases|2026Q1|ny", b"5")])
    with pytest.raises(StateDamaged):
        await read_aggregates(world.log, [0])


async def test_a_partition_that_nobody_wrote_to_is_empty_at_position_zero() -> None:
    (snapshot,) = await read_aggregates(World().log, [0])
    assert (snapshot.position, snapshot.cells, snapshot.written) == (Position(0, 0, GENERATION, 0), {}, False)


async def test_counts_without_their_digest_are_damaged() -> None:
    world, _ = await folded(4)
    await world.fold()
    await world.rewrite({b"cases|2026Q1|ny": 7}, lie=1)
    with pytest.raises(StateDamaged, match="digest"):
        await read_aggregates(world.log, [0])


@pytest.mark.parametrize(("records_max", "error"), [(1000, StateDamaged), (2, NoWholeSnapshot)])
async def test_a_damaged_topic_that_goes_on_moving_is_given_up(records_max: int, error: type[Exception]) -> None:
    world, _ = await folded(5)
    await world.fold(records=10)
    reads = 0

    async def move() -> None:
        nonlocal reads
        reads += 1
        assert reads < 5_000, f"it must give up after {LOOKS_MAX} looks"
        await world.rewrite({b"cases|2026Q1|ny": reads}, lie=1)

    await move()
    with pytest.raises(error):  # read to its very end it is damaged; else that is no more than likely
        await LivePartition(Interrupted(await world.log.reader(), move, records_max), 0).catch_up()


@pytest.mark.parametrize(
    "pair",
    [
        (None, b"1"),
        (b"cases|2026Q1|ny", b"Jane Doe"),
        (b"cases|2026Q1|ny", b"9" * 30),
        (POSITION_KEY, None),
        (POSITION_KEY, encode_position(Position(5, 0, "0123456789ab", 5))),
    ],
)
async def test_a_record_that_no_fold_of_this_code_wrote_is_damage_and_is_not_repeated(pair) -> None:
    world = World()
    await world.transact(LIVE, [pair, (POSITION_KEY, encode_position(Position(1, 0, GENERATION, 1)))])
    with pytest.raises(StateDamaged) as raised:
        await read_aggregates(world.log, [0])
    assert "Jane" not in f"{raised.value!r} {raised.value} {raised.value.__cause__!r}"


async def test_a_topic_that_does_not_exist_is_named() -> None:
    with pytest.raises(PartitionUnknown):
        await read_aggregates(World().log, [0], "no-such-code")


def test_merging_sums_equal_cells_leaves_zeros_out_and_sorts() -> None:
    one, two = {b"b": 2, b"a": 1, b"c": 4}, {b"a": 3, b"c": -4}
    assert list(merged([one, two]).items()) == [(b"a", 4), (b"b", 2)]
    assert merged([]) == {}
