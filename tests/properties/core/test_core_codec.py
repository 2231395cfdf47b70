"""Bytes and events are equivalent: nothing is lost or added, and only an event is accepted."""

import re
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.core.admission.gate import Arrival, Unreadable
from exchange.core.admission.reasons import VALUE_OCTETS_MAX, Reason
from exchange.core.model import events as e
from exchange.core.model.event_layout import HEAD, KIND, MIDDLE
from exchange.core.model.events import BODIES, Body, Correction, Event, Heartbeat, Tally
from exchange.core.model.period import FIRST, LAST
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import (
    AgeBand,
    ForeignNational,
    Gender,
    ReferralSource,
    ReportingMinutes,
    Scheduled,
    Service,
    UsState,
)
from exchange.wire.codec import EventReader, EventUnreadable, decode, encode, read_by_avro
from exchange.wire.event_rows import body_of, middle_of, octets_of
from tests.kits.strategies import bodies, events, of, periods, small, states

FACTS = e.NeedIdentified(Service.housing)
EVENT = Event(1, bytes(32), FIRST, UsState.ca, 63, FACTS)
BEAT = Heartbeat(Scheduled.yes, ReportingMinutes.minutes_0_5, 63, bytes(64))
OUT_OF_RANGE = Unreadable(Reason.OUT_OF_RANGE)
NOT_CANONICAL = Unreadable(Reason.NOT_CANONICAL)
UNREADABLE = Unreadable(Reason.UNREADABLE)


def read(value: bytes | None) -> Arrival | Unreadable:
    return EventReader().read(value)


@given(event=events)
def test_decode_undoes_encode(event: Event) -> None:
    assert decode(encode(event)) == event


@pytest.mark.parametrize("body", BODIES)
@given(data=st.data())
def test_decode_undoes_encode_for_every_body(body: type[Body], data: st.DataObject) -> None:
    event = Event(7, bytes(32), LAST, UsState.vi, 0, data.draw(of(body)))
    assert decode(encode(event)) == event


@given(event=events)
def test_a_reader_admits_what_encode_wrote_and_names_what_it_is(event: Event) -> None:
    arrival = read(encode(event))
    assert isinstance(arrival, Arrival)
    said = (arrival.sequence, arrival.previous, arrival.period, arrival.state, arrival.cap, arrival.body)
    assert said == (event.sequence, event.previous, event.period, event.state, event.cap, event.body)
    if isinstance(event.body, Correction):
        c = event.body
        original = Event(c.sequence, c.previous, c.period, c.state, c.cap, c.body)
        assert arrival.restated == sha256(encode(original)).digest()


@given(event=events, sequence=st.integers(0, 2**64 - 1), previous=st.binary(min_size=32, max_size=32))
def test_a_remembered_tail_reads_as_if_it_were_new(event: Event, sequence: int, previous: bytes) -> None:
    reader = EventReader()
    reader.read(encode(event))
    again = encode(replace(event, sequence=sequence, previous=previous))
    assert reader.read(again) == read(again)


@given(event=events, others=st.lists(st.tuples(periods, states, small, bodies), max_size=4))
def test_a_reader_that_has_read_others_reads_each_as_a_new_one_does(
    event: Event, others: list[tuple[int, UsState, int, Body]]
) -> None:
    reader = EventReader()
    for period, state, cap, body in others:
        for said in (event, replace(event, period=period), replace(event, state=state), replace(event, cap=cap)):
            for value in (encode(said), encode(replace(said, body=body))):
                assert reader.read(value) == read(value)


@pytest.mark.parametrize("body", BODIES)
@given(data=st.data(), period=periods, state=states, cap=small)
def test_what_is_read_by_its_layout_is_what_avro_reads(
    body: type[Body], data: st.DataObject, period: int, state: UsState, cap: int
) -> None:
    """Of an event, and of one with any byte changed, put in or left out behind its head."""
    value = encode(Event(7, bytes(32), period, state, cap, data.draw(of(body))))
    at, octet = data.draw(st.integers(HEAD, len(value) - 1)), bytes([data.draw(st.integers(0, 255))])
    for one in (
        value,
        value[:at] + octet + value[at + 1 :],
        value[:at] + octet + value[at:],
        value[:at] + value[at + 1 :],
    ):
        by_avro, row, middle = read_by_avro(one), body_of(one[KIND:]), middle_of(one[MIDDLE])
        if row is not None and middle is not None:
            assert isinstance(by_avro, Event)
            assert (by_avro.body, (by_avro.period, by_avro.state, by_avro.cap)) == (row, middle)
        elif isinstance(by_avro, Event):
            assert isinstance(by_avro.body, Tally | Correction), "every other body is a row"


@given(event=events)
def test_a_body_that_is_a_row_is_written_as_avro_writes_it(event: Event) -> None:
    row = octets_of(event.body)
    assert row == encode(event)[KIND:] or (row is None and isinstance(event.body, Tally | Correction))


@given(event=events, at=st.one_of(st.just(-1), st.integers(0, 400)), flipped=st.sampled_from([1, 2, 4, 128]))
def test_a_reader_that_has_read_a_record_sees_every_changed_byte(event: Event, at: int, flipped: int) -> None:
    reader, value = EventReader(), bytearray(encode(event))
    reader.read(bytes(value))
    value[at % len(value)] ^= flipped
    assert reader.read(bytes(value)) == read(bytes(value))


@given(event=events)
def test_every_field_of_the_head_is_where_the_plan_looks_for_it(event: Event) -> None:
    value = encode(event)
    assert value[:5] == b"\x00\x00\x00\x00\x01"
    assert (int.from_bytes(value[5:13], "big"), value[13:HEAD]) == (event.sequence, event.previous)
    assert value[HEAD] & 0x80
    assert not value[HEAD + 1] & 0x80, "a period is always two bytes"
    assert value[HEAD + 2] >> 1 == list(UsState).index(event.state)
    assert value[HEAD + 3] >> 1 == event.cap
    assert value[HEAD + 4] >> 1 == BODIES.index(type(event.body))


@given(event=events, tail=st.binary(min_size=1, max_size=40))
def test_a_tail_is_refused(event: Event, tail: bytes) -> None:
    assert read(encode(event) + tail) in (NOT_CANONICAL, Unreadable(Reason.OVERSIZED))


@given(event=events, data=st.data())
def test_a_record_cut_short_is_refused(event: Event, data: st.DataObject) -> None:
    value = encode(event)
    assert read(value[: data.draw(st.integers(0, len(value) - 1))]) == UNREADABLE


@given(event=events, at=st.sampled_from([HEAD + 2, HEAD + 3, HEAD + 4]))
def test_an_overlong_varint_is_refused(event: Event, at: int) -> None:
    value = encode(event)
    overlong = value[:at] + bytes([value[at] | 0x80, 0x00]) + value[at + 1 :]
    assert decode(overlong) == event, "fastavro reads it as the same event"
    assert read(overlong) == NOT_CANONICAL


@given(event=events)
def test_an_overlong_period_is_refused(event: Event) -> None:
    value = encode(event)
    overlong = value[: HEAD + 1] + bytes([value[HEAD + 1] | 0x80, 0x00]) + value[HEAD + 2 :]
    assert read(overlong) == NOT_CANONICAL


@pytest.mark.parametrize("counts", [b"\x01\x08\x00\x00\x00\x05\x00", b"\x02\x00\x00\x00\x05\x00\x00"])
def test_an_array_written_otherwise_or_with_a_tail_is_refused(counts: bytes) -> None:
    plain = encode(replace(EVENT, body=Tally(TallyTable.cases, (5,))))
    assert plain[51:] == b"\x02\x00\x00\x00\x05\x00"
    assert read(plain[:51] + counts) == NOT_CANONICAL


@pytest.mark.parametrize(
    "wrong",
    [
        replace(EVENT, sequence=2**63),
        replace(EVENT, sequence=2**64 - 1),
        replace(EVENT, cap=64),
        replace(EVENT, cap=-1),
        replace(EVENT, cap=2**31 - 1),
        replace(EVENT, period=FIRST - 1),
        replace(EVENT, period=LAST + 1),
        replace(EVENT, period=0),
        replace(EVENT, period=-FIRST),
        replace(EVENT, body=replace(BEAT, key=64)),
        replace(EVENT, body=replace(BEAT, key=-1)),
        replace(EVENT, body=Correction(1, bytes(32), LAST + 1, UsState.ca, 63, FACTS)),
        replace(EVENT, body=Correction(1, bytes(32), FIRST, UsState.ca, 64, FACTS)),
    ],
)
def test_a_number_out_of_its_range_is_refused(wrong: Event) -> None:
    assert decode(encode(wrong)) == wrong, "Avro itself does not mind"
    assert read(encode(wrong)) == OUT_OF_RANGE


@pytest.mark.parametrize(
    "right",
    [
        replace(EVENT, sequence=2**63 - 1),
        replace(EVENT, period=FIRST),
        replace(EVENT, period=LAST),
        replace(EVENT, cap=0),
        replace(EVENT, body=BEAT),
    ],
)
def test_the_ends_of_a_range_are_admitted(right: Event) -> None:
    assert isinstance(read(encode(right)), Arrival)


@pytest.mark.parametrize("kind", [len(BODIES), 63, -1])
def test_an_unknown_body_or_code_is_refused(kind: int) -> None:
    value = encode(EVENT)
    index = bytes([(kind << 1) & 0x7F if kind >= 0 else 1])
    assert read(value[: HEAD + 4] + index + value[HEAD + 5 :]) == UNREADABLE
    codes = bytes([len(Gender) << 1])
    opened = encode(
        replace(EVENT, body=e.CaseOpened(Gender.woman, AgeBand.age_0_8, ForeignNational.no, ReferralSource.hotline))
    )
    assert read(opened[: HEAD + 5] + codes + opened[HEAD + 6 :]) == UNREADABLE


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.UNREADABLE),
        (b"", Reason.UNREADABLE),
        (b"\x00\x00\x00\x00", Reason.UNREADABLE),
        (b"\x01" + encode(EVENT)[1:], Reason.UNREADABLE),
        (b'{"service": "housing"}', Reason.UNREADABLE),
        (b"\x00\x00\x00\x00\x63" + encode(EVENT)[5:], Reason.UNKNOWN_SCHEMA),
        (b"\x00\x00\x00\x00\x65" + encode(EVENT)[5:], Reason.UNKNOWN_SCHEMA),
        (bytes(VALUE_OCTETS_MAX + 1), Reason.OVERSIZED),
        (encode(EVENT)[:5] + bytes(VALUE_OCTETS_MAX), Reason.OVERSIZED),
    ],
)
def test_what_is_no_event_is_refused_with_its_reason(value: bytes | None, reason: Reason) -> None:
    assert read(value) == Unreadable(reason)


@given(value=st.binary(max_size=200))
@example(value=b"\x00\x00\x00\x00\x01" + bytes(200))
def test_any_bytes_get_an_answer_and_what_is_admitted_is_canonical(value: bytes) -> None:
    for octets in (value, encode(EVENT)[:5] + value, encode(EVENT)[:HEAD] + value):
        answer = read(octets)
        assert isinstance(answer, Unreadable) or encode(decode(octets)) == octets


@given(event=events, at=st.integers(0, 400), octet=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_is_another_event(event: Event, at: int, octet: int) -> None:
    value = bytearray(encode(event))
    value[at % len(value)] = octet
    answer = read(bytes(value))
    assert isinstance(answer, Unreadable) or encode(decode(bytes(value))) == value


@given(value=st.binary(max_size=40))
def test_an_error_names_what_failed_and_never_quotes_the_record(value: bytes) -> None:
    """fastavro's own messages quote bytes and symbols; ours have the error's class and no more."""
    with pytest.raises(EventUnreadable) as caught:
        decode(encode(EVENT)[:5] + value)
    assert re.fullmatch(r"[A-Za-z]+", str(caught.value.__cause__))
    assert str(caught.value) == str(EventUnreadable())
