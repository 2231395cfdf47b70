"""An event in two parts: its head (sequence and previous digest) and its tail (all the rest).

The head depends on the chain; the tail does not. The vault keeps tails and never whole values, so
that an event can be chained anew without being encoded anew. Two tails under one schema that are
equal but for their cap bits state the same fact. A fact that waits to be sent has no bits yet; it
gets them when it is chained. `value_of` joins both parts: the bytes that leave.
"""

from functools import lru_cache
from typing import Final

from exchange.core.admission.cap_rules import MARKS, NONE
from exchange.core.model.event_layout import (
    CAP,
    DIGEST_OCTETS,
    HEAD,
    KIND,
    STATE,
    cap_octet,
    cap_of_octet,
    head_octets,
    middle_octets,
    parse_period_octets,
    state_of_octet,
)
from exchange.core.model.events import Body, Correctable, Correction, Event
from exchange.core.model.period import FIRST
from exchange.core.model.vocabulary import UsState
from exchange.wire.codec import decode, encode
from exchange.wire.event_rows import body_of as read_row
from exchange.wire.event_rows import octets_of
from exchange.wire.schemas import newest, schemas

_NO_PREVIOUS: Final = bytes(DIGEST_OCTETS)
_STATE_AT: Final = STATE - HEAD
_CAP_AT: Final = CAP - HEAD
_BODY_AT: Final = KIND - HEAD


def encode_tail(period: int, state: UsState, cap: int, body: Body, schema_id: int = 0) -> bytes:
    """The bytes after the head of an event's value. `schema_id` 0: the newest schema."""
    return encode(Event(0, _NO_PREVIOUS, period, state, cap, body), schema_id)[HEAD:]


def value_of(schema_id: int, sequence: int, previous: bytes, tail: bytes) -> bytes:
    """The whole value bytes."""
    return head_octets(schemas()[schema_id].prefix, sequence, previous) + tail


def event_of(schema_id: int, sequence: int, previous: bytes, tail: bytes) -> Event:
    """The event of both parts."""
    return decode(value_of(schema_id, sequence, previous, tail))


def decode_tail(schema_id: int, tail: bytes) -> Event:
    """The event of a tail alone: sequence 0, no previous digest."""
    return event_of(schema_id, 0, _NO_PREVIOUS, tail)


@lru_cache(maxsize=1 << 16)
def _body_octets(body: Body) -> bytes:
    return octets_of(body) or encode_tail(FIRST, UsState.al, NONE, body)[_BODY_AT:]


def fact_tail(period: int, state: UsState, body: Correctable) -> bytes:
    """The tail of a fact that waits to be sent, under the newest schema: without cap bits."""
    return middle_octets(period, state, NONE) + _body_octets(body)


def with_cap(tail: bytes, cap: int) -> bytes:
    """The tail with these cap bits and no others."""
    return tail[:_CAP_AT] + cap_octet(cap) + tail[_BODY_AT:]


def cap_of(tail: bytes) -> int:
    """The cap bits of a tail: 0–63."""
    return cap_of_octet(tail[_CAP_AT])


_period: Final = lru_cache(parse_period_octets)


def period_of_tail(tail: bytes) -> int:
    """The period of a tail."""
    return _period(tail[:_STATE_AT])


def state_of_tail(tail: bytes) -> UsState:
    """The state of a tail."""
    return state_of_octet(tail[_STATE_AT])


@lru_cache(maxsize=1 << 16)
def body_of(schema_id: int, body: bytes) -> Body:
    """The body of a tail, from its `body_bytes`: the same for all periods, states and cap bits."""
    row = read_row(body) if schema_id == newest_id() else None
    return row or decode_tail(schema_id, middle_octets(FIRST, UsState.al, NONE) + body).body


def body_bytes(tail: bytes) -> bytes:
    """The part of a tail after period, state and cap."""
    return tail[_BODY_AT:]


def same_fact(one: tuple[int, bytes], other: tuple[int, bytes]) -> bool:
    """Whether two (schema id, tail) state the same fact, whatever their cap bits.

    Under one schema the bytes decide, otherwise the decoded events.
    """
    first, second = (one[0], with_cap(one[1], NONE)), (other[0], with_cap(other[1], NONE))
    return first == second or (first[0] != second[0] and decode_tail(*first) == decode_tail(*second))


def with_each_cap(tail: bytes) -> tuple[bytes, ...]:
    """The tail with every set of marks that an edge may have sent it with."""
    return tuple(with_cap(tail, cap) for cap in range(int(MARKS) + 1))


def correction_tail(restated: Event, schema_id: int, cap: int) -> bytes:
    """The tail of the event that retracts `restated`, which was sent under `schema_id`.

    Raises TypeError for a correction or a heartbeat.
    """
    body = restated.body
    if not isinstance(body, Correctable):
        raise TypeError("a correction or a heartbeat is never retracted")
    correction = Correction(restated.sequence, restated.previous, restated.period, restated.state, restated.cap, body)
    return encode_tail(restated.period, restated.state, cap, correction, schema_id)


def newest_id() -> int:
    """The schema id that new events are written under."""
    return newest("event").id
