"""A row while it is being read: typed access to its cells, and its refusals.

Rules kept: a refusal names the column and the rule, never the value. A code outside its list is
read as `not_known` and refused as a part of the row, so that it is counted. A missing cell is
`not_collected`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from producers.facts import RowRefused, Where
from producers.sources.hmis.reading.codes import YES, CodeList, E, read_integer
from producers.sources.hmis.reading.dates import is_event_day, read_date
from producers.words import list_of

KEY: Final = re.compile(r"[A-Za-z0-9_.:{}-]{1,64}")
NOT_A_KEY: Final = "a key: up to 64 letters, digits, hyphens or underscores"
NOT_A_DATE: Final = "a date YYYY-MM-DD, or another form that can mean one day only"
NOT_AN_EVENT_DAY: Final = "a date of the years 2000–2099"
OUTSIDE_LIST: Final = "a number of this column's list in the HMIS data standards; read as not_known"
ANSWERS: Final = frozenset({0, 1, 8, 9, 99})


@dataclass(slots=True)
class Row:
    """One record. `withdrawn`: deleted in the source, whatever its cells hold.

    `refused` grows while the row is read.
    """

    where: Where
    cells: Mapping[str, str]
    withdrawn: bool = False
    refused: list[RowRefused] = field(default_factory=list)

    def text(self, column: str) -> str:
        """The cell; empty when the column is missing."""
        return self.cells.get(column, "")

    def refuse(self, column: str, rule: str) -> None:
        """Note that this column breaks this rule."""
        self.refused.append(RowRefused(self.where, column, rule))

    def key(self, column: str) -> str:
        """A key as it is written, never a number; empty, and refused, when the cell holds none."""
        text = self.text(column)
        if KEY.fullmatch(text):
            return text
        self.refuse(column, NOT_A_KEY)
        return ""

    def code(self, column: str, codes: CodeList[E]) -> E:
        """The vocabulary's code of a cell."""
        code = codes.read(self.text(column))
        if code is None:
            shown = list_of(type(codes.unknown))
            self.refuse(column, f"{OUTSIDE_LIST} (`exchange vocabulary {shown}` shows which)")
            return codes.unknown
        return code

    def number(self, column: str) -> int | None:
        """A whole number; None when the cell is empty, or, refused, when it holds no number."""
        text = self.text(column)
        number = read_integer(text)
        if number is None and text:
            self.refuse(column, "a whole number; read as not_known")
        return number

    def answer(self, column: str, allowed: frozenset[int]) -> int | None:
        """The number of an answer; None when the cell is empty or, refused, not allowed."""
        text = self.text(column)
        number = read_integer(text)
        if number in allowed:
            return number
        if text:
            self.refuse(column, OUTSIDE_LIST)
        return None

    def says_yes(self, column: str) -> bool:
        """Whether the cell is 1."""
        return read_integer(self.text(column)) == YES

    def day(self, column: str) -> date | None:
        """The day of an event; None, and refused, when it is no date or outside 2000–2099."""
        day = read_date(self.text(column))
        if day is None:
            self.refuse(column, NOT_A_DATE)
        elif not is_event_day(day):
            self.refuse(column, NOT_AN_EVENT_DAY)
            return None
        return day
