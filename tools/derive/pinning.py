"""Gives a changed schema a version of its own, beside the pinned ones, which never change.

Rules kept:
- A pinned file is never written again: records that were sent name it by its id, for ever.
- A change in `doc` alone makes no version. Readers skip `doc`, so the pinned file keeps its words.
- A version that may not follow every older one (`tools.derive.evolution`) is refused, and nothing
  is written.
- The ids of one schema follow each other: the event has 1 to 100. The other schemas begin at 101.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from tools.derive.evolution import Json, Manifest, breaches

IDS_OF_EVENTS: Final = range(1, 101)
_UNDO: Final = (
    "Append instead: a code to the end of its list (once the list spells out the missing reasons), "
    "a field with a default to the end of its body, a body to the end of the union. "
    "If a version here was never sent to anybody, remove its file, its example "
    "and its row in manifest.json, and run this again."
)


class SchemaRefused(ValueError):
    """A schema may not follow the pinned ones."""


def without_docs(schema: Json) -> Json:
    """The schema as readers use it."""
    if isinstance(schema, list):
        return [without_docs(part) for part in schema]
    if isinstance(schema, dict):
        return {key: without_docs(part) for key, part in schema.items() if key != "doc"}
    return schema


def pin_event(derived: Mapping[str, object], folder: Path) -> str:
    """Pin the schema of events if it differs from the newest one; the new file's name, or none.

    Raises SchemaRefused.
    """
    schema = cast("Json", derived)
    manifest_file = folder / "manifest.json"
    manifest = cast("dict[str, Json]", json.loads(manifest_file.read_text(encoding="utf-8")))
    rows = cast("Manifest", manifest["schemas"])
    pinned = {cast("int", row["id"]): str(row["file"]) for row in rows if row["name"] == "event"}
    older = {id_: json.loads((folder / file).read_text(encoding="utf-8")) for id_, file in pinned.items()}
    if without_docs(older[max(older)]) == without_docs(schema):
        return ""
    _check_may_follow(schema, older)
    row, octets = _new_row(schema, max(older) + 1)
    (folder / str(row["file"])).write_bytes(octets)
    last = max(place for place, one in enumerate(rows) if one["name"] == "event")
    rows.insert(last + 1, row)
    manifest_file.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return str(row["file"])


def _check_may_follow(schema: Json, older: dict[int, Json]) -> None:
    wrong = [f"id {id_}: {breach}" for id_, old in older.items() for breach in breaches(old, schema)]
    if wrong:
        listed = "\n".join(f"- {one}" for one in wrong)
        raise SchemaRefused(f"The event may not follow its pinned schemas:\n{listed}\n{_UNDO}")
    if max(older) + 1 not in IDS_OF_EVENTS:
        raise SchemaRefused("The ids of events are used up: 101 and above belong to other schemas.")


def _new_row(schema: Json, id_: int) -> tuple[dict[str, Json], bytes]:
    octets = f"{json.dumps(schema, indent=1)}\n".encode()
    digest = hashlib.sha256(octets).hexdigest()
    return {"id": id_, "name": "event", "file": f"event_{id_}.avsc", "sha256": digest}, octets
