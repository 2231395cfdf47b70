"""The byte layout of an event is the one that Avro writes, for every body and every head."""

from dataclasses import fields
from enum import Enum

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.core.errors import PeriodInvalid
from exchange.core.model import event_layout as layout
from exchange.core.model.events import BODIES, Body, Event
from exchange.core.model.period import FIRST, LAST, is_period
from exchange.core.model.vocabulary import UsState
from exchange.wire.codec import encode
from exchange.wire.schemas import newest
from tests.kits.strategies import bodies, of, periods, small, states


@pytest.mark.parametrize("body", BODIES)
@given(
    data=st.data(),
    sequence=st.integers(0, 2**64 - 1),
    previous=st.binary(min_size=32, max_size=32),
    period=periods,
    state=states,
    cap=small,
)
def test_every_part_is_where_the_layout_has_it(
    body: type[Body], data: st.DataObject, sequence: int, previous: bytes, period: int, state: UsState, cap: int
) -> None:
    event = Event(sequence, previous, period, state, cap, data.draw(of(body)))
    value, prefix = encode(event), newest("event").prefix
    assert value[: layout.PREFIX] == prefix
    assert value[0] == layout.MAGIC
    assert (layout.sequence_of(value), value[layout.PREVIOUS]) == (sequence, previous)
    assert value[: layout.HEAD] == layout.head_octets(prefix, sequence, previous)
    assert value[layout.MIDDLE] == layout.middle_octets(period, state, cap)
    assert layout.parse_period_octets(value[layout.HEAD : layout.STATE]) == period
    assert layout.state_of_octet(value[layout.STATE]) is state
    assert layout.cap_of_octet(value[layout.CAP]) == cap
    assert value[layout.CAP : layout.KIND] == layout.cap_octet(cap)
    assert value[layout.KIND] == BODIES.index(body) << 1


@given(body=bodies)
def test_codes_that_begin_a_body_take_one_byte_each(body: Body) -> None:
    value = encode(Event(1, bytes(32), FIRST, UsState.ca, 0, body))
    for at, field in enumerate(fields(body), start=layout.FIELDS):
        code = getattr(body, field.name)
        if not isinstance(code, Enum):
            break
        assert value[at] == list(type(code)).index(code) << 1


@given(octets=st.binary(min_size=2, max_size=2))
@example(octets=layout.period_octets(FIRST))
@example(octets=layout.period_octets(LAST))
def test_two_bytes_are_a_period_only_in_its_shortest_form(octets: bytes) -> None:
    try:
        period = layout.parse_period_octets(octets)
    except PeriodInvalid:
        assert octets not in {layout.period_octets(number) for number in range(FIRST, LAST + 1)}
    else:
        assert is_period(period)
        assert layout.period_octets(period) == octets
