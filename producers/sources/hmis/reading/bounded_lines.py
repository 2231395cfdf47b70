"""Lines for a parser of CSV: no line, and no record of many lines, grows without end."""

import csv
import io
from dataclasses import dataclass
from typing import Final

RECORD_CHARS_MAX: Final = 1 << 20
INVISIBLE: Final = "\ufeff\u200b\x00"


class RecordTooLong(csv.Error):
    """A record is longer than any real one."""


@dataclass(slots=True)
class BoundedLines:
    """Bounded lines for the parser; raises RecordTooLong, and goes on with the line after it.

    `lines`, `separated`: the lines and the separators in them since the record began.
    """

    text: io.TextIOWrapper
    separator: str
    taken: int = 0
    lines: int = 0
    separated: int = 0

    def __iter__(self) -> "BoundedLines":
        return self

    def __next__(self) -> str:
        line = self.text.readline(RECORD_CHARS_MAX)
        if not line:
            raise StopIteration
        self.taken += len(line)
        self.lines += 1
        self.separated += line.count(self.separator)
        if self.taken < RECORD_CHARS_MAX:
            return line
        self.taken = 0
        while line and not line.endswith(("\n", "\r")):
            line = self.text.readline(RECORD_CHARS_MAX)
        raise RecordTooLong

    def begin(self) -> None:
        """A new record begins."""
        self.taken = self.lines = self.separated = 0
