"""Reads a workbook of Excel (`.xlsx`, `.xlsm`) as sheets, by calamine. Macros are never run.

Rules kept: the file is read into memory once, so it cannot change meanwhile. Its packed and
unpacked sizes are bounded, and each part is unpacked once by Python, which holds an archive to the
sizes that it states, before calamine sees it. Only visible sheets are read. Messages number the
sheets; they name none, because a sheet's name may be a person's.
"""

import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING, Final
from zipfile import BadZipFile, ZipFile

from producers.errors import SourceUnreadable
from producers.sources.sheets.reading.cell_scan import CellScan, read_xml, scanned
from producers.sources.sheets.reading.sheet_rows import SheetRow, meant

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

FILE_OCTETS_MAX: Final = 256 << 20
UNPACKED_OCTETS_MAX: Final = 1 << 30
PARTS_MAX: Final = 10_000
OLD_OR_LOCKED: Final = b"\xd0\xcf\x11\xe0"
WHOLE: Final = 1e15
"""Numbers below this are exact as text; keys of more digits must be text cells."""
LOCK_FILE: Final = "~$"
NOT_EXACT: Final = "the number has more digits than Excel keeps: format the column as text, and write it anew"
Cell = object


class WorkbookSheet:
    """One visible sheet, to be read any number of times."""

    def __init__(self, name: str, sheet: "CalamineSheet", scan: CellScan) -> None:
        self._name, self._sheet, self._scan = name, sheet, scan

    @property
    def name(self) -> str:
        """The file's name, and the number of the sheet if there are several."""
        return self._name

    def rows(self) -> Iterator[SheetRow]:
        """Every row that is not blank."""
        start = self._sheet.start
        before = [""] * (start[1] if start else 0)
        for number, values in enumerate(self._sheet.iter_rows(), 1):
            if fault := self._scan.fault(number):
                yield SheetRow(number, (), fault[1], fault[0])
                continue
            cells = before + [meant(text_of(value)) for value in values]
            if NOT_EXACT in cells:
                yield SheetRow(number, (), NOT_EXACT, cells.index(NOT_EXACT))
            elif any(cells):
                yield SheetRow(number, cells)


def text_of(value: Cell) -> str:
    """The text of a cell as a person reads it: `5` for 5.0, `2026-02-10` for a date."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return _number(float(value))
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def _number(value: float) -> str:
    if not value.is_integer():
        return repr(value)
    return str(int(value)) if abs(value) < WHOLE else NOT_EXACT


def sheets_of(path: Path) -> list[WorkbookSheet]:
    """The visible sheets of a workbook; raises SourceUnreadable.

    Raises ModuleNotFoundError, which the command line explains, without the extra `excel`.
    """
    octets = _octets(path)
    try:
        with ZipFile(io.BytesIO(octets)) as archive:
            found = _Parts.of(archive, path)
            book = _opened(octets, path)
            shown = [(place, name) for place, name in enumerate(book.sheet_names) if found.shows(name)]
            names = [
                f"{path.name}, sheet {place + 1}" if len(book.sheet_names) > 1 else path.name for place, _ in shown
            ]
            scans = [found.scan(own) for _, own in shown]  # all of them before the reader makes room for any
            return [
                WorkbookSheet(name, book.get_sheet_by_name(own), scan)
                for name, (_, own), scan in zip(names, shown, scans, strict=True)
            ]
    except (BadZipFile, EOFError, KeyError, NotImplementedError, RuntimeError, zlib.error):
        raise SourceUnreadable(f"{path} is a damaged workbook. Open it in Excel and save it anew.") from None


def _octets(path: Path) -> bytes:
    if path.name.startswith(LOCK_FILE):
        raise SourceUnreadable(f"{path} is a note of Excel's that the workbook is open. Close it in Excel.")
    try:
        if path.stat().st_size > FILE_OCTETS_MAX:
            raise SourceUnreadable(f"{path} is larger than a workbook can be: save the sheet as CSV.")
        octets = path.read_bytes()
    except FileNotFoundError:
        raise SourceUnreadable(f"There is nothing at {path}.") from None
    except PermissionError:
        raise SourceUnreadable(f"{path} cannot be opened: close it in Excel, or look at its rights.") from None
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be read: {error.strerror or 'the disk failed'}.") from None
    if octets.startswith(OLD_OR_LOCKED):
        raise SourceUnreadable(f"{path} has a password, or is of Excel 97. Save it as .xlsx, without a password.")
    return octets


def _opened(octets: bytes, path: Path) -> "CalamineWorkbook":
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(octets))
    except CalamineError:
        raise SourceUnreadable(f"{path} is not a workbook that can be read. Save it anew as .xlsx.") from None


@dataclass(slots=True)
class _Parts:
    """The parts of an archive, and which of them is which visible sheet."""

    archive: ZipFile
    _ids: dict[str, str] = field(default_factory=dict)
    _targets: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: ZipFile, path: Path) -> "_Parts":
        infos = archive.infolist()
        if len(infos) > PARTS_MAX or sum(info.file_size for info in infos) > UNPACKED_OCTETS_MAX:
            raise SourceUnreadable(f"{path} unpacks to more than a workbook can be: save the sheet as CSV.")
        if archive.testzip() is not None:  # also holds each part to the size that it states
            raise SourceUnreadable(f"{path} is a damaged workbook. Open it in Excel and save it anew.")
        parts = cls(archive)
        with archive.open("xl/workbook.xml") as stream:
            read_xml(stream, parts._sheet)
        with archive.open("xl/_rels/workbook.xml.rels") as stream:
            read_xml(stream, parts._relation)
        return parts

    def _sheet(self, name: str, of: Mapping[str, str]) -> None:
        if name.rpartition(":")[2] == "sheet" and of.get("state", "visible") == "visible":
            target = next((value for key, value in of.items() if key.rpartition(":")[::2] == ("r", "id")), "")
            target = target or next((value for key, value in of.items() if key.endswith(":id")), "")
            self._ids[of.get("name", "")] = target

    def _relation(self, name: str, of: Mapping[str, str]) -> None:
        if name.rpartition(":")[2] == "Relationship" and "worksheet" in of.get("Type", ""):
            target = of.get("Target", "")
            self._targets[of.get("Id", "")] = target[1:] if target.startswith("/") else normpath(f"xl/{target}")

    def shows(self, name: str) -> bool:
        """Whether a sheet is a visible table."""
        return self._ids.get(name, "") in self._targets

    def scan(self, name: str) -> CellScan:
        """The faults of a visible sheet."""
        with self.archive.open(self._targets[self._ids[name]]) as stream:
            return scanned(stream)
