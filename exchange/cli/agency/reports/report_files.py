"""A funder's report as files, for their owner's eyes only: CSV, a workbook, a page.

Rules kept: all have the same cells. No cell of a spreadsheet is a formula. Nothing is in a file but
what the report holds: no name of a file, a person or a machine, also not in its properties.
"""

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from exchange.cli.agency.pages.one_file import one_file_page, write_page
from exchange.cli.agency.reports.report_remarks import noted
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from producers.reports.funder_report import COLUMNS, FOR_WHOM, FunderReport, HowCertain
from producers.reports.report_rows import NameOrigin

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

WIDTHS: Final = (38, 52, 10, 22, 30, 90)
MADE: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - in the place of a time: the same report gives the same bytes
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class WorkbookNeedsExcel(ExchangeError):
    """A workbook needs the extra `excel`."""

    exit_code = ExitStatus.ERROR
    hint = 'Run `pip install ".[excel]"` in the clone, or write --csv instead.'


def write_csv(path: Path, made: FunderReport, minutes: int | None = None) -> None:
    """Write the report as CSV, with its heading as rows above; raises PageUnwritable."""
    content = io.StringIO(newline="")
    writer = csv.writer(content)
    writer.writerows([_safe(words)] for words in heading(made, minutes))
    writer.writerow(COLUMNS)
    writer.writerows([_safe(cell) for cell in row] for row in made.rows())
    write_page(path, content.getvalue())


def _safe(cell: object) -> object:
    """A text that a spreadsheet must not run as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else "" if cell is None else cell


def heading(made: FunderReport, minutes: int | None = None) -> list[str]:
    """What stands above the cells in every file."""
    return [made.title, FOR_WHOM, f"Counted from {made.counted_from}.", *made.notes, made.summary(minutes)]


def write_workbook(path: Path, made: FunderReport, minutes: int | None = None) -> None:
    """Write the report as a workbook; raises PageUnwritable, WorkbookNeedsExcel."""
    try:
        from xlsxwriter import Workbook
    except ModuleNotFoundError:
        raise WorkbookNeedsExcel from None
    content = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    book = Workbook(content, safe)
    book.set_properties({"created": MADE})
    sheet, bold, wrapped = book.add_worksheet("report"), book.add_format({"bold": True}), _wrapped(book)
    above = heading(made, minutes)
    for row, words in enumerate(above):
        sheet.write_string(row, 0, words)
    for at, (name, width) in enumerate(zip(COLUMNS, WIDTHS, strict=True)):
        sheet.set_column(at, at, width)
        sheet.write_string(len(above), at, name, bold)
    for row, cells in enumerate(made.rows(), len(above) + 1):
        for at, cell in enumerate(cells):
            if isinstance(cell, int):
                sheet.write_number(row, at, cell)
            elif cell is not None:
                sheet.write_string(row, at, cell, wrapped)
    sheet.freeze_panes(len(above) + 1, 2)
    book.close()
    write_page(path, content.getvalue())


def _wrapped(book: "Workbook") -> "Format":
    return book.add_format({"text_wrap": True, "valign": "top"})


def write_report_page(path: Path, made: FunderReport, minutes: int | None = None) -> None:
    """Write the report as a page; raises PageUnwritable."""
    write_page(path, report_page(made, minutes))


def report_page(made: FunderReport, minutes: int | None = None) -> str:
    """The page: the same report gives the same text."""
    return one_file_page("report.html", {"title": made.title, **report_values(made, minutes)})


def report_values(made: FunderReport, minutes: int | None = None) -> dict[str, Any]:
    """What a page shows of a report, by the names of its template."""
    return {
        "for_whom": FOR_WHOM,
        "counted_from": made.counted_from,
        "notes": made.notes,
        "summary": made.summary(minutes),
        "certain": [(str(one), one.meaning, made.count(one)) for one in HowCertain],
        "names": [(str(one), one.meaning) for one in NameOrigin],
        "report_sections": [noted(*section) for section in made.sections()],
        "causes": [(one.rule, one.file, one.words, f"{one.rows:,}") for one in made.causes],
    }
