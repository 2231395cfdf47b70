"""An event in two parts: its head (sequence and previous, which depend on the chain) and its tail (all that it says).

The vault keeps tails and never whole values, so that an event can be chained anew without being written anew. Equal
tails under one schema say exactly the same. `value_of` puts both together: the bytes that leave.
"""

from typing import Final

from exchange.core.events import Body, Correctable, Correction, Event
from exchange.core.vocabulary import UsState
from exchange.wire.codec import HEAD, decode, encode
from exchange.wire.schemas import newest, schemas

PREVIOUS_OCTETS: Final = 32
_NO_PREVIOUS: Final = bytes(PREVIOUS_OCTETS)


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


def same_said(one: tuple[int, bytes], other: tuple[int, bytes]) -> bool:
    """Whether two (schema id, tail) say the same; under one schema the bytes decide, else what they mean."""
    return one == other or (one[0] != other[0] and said_by(*one) == said_by(*other))


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
