"""The fields of a frozen dataclass with their types, read from its hints once.

The schema of an event, its codec, the ranges that the gate checks and the tables all ask here, so
that none of them can read a hint otherwise.
"""

from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from typing import Annotated, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class Width:
    """Bytes of a number, or of each one in a tuple, that Avro writes as `fixed`, big-endian."""

    octets: int


@dataclass(frozen=True, slots=True)
class FieldType:
    """One field. `hint`: its type without the mark.

    `octets`: of its `Width`, 0 if it has none. `bounds`: of a small integer. `default`: None if it
    has none.
    """

    name: str
    hint: object
    octets: int = 0
    bounds: range | None = None
    default: object = None

    @property
    def below(self) -> int:
        """The bound of a number, which is at least 0; 0 for a field that is none."""
        return self.bounds.stop if self.bounds else 256**self.octets if self.octets else 0


def field_types(record: type) -> tuple[FieldType, ...]:
    """The fields of a dataclass, in its order."""
    return _field_types(record)


@cache
def _field_types(record: type) -> tuple[FieldType, ...]:
    hints = get_type_hints(record, include_extras=True)
    return tuple(_field_type(field, hints[field.name]) for field in fields(record))


def _field_type(field: "Field[object]", hint: object) -> FieldType:
    default = None if field.default is MISSING else field.default
    if get_origin(hint) is not Annotated:
        return FieldType(field.name, hint, default=default)
    base, mark = get_args(hint)[:2]
    octets, bounds = (mark.octets, None) if isinstance(mark, Width) else (0, mark)
    return FieldType(field.name, base, octets, bounds, default)
