"""The live rows of one file, with the columns that are checked beside those that are published.

Rules kept: names, numbers of persons, contact data and free text are never read. Rows that cannot
be parsed, or are deleted, are left out: publishing refuses or drops them. Days are ordinals
(1 = 1 January of the year 1), and 0 where there is none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Final

from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.codes import read_integer
from producers.sources.hmis.reading.csv_rows import CsvFile
from producers.sources.hmis.reading.date_orders import DateForms
from producers.sources.hmis.reading.dates import is_event_day, is_nothing, read_date
from producers.sources.hmis.reading.files import Bundle
from producers.sources.hmis.reading.layout import DELETED, FileLayout
from producers.sources.hmis.reading.unique import Standing, standing, survey

CREATED: Final = "DateCreated"
_MORE: Final[Mapping[FileLayout, tuple[str, ...]]] = {
    layout.EXPORT: ("HashStatus",),
    layout.PROJECT_FILE: ("OperatingStartDate", "OperatingEndDate"),
    layout.CLIENT: ("VeteranStatus",),
    layout.ENROLLMENT: ("DisablingCondition", CREATED),
    layout.EXIT: ("DestinationSubsidyType", CREATED),
}
CHECKED: Final = tuple(replace(file, optional=(*file.optional, *_MORE.get(file, ()))) for file in layout.FILES)
"""The files, with what is checked beside what is published."""
LOOKED_AT: Final = 200
"""Rows that show whether a file may have dates in another form than YYYY-MM-DD."""
Cells = Mapping[str, str]


class LiveTable:
    """One file that can be read, any number of times."""

    def __init__(self, bundle: Bundle, file: FileLayout) -> None:
        self.name = file.name
        self.sheet = CsvFile(bundle, file)
        self.fault = self.sheet.fault
        self._forms = {} if self.fault else self._forms_of_dates()
        self._days: dict[tuple[str, str], int] = {}

    def rows(self) -> Iterator[tuple[int, Cells]]:
        """(spreadsheet row, cells) of each live row."""
        for record in self.sheet.records():
            cells = record.cells
            if not record.fault and (not cells.get(DELETED) or standing(record) is Standing.LIVE):
                yield record.row, cells

    def has(self, column: str) -> bool:
        """Whether the file has this column."""
        return self.sheet.has(column)

    def day(self, cells: Cells, column: str) -> int:
        """The day in a cell; 0 where there is none, or none that can be an event's."""
        text = cells.get(column, "")
        if not text:
            return 0
        known = self._days.get((column, text))
        if known is None:
            known = self._days[column, text] = self._ordinal(text, column)
        return known

    def born(self, cells: Cells) -> int:
        """The date of birth; it may be before 2000."""
        text = cells.get("DOB", "")
        found = read_date(text, self._forms.get("DOB", DateForms())) if text and not is_nothing(text) else None
        return found.toordinal() if found else 0

    def _ordinal(self, text: str, column: str) -> int:
        found = read_date(text, self._forms.get(column, DateForms()))
        return found.toordinal() if found and is_event_day(found) else 0

    def _forms_of_dates(self) -> dict[str, DateForms]:
        columns = [column for column in self.sheet.layout.dates if self.sheet.has(column)]
        some = islice(self.rows(), LOOKED_AT)
        if any(cells[column] and cells[column][4:5] != "-" for _, cells in some for column in columns):
            return survey(self.sheet).forms
        return {}


def number(cells: Cells, column: str) -> int | None:
    """The whole number in a cell; None where there is none."""
    text = cells.get(column, "")
    return read_integer(text) if text else None


def written_as_number(key: str) -> bool:
    """Whether a key looks as a spreadsheet writes large or whole numbers: `1E+15`, `12.0`."""
    lower = key.lower()
    return (lower.endswith(".0") and lower[:-2].isdigit()) or (
        "e+" in lower and lower.replace("e+", "").replace(".", "").isdigit()
    )


def years_between(born: int, day: int) -> int:
    """The age in whole years; negative before birth."""
    birth, then = date.fromordinal(born), date.fromordinal(day)
    return then.year - birth.year - ((then.month, then.day) < (birth.month, birth.day))
