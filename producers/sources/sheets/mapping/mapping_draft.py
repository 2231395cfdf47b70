"""A mapping while it is made: what is sure, what is to be asked, and what was answered.

Rules kept: nothing unsure is taken without an answer. One column is for one field. A word becomes a
code only if somebody confirmed it; a word that nobody confirmed refuses its rows when the sheet is
published.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from producers.errors import MappingInvalid, SourceUnreadable
from producers.sources.sheets.form.field_rows import ROWS_TO_SEE
from producers.sources.sheets.form.form_columns import REQUIRED, FormColumn
from producers.sources.sheets.mapping.evidence import (
    ColumnSeen,
    Suggestion,
    look_at,
    looks_identifying,
    may_be_used,
    suggested,
    unknown_words,
)
from producers.sources.sheets.mapping.mapping_file import FIELDS, SheetMapping, fingerprint
from producers.sources.sheets.reading.sheet_rows import SheetRow, SourceSheet

ROWS: Final[Mapping[str, Mapping[str, str]]] = {
    "services": {"served": "yes"},
    "needs": {},
    "cases": {"new_case": "yes"},
}
"""What one row is → what is therefore the same in all of them."""
CELLS_OF_A_HEADER: Final = 2
NO_NAMES: Final = "this row looks like a record. The first row of a table must hold the names of its columns."


@dataclass(slots=True)
class MappingDraft:
    """The columns of a sheet, and the field of each as far as it is decided."""

    sheet: SourceSheet
    header: SheetRow
    seen: list[ColumnSeen]
    chosen: dict[str, ColumnSeen] = field(default_factory=dict)
    none: set[str] = field(default_factory=set)
    constants: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, sheets: Iterable[SourceSheet], is_known: Callable[[SourceSheet], bool]) -> "MappingDraft":
        """The draft for the first sheet that needs one; raises SourceUnreadable if none does."""
        for sheet in sheets:
            header = next(_headers(sheet), None)
            if header is not None and not is_known(sheet):
                if any(text.isdigit() or looks_identifying(text) for text in header.cells):
                    raise SourceUnreadable(f"{sheet.name}, row {header.number}: {NO_NAMES}")
                rows = (row for row in sheet.rows() if row.number > header.number and not row.fault)
                return cls(sheet, header, look_at(header.cells, rows))
        raise SourceUnreadable("The file has no table that needs a mapping: publish it as it is.")

    def taken(self) -> set[int]:
        """The places of the columns that are decided."""
        return {column.at for column in self.chosen.values()}

    def free(self) -> list[ColumnSeen]:
        """The columns that may still be chosen."""
        return [column for column in self.seen if may_be_used(column.kind) and column.at not in self.taken()]

    def open(self) -> list[FormColumn]:
        """The fields that are not decided."""
        decided = self.chosen.keys() | self.constants.keys() | self.none
        return [column for code, column in FIELDS.items() if code not in decided]

    def suggestions(self, column: FormColumn) -> list[Suggestion]:
        """The free columns that may hold a field."""
        return suggested(column, self.free())

    def take_sure(self) -> None:
        """Decide what only one column can be, and only for one field."""
        first = {
            column.code: found[0] for column in self.open() if (found := self.suggestions(column)) and found[0].sure
        }
        places = [one.column.at for one in first.values()]
        for code, one in first.items():
            if places.count(one.column.at) == 1:
                self.chosen[code] = one.column

    def choose(self, code: str, name: str) -> None:
        """Decide a field by the name of its column, empty for none; raises MappingInvalid."""
        if code in FIELDS and not name:
            self.none.add(code)
            return
        found = [column for column in self.seen if column.name == name.strip()]
        if code not in FIELDS or len(found) != 1:
            raise MappingInvalid(
                "A column that was named is not there, or there twice, or its field is none. Fields are "
                f"{', '.join(FIELDS)}."
            )
        if not may_be_used(found[0].kind):
            raise MappingInvalid(f"The column for {code} looks like a {found[0].kind} of a person: it is never read.")
        self.chosen[code] = found[0]

    def missing(self) -> list[str]:
        """The fields without which no row can be read."""
        return sorted(REQUIRED - self.chosen.keys())

    def questions(self) -> Iterator[tuple[FormColumn, list[Suggestion]]]:
        """Each field that some free column may hold, or that is needed, until it is decided."""
        for column in self.open():
            found = self.suggestions(column)
            if found or column.code in REQUIRED:
                yield column, found

    def unknown(self) -> Iterator[tuple[FormColumn, dict[str, list[str]] | None]]:
        """The clusters of words that name nothing, by field; None if they may not be shown."""
        for code, column in self.chosen.items():
            if FIELDS[code].words:
                found = unknown_words(FIELDS[code], column)
                if found is None or found:
                    yield FIELDS[code], found

    def refusing(self) -> list[str]:
        """The fields of which some word names nothing and was not mapped."""
        return [
            column.code
            for column, unknown in self.unknown()
            if unknown is None
            or any(word not in self.words.get(column.code, {}) for of in unknown.values() for word in of)
        ]

    def mapping(self, name: str) -> SheetMapping:
        """The mapping as decided."""
        columns = {code: self.chosen[code].name for code in FIELDS if code in self.chosen}
        constants = {code: text for code, text in self.constants.items() if code not in columns}
        return SheetMapping(name, fingerprint(self.header.cells), columns, constants)


def _headers(sheet: SourceSheet) -> Iterator[SheetRow]:
    for row in islice(sheet.rows(), ROWS_TO_SEE):
        if sum(bool(cell.strip()) for cell in row.cells) >= CELLS_OF_A_HEADER:
            yield row


def fitting_header(sheet: SourceSheet, mapping: SheetMapping) -> SheetRow | None:
    """The row that is the very header that a mapping was made for."""
    rows = islice(sheet.rows(), ROWS_TO_SEE)
    return next((row for row in rows if fingerprint(row.cells) == mapping.header), None)
