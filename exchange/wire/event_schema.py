"""The Avro schema of an event, derived from the classes of `exchange.core.model.events`.

Rules kept: a named type is written out where it is first met and by name after that; fields are in
the order of the class, the union in the order of `BODIES`. There is no optional field, no string, no
bytes, no map. A default is for a field that was appended after the first version: events from before
it are read with this value. A class gives it as Python does, `field: Code = Code.not_collected`.
"""

from dataclasses import MISSING, fields
from enum import Enum
from typing import Annotated, cast, get_args, get_origin, get_type_hints

from exchange.core.model.events import BODIES, CORRECTABLE, Body, Correction, Event, Width

Schema = dict[str, object] | list[object] | str
NAMESPACE = "exchange.event"
PERIOD_DOC = "(year - 1900) * 5 + quarter; quarter 0 is the year as a whole; years 2000 to 2099"


def event_schema() -> dict[str, object]:
    """The schema `exchange.event.Event`, as JSON-able data."""
    return _record(Event, set(), NAMESPACE)


def _record(cls: type[Body] | type[Event], seen: set[str], namespace: str = "") -> dict[str, object]:
    seen.add(cls.__name__)
    hints = get_type_hints(cls, include_extras=True)
    record: dict[str, object] = {"type": "record", "name": cls.__name__}
    if namespace:
        record["namespace"] = namespace
    record["doc"] = (cls.__doc__ or "").strip().splitlines()[0]
    record["fields"] = [
        {**_field(cls, f.name, hints[f.name], seen), **_default(f.name, f.default)} for f in fields(cls)
    ]
    return record


def _default(name: str, default: object) -> dict[str, object]:
    if default is MISSING:
        return {}
    if not isinstance(default, Enum | int):
        raise TypeError(f"{name}: only a code or a small number may be a default")
    return {"default": str(default.value) if isinstance(default, Enum) else default}


def _field(cls: type[Body] | type[Event], name: str, hint: object, seen: set[str]) -> dict[str, object]:
    field: dict[str, object] = {"name": name}
    if name == "body":
        bodies = CORRECTABLE if cls is Correction else BODIES
        field["type"] = [b.__name__ if b.__name__ in seen else _record(b, seen) for b in bodies]
        return field
    if name == "period":
        field["doc"] = PERIOD_DOC
    field["type"] = _type(hint, seen)
    return field


def _type(hint: object, seen: set[str]) -> Schema:
    if isinstance(hint, type) and issubclass(hint, Enum):
        if hint.__name__ in seen:
            return hint.__name__
        seen.add(hint.__name__)
        return {"type": "enum", "name": hint.__name__, "symbols": [str(m.value) for m in hint]}
    if hint is int:
        return "int"
    if get_origin(hint) is Annotated:
        base, mark = get_args(hint)[:2]
        if isinstance(mark, Width):
            fixed = _fixed(mark.octets, seen)
            return {"type": "array", "items": fixed} if get_origin(base) is tuple else fixed
        return "int"
    raise TypeError(f"no Avro type for {cast('type', hint)!r}")


def _fixed(octets: int, seen: set[str]) -> Schema:
    name = f"Fixed{octets}"
    if name in seen:
        return name
    seen.add(name)
    return {"type": "fixed", "name": name, "size": octets}
