"""Records of CSV for every source: no line, and no record of many lines, grows without end.

Rules kept: a record that took in others, because a quote is never closed or closes in the wrong
place, has a fault that names how many lines it took, and no field. So has one that is too long. The
next record is read.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from exchange.core.words import number_of

RECORD_CHARS_MAX: Final = 1 << 20
QUOTES: Final = "the row cannot be parsed: a quote is not closed, or closes in the wrong place; it took {}"
TOO_LONG: Final = "the row is longer than any real one"
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


class CsvRecord(NamedTuple):
    """The fields of a record, none for a blank line; or the reason why there are none."""

    fields: list[str]
    fault: str = ""


def csv_records(lines: BoundedLines, width_of: Callable[[int, int], int]) -> Iterator[CsvRecord]:
    """Every record, blank ones too.

    `width_of`: the width of a table, from that of the records so far, 0 at first, and of this one.
    A record of several lines with the separators of two such rows took in others.
    """
    parser, width = csv.reader(lines, delimiter=lines.separator, strict=True), 0
    while True:
        lines.begin()
        try:
            fields = next(parser, None)
        except RecordTooLong:
            yield CsvRecord([], TOO_LONG)
            continue
        except csv.Error:
            yield CsvRecord([], QUOTES.format(number_of(lines.lines, "line")))
            continue
        if fields is None:
            return
        if lines.lines > 1 and width > 1 and lines.separated >= 2 * (width - 1):
            yield CsvRecord([], QUOTES.format(number_of(lines.lines, "line")))
            continue
        width = width_of(width, len(fields))
        yield CsvRecord(fields)
