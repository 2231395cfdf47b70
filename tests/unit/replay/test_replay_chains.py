"""Replay checks the chains of all agencies: 1, 2, 3… once each, and signed at the end."""

import json
import random
from collections.abc import Callable, Sequence

import pytest

from consumers.replay import ReplayVerdict, replay
from exchange.cli.operator.replay import as_plain, lines_of
from exchange.core.model.event_layout import HEAD, sequence_of
from exchange.engine.log import Pair, Partition
from exchange.wire.records import encode_registration
from exchange.wire.topics import AGENCIES, EVENTS
from tests.kits.step_world import FOOD, HARBOR, NEED, Agency
from tests.unit.replay.replay_world import Here, World, placed, random_pairs

SOURCE = Partition(EVENTS, 0)


def chain(events: int) -> list[Pair]:
    agency = Agency(HARBOR)
    return [(HARBOR.encode(), agency.say(FOOD if number % 2 else NEED).value) for number in range(events)]


async def logged(pairs: Sequence[Pair]) -> World:
    world = World(1)
    await world.transact(SOURCE, pairs)
    await world.fold()
    return world


BREAKS: dict[str, tuple[Callable[[list[Pair]], list[Pair]], str]] = {
    "once more": (lambda c: [*c, c[2]], "event 3 of harbor-light came again, after event 6"),
    "the whole twice": (lambda c: [*c, *c], "event 1 of harbor-light came again, after event 6"),
    "one missing": (lambda c: c[:3] + c[4:], "event 5 of harbor-light follows event 3"),
    "not from the first": (lambda c: c[1:], "event 2 of harbor-light follows event 0"),
    "another event in its place": (
        lambda c: [*c[:3], (c[3][0], (c[3][1] or b"")[:HEAD] + (c[4][1] or b"")[HEAD:]), *c[4:]],
        "event 5 of harbor-light does not carry the digest of event 4",
    ),
}


@pytest.mark.parametrize("how", BREAKS)
async def test_a_broken_chain_is_a_verdict_that_names_agency_and_place(how: str) -> None:
    breaks, says = BREAKS[how]
    world = await logged(breaks(chain(6)))
    result = await replay(Here(world), processes=0)
    assert result.verdict is ReplayVerdict.BROKEN
    assert not result.matched
    [broken] = result.broken
    assert (result.breaks, str(broken)) == (1, f"events-0 offset {broken.offset}: {says}")
    at = {record.offset: record for record in world.broker.committed(SOURCE)}
    assert sequence_of(at[broken.offset].value or b"") == broken.sequence
    assert list(lines_of(result, None))[:2] == ["broken chain: 1 event out of order", str(broken)]
    plain = json.loads(json.dumps(as_plain(result, None)))
    assert (plain["verdict"], plain["chains"]["breaks"]) == ("broken chain", 1)


async def test_whole_chains_of_any_agencies_match() -> None:
    world, rng = World(2), random.Random(5)
    for partition in range(2):
        await world.admit(placed(random_pairs(rng, 80), partition), rng, partition)
        await world.fold(partition)
    result = await replay(Here(world), processes=0)
    assert result.matched
    assert (result.breaks, result.in_two_partitions) == (0, ())


async def test_an_agency_with_events_in_two_partitions_is_named() -> None:
    world = World(2)
    for partition in range(2):
        await world.transact(Partition(EVENTS, partition), chain(3))
        await world.fold(partition)
    result = await replay(Here(world), processes=0)
    assert result.verdict is ReplayVerdict.BROKEN
    assert "broken chain: harbor-light has events in more than one partition" in list(lines_of(result, None))


@pytest.mark.parametrize("how", ["signed", "an event last", "another key", "nobody registered"])
async def test_an_end_that_is_not_signed_is_named(how: str) -> None:
    agency, other = Agency(HARBOR), Agency("north-star")
    pairs = [(HARBOR.encode(), record.value) for record in (agency.say(NEED), agency.beat())]
    if how == "an event last":
        pairs.append((HARBOR.encode(), agency.say(NEED).value))
    world = await logged(pairs)
    world.broker.create(AGENCIES)
    if how != "nobody registered":
        registration = agency.registration
        if how == "another key":
            registration = type(registration)(HARBOR, registration.legal_class, False, 0, other.registration.keys)
        world.broker.append(Partition(AGENCIES, 0), (HARBOR.encode(), encode_registration(registration)))
    result = await replay(Here(world), processes=0)
    assert result.matched
    assert result.unsigned == (() if how == "signed" else (HARBOR,))
    early = await replay(Here(world), {0: 1}, processes=0)
    assert early.partitions[0].unsigned is None


async def test_an_open_transaction_makes_a_replay_incomplete_and_is_named() -> None:
    world = await logged(chain(4))
    world.log.open_s_max = 0.2
    writer = await world.log.writer("somebody")
    await writer.begin()
    await (await writer.send(SOURCE, chain(1)))
    result = await replay(Here(world), processes=0)
    assert (result.verdict, result.complete) == (ReplayVerdict.INCOMPLETE, False)
    assert result.partitions[0].undecided == 5
    assert any("partition 0: a transaction is open from offset 5 on" in line for line in lines_of(result, None))
    await writer.abort()
    result = await replay(Here(world), processes=0)
    assert (result.verdict, result.complete) == (ReplayVerdict.MATCH, True)
