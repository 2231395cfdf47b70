"""Finds what a reader of Excel files hides: errors, formulas without a value, merged cells.

calamine gives `#DIV/0!`, `#N/A` and a formula that was never calculated as an empty cell (its issue
105), and an empty cell withdraws an answer. So each visible sheet's XML is read once before.

Rules kept: a workbook that declares entities, or more cells than a real one has, is refused before
the reader sees it: the reader keeps the whole rectangle of a sheet in memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Final
from xml.parsers import expat

from producers.errors import SourceUnreadable

CELLS_MAX: Final = 20_000_000
CHUNK_OCTETS: Final = 1 << 16
ERROR: Final = "the cell holds an error, such as #N/A: mend its formula, or write the value"
UNCALCULATED: Final = "the formula has no value: open the file in Excel and save it, so that it is calculated"
MERGED: Final = "cells are merged: split them, and write the value into each row that it is for"
Box = tuple[int, int, int, int]
"""First row, first column, last row, last column; from 0."""


@dataclass(slots=True)
class CellScan:
    """What was found in one sheet. `faults`: row from 1 → (column from 0, rule)."""

    faults: dict[int, tuple[int, str]] = field(default_factory=dict)
    merged: list[Box] = field(default_factory=list)
    corner: tuple[int, int] = (0, 0)

    def fault(self, row: int) -> tuple[int, str] | None:
        """The column and the rule that a row breaks, both as in `faults`."""
        if row in self.faults:
            return self.faults[row]
        return next(((box[1], MERGED) for box in self.merged if box[0] <= row - 1 <= box[2]), None)


class _Reader:
    """Follows the elements of a sheet's XML, whatever prefix their names have."""

    def __init__(self, found: CellScan) -> None:
        self.found = found
        self._row = self._column = self._text = 0
        self._kind = ""
        self._formula = self._value = self._in_value = False

    def start(self, name: str, of: Mapping[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "row":
                self._row, self._column = int(of.get("r", self._row + 1)), -1
            case "c":
                self._begin(of.get("r", ""), of.get("t", ""))
            case "f":
                self._formula = True
            case "v":
                self._in_value, self._text = True, 0
            case "is":
                self._value = True
            case "mergeCell":
                self.found.merged.append(box_of(of.get("ref", "")))

    def _begin(self, reference: str, kind: str) -> None:
        self._column = place_of(reference)[1] if reference else self._column + 1
        self._kind, self._formula, self._value = kind, False, False

    def text(self, data: str) -> None:
        if self._in_value:
            self._text += len(data)

    def end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "v":
                self._in_value = False
                self._value = bool(self._text) or self._kind == "str"
            case "c":
                self._settle()

    def _settle(self) -> None:
        if self._value or self._formula or self._kind:
            row, column = self.found.corner
            self.found.corner = max(row, self._row), max(column, self._column + 1)
        rule = ERROR if self._kind == "e" else UNCALCULATED if self._formula and not self._value else ""
        if rule:
            self.found.faults.setdefault(self._row, (self._column, rule))


def scanned(stream: IO[bytes]) -> CellScan:
    """The faults of one sheet; raises SourceUnreadable."""
    found = CellScan()
    reader = _Reader(found)
    read_xml(stream, reader.start, reader.end, reader.text)
    rows, columns = found.corner
    if rows * columns > CELLS_MAX:
        raise SourceUnreadable(
            "The sheet spans more cells than a real one has: delete what is far outside of the table."
        )
    return found


def read_xml(
    stream: IO[bytes],
    start: Callable[[str, Mapping[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Follow one part of a workbook; raises SourceUnreadable if it is damaged."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _no_entities
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        while chunk := stream.read(CHUNK_OCTETS):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError):
        raise SourceUnreadable("A part of the workbook is damaged: open it in Excel and save it anew.") from None


def _no_entities(*_: object) -> None:
    raise SourceUnreadable("The workbook declares entities, which no spreadsheet program writes.")


def place_of(reference: str) -> tuple[int, int]:
    """Row and column, from 0, of `B3` or `$B$3`; raises ValueError."""
    name = reference.replace("$", "")
    digits = name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    column = 0
    for letter in name[: len(name) - len(digits)]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(digits) - 1, column - 1


def box_of(reference: str) -> Box:
    """The rectangle of `B9:C10`; raises ValueError."""
    first, _, last = reference.partition(":")
    return (*place_of(first), *place_of(last or first))
