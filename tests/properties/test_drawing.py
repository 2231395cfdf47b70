"""The draw's fast path equals the slow definition; cuts are exact, by their address or by heads."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from fractions import Fraction
from itertools import cycle, product, zip_longest
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.release import draw_task
from consumers.release.draw_task import DrawCounts, Drawn, EventBatch, carry_out
from exchange.core.counting.tables import field_type
from exchange.core.errors import NoiseUnfit, SequenceBroken
from exchange.core.model import vocabulary as v
from exchange.core.model.event_layout import HEAD
from exchange.core.model.events import (
    BODIES,
    About,
    AgencyProfiled,
    Body,
    CapacityReported,
    Correction,
    Event,
    Heartbeat,
)
from exchange.core.model.field_types import field_types
from exchange.core.release.agency_tables import is_about_a_client
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.closed_epochs import Moment
from exchange.core.release.closing import DrawTask
from exchange.core.release.cuts import BEGINNING, Cut
from exchange.core.release.draw import Due, Reading, counted, reading_of
from exchange.engine.errors import CannotApply
from exchange.engine.log import Partition
from exchange.testing.memory_partition import StoredRecord
from exchange.wire.codec import encode
from exchange.wire.event_tails import event_of, is_unmarked, tail_of
from exchange.wire.public_records import decode_release
from exchange.wire.topics import DRAWS, EVENTS
from tests.contract.test_log_memory import MemoryHarness
from tests.kits.caps_kit.histories import in_row
from tests.kits.draw_world import APRIL, JANUARY, all_due, correcting, due, event, from_agency, histories
from tests.kits.sizes import examples
from tests.kits.strategies import events as any_event
from tests.unit.release.test_draw import FOOD, NEEDS

ONE = event(FOOD)
OF_NEEDS = due(NEEDS, APRIL)
CLUSTER = "in-memory"
Cuts = Mapping[Reading, Cut]


def nothing(scale: Fraction, length: int) -> Sequence[int]:
    """Noise that tests alone may ask for."""
    return [0] * length


def cut_at(offsets: Sequence[int], cluster: str = CLUSTER) -> Cut:
    """A cut where agency n, alone in partition n, has sent so many events."""
    return Cut(
        tuple((f"agency-{n}", offset) for n, offset in enumerate(offsets) if offset),
        tuple(offsets),
        cluster,
        tuple(offsets) if cluster else (),
    )


def without_address(cut: Cut) -> Cut:
    return Cut(cut.heads)


def chained(events: Sequence[Event], number: int) -> list[tuple[bytes, bytes]]:
    """The records of one agency: its events are numbered 1, 2, 3 …"""
    return [(f"agency-{number}".encode(), encode(replace(one, sequence=n))) for n, one in enumerate(events, start=1)]


def drawn(
    partitions: Sequence[Sequence[tuple[bytes, bytes]]],
    dues: Sequence[Due] = (OF_NEEDS,),
    cuts: Cuts = {Reading.ALL: BEGINNING},  # noqa: B006 - never changed
    *,
    last: Cut = BEGINNING,
    ends: Sequence[int] | None = None,
    noise: Callable[[Fraction, int], Sequence[int]] = nothing,
) -> Drawn:
    """One draw over a log of these records."""

    async def work() -> Drawn:
        harness = MemoryHarness()
        harness.broker.create(DRAWS)
        for source, records in zip(harness.broker.create(EVENTS, len(partitions)), partitions, strict=True):
            harness.broker.append(source, *records)
        moment = Moment(0, tuple(ends or map(len, partitions)), 0, CLUSTER)
        task = DrawTask(dues[0].epoch, moment, tuple(dues), (), cuts, last)
        return await carry_out(harness.log, task, noise, lambda _: None)

    return asyncio.run(work())


def counts(found: Drawn) -> dict[str, tuple[int | None, ...]]:
    return {(one := decode_release(value)).table: one.counts for _, value in found.parts}


def by_definition(
    dues: Sequence[Due], cuts: Cuts, partitions: Sequence[Sequence[Event]], ends: Sequence[int]
) -> object:
    """What `counted` makes of the events between each reading's cut and the new one."""
    found = {}
    for one in dues:
        cut = cuts.get(reading_of(one.row.tier))
        heads = [None if cut is None else dict(cut.heads).get(f"agency-{n}", 0) for n in range(len(partitions))]
        read = [
            e for of, head, end in zip(partitions, heads, ends, strict=True) if head is not None for e in of[head:end]
        ]
        [(found[one.row.name])] = [it.counts for it in counted([one], from_agency(read))]
    return found


@given(st.lists(histories(), min_size=1, max_size=3), st.sampled_from([APRIL, JANUARY]), st.data())
@settings(max_examples=examples(60))
def test_what_is_drawn_is_what_the_definition_counts_behind_each_reading_s_cut(
    partitions: list[list[Event]], epoch: int, data: st.DataObject
) -> None:
    """Also on another cluster, where agencies take turns and cuts are known by heads alone."""
    dues = all_due(epoch)
    at = [sorted(data.draw(st.tuples(*[st.integers(0, len(of))] * 4), label="cuts")) for of in partitions]
    everything, counted_at, last, ends = (tuple(of[n] for of in at) for n in range(4))
    cuts = {Reading.ALL: cut_at(everything), Reading.SINCE_LAST: cut_at(last)}
    if data.draw(st.booleans(), label="its quarter was counted"):
        cuts[Reading.SINCE_COUNTED] = cut_at(counted_at)
    records = [chained(of, n) for n, of in enumerate(partitions)]
    here = drawn(records, dues, cuts, last=cut_at(last), ends=ends)
    assert counts(here) == by_definition(dues, cuts, partitions, ends)
    assert here.cut == cut_at(ends)
    turns = [
        one for turn in zip_longest(*(of[:end] for of, end in zip(records, ends, strict=True))) for one in turn if one
    ]
    elsewhere = {reading: without_address(cut) for reading, cut in cuts.items()}
    there = drawn([turns], dues, elsewhere, last=without_address(cut_at(last)))
    assert (there.parts, there.cut.heads) == (here.parts, here.cut.heads)


@given(st.one_of(any_event, histories().map(lambda some: some[0] if some else ONE)))
@settings(max_examples=examples(300))
def test_the_event_of_a_tail_is_the_event_without_its_place_in_the_chain(one: Event) -> None:
    like = replace(one, sequence=1, previous=bytes(32))
    if isinstance(like.body, Correction):
        like = replace(like, body=replace(like.body, sequence=1, previous=bytes(32)))
    assert event_of(tail_of(encode(one))) == like
    assert tail_of(encode(one)) == tail_of(encode(like))


@given(any_event)
@settings(max_examples=examples(300))
def test_the_layout_tells_what_is_about_a_client_and_has_no_marks(one: Event) -> None:
    for like in (one, replace(one, cap=0)):
        tail = tail_of(encode(like))
        assert is_unmarked(tail) == (not like.cap and is_about_a_client(like))


def test_events_count_alike_if_caps_period_and_state_are_the_same() -> None:
    different = [ONE, event(FOOD, 0), event(FOOD, period="2025Q4"), event(FOOD, state=v.UsState.wy), ONE, ONE]
    assert len({tail_of(encode(replace(one, sequence=n))) for n, one in enumerate(different)}) == 4
    different += [correcting(ONE)] * 2
    assert counts(drawn([chained(different, 0)])) == {
        NEEDS.row.name: counted([OF_NEEDS], from_agency(different))[0].counts
    }


# Cuts


def test_the_event_at_the_cut_is_of_the_next_draw() -> None:
    """`<` and not `<=`, at both ends: each of three events is in one of three draws of arrivals."""
    arrivals = due(TABLE_COSTS["arrivals_needs"], APRIL)
    for start, cluster in product(range(4), (CLUSTER, "")):
        cut, ends = cut_at((start,), cluster), (min(3, start + 1),)
        found = drawn([chained([ONE] * 3, 0)], [arrivals], {Reading.SINCE_LAST: cut}, last=cut, ends=ends)
        assert counts(found) == {arrivals.row.name: (1 if start < 3 else 0,)}


def test_a_table_whose_reading_has_no_cut_counts_nothing() -> None:
    late = due(TABLE_COSTS["cases_too_late"], APRIL)
    opened = event(in_row(late.row, late.plan.rule, 0), period="2025Q4")
    for cuts, expected in (({Reading.SINCE_COUNTED: BEGINNING}, 1), ({Reading.ALL: BEGINNING}, 0)):
        assert counts(drawn([chained([opened], 0)], [late], cuts)) == {late.row.name: (expected,)}


def test_a_log_without_events_that_the_last_epoch_held_is_not_drawn_from() -> None:
    """Where the last cut has no address, its events must be found again."""
    last = cut_at((3,), cluster="")
    with pytest.raises(SequenceBroken, match="lacks events that the last closed epoch held"):
        drawn([chained([ONE, ONE], 0)], cuts={Reading.ALL: BEGINNING}, last=last)


@pytest.mark.parametrize(("numbers", "follows"), [((1, 2, 2), "event 2 .* event 2"), ((1, 3), "event 3 .* event 1")])
def test_events_that_were_lost_or_written_twice_stop_the_draw(numbers: tuple[int, ...], follows: str) -> None:
    records = [(b"an-agency", encode(replace(ONE, sequence=n))) for n in numbers]
    with pytest.raises(SequenceBroken, match=follows):
        drawn([records])


# Damage


@pytest.mark.parametrize("cut_off_at", [1, 7, 30, 45, 47, 48, 50])
def test_a_record_that_is_no_event_stops_the_draw_with_its_offset_and_without_its_value(cut_off_at: int) -> None:
    value = (encode(correcting(ONE)) if cut_off_at == 50 else encode(replace(ONE, sequence=2)))[:cut_off_at]
    secret = b"a secret, longer than the head of any event that there is"[:cut_off_at]
    for damaged in (value, secret):
        with pytest.raises(CannotApply, match="events-0 offset 1: EventUnreadable") as caught:
            drawn([[*chained([ONE], 0), (b"agency-0", damaged)]])
        assert caught.value.partition == Partition(EVENTS, 0)
        assert "secret" not in str(caught.value)


def a_body(kind: type[Body], **values: Enum) -> Body:
    """These values, and the first one of each other field, which are codes."""
    make: Callable[..., Body] = kind
    first = {one.name: next(iter(cast("type[Enum]", one.hint))) for one in field_types(kind)}
    return make(**first | values)


def test_a_marked_event_with_a_byte_that_its_field_cannot_have_stops_the_draw() -> None:
    """Also where no table looks at the field: what is damaged says nothing."""
    for kind in (body for body in BODIES if body.about is About.CLIENT):
        value = encode(event(a_body(kind)))
        for place, octet in product(range(HEAD + 1, len(value)), (0x01, 0x7F, 0xFE)):
            damaged = value[:place] + bytes((octet,)) + value[place + 1 :]
            with pytest.raises(CannotApply, match="events-0 offset 0: EventUnreadable"):
                drawn([[(b"agency-0", damaged)]], all_due(JANUARY))


def test_every_value_of_every_table_is_counted_where_it_belongs() -> None:
    """Also in every state: what a slice means is learnt from one event and kept."""
    dues = all_due(JANUARY)
    bodies = [
        a_body(one.row.table.body, **dict(zip([d.field for d in dimensions], values, strict=True)))
        for one in dues
        if one.row.table is not None and (dimensions := one.row.table.dimensions)
        for values in product(*(field_type(one.row.table.body, d.field) for d in dimensions))
    ]
    events = [event(body, period="2026Q4", state=state) for body, state in zip(bodies, cycle(v.UsState), strict=False)]
    cuts = dict.fromkeys(Reading, BEGINNING)
    assert counts(drawn([chained(events, 0)], dues, cuts)) == by_definition(dues, cuts, [events], [len(events)])


def test_a_record_without_a_key_stops_the_draw() -> None:
    with pytest.raises(CannotApply, match="events-0 offset 1: CannotCount"):
        drawn([[*chained([ONE], 0), (b"", encode(replace(ONE, sequence=2)))]])


def test_noise_of_another_length_is_never_used() -> None:
    with pytest.raises(NoiseUnfit):
        drawn([[]], noise=lambda _, length: [0] * (length - 1))


# Agencies, and memory


def batch_of(events: Sequence[Event]) -> EventBatch:
    values = (encode(replace(one, sequence=n)) for n, one in enumerate(events, start=1))
    return EventBatch(Partition(EVENTS, 0), [StoredRecord(b"a", value, (), n, 0) for n, value in enumerate(values)])


def test_agencies_are_heard_so_far_and_since_the_last_cut_and_what_is_about_clients_is_left_out() -> None:
    bodies = (
        Heartbeat(v.Scheduled.yes, v.ReportingMinutes.not_known, 1, bytes(64)),
        AgencyProfiled(v.AgencyType.legal, v.ReportingMode.events),
        CapacityReported(v.Service.legal, 10),
    )
    said = [event(body, 0) for body in bodies]
    said = [ONE, *said, correcting(said[1]), correcting(said[2]), correcting(ONE), ONE]
    task = DrawTask(APRIL, Moment(0, (9,), 0), (), (), {Reading.ALL: BEGINNING}, Cut((("a", 3),)))
    found = DrawCounts(task)
    found.take(batch_of(said))
    assert [one.body for _, one in found.heard.so_far] == [event_of(tail_of(encode(one))).body for one in said[1:6]]
    assert list(found.heard.since_last) == list(found.heard.so_far)[2:]
    assert not any(is_about_a_client(one) for _, one in found.heard.so_far)
    between = DrawCounts(replace(task, cuts={}))
    between.take(batch_of(said))
    assert (list(between.heard.so_far), list(between.heard.since_last)) == ([], list(found.heard.since_last))


@given(st.lists(histories(), min_size=1, max_size=4), st.sampled_from([APRIL, JANUARY]))
@settings(max_examples=examples(30))
def test_what_is_held_until_it_is_counted_is_bounded_and_changes_nothing(
    batches: list[list[Event]], epoch: int
) -> None:
    found, whole = (
        DrawCounts(DrawTask(epoch, Moment(0, (9,), 0), tuple(all_due(epoch)), (), dict.fromkeys(Reading, BEGINNING)))
        for _ in range(2)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw_task, "TAILS_MAX", 3)
        for some in batches:
            found.take(batch_of(some))
            assert len(found._events) <= max(3, len(some))
    for some in batches:
        whole.take(batch_of(some))
    assert found.counted() == whole.counted()
