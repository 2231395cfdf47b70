"""The forms in which every view can be had: by suffix, and by `Accept` where a form has a type.

To add one, append a row to `FORMS`; addresses, `Accept`, errors and the description follow.

Rules kept: a form is a function of the sheet, so the same sheet has the same bytes (the versions of
this software and of pyarrow being the same). Text files are UTF-8, with a byte-order mark only for
Excel. Column order and row order are those of the sheet.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from consumers.serve.sheets import Column, Sheet
from exchange.web.problems import Problem, ProblemKind, cut

_BOM: Final = "﻿"
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a zip: the form's earliest."""
_CALM: Final = 6
"""zlib's own level."""


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """One row. `accepted`: whether a request may choose it by its media type."""

    suffix: str
    media_type: str
    write: Callable[[Sheet, bool], bytes]
    accepted: bool = True
    paged: bool = False


def _json(sheet: Sheet, excel: bool) -> bytes:
    del excel
    return json.dumps(sheet.document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _csv(sheet: Sheet, excel: bool) -> bytes:
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\r\n" if excel else "\n")
    rows.writerow([column.name for column in sheet.columns])
    rows.writerows(zip(*(column.texts for column in sheet.columns), strict=True))
    return ((_BOM if excel else "") + out.getvalue()).encode()


def _table(sheet: Sheet) -> pa.Table:
    arrays = [_array(column) for column in sheet.columns]
    fields = [
        pa.field(column.name, array.type, metadata={"description": column.says})
        for column, array in zip(sheet.columns, arrays, strict=True)
    ]
    about = {"title": sheet.title, "unit": sheet.unit, "as_of": sheet.as_of, "notes": " ".join(sheet.notes)}
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=about))


def _array(column: Column) -> pa.Array:
    if column.number:
        return pa.array(column.typed, pa.float64())
    return pa.array(column.typed, pa.string()).dictionary_encode()


def _parquet(sheet: Sheet, excel: bool) -> bytes:
    del excel
    out = io.BytesIO()
    pq.write_table(_table(sheet), out, compression="zstd")
    return out.getvalue()


def _arrow(sheet: Sheet, excel: bool) -> bytes:
    del excel
    out = io.BytesIO()
    table = _table(sheet)
    with pa.ipc.new_file(out, table.schema) as file:
        file.write_table(table)
    return out.getvalue()


def _metadata(sheet: Sheet, excel: bool) -> bytes:
    del excel
    document = {
        "name": sheet.name,
        "title": sheet.title,
        "unit": sheet.unit,
        "as_of": sheet.as_of,
        "where": sheet.where,
        "notes": sheet.notes,
        "columns": [{"name": one.name, "description": one.says} for one in sheet.columns],
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def _zip(sheet: Sheet, excel: bool) -> bytes:
    out = io.BytesIO()
    about = (
        f"{sheet.title}\n\n"
        + "".join(f"{note}\n" for note in sheet.notes)
        + (f"As of {sheet.as_of}.\n" * bool(sheet.as_of))
    )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_CALM) as archive:
        for name, content in (
            (f"{sheet.name}.csv", _csv(sheet, excel)),
            (f"{sheet.name}.metadata.json", _metadata(sheet, excel)),
            ("README.txt", about.encode()),
        ):
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DAY), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _xlsx(sheet: Sheet, excel: bool) -> bytes:
    del excel
    from consumers.serve.excel import as_xlsx  # a second to import, for the few who ask

    return as_xlsx(sheet)


_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS: Final = (
    AnswerForm("json", "application/json", _json, paged=True),
    AnswerForm("csv", "text/csv; charset=utf-8", _csv),
    AnswerForm("parquet", "application/vnd.apache.parquet", _parquet),
    AnswerForm("arrow", "application/vnd.apache.arrow.file", _arrow),
    AnswerForm("xlsx", _XLSX, _xlsx),
    AnswerForm("zip", "application/zip", _zip),
    AnswerForm("metadata.json", "application/json", _metadata, accepted=False),
)
BY_SUFFIX: Final = {form.suffix: form for form in FORMS}
ACCEPTED: Final = {form.media_type.partition(";")[0]: form for form in FORMS if form.accepted}


def by_suffix(suffix: str, near: Sequence[str] = ()) -> AnswerForm:
    """The form of a suffix; raises Problem."""
    form = BY_SUFFIX.get(suffix)
    if form is None:
        there = ", ".join(f".{one}" for one in BY_SUFFIX)
        raise Problem(
            ProblemKind.SUFFIX_UNKNOWN, f"There is no form .{cut(suffix)}. Forms: {there}.", near=near or [*BY_SUFFIX]
        )
    return form
