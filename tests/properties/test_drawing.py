"""The draw's fast path equals the slow definition; cuts are exact before, at, after an offset."""

import asyncio
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.release.draw_task import Drawn, EventBatch, carry_out
from exchange.core.errors import NoiseUnfit
from exchange.core.model import vocabulary as v
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import AgencyProfiled, CapacityReported, Event, Heartbeat
from exchange.core.model.vocabulary import UsState
from exchange.core.release.closing import DrawTask, Moment
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


def drawn(
    partitions: Sequence[Sequence[Event]], dues: Sequence[Due], starts: dict[int, tuple[int, ...]], cut: tuple[int, ...]
) -> Drawn:
    """One draw over a log of these events; each partition is an aborted event and one batch."""

    async def work() -> Drawn:
        harness = MemoryHarness()
        broker = harness.broker
        for source, events in zip(broker.create(EVENTS, len(partitions)), partitions, strict=True):
            broker.append(source, *[(b"an-agency", encode(one)) for one in events])
        task = DrawTask(dues[0].epoch, Moment(0, cut, 0), tuple(dues), (), starts)
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
    found = increments(drawn(partitions, dues, starts, tuple(end for _, end in cuts)))
    between = [one for events, (start, end) in zip(partitions, cuts, strict=True) for one in events[start:end]]
    assert found == {one.due.row.name: one.counts for one in counted(dues, from_agency(between))}


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
    batch = EventBatch(source, [StoredRecord(b"a", encode(one), (), n, 0) for n, one in enumerate(said)])
    waiting = batch.by_agencies(batch.of_interest(len(said), 0, april))
    assert [one for _, one in waiting] == [said[2], said[4]]


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
        task = DrawTask(MARCH, Moment(0, (2,), 0), (due(NEEDS, MARCH),), (), {due(NEEDS, MARCH).since: (0,)})
        await carry_out(harness.log, task, nothing, lambda _: None)

    with pytest.raises(CannotApply, match="events-0 offset 1: EventUnreadable") as caught:
        asyncio.run(work())
    assert caught.value.partition == Partition(EVENTS, 0)
    assert "secret" not in str(caught.value)


def test_noise_of_another_length_is_never_used() -> None:
    async def work() -> None:
        harness = MemoryHarness()
        harness.broker.create(EVENTS)
        task = DrawTask(MARCH, Moment(0, (0,), 0), (due(NEEDS, MARCH),), (), {due(NEEDS, MARCH).since: (0,)})
        await carry_out(harness.log, task, lambda _, length: [0] * (length - 1), lambda _: None)

    with pytest.raises(NoiseUnfit):
        asyncio.run(work())
