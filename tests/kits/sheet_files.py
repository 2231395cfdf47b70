"""Workbooks and CSV files for tests, written cell by cell."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from xlsxwriter import Workbook

from producers.facts import Reading
from producers.profile import Profile
from producers.sources import open_source

Rows = Sequence[Sequence[Any]]


def write_csv(path: Path, rows: Rows, *, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    """A CSV file of these rows."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def write_xlsx(path: Path, *sheets: Rows, hidden: Sequence[int] = (), merged: Sequence[str] = ()) -> Path:
    """A workbook of these sheets; a text that begins with = is a formula."""
    book = Workbook(str(path))
    for number, rows in enumerate(sheets):
        sheet = book.add_worksheet()
        if number in hidden:
            sheet.hide()
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
        for box in merged:
            sheet.merge_range(box, "merged")
    book.close()
    return path


def write_file(path: Path, rows: Rows) -> Path:
    """The rows as the suffix of the path says."""
    return write_csv(path, rows) if path.suffix == ".csv" else write_xlsx(path, rows)


def edit_part(path: Path, part: str, pattern: str, by: str) -> Path:
    """Change the XML of one part of a workbook."""
    with ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    changed = re.sub(pattern, by, parts[part].decode())
    assert changed.encode() != parts[part]
    parts[part] = changed.encode()
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, octets in parts.items():
            archive.writestr(name, octets)
    return path


def agency_profile(folder: Path, **more: object) -> Profile:
    """A profile without any source's settings."""
    keys = {"agency": "harbor-light", "state": "ca", "legal_class": "individual", "vault": folder / "v.vault"}
    return Profile.model_validate({**keys, **more})


def readings(path: Path, **more: object) -> list[Reading]:
    """All readings of a file."""
    return list(open_source(path, agency_profile(path.parent, **more)).read())
