"""Reading and writing events of the newest schema by layout: a row of bytes needs no Avro.

Every code and every small number is one byte, and every wide number has its width. So a body of
such fields has one length, and each of its bytes has one meaning: what is read here is canonical
and in its range. A body with an array or with another body in it is no row, and bytes that a row
cannot have are none either. Both are left to Avro, which finds the reason. A property test holds
the two ways of reading equal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final, cast

from exchange.core.errors import PeriodInvalid
from exchange.core.model.event_layout import cap_octet, middle_octets, parse_period_octets
from exchange.core.model.events import BODIES, Body
from exchange.core.model.field_types import FieldType, field_types
from exchange.core.model.period import FIRST
from exchange.core.model.vocabulary import UsState

Middle = tuple[int, str, int]
"""Period, state and cap: between an event's head and its body."""
_ONE_OCTET_MAX: Final = 64
"""Codes and numbers below it are one byte."""
_PERIOD: Final = slice(0, 2)
_STATES: Final = {middle_octets(FIRST, state, 0)[2]: str(state) for state in UsState}
_CAPS: Final = {cap_octet(cap)[0]: cap for cap in range(_ONE_OCTET_MAX)}


@dataclass(frozen=True, slots=True)
class BodyRow:
    """The bodies of one class: how long they are, with the byte of their kind, and their fields.

    `codes`: of each field of one byte, its place and the bytes that it may be.
    """

    make: Callable[..., Body]
    length: int
    codes: Mapping[str, tuple[int, bytes]]
    fields: tuple[tuple[slice, Callable[[bytes], object]], ...]
    writes: tuple[tuple[str, Callable[[object], bytes]], ...]


def middle_of(octets: bytes) -> Middle | None:
    """The middle of these four bytes; None if they are none."""
    try:
        return parse_period_octets(octets[_PERIOD]), _STATES[octets[2]], _CAPS[octets[3]]
    except (PeriodInvalid, LookupError, ValueError):
        return None


def body_of(octets: bytes) -> Body | None:
    """The body of these bytes, its kind the first; None if they are no row."""
    row = _rows().get(octets[:1])
    if row is None or len(octets) != row.length:
        return None
    try:
        return row.make(*[value_of(octets[where]) for where, value_of in row.fields])
    except KeyError:
        return None


def row_length(body: type[Body]) -> int:
    """The bytes of a body of this class, with the one of its kind; 0 if it is no row."""
    row = _kinds()[body][1]
    return row.length if row else 0


def row_codes(body: type[Body]) -> Mapping[str, tuple[int, bytes]]:
    """Of each field of one byte, its place in a row and the bytes that it may be."""
    row = _kinds()[body][1]
    return row.codes if row else {}


def octets_of(body: Body) -> bytes | None:
    """The bytes of a body, its kind the first; None if it is no row, or has a value of none."""
    kind, row = _kinds()[type(body)]
    if row is None:
        return None
    try:
        return kind + b"".join([octets(getattr(body, name)) for name, octets in row.writes])
    except (KeyError, OverflowError):
        return None


@cache
def _kinds() -> Mapping[type[Body], tuple[bytes, BodyRow | None]]:
    return {body: (cap_octet(place), _row(body)) for place, body in enumerate(BODIES)}


@cache
def _rows() -> Mapping[bytes, BodyRow]:
    return {kind: row for kind, row in _kinds().values() if row is not None}


def _row(body: type[Body]) -> BodyRow | None:
    fields, begin = list[tuple[slice, Callable[[bytes], object]]](), 1
    writes, codes = list[tuple[str, Callable[[object], bytes]]](), dict[str, tuple[int, bytes]]()
    for one in field_types(body):
        both = _values_of(one)
        if both is None:
            return None
        end = begin + (one.octets or 1)
        fields.append((slice(begin, end), both[0]))
        writes.append((one.name, both[1]))
        if not one.octets:
            codes[one.name] = begin, b"".join(map(both[1], _known(one)))
        begin = end
    return BodyRow(body, begin, codes, tuple(fields), tuple(writes))


def _values_of(one: FieldType) -> tuple[Callable[[bytes], object], Callable[[object], bytes]] | None:
    """How bytes become a field's value, and back; None if they are not always as many."""
    if one.octets:
        return _wide(one.hint, one.octets)
    values = _known(one)
    if not values or max(values.values()) >= _ONE_OCTET_MAX:
        return None
    read = {cap_octet(number): value for value, number in values.items()}
    return read.__getitem__, {value: octet for octet, value in read.items()}.__getitem__


def _known(one: FieldType) -> Mapping[object, int]:
    """The values of a small field, each with its number; empty if it is none."""
    if one.bounds:
        return {number: number for number in one.bounds}
    if isinstance(one.hint, type) and issubclass(one.hint, Enum):
        return {value: number for number, value in enumerate(one.hint)}
    return {}


def _wide(hint: object, octets: int) -> tuple[Callable[[bytes], object], Callable[[object], bytes]] | None:
    if hint is int:
        return _number, lambda number: cast("int", number).to_bytes(octets, "big")
    return (bytes, lambda value: _fixed(cast("bytes", value), octets)) if hint is bytes else None


def _fixed(value: bytes, octets: int) -> bytes:
    if len(value) != octets:
        raise OverflowError
    return value


def _number(octets: bytes) -> int:
    return int.from_bytes(octets, "big")
