"""The one protocol of all sheets: rows of text, numbered as a spreadsheet numbers them.

Rules kept: a cell is text, whatever the file has: a whole number is written without decimals, a
date as `2026-02-10`. A row that was not read whole has a fault and no cells: an error (`#N/A`) or a
formula that was never calculated is not an empty cell, because an empty cell withdraws an answer.
The words by which tools write nothing (`NULL`, `n/a`) are an empty cell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from producers.sources.hmis.reading.csv_rows import NOTHING

LETTERS: Final = 26


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row. `number`: as the spreadsheet shows it. `fault`: the rule that it breaks.

    `at`: the column of the fault, from 0; -1: the row as a whole.
    """

    number: int
    cells: Sequence[str]
    fault: str = ""
    at: int = -1

    def cell(self, at: int) -> str:
        """The text in a column, from 0; empty where the row is shorter."""
        return self.cells[at] if at < len(self.cells) else ""


class SourceSheet(Protocol):
    """A table of a file, to be read any number of times.

    `name`: for messages, in our own words; a name inside of a file may be a person's.
    """

    @property
    def name(self) -> str:
        """The name of the sheet, for messages."""

    def rows(self) -> Iterator[SheetRow]:
        """Every row that is not blank, in order; raises SourceUnreadable."""


def meant(text: str) -> str:
    """The text of a cell without the space around it; empty for a word that stands for nothing."""
    text = text.replace("\xa0", " ").strip()
    return "" if text in NOTHING else text


def letters(at: int) -> str:
    """The letters of a column, from 0: `A`, `Z`, `AA`."""
    text = ""
    while at >= 0:
        at, letter = divmod(at, LETTERS)
        text, at = chr(ord("A") + letter) + text, at - 1
    return text
