r"""Reads one CSV file of an export as records, in whatever form the vendor wrote it.

Rules kept: columns are found by name, ignoring case and surrounding space, and only those of the
layout are read. UTF-8 with or without a byte order mark, else Windows-1252; LF, CRLF and a mix; any
quoting; commas, semicolons, tabs or bars between the fields, or what a first line `sep=…` states,
which is no row of a spreadsheet. Another separator is named. A row without one value is no row, and
the words by which tools write nothing (`NULL`, `nan`, `\N`) are nothing.

A record that is wider or narrower than the header, or too long, is faulty by itself: the next
record is read. So is a record that took in others, because a quote is never closed or closes in the
wrong place: its fault names how many lines it took, and no field of it is read. Memory: one record.
"""

import io
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Final

from producers.sources.hmis.reading.bounded_lines import (
    INVISIBLE,
    RECORD_CHARS_MAX,
    BoundedLines,
    CsvRecord,
    csv_records,
)
from producers.sources.hmis.reading.encoding import CHUNK_OCTETS, encoding_of
from producers.sources.hmis.reading.files import Bundle
from producers.sources.hmis.reading.layout import FileLayout

SEPARATORS: Final = ",;\t|"
OTHER_SEPARATORS: Final = {
    "~": "by tildes",
    "^": "by circumflexes",
    ":": "by colons",
    " ": "by spaces",
    "\x01": "by control characters",
    "\x1e": "by control characters",
    "\x1f": "by control characters",
    "¦": "by broken bars",
}
STATED: Final = re.compile(r'"?sep=(.)"?[,;\t|]*\r?\n?', re.IGNORECASE)
"""A first line by which spreadsheets know the separator; they do not show it as a row."""
WIDTH: Final = "the row has more or fewer fields than the header has columns"
NOTHING: Final = frozenset(
    form
    for word in ("null", "(null)", "<null>", "[null]", "none", "nil", "na", "n/a", "<na>", "nan", "nat", "\\n")
    for form in (word, word.upper(), word.title(), word.capitalize())
) | {"NaN", "NaT", "\\N", "-", "--", "."}
"""The words by which databases and statistics programs write an empty cell."""
NOTHING_AT_ALL: Final = NOTHING | {""}


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row after the header: its spreadsheet number, its cells, and the rule that it breaks."""

    row: int
    cells: Mapping[str, str]
    fault: str = ""


def _first_width(width: int, fields: int) -> int:
    """The header is as wide as the file: a wider row is broken."""
    return width or fields


def _is_blank(record: CsvRecord) -> bool:
    """Whether a record has no value at all."""
    if record.fault or (record.fields and record.fields[0].strip() not in NOTHING_AT_ALL):
        return False
    return all(field.strip() in NOTHING_AT_ALL for field in record.fields)


class CsvFile:
    """One file of the export, to be read any number of times.

    `fault`: why it cannot be read; empty when it can. `names`: the names of all its columns, in
    small letters.
    """

    def __init__(self, bundle: Bundle, layout: FileLayout) -> None:
        self.layout = layout
        self._bundle = bundle
        self._encoding = encoding_of(bundle, layout.name)
        self._stated = self._stated_separator()
        self._separator, self.names = self._header()
        self.width = len(self.names)
        self._at = {column: self.names.index(column.lower()) for column in self._columns(self.names)}
        self._surplus, self._last = self._ending()
        self.fault = self._fault()

    def has(self, column: str) -> bool:
        """Whether the file has this column."""
        return column in self._at

    def records(self, columns: Container[str] | None = None) -> Iterator[CsvRow]:
        """Every row after the header, in order; none if the file has a fault.

        `columns`: those that are needed (default: all of the layout).
        """
        wanted = tuple((name, at) for name, at in self._at.items() if columns is None or name in columns)
        verbatim = self.layout.verbatim
        for row, record in () if self.fault else self._after_header():
            fields = record.fields
            fits = len(fields) == self.width and not self._surplus
            if fault := record.fault or ("" if fits else self._misfit(fields)):
                yield CsvRow(row, {}, fault)
                continue
            cells = {column: "" if (text := fields[at].strip()) in NOTHING else text for column, at in wanted}
            if verbatim in self._at:
                cells[verbatim] = fields[self._at[verbatim]].strip()
            yield CsvRow(row, cells)

    def count(self) -> int:
        """About the number of rows after the header, by the ends of lines."""
        ends = {b"\n": 0, b"\r": 0}
        with self._bundle.opened(self.layout.name) as stream:
            octets = last = b""
            while octets := stream.read(CHUNK_OCTETS):
                last = octets
                for end in ends:
                    ends[end] += octets.count(end)
        lines = (ends[b"\n"] or ends[b"\r"]) + bool(last.strip(b"\0") and last.strip(b"\0")[-1:] not in ends)
        return max(0, lines - 1 - bool(self._stated))

    def _after_header(self) -> Iterator[tuple[int, CsvRecord]]:
        """The rows that are not blank, with their numbers in a spreadsheet."""
        numbered = enumerate(self._parsed(self._separator), 1)
        next((record for _, record in numbered if not _is_blank(record)), None)
        for row, record in numbered:
            first = record.fields[0] if record.fields else ""
            if (first and first.isalnum() and first not in NOTHING) or not _is_blank(record):
                yield row, record

    def _header(self) -> tuple[str, list[str]]:
        """The separator under which the header has most columns of the layout, and its names."""
        found = [(separator, self._names(separator)) for separator in dict.fromkeys(self._stated + SEPARATORS)]
        return max(found, key=lambda one: len(self._columns(one[1])))

    def _names(self, separator: str) -> list[str]:
        """The names of the columns in small letters, up to the last that has one."""
        header = next((record.fields for record in self._parsed(separator) if not _is_blank(record)), [])
        names = [name.strip(INVISIBLE).strip().lower() for name in header]
        while names and not names[-1]:
            names.pop()
        return names

    def _columns(self, names: Iterable[str]) -> list[str]:
        return [column for column in self.layout.columns if column.lower() in names]

    def _ending(self) -> tuple[int, str]:
        """How the first row ends: surplus fields without a value, and its value of the last column.

        Other rows may end alike. Without either sign, a surplus field may have been pushed to the
        end by a comma that is missing its quotes.
        """
        first = next((record.fields for _, record in self._after_header() if not record.fault), [])
        surplus = len(first) - self.width
        if surplus < 0 or any(map(str.strip, first[self.width :])):
            return 0, ""
        last = first[self.width - 1].strip() if self.names[-1:] == ["exportid"] else ""
        return surplus, last

    def _misfit(self, fields: list[str]) -> str:
        """Why a row does not fit the header: empty when it does."""
        surplus = len(fields) - self.width
        if surplus == self._surplus and not (surplus and any(map(str.strip, fields[self.width :]))):
            return ""
        if surplus < 0 or any(map(str.strip, fields[self.width :])) or not self._last:
            return WIDTH
        return "" if fields[self.width - 1].strip() == self._last else WIDTH

    def _text(self, stream: IO[bytes]) -> io.TextIOWrapper:
        errors = "strict" if self._encoding == "utf-8-sig" else "replace"
        return io.TextIOWrapper(io.BufferedReader(stream), self._encoding, errors, newline="")  # type: ignore[type-var]

    def _stated_separator(self) -> str:
        """The separator of a first line `sep=…`; empty without one."""
        with self._bundle.opened(self.layout.name) as stream:
            found = STATED.fullmatch(self._text(stream).readline(RECORD_CHARS_MAX))
        return found[1] if found and (found[1].isprintable() or found[1] == "\t") else ""

    def _parsed(self, separator: str) -> Iterator[CsvRecord]:
        """Each record; without fields for a blank line, with a fault for what cannot be parsed."""
        with self._bundle.opened(self.layout.name) as stream:
            text = self._text(stream)
            if self._stated:
                text.readline(RECORD_CHARS_MAX)
            yield from csv_records(BoundedLines(text, separator), _first_width)

    def _separated(self, header: str) -> str:
        """How the columns are separated in a header that was read as one name; empty if unknown."""
        if any(len(self._columns(header.split(separator))) > 1 for separator in SEPARATORS):
            return "within one pair of quotation marks"
        found = ((how, (name.strip('" ') for name in header.split(one))) for one, how in OTHER_SEPARATORS.items())
        return next((how for how, names in found if len(self._columns([*names])) > 1), "")

    def _fault(self) -> str:
        if not self.names:
            return "the header row with the names of the columns is missing"
        if len(self.names) == 1 and (how := self._separated(self.names[0])):
            return f"the columns are separated {how}: save the file with commas between them"
        if missing := [column for column in self.layout.required if column not in self._at]:
            return f"the column {missing[0]} is missing"
        if twice := [column for column in self._at if self.names.count(column.lower()) > 1]:
            return f"the column {twice[0]} is there twice"
        return ""
