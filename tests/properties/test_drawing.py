"""The draw's fast path equals the slow definition; cuts are exact, by their address or by heads."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.release.draw_task import Drawn, EventBatch, carry_out
from exchange.core.errors import NoiseUnfit, SequenceBroken
from exchange.core.model import vocabulary as v
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import AgencyProfiled, CapacityReported, Event, Heartbeat
from exchange.core.model.vocabulary import UsState
from exchange.core.release.closed_epochs import Moment
from exchange.core.release.closing import DrawTask
from exchange.core.release.cuts import BEGINNING, Cut
from exchange.core.release.draw import Due, counted
from exchange.engine.errors import CannotApply
from exchange.engine.log import Partition
from exchange.testing.memory_partition import StoredRecord
from exchange.wire.codec import encode
from exchange.wire.public_records import decode_release
from exchange.wire.topics import EVENTS
from tests.contract.test_log_memory import MemoryHarness
from tests.kits.draw_world import DECEMBER, MARCH, all_due, correcting, due, event, from_agency, histories
from tests.kits.sizes import examples
from tests.unit.release.test_draw import FOOD, NEEDS

ONE = event(FOOD)


def nothing(scale: Fraction, length: int) -> Sequence[int]:
    """Noise that tests alone may ask for."""
    return [0] * length


CLUSTER = "in-memory"


def cut_at(offsets: Sequence[int], cluster: str = CLUSTER) -> Cut:
    """A cut where agency n, alone in partition n, has sent so many events."""
    return Cut(
        tuple((f"agency-{n}", offset) for n, offset in enumerate(offsets) if offset),
        tuple(offsets),
        cluster,
        tuple(offsets) if cluster else (),
    )


def chained(events: Sequence[Event], number: int) -> list[tuple[bytes, bytes]]:
    """The records of one agency: its events are numbered 1, 2, 3 …"""
    return [(f"agency-{number}".encode(), encode(replace(one, sequence=n))) for n, one in enumerate(events, start=1)]


def drawn(
    partitions: Sequence[Sequence[Event]], dues: Sequence[Due], starts: dict[int, tuple[int, ...]], cut: tuple[int, ...]
) -> Drawn:
    """One draw over a log of these events; each partition is one agency and one batch."""

    async def work() -> Drawn:
        harness = MemoryHarness()
        broker = harness.broker
        for source, events in zip(broker.create(EVENTS, len(partitions)), partitions, strict=True):
            broker.append(source, *chained(events, source.partition))
        cuts = {since: cut_at(offsets) for since, offsets in starts.items()}
        task = DrawTask(dues[0].epoch, Moment(0, cut, 0, CLUSTER), tuple(dues), (), cuts)
        return await carry_out(harness.log, task, nothing, lambda _: None)

    return asyncio.run(work())


def drawn_elsewhere(
    partitions: Sequence[Sequence[Event]], dues: Sequence[Due], since: int, start: tuple[int, ...], end: tuple[int, ...]
) -> Drawn:
    """The same draw on another cluster of one partition, where the cut is known by its heads.

    The agencies take turns in the log, so there is no offset that has the cut's events before it.
    """

    async def work() -> Drawn:
        harness = MemoryHarness()
        [source] = harness.broker.create(EVENTS)
        agencies = [chained(events[:last], n) for n, (events, last) in enumerate(zip(partitions, end, strict=True))]
        turns = [one for turn in zip_longest(*agencies) for one in turn if one]
        harness.broker.append(source, *turns)
        moment = Moment(0, (len(turns),), 0, CLUSTER)
        task = DrawTask(dues[0].epoch, moment, tuple(dues), (), {since: cut_at(start, cluster="")})
        return await carry_out(harness.log, task, nothing, lambda _: None)

    return asyncio.run(work())


def increments(found: Drawn) -> dict[str, tuple[int | None, ...]]:
    return {(one := decode_release(value)).table: one.increments for _, value in found.parts}


@given(st.lists(histories(), min_size=1, max_size=3), st.sampled_from([MARCH, DECEMBER]), st.data())
@settings(max_examples=examples(60))
def test_what_is_drawn_is_what_the_definition_counts_between_the_cuts(
    partitions: list[list[Event]], epoch: int, data: st.DataObject
) -> None:
    dues = all_due(epoch)
    cuts = [
        sorted(data.draw(st.tuples(st.integers(0, len(events)), st.integers(0, len(events))))) for events in partitions
    ]
    starts = {dues[0].since: tuple(start for start, _ in cuts)}
    by_offsets = drawn(partitions, dues, starts, tuple(end for _, end in cuts))
    found = increments(by_offsets)
    between = [one for events, (start, end) in zip(partitions, cuts, strict=True) for one in events[start:end]]
    assert found == {one.due.row.name: one.counts for one in counted(dues, from_agency(between))}
    assert by_offsets.cut == cut_at([end for _, end in cuts])
    by_heads = drawn_elsewhere(partitions, dues, dues[0].since, starts[dues[0].since], tuple(end for _, end in cuts))
    assert by_heads.parts == by_offsets.parts
    assert by_heads.cut.heads == by_offsets.cut.heads


def test_a_log_without_events_that_the_last_epoch_held_is_not_drawn_from() -> None:
    """Where the last cut has no address, its events must be found again."""

    async def work() -> None:
        harness = MemoryHarness()
        [source] = harness.broker.create(EVENTS)
        harness.broker.append(source, *chained([ONE, ONE], 0))
        one, last = due(NEEDS, MARCH), cut_at((3,), cluster="")
        task = DrawTask(MARCH, Moment(0, (2,), 0, CLUSTER), (one,), (), {one.since: last}, last=last)
        await carry_out(harness.log, task, nothing, lambda _: None)

    with pytest.raises(SequenceBroken, match="lacks events that the last closed epoch held"):
        asyncio.run(work())


@pytest.mark.parametrize(("numbers", "follows"), [((1, 2, 2), "event 2 .* event 2"), ((1, 3), "event 3 .* event 1")])
def test_events_that_were_lost_or_written_twice_stop_the_draw(numbers: tuple[int, ...], follows: str) -> None:
    async def work() -> None:
        harness = MemoryHarness()
        [source] = harness.broker.create(EVENTS)
        harness.broker.append(source, *((b"an-agency", encode(replace(ONE, sequence=n))) for n in numbers))
        one = due(NEEDS, MARCH)
        task = DrawTask(MARCH, Moment(0, (len(numbers),), 0, CLUSTER), (one,), (), {one.since: BEGINNING})
        await carry_out(harness.log, task, nothing, lambda _: None)

    with pytest.raises(SequenceBroken, match=follows):
        asyncio.run(work())


def test_the_event_at_the_cut_is_of_the_next_draw() -> None:
    """`<` and not `<=`, at both ends: each of three events is in one of three draws."""
    log = [[ONE, ONE, ONE]]
    for start in range(3):
        [found] = increments(
            drawn(log, [due(NEEDS, MARCH)], {due(NEEDS, MARCH).since: (start,)}, (start + 1,))
        ).values()
        assert sum(n or 0 for n in found) == 1
    [found] = increments(drawn(log, [due(NEEDS, MARCH)], {due(NEEDS, MARCH).since: (3,)}, (3,))).values()
    assert not any(found)


def test_tables_of_different_cadence_are_counted_from_their_own_cuts() -> None:
    monthly, quarterly = due(NEEDS, MARCH, since=MARCH), due(NEEDS, MARCH)
    log = [[ONE, ONE, ONE, ONE]]
    for one, start, expected in ((monthly, 3, 1), (quarterly, 1, 3)):
        [found] = increments(drawn(log, [one], {MARCH: (3,), quarterly.since: (1,)}, (4,))).values()
        assert sum(n or 0 for n in found) == expected, start


def test_who_was_heard_from_and_what_agencies_are_does_not_wait() -> None:
    """It is so when it arrives; what agencies did waits for its period, as clients' events do."""
    april = epoch_of(2026, 4)
    source, of_april = Partition(EVENTS, 0), ("2026Q2", UsState.ca)
    bodies = (
        Heartbeat(v.Scheduled.yes, v.ReportingMinutes.not_known, 1, bytes(64)),
        AgencyProfiled(v.AgencyType.legal, v.ReportingMode.events),
        CapacityReported(v.Service.legal, 10),
    )
    said = [event(body, 0, *of_april) for body in bodies]
    said += [correcting(said[1]), correcting(said[2]), event(bodies[2], 0, "2026Q1")]
    batch = EventBatch(
        source, [StoredRecord(b"a", encode(replace(one, sequence=n)), (), n, 0) for n, one in enumerate(said, start=1)]
    )
    waiting = batch.by_agencies(batch.of_interest({b"a": len(said)}, {}, april))
    assert [one for _, one in waiting] == [replace(said[n], sequence=n + 1) for n in (2, 4)]


def test_events_that_differ_in_caps_period_or_state_do_not_count_alike() -> None:
    different = [ONE, event(FOOD, 0), event(FOOD, period="2025Q4"), event(FOOD, period="2099Q4")]
    one = due(NEEDS, MARCH)
    [found] = increments(drawn([different], [one], {one.since: (0,)}, (4,))).values()
    assert found == counted([one], from_agency(different))[0].counts


def test_a_record_that_is_no_event_stops_the_draw_with_its_offset_and_without_its_value() -> None:
    async def work() -> None:
        harness = MemoryHarness()
        [source] = harness.broker.create(EVENTS)
        harness.broker.append(source, (b"an-agency", encode(ONE)), (b"an-agency", b"a secret"))
        task = DrawTask(MARCH, Moment(0, (2,), 0), (due(NEEDS, MARCH),), (), {due(NEEDS, MARCH).since: BEGINNING})
        await carry_out(harness.log, task, nothing, lambda _: None)

    with pytest.raises(CannotApply, match="events-0 offset 1: EventUnreadable") as caught:
        asyncio.run(work())
    assert caught.value.partition == Partition(EVENTS, 0)
    assert "secret" not in str(caught.value)


def test_noise_of_another_length_is_never_used() -> None:
    async def work() -> None:
        harness = MemoryHarness()
        harness.broker.create(EVENTS)
        task = DrawTask(MARCH, Moment(0, (0,), 0), (due(NEEDS, MARCH),), (), {due(NEEDS, MARCH).since: BEGINNING})
        await carry_out(harness.log, task, lambda _, length: [0] * (length - 1), lambda _: None)

    with pytest.raises(NoiseUnfit):
        asyncio.run(work())
