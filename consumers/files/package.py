"""`datapackage.json`: Frictionless Data Package 2.0, a schema and a digest for each table."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from consumers.files.exported_tables import missing_values
from consumers.files.published import PublishedMonth
from consumers.files.written_files import ExportFile
from consumers.sheets.sheet import Column, Sheet
from exchange.core.metrics.table import CAVEAT
from exchange.core.picture.wording.statuses import FigureStatus

PROFILE: Final = "https://datapackage.org/profiles/2.0/{}.json"
_CSV: Final = "csv"


def datapackage(published: PublishedMonth, found: Sequence[tuple[Sheet, Sequence[ExportFile]]]) -> ExportFile:
    """The description of tables and of the files that hold them."""
    document = {
        "$schema": PROFILE.format("datapackage"),
        "name": f"national-picture-{published.month}",
        "title": f"The shared national picture of anti-trafficking services, {published.month}",
        "description": CAVEAT,
        "version": published.month,
        "created": created(published),
        "contributors": [{"title": published.publisher.name, "roles": ["publisher"]}],
        "keywords": ["human trafficking", "victim services", "service needs", "differential privacy"],
        "resources": [_resource(table, file) for table, files in found for file in files],
    }
    return ExportFile("datapackage.json", as_json(document), "application/json", "What each table and column means")


def created(published: PublishedMonth) -> str:
    """The end of the month, as every date of an export."""
    return f"{published.day}T23:59:59Z"


def as_json(document: object) -> bytes:
    """Indented, in the order given."""
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def _resource(table: Sheet, file: ExportFile) -> dict[str, object]:
    form = file.path.rpartition(".")[2]
    return {
        "$schema": PROFILE.format("dataresource"),
        "name": f"{table.name}-{form}".replace("/", "-").replace("_", "-"),
        "type": "table",
        "title": table.title,
        "path": file.path,
        "format": form,
        "mediatype": file.media_type,
        **({"encoding": "utf-8"} if form == _CSV else {}),
        "bytes": len(file.content),
        "hash": f"sha256:{sha256(file.content).hexdigest()}",
        "schema": {
            "$schema": PROFILE.format("tableschema"),
            "fields": [_field(column) for column in table.columns],
            # Without a list, an empty text would count as missing.
            "missingValues": [{"value": text, "label": says} for text, says in missing_values()],
        },
    }


def _field(column: Column) -> dict[str, object]:
    kind = "string" if column.numbers is None else "integer" if column.whole else "number"
    described: dict[str, object] = {"name": column.name, "type": kind, "description": column.says}
    if column.name == "status":
        described["categories"] = [{"value": status.value, "label": status.word} for status in FigureStatus]
    return described
