"""A row while it is being read: typed access to its cells, and its refusals.

Rules kept: a refusal names the column and the rule, never the value. A code outside its list is
read as `not_known` and refused as a part of the row, so that it is counted. A missing cell is
`not_collected`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from producers.edge_phrases import list_of
from producers.facts import RowRefused, Where
from producers.sources.hmis.reading.codes import CodeList, E, read_integer
from producers.sources.hmis.reading.date_orders import DateForms, Order
from producers.sources.hmis.reading.dates import ANY_FORMS, is_event_day, is_nothing, read_date, read_timestamp
from producers.sources.hmis.reading.layout import KEY

NOT_A_KEY: Final = "the key is missing, or has other characters than letters, digits and hyphens, or over 64"
NOT_A_DATE: Final = "the cell is not a date that can mean one day only: write YYYY-MM-DD"
NOT_AN_EVENT_DAY: Final = "the date is not in the years 2000–2099"
OUTSIDE_LIST: Final = "the code is not in this column's list of the HMIS data standards; it is read as not_known"
ANSWERS: Final = frozenset({0, 1, 8, 9, 99})


def own_key(cells: Mapping[str, str], column: str) -> str:
    """The key in a column; empty where the cell holds none."""
    text = cells.get(column, "")
    return text if KEY.fullmatch(text) else ""


@dataclass(slots=True)
class Row:
    """One record. `withdrawn`: deleted in the source, whatever its cells hold.

    `forms`: how the dates of each column are read. `key_column`: of the row's own key. `refused`
    grows while the row is read.
    """

    where: Where
    cells: Mapping[str, str]
    forms: Mapping[str, DateForms]
    withdrawn: bool = False
    key_column: str = ""
    refused: list[RowRefused] = field(default_factory=list)

    def text(self, column: str) -> str:
        """The cell; empty when the column is missing."""
        return self.cells.get(column, "")

    @property
    def record(self) -> str:
        """The source's own key of the row; empty if it has none that can be one."""
        return own_key(self.cells, self.key_column)

    def refuse(self, column: str, rule: str, *, follows: bool = False) -> None:
        """Note that this column breaks this rule; `follows`: because another row was refused."""
        self.refused.append(RowRefused(self.where, column, rule, follows=follows, record=self.record))

    def refuses(self, *columns: str) -> bool:
        """Whether one of these columns was refused."""
        return any(refused.column in columns for refused in self.refused)

    def lacks(self, *columns: str) -> bool:
        """Whether the file has not all of these columns, or a cell in them was refused."""
        return any(column not in self.cells for column in columns) or self.refuses(*columns)

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
            self.refuse(column, f"{OUTSIDE_LIST} (`exchange vocabulary {shown}` shows the list)")
            return codes.unknown
        return code

    def number(self, column: str) -> int | None:
        """A whole number; None when the cell is empty, or, refused, when it holds no number."""
        text = self.text(column)
        number = read_integer(text)
        if number is None and text:
            self.refuse(column, "the cell is not a whole number; it is read as not_known")
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

    def read_day(self, column: str) -> date | None:
        """The day in a cell; None when it holds none that can be read."""
        return read_date(self.text(column), self.forms.get(column, ANY_FORMS))

    def timestamp(self, column: str) -> str:
        """The time in a cell as `read_timestamp` gives it."""
        return read_timestamp(self.text(column), self.forms.get(column, ANY_FORMS))

    def dated(self, column: str) -> bool:
        """Whether a cell for a date holds more than what stands for none."""
        return not is_nothing(self.text(column))

    def day(self, column: str) -> date | None:
        """The day of an event; None, and refused, when it is no date or outside 2000–2099."""
        day = self.read_day(column)
        if day is None:
            forms = self.forms.get(column, ANY_FORMS)
            self.refuse(column, NOT_A_DATE, follows=forms.order is Order.UNPROVEN)
        elif not is_event_day(day):
            self.refuse(column, NOT_AN_EVENT_DAY)
            return None
        return day
