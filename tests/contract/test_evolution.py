"""The append-only gate: what old records survive passes, and every way to break them is caught."""

import json
from collections.abc import Callable
from importlib.resources import files
from io import BytesIO

import fastavro
import pytest

from exchange.core.model.event_layout import PREFIX
from tests.contract.examples import FOLDER
from tools.derive.evolution import Json, breaches

EVENT = json.loads(files("schemas").joinpath("avro", "event.avsc").read_text(encoding="utf-8"))
RECEIPT = json.loads(files("schemas").joinpath("avro", "receipt.avsc").read_text(encoding="utf-8"))
NEW_BODY = {"type": "record", "name": "MealServed", "fields": [{"name": "service", "type": "Service"}]}


def copied() -> dict[str, Json]:
    return json.loads(json.dumps(EVENT))


def body(schema: Json, name: str) -> dict[str, Json]:
    (union,) = [f["type"] for f in schema["fields"] if f["name"] == "body"]
    return next(b for b in union if isinstance(b, dict) and b["name"] == name)


def enum(schema: Json, name: str) -> list[str]:
    """The symbols of an enum, wherever it is written out."""
    if isinstance(schema, dict):
        if schema.get("type") == "enum" and schema["name"] == name:
            return schema["symbols"]  # type: ignore[return-value]
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            found = enum(part, name)
            if found:
                return found
    return []


def field(schema: Json, record: str, name: str) -> dict[str, Json]:
    return next(f for f in body(schema, record)["fields"] if f["name"] == name)


def append_symbol(schema: Json) -> None:
    enum(schema, "Service").append("meals")


def append_field(schema: Json) -> None:
    body(schema, "CapacityReported")["fields"].append({"name": "beds", "type": "int", "default": 0})


def append_body(schema: Json) -> None:
    schema["fields"][5]["type"].append(NEW_BODY)


def reword(schema: Json) -> None:
    body(schema, "CaseOpened")["doc"] = "Said otherwise."


ALLOWED = [append_symbol, append_field, append_body, reword]


@pytest.mark.parametrize("change", ALLOWED)
def test_appending_is_allowed_and_every_example_still_reads(change: Callable[[Json], None]) -> None:
    changed = copied()
    change(changed)
    assert breaches(EVENT, changed) == []
    old, new = fastavro.parse_schema(EVENT, named_schemas={}), fastavro.parse_schema(changed, named_schemas={})
    for example in json.loads((FOLDER / "event.json").read_text(encoding="utf-8"))["examples"]:
        octets = bytes.fromhex(example["bytes"])[PREFIX:]
        was = fastavro.schemaless_reader(BytesIO(octets), old, None, return_record_name=True)
        now = fastavro.schemaless_reader(BytesIO(octets), old, new, return_record_name=True)
        assert {**was, "body": None} == {**now, "body": None}
        assert was["body"][0] == now["body"][0]
        assert was["body"][1].items() <= now["body"][1].items()


def rename_symbol(schema: Json) -> None:
    symbols = enum(schema, "Service")
    symbols[symbols.index("food")] = "meals"


def remove_symbol(schema: Json) -> None:
    enum(schema, "Service").remove("food")


def insert_symbol(schema: Json) -> None:
    enum(schema, "Service").insert(0, "meals")


def swap_symbols(schema: Json) -> None:
    symbols = enum(schema, "WaitBand")
    symbols[0], symbols[1] = symbols[1], symbols[0]


def default_symbol(schema: Json) -> None:
    field(schema, "CaseOpened", "gender")["type"]["default"] = "not_known"


def rename_enum(schema: Json) -> None:
    field(schema, "CaseOpened", "gender")["type"]["name"] = "Sex"


def rename_field(schema: Json) -> None:
    field(schema, "CaseOpened", "gender")["name"] = "sex"


def remove_field(schema: Json) -> None:
    body(schema, "CapacityReported")["fields"].pop()


def swap_fields(schema: Json) -> None:
    fields = body(schema, "CapacityReported")["fields"]
    fields[0], fields[1] = fields[1], fields[0]


def insert_field(schema: Json) -> None:
    body(schema, "CapacityReported")["fields"].insert(0, {"name": "beds", "type": "int", "default": 0})


def append_without_default(schema: Json) -> None:
    body(schema, "CapacityReported")["fields"].append({"name": "beds", "type": "int"})


def retype_field(schema: Json) -> None:
    field(schema, "CapacityReported", "places")["type"] = "int"


def widen_number(schema: Json) -> None:
    field(schema, "PracticeShared", "practice")["type"]["size"] = 8


def remove_body(schema: Json) -> None:
    union = schema["fields"][5]["type"]
    union.remove(body(schema, "CapacityReported"))


def rename_body(schema: Json) -> None:
    body(schema, "CapacityReported")["name"] = "PlacesReported"


def swap_bodies(schema: Json) -> None:
    union = schema["fields"][5]["type"]
    union[15], union[16] = union[16], union[15]


def insert_body(schema: Json) -> None:
    schema["fields"][5]["type"].insert(18, NEW_BODY)


def move_head_field(schema: Json) -> None:
    schema["fields"].insert(2, schema["fields"].pop(4))


def array_of_other(schema: Json) -> None:
    field(schema, "Tally", "counts")["type"]["items"] = "Fixed8"


FORBIDDEN = [
    rename_symbol, remove_symbol, insert_symbol, swap_symbols, default_symbol, rename_enum, rename_field, remove_field,
    swap_fields, insert_field, append_without_default, retype_field, widen_number, remove_body, rename_body, swap_bodies,
    insert_body, move_head_field, array_of_other,
]  # fmt: skip


@pytest.mark.parametrize("change", FORBIDDEN)
def test_what_breaks_old_records_is_caught(change: Callable[[Json], None]) -> None:
    changed = copied()
    change(changed)
    assert changed != EVENT
    assert breaches(EVENT, changed)


def test_a_schema_may_follow_itself_and_an_optional_record_is_compared_too() -> None:
    assert breaches(RECEIPT, RECEIPT) == []
    changed = json.loads(json.dumps(RECEIPT))
    changed["fields"][2]["type"][1]["fields"][1]["type"] = "bytes"
    assert breaches(RECEIPT, changed) == ["Receipt.refused.FirstRefused.reason changes its type"]
