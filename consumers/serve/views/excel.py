"""A sheet as an accessible workbook: a title, its notes, and one marked table without a blank cell.

It follows the United Kingdom's guidance for spreadsheets that people with screen readers use: one
table a sheet, no merged cell, words where no number is shown. The document's date is the month's
first day, so equal sheets have equal bytes.
"""

import io
from datetime import UTC, datetime
from typing import Any, Final

import xlsxwriter

from consumers.sheets.sheet import Sheet
from consumers.sheets.sheet_forms import lines_about

_NO_MONTH: Final = "1980-01"
"""The date of a sheet that is of no month."""
_WIDTH: Final = 18


def as_xlsx(sheet: Sheet) -> bytes:
    """The workbook's bytes."""
    out = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, plain)
    year, month = map(int, sheet.about.get("as_of", _NO_MONTH).split("-"))
    book.set_properties({"title": sheet.title, "created": datetime(year, month, 1, tzinfo=UTC)})
    page = book.add_worksheet("Figures")
    bold = book.add_format({"bold": True, "font_size": 14})
    lines = [sheet.title, *lines_about(sheet), "This sheet has one table."]
    for row, line in enumerate(lines):
        page.write_string(row, 0, line, bold if row == 0 else None)
    _table(page, sheet, len(lines))
    book.close()
    return out.getvalue()


def _table(page: Any, sheet: Sheet, top: int) -> None:
    names = [column.name for column in sheet.columns]
    rows = sheet.rows
    page.set_column(0, len(names) - 1, _WIDTH)
    if rows:
        heads = [{"header": name} for name in names]
        page.add_table(top, 0, top + rows, len(names) - 1, {"name": "figures", "columns": heads, "autofilter": False})
    else:
        page.write_row(top, 0, names)
    for at, column in enumerate(sheet.columns):
        for row, cell in enumerate(column.cells, top + 1):
            page.write(row, at, cell)
