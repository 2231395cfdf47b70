"""The form of the dates in one column, by the whole column.

Rules kept: in `2/10/2026` the month comes first, or last, only if some date of the column can be
read in no other order and none contradicts it. Where no date proves the order, every such date of
the column is unreadable, also one like `3/25/2026` in a column that has `25/3/2026` too: never the
part that happens to parse. Five digits are a spreadsheet's serial number only in a column in which
every date is one.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

YEAR_LAST: Final = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
SERIAL: Final = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
MONTHS: Final = 12


class Order(Enum):
    """Which of the two numbers before the year is the month."""

    MONTH_FIRST = "month first"
    DAY_FIRST = "day first"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class DateForms:
    """How to read the dates of a column. `serials`: five digits are a serial number."""

    order: Order = Order.UNPROVEN
    serials: bool = False


@dataclass(slots=True)
class FormsSeen:
    """The forms of the dates in a column, collected over all its cells."""

    month_first: bool = False
    day_first: bool = False
    either: int = 0
    serials: bool = False
    others: bool = False

    def saw(self, text: str) -> None:
        """Take a cell that is not empty."""
        if found := YEAR_LAST.match(text):
            first, second = int(found[1]), int(found[3])
            self.month_first |= first <= MONTHS < second
            self.day_first |= second <= MONTHS < first
            self.either += first != second and first <= MONTHS and second <= MONTHS
            self.others = True
        elif SERIAL.fullmatch(text):
            self.serials = True
        else:
            self.others = True

    def is_open(self) -> bool:
        """Whether dates could mean two days, or contradict each other."""
        return self.month_first == self.day_first and (self.month_first or bool(self.either))

    def forms(self) -> DateForms:
        """How the whole column is read."""
        order = Order.MONTH_FIRST if self.month_first or not self.day_first else Order.DAY_FIRST
        return DateForms(Order.UNPROVEN if self.is_open() else order, serials=self.serials and not self.others)
