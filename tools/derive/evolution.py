"""Whether a newer version of a schema may follow an older one: BACKWARD_TRANSITIVE, append-only.

Rules kept (DESIGN §4): every version is compared with every older one, not with the last alone;
fields, symbols and union branches are only appended, an appended field has a default, nothing is
renamed, removed, reordered or given another type; `doc` may change. A list of codes whose missing
reasons are implied must spell them out before a code is appended, because `tools.derive.generate`
puts the implied ones last.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final, cast

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Manifest = list[dict[str, Json]]
_NAMED: Final = ("record", "enum", "fixed")


def breaches(old: Json, new: Json) -> list[str]:
    """The forbidden changes from the older schema to the newer; empty: it may follow."""
    return list(_compare("", _resolved(old), _resolved(new)))


def manifest_breaches() -> list[str]:
    """The breaches between all versions of all schemas of the committed manifest."""
    folder = files("schemas").joinpath("avro")
    entries = cast("Manifest", json.loads(folder.joinpath("manifest.json").read_text(encoding="utf-8"))["schemas"])
    versions: dict[str, list[tuple[int, Json]]] = {}
    for entry in entries:
        text = folder.joinpath(str(entry["file"])).read_text(encoding="utf-8")
        versions.setdefault(str(entry["name"]), []).append((cast("int", entry["id"]), json.loads(text)))
    return [
        f"{name}: id {later[0]} after id {earlier[0]}: {breach}"
        for name, dated in versions.items()
        for position, later in enumerate(sorted(dated, key=lambda version: version[0]))
        for earlier in sorted(dated, key=lambda version: version[0])[:position]
        for breach in breaches(earlier[1], later[1])
    ]


def _resolved(schema: Json) -> Json:
    """The schema with every reference replaced by its type, so that two can be compared."""
    return _resolve(schema, {})


def _resolve(schema: Json, named: dict[str, Json]) -> Json:
    if isinstance(schema, str):
        return named.get(schema, schema)
    if isinstance(schema, list):
        return [_resolve(branch, named) for branch in schema]
    if not isinstance(schema, dict):
        raise TypeError("A schema is a name, a list or an object.")
    kind = schema["type"]
    if kind == "array":
        return {"type": "array", "items": _resolve(schema["items"], named)}
    if kind not in _NAMED:
        return _resolve(kind, named)
    if kind == "record":
        found: dict[str, Json] = {**schema, "fields": []}
        for field in cast("list[dict[str, Json]]", schema["fields"]):
            cast("list[Json]", found["fields"]).append({**field, "type": _resolve(field["type"], named)})
    else:
        found = dict(schema)
    named[str(schema["name"])] = found
    return found


def _compare(where: str, old: Json, new: Json) -> Iterator[str]:
    if isinstance(old, list) and isinstance(new, list):
        yield from _compare_unions(where, old, new)
    elif isinstance(old, dict) and isinstance(new, dict) and old["type"] == new["type"]:
        if _name(old) == _name(new):
            yield from _compare_types(f"{where}.{_name(old)}".lstrip("."), old, new)
        else:
            yield f"{where or 'the schema'}: {_name(old)} is renamed {_name(new)}"
    elif old != new:
        yield f"{where or 'the schema'} changes its type"


def _compare_unions(where: str, old: list[Json], new: list[Json]) -> Iterator[str]:
    yield from _compare_lists(where, "branch", [_name(b) for b in old], [_name(b) for b in new])
    for mine, theirs in zip(old, new, strict=False):
        if _name(mine) == _name(theirs):
            yield from _compare(where, mine, theirs)


def _compare_types(where: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    match old["type"]:
        case "array":
            yield from _compare(where, old["items"], new["items"])
        case "fixed" if old["size"] != new["size"]:
            yield f"{where} changes its size"
        case "enum":
            yield from _compare_enums(where, old, new)
        case "record":
            yield from _compare_records(where, old, new)


def _compare_enums(where: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    mine, theirs = cast("list[str]", old["symbols"]), cast("list[str]", new["symbols"])
    yield from _compare_lists(where, "symbol", mine, theirs)
    if old.get("default") != new.get("default"):
        yield f"{where} changes its default"


def _compare_records(where: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    mine, theirs = cast("list[dict[str, Json]]", old["fields"]), cast("list[dict[str, Json]]", new["fields"])
    yield from _compare_lists(where, "field", [str(f["name"]) for f in mine], [str(f["name"]) for f in theirs])
    for one, other in zip(mine, theirs, strict=False):
        if one["name"] == other["name"]:
            yield from _compare(f"{where}.{one['name']}", one["type"], other["type"])
            if "default" in one and one["default"] != other.get("default"):
                yield f"{where}.{one['name']} changes its default"
    yield from (f"{where}.{f['name']} is appended without a default" for f in theirs[len(mine) :] if "default" not in f)


def _compare_lists(where: str, kind: str, old: list[str], new: list[str]) -> Iterator[str]:
    for position, item in enumerate(old):
        if item not in new:
            yield f"{where}: the {kind} {item} is gone"
        elif new.index(item) != position:
            yield f"{where}: the {kind} {item} has moved"


def _name(schema: Json) -> str:
    return str(schema.get("name", schema["type"])) if isinstance(schema, dict) else str(schema)
