"""Reads Export.csv: the year, the age and the scope of the whole export.

Rules kept: an export of a year whose codes are not known here is refused whole, and so is one whose
year is not stated, or whose columns are those of another year. Without a readable ExportDirective
an export is a delta: an absent fact is not gone.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from producers.facts import Edition, Reading, RowIgnored, RowRefused, Where
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.dates import is_event_day
from producers.sources.hmis.reading.layout import KEY
from producers.sources.hmis.reading.row import NOT_A_DATE, Row
from producers.sources.hmis.reading.walk import Surveyed, rows
from producers.sources.hmis.rules.agency_side import Agency, Window

ONE_ROW: Final = "the file has more than one row; only the first is read"
NO_ROW: Final = "the file has no row that can be read, so nothing of the export is read"
NO_YEAR: Final = (
    "the export does not state one year, 2024 or 2026: codes of other years have other meanings, so nothing is read"
)
OTHER_YEAR: Final = "the columns are those of another year than CSVVersion states, so nothing is read"
CONTEXT: Final = "read as context for other rows"
COLUMNS_OF: Final[Mapping[int, frozenset[str]]] = {
    2022: frozenset({"female", "male", "nosinglegender"}),
    2024: frozenset({"woman", "man", "nonbinary"}),
    2026: frozenset({"sex"}),
}
"""Columns of Client.csv that only one year has."""
YEARS: Final = (2024, 2026)
FULL: Final = 2
REPORTING_PERIOD: Final = 3


@dataclass(slots=True)
class ExportRow:
    """The row of Export.csv. `delta_because`: why absent facts are not gone; empty if they are."""

    file: Surveyed | None
    client: Surveyed | None
    delta_because: str = ""

    def read(self, agency: Agency) -> Iterator[Reading]:
        """Read the row into the agency, whose year stays 0 if the export cannot be read at all."""
        found = [*rows(self.file)]
        first = next((row for row in found if isinstance(row, Row)), None)
        for row in found:
            if not isinstance(row, Row):
                yield row
            elif row is first:
                yield from self._first(row, agency)
                yield from row.refused
            else:
                yield RowRefused(row.where, "", ONE_ROW)
        if first is None:
            yield RowRefused(Where(layout.EXPORT.name, 0), "", NO_ROW)

    def _first(self, row: Row, agency: Agency) -> Iterator[Reading]:
        year = year_of(row.text("CSVVersion"))
        if year not in YEARS:
            row.refuse("CSVVersion", NO_YEAR)
            return
        if not has_columns_of(year, self.client.sheet.names if self.client else ()):
            row.refuse("CSVVersion", OTHER_YEAR)
            return
        made = row.read_day("ExportDate")
        if made is None or not is_event_day(made):
            row.refuse("ExportDate", NOT_A_DATE)
            made = None
        start, end = row.read_day("ExportStartDate"), row.read_day("ExportEndDate")
        agency.year, agency.made_on, agency.window = year, made, Window.of(start, end, made)
        self.delta_because = self._why_delta(row, agency)
        agency.full = not self.delta_because
        database = row.text("ImplementationID")
        database = database if KEY.fullmatch(database) else ""
        yield Edition(row.timestamp("ExportDate") if made else "", database, row.where)
        yield RowIgnored(row.where, CONTEXT)

    def _why_delta(self, row: Row, agency: Agency) -> str:
        if row.number("ExportDirective") != FULL:
            return "its ExportDirective is not 2, which means full"
        if row.number("ExportPeriodType") != REPORTING_PERIOD:
            return "its ExportPeriodType is not 3, which means a reporting period"
        if agency.window is None:
            return "the first and the last day that it covers cannot be read"
        return "" if agency.window.quarters() else "it covers no quarter whole"


def year_of(version: str) -> int:
    """The year that CSVVersion states; 0 for none, or for several."""
    years = {int(year) for year in re.findall(r"(?<![0-9])20[0-9]{2}(?![0-9])", version)}
    return years.pop() if len(years) == 1 else 0


def has_columns_of(year: int, names: Iterable[str]) -> bool:
    """Whether Client.csv may be of this year: it has its columns, or none of any other year."""
    found = {other for other, columns in COLUMNS_OF.items() if columns & {*names}}
    return not found or year in found
