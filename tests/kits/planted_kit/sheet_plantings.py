"""Spreadsheets with an identifier in every place: our own sheet, HTCDS, one that nobody knows."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from xlsxwriter import Workbook

from producers.sources.sheets.form.form_columns import CASES
from producers.sources.sheets.htcds.htcds_columns import FIELDS
from tests.kits.planted_kit.identifiers import Planter
from tests.kits.sheet_files import Rows, write_csv

OF_A_CASE: Final = {"quarter": "2026Q1", "consent": "yes", "need": "food", "served": "yes", "new_case": "yes"}
OF_A_VICTIM: Final = {"con_Consent": "Yes", "cas_IncomingReferralDate": "2026-02-10"}
IDENTITY: Final = (
    *("prs_FirstName", "prs_SecondName", "prs_Birthdate", "prs_Email", "prs_HomePhone", "prs_MobilePhone"),
    *("prs_MailingStreet", "prs_MailingCity", "cas_CaseOwner", "cas_IncomingReferralDetails"),
)
AUTHORS: Final = ("title", "subject", "author", "manager", "company", "category", "keywords", "comments")


def form_rows(planter: Planter, clients: int) -> Rows:
    """Our own sheet with columns of somebody's own; an identifier in each place of a code, once."""
    codes = [column.code for column in CASES]
    rows: list[list[Any]] = [[*codes, planter.some(), planter.some("name")]]
    for _ in range(clients):
        case = {**OF_A_CASE, "case": planter.key()}
        rows.append([*(case.get(code, "") for code in codes), planter.some(), planter.some()])
    for code in codes:
        case = {**OF_A_CASE, "case": planter.key(), code: planter.some()}
        rows.append([*(case.get(one, "") for one in codes), planter.some(), planter.some()])
    return rows


def htcds_rows(planter: Planter, clients: int) -> Rows:
    """IOM's template: a row of names, then cases; who somebody is where nothing is read."""
    names = [*IDENTITY, *FIELDS]
    rows: list[list[Any]] = [names]
    for number in range(clients + len(FIELDS)):
        case = {name: planter.some() for name in IDENTITY} | OF_A_VICTIM
        if number >= clients:
            case[[*FIELDS][number - clients]] = planter.some()
        rows.append([case.get(name, "") for name in names])
    return rows


def unknown_rows(planter: Planter, clients: int) -> Rows:
    """A sheet of which nothing is known, its names of columns included."""
    return [[planter.some() for _ in range(9)] for _ in range(clients // 4 + 2)]


def _as_workbook(rows: Rows, planter: Planter) -> Callable[[Path], Path]:
    """Identifiers in the properties, in a comment, in the name of a sheet, and in a hidden one."""
    properties = {name: planter.some() for name in AUTHORS}
    sheet_name, note, hidden = planter.some("phone"), planter.some(), unknown_rows(planter, 8)

    def write(folder: Path) -> Path:
        path = folder / "cases.xlsx"
        book = Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
        book.set_properties(properties)
        _fill(book.add_worksheet(sheet_name), rows).write_comment(1, 1, note)
        beside = _fill(book.add_worksheet("beside"), hidden)
        beside.hide()
        book.close()
        return path

    return write


def _fill(sheet: Any, rows: Sequence[Sequence[Any]]) -> Any:
    for at, row in enumerate(rows):
        sheet.write_row(at, 0, row)
    return sheet


def _as_csv(rows: Rows, encoding: str = "utf-8", delimiter: str = ",") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        return write_csv(folder / "cases.csv", rows, encoding=encoding, delimiter=delimiter)

    return write


def spreadsheets(planter: Planter, clients: int) -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """Each kind of sheet, as a workbook and as CSV."""
    form, htcds = form_rows(planter, clients), htcds_rows(planter, clients)
    yield "our sheet, a workbook", _as_workbook(form, planter)
    yield "our sheet, CSV", _as_csv(form)
    yield "our sheet, UTF-16 with semicolons", _as_csv(form, "utf-16", ";")
    yield "our sheet, its last lines cut off", _as_csv(form[: len(form) // 2])
    yield "HTCDS, a workbook", _as_workbook(htcds, planter)
    yield "HTCDS, CSV", _as_csv(htcds)
    yield "a sheet that nobody knows", _as_csv(unknown_rows(planter, clients))


def to_be_mapped(planter: Planter, clients: int) -> tuple[Callable[[Path], Path], Sequence[str]]:
    """A sheet of another system, and what a person says about its columns.

    Beside the columns that are named, identifiers stand in names of columns and in cells; some are
    words of the column of services.
    """
    unread = [planter.some("name"), planter.some("name"), "First Name", "Staff", "Notes"]
    rows: list[list[Any]] = [["Client", "Given on", "Service", *unread]]
    for number in range(clients):
        service = planter.some() if number % 9 == 8 else ("food", "housing", "legal")[number % 3]
        rows.append([planter.key(), "2026-02-10", service, *(planter.some() for _ in unread)])

    def write(folder: Path) -> Path:
        return write_csv(folder / "services.csv", rows)

    named = ("case=Client", "quarter=Given on", "need=Service")
    return write, ("--rows", "services", *(word for one in named for word in ("--column", one)))
