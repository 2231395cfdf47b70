"""Reads a CSV file as a sheet: `csv.reader`, columns by place, one record in memory.

Rules kept: UTF-8 with or without a byte order mark, UTF-16 by its mark, else Windows-1252; commas,
semicolons, tabs or bars. A record that took in others, because a quote is never closed or closes in
the wrong place, has a fault, and no field of it is read. A file that changes while it is read is
refused.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from producers.errors import SourceChanged, SourceUnreadable
from producers.sources.file_state import FileState
from producers.sources.hmis.reading.bounded_lines import INVISIBLE, BoundedLines, CsvRecord, csv_records
from producers.sources.hmis.reading.csv_rows import SEPARATORS
from producers.sources.hmis.reading.encoding import encoding_of
from producers.sources.hmis.reading.files import Bundle
from producers.sources.sheets.reading.sheet_rows import SheetRow, meant

ROWS_TO_SEE: Final = 20


class DelimitedSheet:
    """A CSV file, to be read any number of times."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bundle = Bundle({path.name: lambda: path.open("rb")})
        self._state = self._now()
        self._encoding = encoding_of(self._bundle, path.name)
        self._separator = max(SEPARATORS, key=self._columns)

    @property
    def name(self) -> str:
        """The name of the file."""
        return self._path.name

    def rows(self) -> Iterator[SheetRow]:
        """Every row that is not blank."""
        for number, row in enumerate(self._records(self._separator), 1):
            if row.fault or any(row.cells):
                yield SheetRow(number, row.cells, row.fault)
        if self._now() != self._state:
            raise SourceChanged(f"{self._path} changed while it was read.")

    def _now(self) -> FileState:
        try:
            return FileState.of(self._path)
        except OSError as error:
            raise SourceUnreadable(f"{self._path} cannot be read: {error.strerror}.") from None

    def _columns(self, separator: str) -> int:
        """The most columns of the first rows under this separator."""
        with self._records_of(separator) as records:
            return max((len(row.cells) for row in islice(records, ROWS_TO_SEE) if any(row.cells)), default=0)

    def _records(self, separator: str) -> Iterator[SheetRow]:
        with self._records_of(separator) as records:
            yield from records

    @contextmanager
    def _records_of(self, separator: str) -> Iterator[Iterator[SheetRow]]:
        errors = "strict" if self._encoding == "utf-8-sig" else "replace"
        with self._bundle.opened(self._path.name) as stream:
            text = io.TextIOWrapper(stream, self._encoding, errors, newline="")
            yield map(_sheet_row, csv_records(BoundedLines(text, separator), max))


def _sheet_row(record: CsvRecord) -> SheetRow:
    """A row whose number is counted elsewhere."""
    return SheetRow(0, [meant(field.strip(INVISIBLE)) for field in record.fields], record.fault)
