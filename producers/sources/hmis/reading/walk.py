"""Walks over the rows of any file; broken, repeated and withdrawn rows are handled here.

Rules kept: only a file that was read whole withdraws a row, and only by a day that had come when
the export was made: `2099-12-31` is how a database writes "never". A row of which nobody knows
whether it is live, or which of several it is, is refused; its stay is noted, so that nothing about
it is withdrawn.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from producers.facts import RowIgnored, RowRefused, Where
from producers.sources.hmis.reading.csv_rows import CsvFile, CsvRow
from producers.sources.hmis.reading.dates import ANY_FORMS, earliest_day, read_date
from producers.sources.hmis.reading.files import Bundle
from producers.sources.hmis.reading.layout import DELETED, INDISPENSABLE, STAY, FileLayout
from producers.sources.hmis.reading.row import Row, own_key
from producers.sources.hmis.reading.unique import NO_ROW, Standing, Survey, standing, survey

PeriodOf = Callable[[Row, str], int]
NOT_DELETED: Final = "the cell is neither a date nor empty, so whether the row is withdrawn is not known"
NOT_PROVEN: Final = "the row is withdrawn, but the file has rows that cannot be read: it withdraws nothing"
NOT_YET: Final = "the row is marked as deleted on a day after the export was made: whether it is, is not known"
NEWER: Final = "the key is repeated: a newer row has it, and counts"
WHICH: Final = "the key is repeated: DateUpdated does not show which row is the newest, so none counts"
OPEN_DATES: Final = "the column does not show whether the month or the day comes first: write YYYY-MM-DD"


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A file of the export, with the survey of its first reading.

    `made_on`: the day on which the export was made, if that is known.
    """

    sheet: CsvFile
    survey: Survey
    made_on: date | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.sheet.layout.name

    @property
    def key_column(self) -> str:
        """The column of its rows' own keys; empty if they have none."""
        return self.sheet.layout.keys[0] if self.sheet.layout.keys else ""


def surveyed(bundle: Bundle, layout: FileLayout) -> Surveyed | None:
    """The file of a layout; None when the export lacks it."""
    if layout.name not in bundle:
        return None
    sheet = CsvFile(bundle, layout)
    return Surveyed(sheet, survey(sheet))


def made_on(export: Surveyed | None) -> date | None:
    """The day that the first row of Export.csv states; None if it states none."""
    first = next((record for record in export.sheet.records() if not record.fault), None) if export else None
    if export is None or first is None:
        return None
    return read_date(first.cells.get("ExportDate", ""), export.survey.forms.get("ExportDate", ANY_FORMS))


def complaints(layout: FileLayout, file: Surveyed | None) -> Iterator[RowRefused | RowIgnored]:
    """The readings about a file as a whole."""
    where = Where(layout.name, 0)
    if file is None:
        if layout.name in INDISPENSABLE:
            yield RowRefused(where, "", "the file is missing: no export can be read without it")
        else:
            yield RowIgnored(where, "the export lacks this file")
    elif file.sheet.fault:
        yield RowRefused(where, "", file.sheet.fault)
    else:
        for column in file.survey.open_dates:
            yield RowRefused(where, column, OPEN_DATES)


def any_period(_: Row, __: str) -> int:
    """The row does not tell which quarter its refusal concerns."""
    return 0


def rows(file: Surveyed | None, period_of: PeriodOf = any_period) -> Iterator[Row | RowRefused | RowIgnored]:
    """Every row to be read, live or `withdrawn`; a refusal or reason for each of the others.

    `period_of`: the quarter that the refusal of a row concerns, by the column.
    """
    if file is None:
        return
    for record in file.sheet.records():
        if record.fault:
            yield RowRefused(Where(file.name, record.row), "", record.fault)
        else:
            found = _row(file, record)
            if isinstance(found, RowRefused):
                unread = Row(found.where, record.cells, file.survey.forms)
                found = replace(found, period=period_of(unread, found.column))
            yield found


def _row(file: Surveyed, record: CsvRow) -> Row | RowRefused | RowIgnored:
    where, now = Where(file.name, record.row), standing(record)
    if now is Standing.UNKNOWN:
        return _unread(file, record, DELETED, NOT_DELETED)
    if now is Standing.WITHDRAWN:
        return _withdrawn(file, record)
    if repeated := file.survey.repeated(record):
        column, winner = repeated
        if winner.row == NO_ROW:
            return _unread(file, record, column, WHICH)
        return RowRefused(where, column, NEWER, record=own_key(record.cells, file.key_column))
    return Row(where, record.cells, file.survey.forms, key_column=file.key_column)


def _withdrawn(file: Surveyed, record: CsvRow) -> Row | RowRefused | RowIgnored:
    keys, where = file.sheet.layout.keys, Where(file.name, record.row)
    if keys and file.survey.is_replaced(record, keys[0]):
        return RowIgnored(where, "withdrawn, but another row with its key is live")
    if not file.survey.whole:
        return _unread(file, record, DELETED, NOT_PROVEN)
    if _not_yet(file, record):
        return _unread(file, record, DELETED, NOT_YET)
    return Row(where, record.cells, file.survey.forms, withdrawn=True, key_column=file.key_column)


def _not_yet(file: Surveyed, record: CsvRow) -> bool:
    """Whether the row was deleted after the export was made; a day may be ahead of the day here."""
    day = earliest_day(record.cells[DELETED])
    return day is not None and file.made_on is not None and day > file.made_on + timedelta(days=1)


def _unread(file: Surveyed, record: CsvRow, column: str, rule: str) -> RowRefused:
    file.survey.unread_stays.add(record.cells.get(STAY, ""))
    return RowRefused(Where(file.name, record.row), column, rule, record=own_key(record.cells, file.key_column))
