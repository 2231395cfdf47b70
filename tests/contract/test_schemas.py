"""The committed schemas keep the wire's rules: nothing to hide in, and permanent ids.

The code derives exactly what is committed.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import exchange.core.model.vocabulary
import exchange.core.picture.wording.labels
from exchange.core.counting.tables import TABLES
from exchange.core.model.events import BODIES, Correction, Heartbeat, Tally
from exchange.wire.event_schema import event_schema
from tools.derive import generate
from tools.derive.evolution import Json, manifest_breaches
from tools.derive.pinning import IDS_OF_EVENTS, without_docs

FOLDER = files("schemas").joinpath("avro")
MANIFEST = json.loads(FOLDER.joinpath("manifest.json").read_text(encoding="utf-8"))["schemas"]
EVENTS = [
    json.loads(FOLDER.joinpath(entry["file"]).read_text(encoding="utf-8"))
    for entry in sorted(MANIFEST, key=lambda entry: entry["id"])
    if entry["name"] == "event"
]
EVENT = EVENTS[-1]
PRIMITIVES = {"int"}
FIXED = {"Fixed4": 4, "Fixed8": 8, "Fixed32": 32, "Fixed64": 64}
INTS = {"period", "cap", "key"}


def walk(schema: Json, where: str = "") -> Iterator[tuple[str, Json]]:
    """Every type of a schema, with the field that holds it."""
    yield where, schema
    if isinstance(schema, list):
        for branch in schema:
            yield from walk(branch, where)
    elif isinstance(schema, dict):
        for field in schema.get("fields", []):
            yield from walk(field["type"], field["name"])
        if "items" in schema:
            yield from walk(schema["items"], where)


def enums() -> list[dict[str, Any]]:
    return [s for _, s in walk(EVENT) if isinstance(s, dict) and s["type"] == "enum"]


def riders(schema: Json) -> list[str]:
    """The fields of an event that could carry other data: not enum, small int, fixed or record."""
    known = {str(s["name"]) for _, s in walk(schema) if isinstance(s, dict) and "name" in s}
    found = []
    for where, part in walk(schema):
        if isinstance(part, list):
            ok = where == "body"
        elif isinstance(part, str):
            ok = part in known or (part in PRIMITIVES and where in INTS)
        else:
            kind = part["type"]
            declared = kind == "fixed" and FIXED.get(str(part["name"])) == part["size"]
            ok = kind in ("record", "enum") or declared or (kind == "array" and where == "counts")
        if not ok:
            found.append(where)
    return found


def test_nothing_in_an_event_can_hold_text_bytes_of_any_length_or_a_map() -> None:
    assert riders(EVENT) == []


@pytest.mark.parametrize(
    "added",
    [
        "string",
        "bytes",
        "long",
        "double",
        "null",
        {"type": "map", "values": "int"},
        ["null", "int"],
        {"type": "array", "items": "int"},
        {"type": "fixed", "name": "Fixed16", "size": 16},
    ],
)
def test_the_walk_finds_what_must_not_be_there(added: Json) -> None:
    doctored = json.loads(json.dumps(EVENT))
    doctored["fields"][5]["type"][0]["fields"].append({"name": "note", "type": added})
    assert "note" in riders(doctored)


def fields_with_a_default(schema) -> list[str]:
    records = [s for _, s in walk(schema) if isinstance(s, dict) and s["type"] == "record"]
    return [f"{s['name']}.{f['name']}" for s in records for f in s["fields"] if "default" in f]


def test_no_enum_of_an_event_has_a_default() -> None:
    assert [s["name"] for s in enums() if "default" in s] == []


def test_only_what_an_edge_may_leave_unasked_has_a_default_and_a_later_version_adds_none() -> None:
    first, unasked = EVENTS[0], ["CaseOpened.elsewhere", "Heartbeat.on_time", "Heartbeat.nothing_to_report"]
    assert fields_with_a_default(first) == unasked
    fields = {s["name"]: len(s["fields"]) for _, s in walk(first) if isinstance(s, dict) and s["type"] == "record"}
    later = {s["name"]: s["fields"] for _, s in walk(EVENT) if isinstance(s, dict) and s["type"] == "record"}
    assert [f"{name}.{f['name']}" for name, n in fields.items() for f in later[name][:n] if "default" in f] == unasked


def test_every_enum_has_fewer_than_64_symbols_so_that_an_index_is_one_byte() -> None:
    assert {str(s["name"]): len(s["symbols"]) for s in enums() if len(s["symbols"]) >= 64} == {}


def test_the_union_is_the_bodies_in_their_order() -> None:
    (union,) = [f["type"] for f in EVENT["fields"] if f["name"] == "body"]
    assert [branch["name"] for branch in union] == [body.__name__ for body in BODIES]


def test_the_newest_event_schema_is_the_one_that_the_classes_give_but_for_words() -> None:
    assert without_docs(event_schema()) == without_docs(EVENT), "run: python -m tools.derive.generate"


def test_ids_below_101_are_those_of_events() -> None:
    assert {entry["name"] for entry in MANIFEST if entry["id"] in IDS_OF_EVENTS} == {"event"}
    assert all(entry["id"] in IDS_OF_EVENTS for entry in MANIFEST if entry["name"] == "event")


def test_the_committed_vocabulary_is_the_one_that_the_lists_give() -> None:
    committed = Path(exchange.core.model.vocabulary.__file__).read_text(encoding="utf-8")
    assert generate.vocabulary_module() == committed, "run: python -m tools.derive.generate"


def test_the_committed_labels_are_those_of_the_lists() -> None:
    committed = Path(exchange.core.picture.wording.labels.__file__).read_text(encoding="utf-8")
    assert generate.labels_module() == committed, "run: python -m tools.derive.generate"


def test_the_manifest_pins_every_schema_once_by_id_and_content() -> None:
    ids = Counter(entry["id"] for entry in MANIFEST)
    assert [number for number, n in ids.items() if n > 1] == []
    listed = sorted(entry["file"] for entry in MANIFEST)
    assert listed == sorted(entry.name for entry in FOLDER.iterdir() if entry.name.endswith(".avsc"))
    for entry in MANIFEST:
        octets = FOLDER.joinpath(entry["file"]).read_bytes()
        assert hashlib.sha256(octets).hexdigest() == entry["sha256"], entry["file"]


def test_every_version_of_a_schema_may_follow_all_before_it() -> None:
    assert manifest_breaches() == []


def test_every_body_is_counted_somewhere() -> None:
    counted = {table.body for table in TABLES}
    assert set(BODIES) - counted == {Tally, Correction}, "those two change the counts of other bodies' tables"
    assert Heartbeat in counted
