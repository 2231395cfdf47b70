"""The Avro schema of an event, derived from the classes of `exchange.core.model.events`.

Rules kept: a named type is written out where it is first met and by name after that; fields are in
the order of the class, the union in the order of `BODIES`. There is no optional field, no string,
no bytes, no map. A default is for a field that was appended after the first version: events from
before it are read with this value. A class gives it as Python does, `field: Code =
Code.not_collected`.
"""

from enum import Enum
from typing import get_origin

from exchange.core.model.events import BODIES, CORRECTABLE, Body, Correction, Event
from exchange.core.model.field_types import FieldType, field_types

Schema = dict[str, object] | list[object] | str
NAMESPACE = "exchange.event"
PERIOD_DOC = "(year - 1900) * 5 + quarter; quarter 0 is the year as a whole; years 2000 to 2099"


def event_schema() -> dict[str, object]:
    """The schema `exchange.event.Event`, as JSON-able data."""
    return _record(Event, set(), NAMESPACE)


def _record(cls: type[Body] | type[Event], seen: set[str], namespace: str = "") -> dict[str, object]:
    seen.add(cls.__name__)
    record: dict[str, object] = {"type": "record", "name": cls.__name__}
    if namespace:
        record["namespace"] = namespace
    record["doc"] = (cls.__doc__ or "").strip().splitlines()[0]
    record["fields"] = [_field(cls, one, seen) | _default(one) for one in field_types(cls)]
    return record


def _default(one: FieldType) -> dict[str, object]:
    if one.default is None:
        return {}
    if not isinstance(one.default, Enum | int):
        raise TypeError(f"{one.name}: only a code or a small number may be a default")
    return {"default": str(one.default.value) if isinstance(one.default, Enum) else one.default}


def _field(cls: type[Body] | type[Event], one: FieldType, seen: set[str]) -> dict[str, object]:
    field: dict[str, object] = {"name": one.name}
    if one.name == "body":
        bodies = CORRECTABLE if cls is Correction else BODIES
        field["type"] = [b.__name__ if b.__name__ in seen else _record(b, seen) for b in bodies]
        return field
    if one.name == "period":
        field["doc"] = PERIOD_DOC
    field["type"] = _type(one, seen)
    return field


def _type(one: FieldType, seen: set[str]) -> Schema:
    if one.octets:
        fixed = _fixed(one.octets, seen)
        return {"type": "array", "items": fixed} if get_origin(one.hint) is tuple else fixed
    if isinstance(one.hint, type) and issubclass(one.hint, Enum):
        return _enum(one.hint, seen)
    if one.hint is int:
        return "int"
    raise TypeError(f"no Avro type for {one.name}")


def _enum(codes: type[Enum], seen: set[str]) -> Schema:
    if codes.__name__ in seen:
        return codes.__name__
    seen.add(codes.__name__)
    return {"type": "enum", "name": codes.__name__, "symbols": [str(m.value) for m in codes]}


def _fixed(octets: int, seen: set[str]) -> Schema:
    name = f"Fixed{octets}"
    if name in seen:
        return name
    seen.add(name)
    return {"type": "fixed", "name": name, "size": octets}
