"""Reads one CSV file of an export as records, in whatever form the vendor wrote it.

Rules kept: columns are found by name, ignoring case and surrounding space, and only those of the
layout are read. UTF-8 with or without a byte order mark, else Windows-1252; LF, CRLF and a mix; any
quoting; blank lines are no rows. A record that is wider or narrower than the header, or too long,
is faulty by itself: the next record is read. Memory: one record.

Not promised: a quote that is never closed takes in everything after it, up to the bounds; that is
one faulty record.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from producers.sources.hmis.reading.files import Bundle
from producers.sources.hmis.reading.layout import FileLayout

RECORD_CHARS_MAX: Final = 1 << 20
CHUNK_OCTETS: Final = 1 << 20
INVISIBLE: Final = "\ufeff\u200b\x00"


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row after the header: its spreadsheet number, its cells, and the rule that it breaks."""

    row: int
    cells: Mapping[str, str]
    fault: str = ""


class _RecordTooLong(csv.Error):
    """A record is longer than any real one."""


@dataclass(slots=True)
class _BoundedLines:
    """Bounded lines for the parser: no line and no record of many lines grows without end."""

    text: io.TextIOWrapper
    taken: int = 0

    def __iter__(self) -> "_BoundedLines":
        return self

    def __next__(self) -> str:
        line = self.text.readline(RECORD_CHARS_MAX)
        if not line:
            raise StopIteration
        self.taken += len(line)
        if self.taken < RECORD_CHARS_MAX:
            return line
        self.taken = 0
        while line and not line.endswith(("\n", "\r")):
            line = self.text.readline(RECORD_CHARS_MAX)
        raise _RecordTooLong


class CsvFile:
    """One file of the export, to be read any number of times.

    `fault`: why it cannot be read; empty when it can.
    """

    def __init__(self, bundle: Bundle, layout: FileLayout) -> None:
        self.layout = layout
        self._bundle = bundle
        self._encoding = _encoding(bundle, layout.name)
        header = next((cells for cells in self._parsed() if cells), [])
        self.width = len(header)
        names = [name.strip(INVISIBLE).strip().lower() for name in header]
        self._at = {column: names.index(column.lower()) for column in layout.columns if column.lower() in names}
        self.fault = self._fault(names)

    def has(self, column: str) -> bool:
        """Whether the file has this column."""
        return column in self._at

    def records(self) -> Iterator[CsvRow]:
        """Every row after the header, in order; none if the file has a fault."""
        wanted = tuple(self._at.items())
        parsed = enumerate(() if self.fault else self._parsed(), 1)
        next((cells for _, cells in parsed if cells), None)
        for row, cells in parsed:
            if cells == []:
                continue
            if cells is None:
                yield CsvRow(row, {}, "the row cannot be parsed: it is too long, or a quote is never closed")
            elif len(cells) != self.width:
                yield CsvRow(row, {}, "as many fields as the header has columns")
            else:
                yield CsvRow(row, {column: cells[at].strip() for column, at in wanted})

    def count(self) -> int:
        """The number of rows after the header."""
        return max(0, sum(1 for cells in self._parsed() if cells is None or cells) - 1)

    def _parsed(self) -> Iterator[list[str] | None]:
        """The fields of each record; none for a blank line, None for what cannot be parsed."""
        errors = "strict" if self._encoding == "utf-8-sig" else "replace"
        with self._bundle.opened(self.layout.name) as stream:
            lines = _BoundedLines(io.TextIOWrapper(io.BufferedReader(stream), self._encoding, errors, newline=""))  # type: ignore[type-var]
            parser = csv.reader(lines)
            while True:
                try:
                    cells = next(parser, ())
                except csv.Error:
                    lines.taken = 0
                    yield None
                    continue
                if cells == ():
                    return
                lines.taken = 0
                yield list(cells)

    def _fault(self, names: list[str]) -> str:
        if not names:
            return "the header row with the names of the columns is missing"
        if missing := [column for column in self.layout.required if column not in self._at]:
            return f"the column {missing[0]} is missing"
        if twice := [column for column in self._at if names.count(column.lower()) > 1]:
            return f"the column {twice[0]} is there twice"
        return ""


def _encoding(bundle: Bundle, name: str) -> str:
    """UTF-8 if the whole file is valid UTF-8, else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with bundle.opened(name) as stream:
        try:
            while chunk := stream.read(CHUNK_OCTETS):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"
