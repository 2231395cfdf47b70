"""A workbook or CSV file as a source of facts: each visible sheet by the layout that it has.

Rules kept: a layout is known by its header, never by a file's name. Columns that no layout names
are not read; those that look like identifiers are counted. A sheet of no layout is left out; a file
without any sheet of a layout is refused, with what to do. All sheets of one file are read by one
layout's rules each, in their order.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, Self

from producers.errors import SourceUnreadable
from producers.facts import Reading, RowIgnored, Where
from producers.profile import Profile
from producers.sources.identifying import identifying
from producers.sources.sheets.form.field_rows import ROWS_TO_SEE, FieldTable
from producers.sources.sheets.form.form_columns import (
    CASES,
    REQUIRED,
    SURVEY,
    SURVEY_REQUIRED,
    FormColumn,
    found_in,
    twice_in,
)
from producers.sources.sheets.form.form_table import FormTable
from producers.sources.sheets.form.survey_table import SurveyTable
from producers.sources.sheets.htcds.htcds_columns import header_of
from producers.sources.sheets.htcds.htcds_table import HtcdsTable
from producers.sources.sheets.mapping.mapping_file import SheetMapping, fingerprint, folder_of, mappings_for
from producers.sources.sheets.reading.delimited import DelimitedSheet
from producers.sources.sheets.reading.excel_book import sheets_of
from producers.sources.sheets.reading.sheet_rows import SheetRow, SourceSheet

EXCEL: Final = (".xlsx", ".xlsm")
SUFFIXES: Final = (*EXCEL, ".csv")
NO_LAYOUT: Final = "a sheet without a table that is known"


class ReadSheet(Protocol):
    """A sheet whose layout is known."""

    def read(self) -> Iterator[Reading]:
        """The readings of each row."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A sheet of a known layout. `columns`: the places that are read, from 0; `header`: its row."""

    table: ReadSheet
    header: SheetRow
    columns: frozenset[int]


Layout = Callable[[SourceSheet, Profile], Recognised | None]


def _our_sheet(sheet: SourceSheet, profile: Profile) -> Recognised | None:
    """Our own sheet of cases."""
    found = _header(sheet, CASES, REQUIRED)
    if found is None:
        return None
    header, places = found
    table = FieldTable(sheet, places, header.number, width_of(sheet, header))
    form = FormTable(table, profile.state, profile.sheets.blank_consent)
    return Recognised(form, header, frozenset(places.values()))


def _our_survey(sheet: SourceSheet, profile: Profile) -> Recognised | None:
    """Our yearly survey."""
    found = _header(sheet, SURVEY, SURVEY_REQUIRED)
    if found is None:
        return None
    header, places = found
    survey = SurveyTable(FieldTable(sheet, places, header.number, width_of(sheet, header)), profile.state)
    return Recognised(survey, header, frozenset(places.values()))


def _htcds(sheet: SourceSheet, profile: Profile) -> Recognised | None:
    """A sheet of HTCDS 2.0."""
    header = header_of(sheet)
    if header is None:
        return None
    table = FieldTable(sheet, header.places, header.number, width_of(sheet, header.row))
    cases = HtcdsTable(table, profile.state, profile.sheets.blank_consent, by_row=header.by_row)
    return Recognised(cases, header.row, frozenset(header.places.values()))


def _mapped(sheet: SourceSheet, profile: Profile) -> Recognised | None:
    """A sheet that somebody has mapped, with the very header that it had then."""
    known = mappings_for(folder_of(profile.vault))
    for header in islice(sheet.rows(), ROWS_TO_SEE) if known else ():
        mapping = known.get(fingerprint(header.cells))
        if mapping is not None:
            return mapped_by(mapping, sheet, header, profile)
    return None


def mapped_by(mapping: SheetMapping, sheet: SourceSheet, header: SheetRow, profile: Profile) -> Recognised:
    """The sheet as a mapping has it; raises MappingInvalid if the header lacks a column of it."""
    places = mapping.places(header.cells, sheet.name)
    table = FieldTable(
        sheet, places, header.number, width_of(sheet, header), mapping.reword, constants=mapping.constants
    )
    form = FormTable(table, profile.state, profile.sheets.blank_consent)
    return Recognised(form, header, frozenset(places.values()))


LAYOUTS: Final[tuple[Layout, ...]] = (_our_sheet, _our_survey, _htcds, _mapped)
"""Every layout, in the order in which a sheet is tried. A new one is one line here."""


def _header(
    sheet: SourceSheet, columns: tuple[FormColumn, ...], required: frozenset[str]
) -> tuple[SheetRow, dict[str, int]] | None:
    """The row that names these columns, with their places; None if the first rows have none."""
    for row in islice(sheet.rows(), ROWS_TO_SEE):
        places = found_in(row.cells, columns)
        if required <= places.keys():
            if twice := twice_in(row.cells, columns):
                raise SourceUnreadable(f"{sheet.name} has the column {twice} twice: remove or rename one.")
            return row, places
    return None


def width_of(sheet: SourceSheet, header: SheetRow) -> int:
    """The number of fields that each row has as the header has; 0 where rows may differ."""
    return len(header.cells) if isinstance(sheet, DelimitedSheet) else 0


class Spreadsheet:
    """A workbook or CSV file, read for one agency's profile."""

    def __init__(self, path: Path, profile: Profile) -> None:
        self._path, self._profile = path, profile
        self._stays_here: Counter[str] = Counter()

    @classmethod
    def for_profile(cls, path: Path, profile: Profile) -> Self:
        """The file, read with the profile's [sheets] section."""
        return cls(path, profile)

    @property
    def stays_here(self) -> Mapping[str, int]:
        """Kind of identifier → columns of this kind that the last `read` skipped unread."""
        return self._stays_here

    def rows(self) -> int | None:
        """The number of rows of a CSV file; of a workbook it is not cheap to know."""
        if self._path.suffix.lower() in EXCEL:
            return None
        return sum(1 for sheet in self.sheets() for _ in sheet.rows())

    def read(self) -> Iterator[Reading]:
        """The readings of each row of each sheet that has a known layout."""
        self._stays_here.clear()
        sheets = self.sheets()
        known = [(sheet, recognised(sheet, self._profile)) for sheet in sheets]
        if not any(found for _, found in known):
            raise SourceUnreadable(self._unknown(sheets))
        for sheet, found in known:
            if found is None:
                yield RowIgnored(Where(sheet.name, 0), NO_LAYOUT)
            else:
                self._count_unread(found)
                yield from found.table.read()

    def recognised(self) -> list[Recognised | None]:
        """The visible sheets by the layouts that they have; None for a sheet of no layout."""
        return [recognised(sheet, self._profile) for sheet in self.sheets()]

    def sheets(self) -> list[SourceSheet]:
        """The visible sheets of the file; raises SourceUnreadable."""
        if self._path.suffix.lower() in EXCEL:
            return list(sheets_of(self._path))
        return [DelimitedSheet(self._path)]

    def _count_unread(self, found: Recognised) -> None:
        names = (name for at, name in enumerate(found.header.cells) if at not in found.columns)
        self._stays_here.update(kind for kind in map(identifying, names) if kind)

    def _unknown(self, sheets: list[SourceSheet]) -> str:
        if not any(True for sheet in sheets for _ in sheet.rows()):
            return f"{self._path} has no row."
        return (
            f"{self._path} has no table of a known layout, nor a header that was mapped before. Run `exchange edge map` "
            "with it once, or `exchange edge template cases.xlsx` for a sheet that needs no mapping."
        )


def recognised(sheet: SourceSheet, profile: Profile) -> Recognised | None:
    """The sheet by the first layout that it has."""
    return next((found for layout in LAYOUTS if (found := layout(sheet, profile)) is not None), None)
