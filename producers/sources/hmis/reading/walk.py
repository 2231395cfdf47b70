"""Walks over the rows of any file; broken, repeated and withdrawn rows are handled here."""

from collections.abc import Iterator
from dataclasses import dataclass

from producers.facts import RowIgnored, RowRefused, Where
from producers.sources.hmis.reading.csv_rows import CsvFile
from producers.sources.hmis.reading.files import Bundle
from producers.sources.hmis.reading.layout import INDISPENSABLE, FileLayout
from producers.sources.hmis.reading.row import Row
from producers.sources.hmis.reading.unique import Survey, is_live, survey


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A file of the export, with the survey of its first reading."""

    sheet: CsvFile
    survey: Survey

    @property
    def name(self) -> str:
        """The file's name."""
        return self.sheet.layout.name


def surveyed(bundle: Bundle, layout: FileLayout) -> Surveyed | None:
    """The file of a layout; None when the export lacks it."""
    if layout.name not in bundle:
        return None
    sheet = CsvFile(bundle, layout)
    return Surveyed(sheet, survey(sheet))


def complaint(layout: FileLayout, file: Surveyed | None) -> RowRefused | RowIgnored | None:
    """The reading about a file as a whole, if there is one."""
    where = Where(layout.name, 0)
    if file is None:
        if layout.name in INDISPENSABLE:
            return RowRefused(where, "", "the file is missing: no export can be read without it")
        return RowIgnored(where, "the export lacks this file")
    return RowRefused(where, "", file.sheet.fault) if file.sheet.fault else None


def rows(file: Surveyed | None) -> Iterator[Row | RowRefused | RowIgnored]:
    """Every row to be read, live or `withdrawn`; a refusal or reason for each of the others."""
    if file is None:
        return
    keys = file.sheet.layout.keys
    for record in file.sheet.records():
        where = Where(file.name, record.row)
        if record.fault:
            yield RowRefused(where, "", record.fault)
        elif not is_live(record):
            if keys and file.survey.is_replaced(record, keys[0]):
                yield RowIgnored(where, "withdrawn, but another row with its key is live")
            else:
                yield Row(where, record.cells, withdrawn=True)
        elif column := file.survey.repeated_column(record):
            yield RowRefused(where, column, "one row for each key: a newer row has the same key")
        else:
            yield Row(where, record.cells)
