"""One mapper between frozen dataclasses and the plain data that fastavro writes and reads.

How a field is written follows from its type:

| type | plain |
|---|---|
| `int`, `str`, `bool`, `bytes` | itself |
| an enum | its value |
| `Fraction`, `Decimal` | text, exact and without an exponent |
| `Annotated[int, Width(n)]` | `fixed`, big-endian; in a tuple each number |
| a dataclass | a record |
| a union of dataclasses | (full name, record) |
| `X` or `None` | `X` or null |
| `tuple[X, ...]` | an array |

A field whose plain form does not follow from its type has it declared beside the class: a
`Converter`, or `as_record`, which names the columns of tuples and the fields of nested records.

Reading raises ValueError, KeyError or ArithmeticError for plain data that no record has, or the
errors of the class itself. TypeError: a class or its declaration has a mistake. Hints are read at
the first use, never at import (docs/adr/0021-one-mapper.md).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from decimal import Decimal
from enum import Enum, IntFlag, StrEnum
from fractions import Fraction
from functools import cached_property
from operator import attrgetter, itemgetter
from types import NoneType, UnionType
from typing import Final, Generic, TypeVar, Union, cast, get_args, get_origin

from exchange.core.model.field_types import FieldType, field_types
from exchange.wire.event_schema import NAMESPACE

Plain = dict[str, object]
T = TypeVar("T")
S = TypeVar("S")
Change = Callable[[object], object]
Pick = Callable[[object], tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Converter:
    """How a value is written and read; None: as it is."""

    write: Change | None = None
    read: Change | None = None


@dataclass(frozen=True, slots=True)
class AsRecord:
    """The columns of a tuple by name, and the declared fields of what is written as a record."""

    columns: tuple[str, ...] = ()
    declared: Mapping[str, "Declared"] = field(default_factory=dict)


Declared = Converter | AsRecord
AS_IT_IS: Final = Converter()
NOT_DECLARED: Final = AsRecord()
INLINE: Final = AsRecord()
"""A nested record whose fields stand in the record around it."""


def converter(write: Callable[[T], S], read: Callable[[S], T]) -> Converter:
    """A converter of two functions that undo each other."""
    return Converter(cast("Change", write), cast("Change", read))


def as_record(*columns: str, **declared: Declared) -> AsRecord:
    """Tuples with these columns, or records of which some fields are declared."""
    return AsRecord(columns, declared)


class Mapper(Generic[T]):
    """The mapper of one dataclass."""

    def __init__(self, record: type[T], /, **declared: Declared) -> None:
        self._record = record
        self._declared = declared

    @cached_property
    def plain(self) -> Callable[[T], Plain]:
        """Gives the plain data of a record."""
        return cast("Callable[[T], Plain]", self._converter.write)

    @cached_property
    def typed(self) -> Callable[[Plain], T]:
        """Gives the record of plain data; fields that the class lacks are left alone."""
        return cast("Callable[[Plain], T]", self._converter.read)

    @cached_property
    def _converter(self) -> Converter:
        return _of_record(self._record, self._declared)


def _of_record(record: type, declared: Mapping[str, Declared]) -> Converter:
    shape = field_types(record)
    return _of_fields(shape, declared, _picker(attrgetter, [one.name for one in shape]), record)


def _of_columns(hints: Sequence[object], declared: AsRecord) -> Converter:
    """Of a tuple, written as a record."""
    shape = [FieldType(name, hint) for name, hint in zip(declared.columns, hints, strict=True)]
    return _of_fields(shape, declared.declared, _columns, lambda *values: values)


def _columns(value: object) -> tuple[object, ...]:
    return cast("tuple[object, ...]", value)


def _of_fields(
    shape: Sequence[FieldType], declared: Mapping[str, Declared], get: Pick, make: Callable[..., object]
) -> Converter:
    names = [one.name for one in shape]
    if declared.keys() - names:
        raise TypeError(f"declared, but no field of {make}: {declared.keys() - names}")
    pick = _picker(itemgetter, names)
    inline = [name for name in names if declared.get(name) is INLINE]
    made = [_of_field(one, declared.get(one.name, NOT_DECLARED)) for one in shape]
    writes = [(name, one.write) for name, one in zip(names, made, strict=True) if one.write]
    reads = [(at, one.read) for at, one in enumerate(made) if one.read]

    def write(value: object) -> Plain:
        plain = dict(zip(names, get(value)))  # noqa: B905 - as many by `_picker`; `strict` costs a tenth of all
        for name, change in writes:
            plain[name] = change(plain[name])
        for name in inline:
            plain |= cast("Plain", plain.pop(name))
        return plain

    def read(plain: Plain) -> object:
        for name in inline:
            plain = {**plain, name: plain}
        values = list(pick(plain))
        for at, change in reads:
            values[at] = change(values[at])
        return make(*values)

    def write_as_it_is(value: object) -> Plain:
        return dict(zip(names, get(value)))  # noqa: B905 - as above

    return converter(write if writes else write_as_it_is, read)


def _picker(getter: Callable[..., object], names: Sequence[str]) -> Pick:
    """Gets all of these as a tuple, also where there is one only."""
    get = cast("Pick", getter(*names))
    return get if len(names) > 1 else lambda value: (get(value),)


def _of_field(one: FieldType, declared: Declared) -> Converter:
    if isinstance(declared, Converter):
        return declared
    if one.octets and one.hint is not bytes:
        number = _fixed(one.octets)
        return number if one.hint is int else _each(number)
    return _of_type(one.hint, declared)


def _of_type(hint: object, declared: AsRecord) -> Converter:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is tuple:
        return _each(_of_type(inner[0], declared)) if inner[-1] is ... else _of_columns(inner, declared)
    if origin in (Union, UnionType):
        kinds = [one for one in inner if one is not NoneType]
        return _one_of(kinds) if len(kinds) == len(inner) else _or_null(_of_type(kinds[0], declared))
    if not isinstance(hint, type):
        raise TypeError(f"no plain form of {hint!r}")
    if is_dataclass(hint):
        return _of_record(hint, declared.declared)
    return _of_enum(hint) if issubclass(hint, Enum) else SIMPLE.get(hint, AS_IT_IS)


def _of_enum(kind: type[Enum]) -> Converter:
    if issubclass(kind, IntFlag):
        return converter(int, kind)
    write = None if issubclass(kind, StrEnum) else attrgetter("value")
    return Converter(write, {member.value: member for member in kind}.__getitem__)


def _fixed(octets: int) -> Converter:
    def write(number: int) -> bytes:
        return number.to_bytes(octets, "big")

    def read(written: bytes) -> int:
        return int.from_bytes(written, "big")

    return converter(write, read)


def _each(one: Converter) -> Converter:
    def write(values: Iterable[object]) -> list[object]:
        return list(map(one.write, values) if one.write else values)

    def read(values: Iterable[object]) -> tuple[object, ...]:
        return tuple(map(one.read, values) if one.read else values)

    return converter(write, read)


def _or_null(one: Converter) -> Converter:
    def of(change: Change | None) -> Change | None:
        return change and (lambda value: None if value is None else change(value))

    return Converter(of(one.write), of(one.read))


def _one_of(kinds: Sequence[type]) -> Converter:
    """Of a union of dataclasses: which one it is, by name, stands before its fields."""
    names = {kind: f"{NAMESPACE}.{kind.__name__}" for kind in kinds}
    mappers: dict[str, Mapper[object]] = {name: Mapper(kind) for kind, name in names.items()}

    def write(value: object) -> tuple[str, Plain]:
        name = names[type(value)]
        return name, mappers[name].plain(value)

    def read(named: tuple[str, Plain]) -> object:
        name, plain = named
        return mappers[name].typed(plain)

    return converter(write, read)


SIMPLE: Final[Mapping[type, Converter]] = {
    Fraction: Converter(str, lambda text: Fraction(str(text))),
    Decimal: Converter(lambda number: f"{number:f}", lambda text: Decimal(str(text))),
}
