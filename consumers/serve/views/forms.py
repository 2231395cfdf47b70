"""The forms in which every view can be had: by suffix, and by `Accept` where a form has a type.

To add one, append a row to `FORMS`; addresses, `Accept`, errors and the description follow.

Rules kept: a form is a function of the sheet, so the same sheet has the same bytes (the versions of
this software and of pyarrow being the same). Text files are UTF-8, with a byte-order mark only for
Excel. Column order and row order are those of the sheet.
"""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from consumers.serve.views.sheets import ServedSheet
from consumers.sheets.sheet_forms import as_arrow, as_csv, as_parquet, lines_about
from exchange.web.problems import Problem, ProblemKind, cut

_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a zip: the form's earliest."""
_CALM: Final = 6
"""zlib's own level."""


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """One row. `accepted`: whether a request may choose it by its media type."""

    suffix: str
    media_type: str
    write: Callable[[ServedSheet, bool], bytes]
    accepted: bool = True
    paged: bool = False


def _json(view: ServedSheet, excel: bool) -> bytes:
    del excel
    return json.dumps(view.document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _csv(view: ServedSheet, excel: bool) -> bytes:
    return as_csv(view.sheet, excel=excel)


def _parquet(view: ServedSheet, excel: bool) -> bytes:
    del excel
    return as_parquet(view.sheet)


def _arrow(view: ServedSheet, excel: bool) -> bytes:
    del excel
    return as_arrow(view.sheet)


def _metadata(view: ServedSheet, excel: bool) -> bytes:
    del excel
    sheet = view.sheet
    document = {
        "name": sheet.name,
        "title": sheet.title,
        **sheet.about,
        "where": view.where,
        "columns": [{"name": one.name, "description": one.says} for one in sheet.columns],
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def _zip(view: ServedSheet, excel: bool) -> bytes:
    out, sheet = io.BytesIO(), view.sheet
    about = "".join(f"{line}\n" for line in (sheet.title, "", *lines_about(sheet)))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_CALM) as archive:
        for name, content in (
            (f"{sheet.name}.csv", _csv(view, excel)),
            (f"{sheet.name}.metadata.json", _metadata(view, excel)),
            ("README.txt", about.encode()),
        ):
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DAY), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _xlsx(view: ServedSheet, excel: bool) -> bytes:
    del excel
    from consumers.serve.views.excel import as_xlsx  # a second to import, for the few who ask

    return as_xlsx(view.sheet)


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
