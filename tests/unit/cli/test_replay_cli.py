"""The output of `exchange replay`: verdict first, progress apart, only what operators may read."""

import io
import json
import random

import pytest
from rich.console import Console

from consumers.replay import ReplayProgress, ReplayResult, replay
from consumers.replay.table_files import NOTICE, Format, export
from exchange.cli.operator.replay import as_plain, lines_of, shown
from exchange.engine.log import Partition
from exchange.wire.topics import EVENTS
from tests.unit.replay.replay_world import AGGREGATES, Here, World, placed, random_pairs


async def world_of(seed: int, partitions: int = 2) -> World:
    rng = random.Random(seed)
    world = World(partitions)
    for partition in range(partitions):
        await world.admit(placed(random_pairs(rng, 40), partition), rng, partition)
        await world.fold(partition)
    return world


def size(result: ReplayResult) -> str:
    return f"{result.events} events, {len(result.counts):,} cells, 2 partitions"


async def test_a_match_is_one_line() -> None:
    result = await replay(Here(await world_of(1)), processes=0)
    assert list(lines_of(result, None)) == [f"match: {size(result)}"]
    plain = json.loads(json.dumps(as_plain(result, None)))
    assert (plain["verdict"], plain["complete"], plain["first_difference"], plain["export"]) == (
        "match",
        True,
        None,
        None,
    )
    assert plain["notice"] == NOTICE


async def test_a_difference_names_the_first_cell_with_both_counts() -> None:
    world = await world_of(2)
    cells = world.output(1).cells
    first, second = sorted(cells)[:2]
    await world.rewrite({second: cells[second] + 5, first: cells[first] + 1}, 1)
    result = await replay(Here(world), processes=0)
    where = f"{first.decode()} in partition 1: aggregates {cells[first] + 1}, replay {cells[first]}"
    assert list(lines_of(result, None)) == [f"different: 2 cells; {size(result)}", f"first difference: {where}"]
    plain = json.loads(json.dumps(as_plain(result, None)))
    assert (plain["verdict"], plain["differing"]) == ("different", 2)
    assert plain["first_difference"]["cell"] == first.decode()


async def test_what_is_not_compared_is_reported_with_its_reason() -> None:
    world = await world_of(3)
    rng = random.Random(3)
    ends = {p: world.broker.end_of(Partition(EVENTS, p)) for p in range(2)}
    at = [world.output(p).position.position for p in range(2)]
    await world.admit(placed(random_pairs(rng, 5), 1), rng, 1)
    later = world.broker.end_of(Partition(EVENTS, 1))
    result = await replay(Here(world), {0: 2, 1: later}, processes=0)
    assert list(lines_of(result, None)) == [
        f"not compared: {size(result)}",
        f"partition 0: not compared; the aggregates are at {at[0]}, after the cut 2",
        f"partition 1: not compared; the aggregates are at {at[1]}, before the cut {later}",
        "the log continues after the cut in partition 0",
    ]
    without = await replay(Here(world, without={AGGREGATES}), {**ends, 0: 0}, processes=0)
    assert "partition 1: not compared, because there are no aggregates" in list(lines_of(without, None))


async def test_an_export_is_reported_with_the_notice(tmp_path) -> None:
    result = await replay(Here(await world_of(4)), processes=0)
    written = export(result, tmp_path / "out", Format.CSV)
    *_, told, notice = lines_of(result, written)
    assert told.startswith("exported: ")
    assert str(tmp_path / "out") in told
    assert notice == NOTICE
    assert as_plain(result, written)["export"]["rows"] == len(result.counts)


STEPS = [ReplayProgress(n * 7, n * 10, 1000, 0, 2) for n in range(101)]


def test_in_a_pipe_progress_is_a_plain_line_each_tenth() -> None:
    out = io.StringIO()
    with shown(Console(file=out, force_terminal=False)) as progress:
        for step in STEPS:
            progress(step)
    lines = out.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0] == "replay: 70 events, offset 100 of 1,000"
    assert lines[-1] == "replay: 700 events, offset 1,000 of 1,000"


def test_at_a_terminal_it_is_a_bar() -> None:
    out = io.StringIO()
    with shown(Console(file=out, force_terminal=True, width=100)) as progress:
        for step in STEPS:
            progress(step)
    assert "100 %" in out.getvalue()
    assert "700 events" in out.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_to_read_is_no_division_by_zero(terminal: bool) -> None:
    with shown(Console(file=io.StringIO(), force_terminal=terminal)) as progress:
        progress(ReplayProgress(0, 0, 0, 1, 1))
