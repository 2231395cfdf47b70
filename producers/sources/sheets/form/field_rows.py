"""Rows by field: what stands between a sheet of any layout and the facts of its rows.

A header, a mapping or a form's export binds columns to fields; `FormFacts` reads the fields.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from producers.facts import Where
from producers.sources.hmis.reading.csv_rows import WIDTH
from producers.sources.sheets.reading.sheet_rows import SourceSheet, letters


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One row. `fault`: the rule that the row breaks as a whole, in `column`; then no value."""

    where: Where
    values: Mapping[str, str]
    fault: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class FieldTable:
    """The rows below a header. `places`: field → column from 0. `header`: its row's number.

    `width`: the fields of each row, 0 if rows may differ: in a CSV file a comma without quotes
    pushes all cells after it. `reword`: of a field and its cell, the text that stands for it.
    `constants`: field → the same text in every row.
    """

    sheet: SourceSheet
    places: Mapping[str, int]
    header: int
    width: int = 0
    reword: Callable[[str, str], str] | None = None
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The sheet's name for messages."""
        return self.sheet.name

    @property
    def fields(self) -> frozenset[str]:
        """The fields that have a column or a constant."""
        return frozenset((*self.places, *self.constants))

    def rows(self) -> Iterator[FieldRow]:
        """Each row that has a value in some field, or a fault."""
        names = {at: name for name, at in self.places.items()}
        places, reword = tuple(self.places.items()), self.reword or _as_is
        for row in self.sheet.rows():
            if row.number <= self.header:
                continue
            where = Where(self.sheet.name, row.number)
            if row.fault:
                yield FieldRow(where, {}, row.fault, names.get(row.at, letters(row.at)))
                continue
            if self.width and _misfits(row.cells, self.width):
                yield FieldRow(where, {}, WIDTH)
                continue
            values = {name: reword(name, row.cell(at)) for name, at in places}
            if any(values.values()):
                yield FieldRow(where, {**values, **self.constants})


def _misfits(cells: Sequence[str], width: int) -> bool:
    return len(cells) < width or any(cells[width:])


def _as_is(_: str, text: str) -> str:
    return text


ROWS_TO_SEE: Final = 20
"""The header is among the first rows of a sheet."""
