"""An event in two parts: its head (sequence and previous, which depend on the chain) and its tail (all that it says).

The vault keeps tails and never whole values, so that an event can be chained anew without being written anew. Tails that are
equal under one schema, but for the bits of the caps, say exactly the same; what is to be said has no bits yet, and gets
them when it is chained. `value_of` puts both parts together: the bytes that leave.
"""

from functools import lru_cache
from typing import Final

from exchange.core.admission.cap_rules import MARKS, NONE
from exchange.core.model.events import ALL_CAPS, AgencyProfiled, Body, Correctable, Correction, Event
from exchange.core.model.period import FIRST
from exchange.core.model.vocabulary import AgencyType, ReportingMode, UsState
from exchange.wire.codec import HEAD, decode, encode
from exchange.wire.schemas import newest, schemas

PREVIOUS_OCTETS: Final = 32
_NO_PREVIOUS: Final = bytes(PREVIOUS_OCTETS)
_STATE_AT: Final = 2
_CAP_AT: Final = 3
"""A tail begins with the period in two bytes, the state in one, the cap in one: zigzag varints, by DESIGN's widths."""
_CAPS: Final = tuple(bytes([2 * cap]) for cap in range(64))
_STATES: Final = tuple(UsState)


def tail_of(period: int, state: UsState, cap: int, body: Body, schema_id: int = 0) -> bytes:
    """What the event says, as it stands behind the head of its value."""
    return encode(Event(0, _NO_PREVIOUS, period, state, cap, body), schema_id)[HEAD:]


def value_of(schema_id: int, sequence: int, previous: bytes, tail: bytes) -> bytes:
    """The whole value bytes."""
    return schemas()[schema_id].prefix + sequence.to_bytes(8, "big") + previous + tail


def event_of(schema_id: int, sequence: int, previous: bytes, tail: bytes) -> Event:
    """The event of both parts."""
    return decode(value_of(schema_id, sequence, previous, tail))


def said_by(schema_id: int, tail: bytes) -> Event:
    """The event of a tail alone: sequence 0, no previous."""
    return event_of(schema_id, 0, _NO_PREVIOUS, tail)


def with_cap(tail: bytes, cap: int) -> bytes:
    """The tail with these bits and no others."""
    return tail[:_CAP_AT] + _CAPS[cap] + tail[_CAP_AT + 1 :]


def cap_of(tail: bytes) -> int:
    """The bits of a tail: 0–63."""
    return tail[_CAP_AT] >> 1


def period_of_tail(tail: bytes) -> int:
    """The period of a tail."""
    return (tail[0] & 0x7F | tail[1] << 7) >> 1


def state_of_tail(tail: bytes) -> UsState:
    """The state of a tail."""
    return _STATES[tail[_STATE_AT] >> 1]


@lru_cache(maxsize=1 << 16)
def body_of(schema_id: int, body: bytes) -> Body:
    """The body of a tail, from its bytes behind the cap (`body_bytes`): the same for all periods, states and bits."""
    return said_by(schema_id, _ANY_PLACE + body).body


def body_bytes(tail: bytes) -> bytes:
    """What a tail says behind period, state and cap."""
    return tail[_CAP_AT + 1 :]


def same_said(one: tuple[int, bytes], other: tuple[int, bytes]) -> bool:
    """Whether two (schema id, tail) say the same, whatever their bits; under one schema bytes decide, else what they mean."""
    first, second = (one[0], with_cap(one[1], NONE)), (other[0], with_cap(other[1], NONE))
    return first == second or (first[0] != second[0] and said_by(*first) == said_by(*second))


def marked_alike(tail: bytes) -> tuple[bytes, ...]:
    """Every tail that says the same, with any bits that it may have left with."""
    return tuple(with_cap(tail, cap) for cap in (*range(int(MARKS) + 1), ALL_CAPS))


def correction_tail(restated: Event, schema_id: int, cap: int) -> bytes:
    """The tail of the event that retracts `restated`, which stands under `schema_id`."""
    body = restated.body
    if not isinstance(body, Correctable):
        raise TypeError("a correction or a heartbeat is never retracted")
    correction = Correction(restated.sequence, restated.previous, restated.period, restated.state, restated.cap, body)
    return tail_of(restated.period, restated.state, cap, correction, schema_id)


def newest_id() -> int:
    """The schema id that new events are written under."""
    return newest("event").id


_ANY_PLACE: Final = tail_of(FIRST, UsState.al, NONE, AgencyProfiled(AgencyType.other, ReportingMode.events))[
    : _CAP_AT + 1
]
