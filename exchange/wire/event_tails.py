"""Tails: all of an event's bytes on which its counting depends, for those who count many events.

A tail is the value without its place in the chain: its own, and that of the event that a correction
restates. So events that count alike have the same tail, and are read once.

Promised: `event_of(tail_of(value))` is the decoded value, but for sequences and digests. Where a
value is no event, `event_of` raises EventUnreadable. Not promised: that the value is canonical. The
gate has made sure of that before it wrote the event.
"""

from functools import lru_cache
from typing import Final

from exchange.core.admission.cap_rules import NONE
from exchange.core.model.event_layout import (
    CAP,
    DIGEST_OCTETS,
    FIELDS,
    HEAD,
    KIND,
    PREFIX,
    SEQUENCE_OCTETS,
    cap_octet,
    head_octets,
)
from exchange.core.model.events import BODIES, About, Body, Correctable, Correction, Event
from exchange.core.model.vocabulary import UsState
from exchange.wire.codec import NO_DIGEST, decode
from exchange.wire.event_rows import body_of, middle_of, row_length
from exchange.wire.schemas import newest

_CORRECTION: Final = bytes((BODIES.index(Correction) << 1,))
_LINK: Final = SEQUENCE_OCTETS + DIGEST_OCTETS
_MIDDLE: Final = KIND - HEAD
_SEQUENCE: Final = 1
_REMEMBERED: Final = 1 << 16
_CAP_AT: Final = PREFIX + CAP - HEAD
_KIND_AT: Final = PREFIX + _MIDDLE
_UNMARKED: Final = cap_octet(NONE)
_OF_CLIENTS: Final = {
    cap_octet(place): _KIND_AT + length
    for place, body in enumerate(BODIES)
    if body.about is About.CLIENT and (length := row_length(body))
}
"""By the byte of their kind, the length of a tail about a client."""


def tail_of(value: bytes) -> bytes:
    """The tail of a value. Any bytes have one, so that one may look at them later."""
    if value[KIND:FIELDS] == _CORRECTION:
        return value[:PREFIX] + value[HEAD:FIELDS] + value[FIELDS + _LINK :]
    return value[:PREFIX] + value[HEAD:]


def event_of(tail: bytes) -> Event:
    """The event, as if it were the first of its chain. Raises EventUnreadable."""
    if tail.startswith(newest("event").prefix):
        event = _row(tail[PREFIX:])
        if event is not None:
            return event
    value = head_octets(tail[:PREFIX], _SEQUENCE, NO_DIGEST) + tail[PREFIX:]
    if value[KIND:FIELDS] == _CORRECTION:
        value = value[:FIELDS] + _SEQUENCE.to_bytes(SEQUENCE_OCTETS, "big") + NO_DIGEST + value[FIELDS:]
    return decode(value)


def _row(octets: bytes) -> Event | None:
    """The event of middle and body, if they are rows."""
    middle, row = _middle(octets[:_MIDDLE]), octets[_MIDDLE:]
    if middle is None:
        return None
    body: Body | None = None
    if row[:1] != _CORRECTION:
        body = _body(row)
    elif (restated := _row(row[1:])) is not None and isinstance(restated.body, Correctable):
        body = Correction(_SEQUENCE, NO_DIGEST, restated.period, restated.state, restated.cap, restated.body)
    if body is None:
        return None
    return Event(_SEQUENCE, NO_DIGEST, *middle, body)


def is_unmarked(tail: bytes) -> bool:
    """Whether a tail is that of an event about a client, or of its correction, without marks.

    Told by the layout alone, so that it need not be decoded: no figure about clients counts it, and
    none about agencies.
    """
    if tail[_CAP_AT:_KIND_AT] != _UNMARKED or not tail.startswith(newest("event").prefix):
        return False
    kind = tail[_KIND_AT : _KIND_AT + 1]
    if kind != _CORRECTION:
        return len(tail) == _OF_CLIENTS.get(kind)
    restated = _KIND_AT + 1 + _MIDDLE
    return len(tail) - restated + _KIND_AT == _OF_CLIENTS.get(tail[restated : restated + 1])


@lru_cache(maxsize=_REMEMBERED)
def _body(row: bytes) -> Body | None:
    return body_of(row)


@lru_cache(maxsize=_REMEMBERED)
def _middle(octets: bytes) -> tuple[int, UsState, int] | None:
    middle = middle_of(octets)
    return middle and (middle[0], UsState(middle[1]), middle[2])
