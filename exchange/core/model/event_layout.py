"""Where each part of an event stands in its value bytes: the one place that knows.

A value is *head | middle | body*. The head is the schema's prefix, the sequence and the previous
digest; the middle is period, state and cap; the body begins with its kind. What follows the head is
called the tail: it does not depend on the chain.

Numbers of the middle are Avro varints in zigzag form. By the ranges of the model they have fixed
widths: a period takes two bytes, a state, a cap and every code of a body take one. A property test
holds this module equal to Avro's own bytes for every body.
"""

from collections.abc import Sequence
from itertools import count
from struct import Struct
from typing import Final

from exchange.core.errors import PeriodInvalid
from exchange.core.model.period import is_period
from exchange.core.model.vocabulary import UsState

MAGIC: Final = 0
"""The first byte of every value."""
PREFIX: Final = 5
"""Bytes of magic and schema id, which begin every value, also of records that are no events."""
SEQUENCE_OCTETS: Final = 8
DIGEST_OCTETS: Final = 32
HEAD: Final = PREFIX + SEQUENCE_OCTETS + DIGEST_OCTETS
"""Bytes of the head; the first byte of the period."""
STATE: Final = HEAD + 2
CAP: Final = STATE + 1
KIND: Final = CAP + 1
"""The first byte of the body: which branch of the union it is."""
FIELDS: Final = KIND + 1
"""The first field of the body."""
SEQUENCE: Final = slice(PREFIX, PREFIX + SEQUENCE_OCTETS)
PREVIOUS: Final = slice(PREFIX + SEQUENCE_OCTETS, HEAD)
MIDDLE: Final = slice(HEAD, KIND)

_LINK: Final = Struct(f">Q{DIGEST_OCTETS}s")
_STATES: Final = tuple(UsState)
_ONE_OCTET: Final = tuple(bytes([2 * number]) for number in range(64))
"""0–63 as a varint in zigzag form."""
_STATE_OCTETS: Final = dict(zip(_STATES, _ONE_OCTET, strict=False))


def sequence_of(value: bytes) -> int:
    """The event's place in its agency's chain."""
    return int.from_bytes(value[SEQUENCE], "big")


def link_of(value: bytes) -> tuple[int, bytes]:
    """The sequence and the previous digest of a value that has a whole head."""
    return _LINK.unpack_from(value, PREFIX)


def follows(value: bytes, sequence: int, digest: bytes) -> bool:
    """Whether a value is its agency's next event after the one with this sequence and digest.

    After sequence 0 comes the first event, which may carry any digest.
    """
    return sequence_of(value) == sequence + 1 and (not sequence or value[PREVIOUS] == digest)


def all_follow(values: Sequence[bytes], digests: Sequence[bytes], sequence: int, digest: bytes) -> bool:
    """Whether values are their agency's next events after the one with this sequence and digest.

    `values`: one or more; `digests`: of them. Says the same as `follows` of each, at once.
    """
    if min(map(len, values)) < HEAD:
        return all(map(follows, values, count(sequence), (digest, *digests)))
    before = (digest if sequence else values[0][PREVIOUS], *digests)
    return list(map(link_of, values)) == list(zip(count(sequence + 1), before[:-1], strict=False))


def head_octets(prefix: bytes, sequence: int, previous: bytes) -> bytes:
    """The head of a value. `prefix`: of its schema."""
    return prefix + sequence.to_bytes(SEQUENCE_OCTETS, "big") + previous


def middle_octets(period: int, state: UsState, cap: int) -> bytes:
    """Period, state and cap. `cap`: 0–63."""
    return period_octets(period) + _STATE_OCTETS[state] + _ONE_OCTET[cap]


def period_octets(period: int) -> bytes:
    """A period in two bytes, the seven low bits first."""
    return bytes(((period << 1) & 0x7F | 0x80, period >> 6))


def parse_period_octets(octets: bytes) -> int:
    """The period of two bytes; raises PeriodInvalid unless they are the shortest form of one."""
    low, high = octets
    period = (high << 7 | low & 0x7F) >> 1
    if not is_period(period) or octets != period_octets(period):
        raise PeriodInvalid
    return period


def state_of_octet(octet: int) -> UsState:
    """The state of its byte."""
    return _STATES[octet >> 1]


def cap_octet(cap: int) -> bytes:
    """0–63 as its byte."""
    return _ONE_OCTET[cap]


def cap_of_octet(octet: int) -> int:
    """0–63 of its byte."""
    return octet >> 1
