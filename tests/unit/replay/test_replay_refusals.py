"""What replay refuses by name: logs and cuts that do not fit, records that nobody can count."""

import random

import pytest

from consumers.replay import ReplayVerdict, replay
from consumers.replay.cut import cut_text, parse_cut
from consumers.replay.errors import CannotReplay, CutBeyondEnd, CutInvalid, LogTruncated, NoAggregates, NoEvents
from exchange.core.model.events import ALL_CAPS, CaseOpened, Event, FundingReceived
from exchange.core.model.vocabulary import AgeBand, ForeignNational, FundingSource, Gender, ReferralSource, Service
from exchange.engine.log import Partition
from exchange.wire.codec import encode
from exchange.wire.topics import EVENTS
from tests.unit.replay.replay_world import AGGREGATES, PERIODS, STATES, Here, World, random_pairs, world_of

SOURCE = Partition(EVENTS, 0)


async def test_without_any_aggregates_a_named_cut_is_rebuilt_and_not_compared() -> None:
    world = await world_of(17, folded=False)
    end = world.broker.end_of(SOURCE)
    source = Here(world, without={AGGREGATES})
    result = await replay(source, {0: end}, processes=0)
    assert (result.verdict, result.partitions[0].live) == (ReplayVerdict.NOT_COMPARED, None)
    assert result.counts
    with pytest.raises(NoAggregates):
        await replay(source, processes=0)
    with pytest.raises(NoAggregates):
        await replay(Here(world), processes=0)  # the topic is there, and empty


async def test_a_cluster_without_events_is_named() -> None:
    with pytest.raises(NoEvents):
        await replay(Here(World(), without={EVENTS}), processes=0)


async def test_a_cut_behind_the_end_is_refused() -> None:
    world = await world_of(18)
    end = world.broker.end_of(SOURCE)
    with pytest.raises(CutBeyondEnd, match=rf"events-0: the cut is {end + 1}, the log's end {end}"):
        await replay(Here(world), {0: end + 1}, processes=0)


async def test_aggregates_that_stand_behind_the_end_of_the_log_are_refused() -> None:
    world = await world_of(19)
    log = world.broker.log(SOURCE)
    log.entries, log.end = log.entries[:10], 10  # the log was replaced by a shorter one
    with pytest.raises(CutBeyondEnd):
        await replay(Here(world), processes=0)


async def test_a_log_without_its_beginning_is_refused() -> None:
    world = await world_of(20, partitions=2)
    world.broker.delete_before(Partition(EVENTS, 1), 3)
    with pytest.raises(LogTruncated, match="events-1 begins at offset 3"):
        await replay(Here(world), processes=0)


@pytest.mark.parametrize("cut", [{}, {0: 5}, {0: 5, 1: 5, 2: 5}, {0: 5, 1: -1}])
async def test_a_cut_names_every_partition(cut: dict[int, int]) -> None:
    with pytest.raises(CutInvalid):
        await replay(Here(await world_of(21, partitions=2)), cut, processes=0)


GOOD = random_pairs(random.Random(22), 1)[0]


def one(body) -> bytes:
    return encode(Event(1, bytes(32), PERIODS[0], STATES[0], ALL_CAPS, body))


OPENED = one(CaseOpened(Gender.woman, AgeBand.age_21_23, ForeignNational.yes, ReferralSource.shelter))


FUNDED = one(FundingReceived(FundingSource.ovc, Service.not_applicable, 5))


@pytest.mark.parametrize("independent", [False, True])
@pytest.mark.parametrize(
    "pair",
    [
        (b"agency-0", b"Jane Doe"),
        (b"agency-0", b""),
        (b"agency-0", None),
        (None, GOOD[1]),
        (b"agency-0", GOOD[1][:-1]),
        (b"agency-0", GOOD[1][:49] + b"\x7e" + GOOD[1][50:]),
        (b"agency-0", OPENED[:50] + b"\x7c" + OPENED[51:]),
        (b"agency-\xff", FUNDED),
    ],
    ids=["foreign", "empty", "tombstone", "no key", "cut short", "unknown body", "unknown code", "foreign key"],
)
async def test_a_record_that_cannot_be_counted_is_named_by_its_offset_and_never_by_its_value(
    pair, independent: bool
) -> None:
    world = await world_of(23, events=20, folded=False)
    rng = random.Random(23)
    at = world.broker.end_of(SOURCE)
    await world.transact(SOURCE, [pair])
    await world.admit(random_pairs(rng, 5), rng)
    with pytest.raises(CannotReplay, match=f"events-0 offset {at}: [A-Za-z]+\\.") as raised:
        await replay(Here(world), {0: world.broker.end_of(SOURCE)}, independent=independent, processes=0)
    told = f"{raised.value!r}{raised.value}{raised.value.__cause__!r}"
    assert "Jane" not in told
    assert raised.value.__suppress_context__
    before = await replay(Here(world), {0: at}, independent=independent, processes=0)
    assert before.events == 20


def test_a_cut_is_read_as_it_is_written() -> None:
    assert parse_cut("0:12, 1:0,10:999") == {0: 12, 1: 0, 10: 999}
    assert parse_cut(cut_text({3: 7, 0: 1})) == {0: 1, 3: 7}


@pytest.mark.parametrize("text", ["", "0", "0:", ":5", "0:5,", "0:5,0:6", "0:-1", "a:b", "0:5;1:6", "0:٣"])
def test_a_cut_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CutInvalid):
        parse_cut(text)
