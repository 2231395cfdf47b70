"""The committed schemas with their pinned ids: the contract, read once from package data.

Confluent wire format: magic byte 0, the id as 4 bytes big-endian, then Avro. An id names one schema
for ever. Records are decoded with the schema that they were written with.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import fastavro

from exchange.core.model.event_layout import MAGIC

Parsed = str | list[object] | dict[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """One version of one schema."""

    id: int
    name: str
    parsed: Parsed
    prefix: bytes
    """Magic byte and id: the first bytes of every value of this schema."""
    sha256: str
    text: str = ""
    """The file, as a schema registry hands it out."""


@cache
def schemas() -> dict[int, Schema]:
    """All schemas of the manifest by id. Raises ValueError if a file differs from its pin."""
    folder = files("schemas").joinpath("avro")
    found: dict[int, Schema] = {}
    for entry in json.loads(folder.joinpath("manifest.json").read_text(encoding="utf-8"))["schemas"]:
        octets = folder.joinpath(entry["file"]).read_bytes()
        if hashlib.sha256(octets).hexdigest() != entry["sha256"]:
            raise ValueError(
                f"{entry['file']} is not the schema pinned as id {entry['id']}: a published schema never changes."
            )
        number = int(entry["id"])
        parsed = fastavro.parse_schema(json.loads(octets), named_schemas={})
        prefix = bytes([MAGIC]) + number.to_bytes(4, "big")
        found[number] = Schema(number, entry["name"], parsed, prefix, entry["sha256"], octets.decode())
    return found


@cache
def newest(name: str) -> Schema:
    """The newest version of a schema, which writers use."""
    return max((s for s in schemas().values() if s.name == name), key=lambda s: s.id)


def is_event(schema_id: int) -> bool:
    """Whether the id names a version of the event."""
    schema = schemas().get(schema_id)
    return schema is not None and schema.name == "event"
