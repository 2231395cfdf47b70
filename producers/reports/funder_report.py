"""A filled report as values, for every form in which it is shown: screen, JSON, CSV, Excel, page.

Rules kept: it holds counts, names of rows and columns of standards, and reasons; no key, no row of
a client and no name of a file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from exchange.core.words import number_of
from producers.reports.report_rows import NameOrigin, ReportTable

FOR_WHOM: Final = (
    "For your funder, not for sharing in public: small counts are exact, and could point to a person. It was made on "
    "this machine, and nothing was sent."
)
COLUMNS: Final = ("section", "row", "number", "how certain", "name", "notes")


class HowCertain(StrEnum):
    """What the number of a cell is worth."""

    EXACT = "exact"
    AT_LEAST = "at least"
    EITHER_WAY = "incomplete"
    UNKNOWN = "cannot be known here"

    @property
    def meaning(self) -> str:
        """What it means, in a sentence."""
        return _MEANINGS[self]


_MEANINGS: Final = {
    HowCertain.EXACT: "Counted from everything that the input holds about it.",
    HowCertain.AT_LEAST: "The true number is this or higher: the notes say what was not counted.",
    HowCertain.EITHER_WAY: "The true number may be higher or lower: the notes say what could not be read.",
    HowCertain.UNKNOWN: "No number is shown, as it would be a guess: the notes say what would answer.",
}


@dataclass(frozen=True, slots=True)
class FilledCell:
    """A row with its number: None where it cannot be known here. `remarks`: why, in sentences."""

    section: str
    label: str
    value: int | None
    certain: HowCertain
    name: NameOrigin
    remarks: str = ""

    @property
    def number(self) -> str:
        """The number as a person reads it, never without what it is worth."""
        if self.value is None:
            return str(self.certain)
        words = {HowCertain.AT_LEAST: "at least ", HowCertain.EITHER_WAY: "incomplete: "}
        return f"{words.get(self.certain, '')}{self.value:,}"

    def plain(self) -> dict[str, object]:
        """As JSON-able data."""
        return {
            "section": self.section,
            "row": self.label,
            "number": self.value,
            "certain": str(self.certain),
            "name": str(self.name),
            "notes": self.remarks,
        }


@dataclass(frozen=True, slots=True)
class ReportCause:
    """Why rows of one file could not be read. `rule`: its id in `exchange edge check`."""

    file: str
    rule: str
    words: str
    rows: int


@dataclass(frozen=True, slots=True)
class FunderReport:
    """A report, filled. `period`: in words; `counted_from`: what it was counted from, in words.

    `notes`: what holds for all of it. `causes`: why rows could not be read. `seconds`: how long it
    took to count.
    """

    table: ReportTable
    period: str
    counted_from: str
    notes: tuple[str, ...]
    cells: tuple[FilledCell, ...]
    causes: tuple[ReportCause, ...] = ()
    is_damaged: bool = False
    seconds: float = 0.0

    @property
    def title(self) -> str:
        """Its title, with the period."""
        return f"{self.table.title}, {self.period}"

    @property
    def filled(self) -> int:
        """How many cells have a number."""
        return sum(cell.value is not None for cell in self.cells)

    def sections(self) -> Iterator[tuple[str, str, Sequence[FilledCell]]]:
        """Title, source of names, and cells of each section."""
        for section in self.table.sections:
            yield section.title, section.source, [cell for cell in self.cells if cell.section == section.title]

    def count(self, certain: HowCertain) -> int:
        """How many cells are so certain."""
        return sum(cell.certain is certain for cell in self.cells)

    def summary(self, minutes_by_hand: int | None = None) -> str:
        """What was filled, in what time; and what that saved, by the agency's own number alone."""
        words = f"{self.filled} of {number_of(len(self.cells), 'cell')} filled in {self.seconds:.1f} s"
        if minutes_by_hand is None:
            return f"{words}."
        spared = number_of(round(max(0.0, minutes_by_hand - self.seconds / 60)), "minute")
        by_hand = f"By your own number it takes {number_of(minutes_by_hand, 'minute')} by hand"
        if not (left := len(self.cells) - self.filled):
            return f"{words}. {by_hand}, so it saved about {spared}."
        return f"{words}. {by_hand}, so it saved at most {spared}: {number_of(left, 'cell')} are still yours to fill."

    def rows(self) -> Iterator[tuple[str, str, int | None, str, str, str]]:
        """Each cell as `COLUMNS` has it: the same in every file."""
        for cell in self.cells:
            yield cell.section, cell.label, cell.value, str(cell.certain), str(cell.name), cell.remarks

    def plain(self, minutes_by_hand: int | None = None) -> dict[str, object]:
        """As JSON-able data."""
        return {
            "report": str(self.table.kind),
            "title": self.title,
            "period": self.period,
            "for": FOR_WHOM,
            "counted_from": self.counted_from,
            "notes": list(self.notes),
            "causes": [asdict(cause) for cause in self.causes],
            "cells": [cell.plain() for cell in self.cells],
            "filled": self.filled,
            "of": len(self.cells),
            "seconds": round(self.seconds, 3),
            "minutes_by_hand": minutes_by_hand,
        }
