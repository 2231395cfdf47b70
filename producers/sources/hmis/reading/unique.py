"""Repeated keys.

Of several live rows with one key, the row with the newest DateUpdated counts, the last of equals.

Withdrawn rows are dropped first: they are no duplicates, and a live row with the same key counts.
Memory: eight bytes a row while a file is surveyed (hashes of keys, sorted in parts), afterwards
only the keys that repeat.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from producers.sources.hmis.reading.csv_rows import CsvFile, CsvRow
from producers.sources.hmis.reading.dates import read_timestamp
from producers.sources.hmis.reading.layout import DELETED, STAY, UPDATED

PARTS: Final = 256


@dataclass(frozen=True, slots=True)
class Winner:
    """The live row that counts for a key, and its stay, if it has one."""

    updated: str
    row: int
    stay: str


@dataclass(slots=True)
class Survey:
    """The result of a first reading of a file. `rows`: after the header.

    `damaged`: some could not be parsed.
    """

    rows: int = 0
    damaged: bool = False
    winners: dict[str, dict[str, Winner]] = field(default_factory=dict)

    def repeated_column(self, record: CsvRow) -> str:
        """The key column in which a newer row has the same key; empty when this row counts."""
        for column, winners in self.winners.items():
            winner = winners.get(record.cells.get(column, ""))
            if winner and winner.row != record.row:
                return column
        return ""

    def is_replaced(self, record: CsvRow, column: str) -> bool:
        """Whether a live row of the same stay has this withdrawn row's key."""
        winner = self.winners.get(column, {}).get(record.cells.get(column, ""))
        return winner is not None and winner.stay == record.cells.get(STAY, "")


def survey(sheet: CsvFile) -> Survey:
    """Read a file to count its rows and find repeated keys, and once more if there are any."""
    found = Survey()
    hashes = {column: [array("q") for _ in range(PARTS)] for column in sheet.layout.keys if sheet.has(column)}
    for record in sheet.records():
        found.rows += 1
        found.damaged |= bool(record.fault)
        for column, parts in hashes.items():
            number = hash(record.cells.get(column, ""))
            parts[number % PARTS].append(number)
    repeated = {column: set(_repeated(parts)) for column, parts in hashes.items()}
    if any(repeated.values()):
        found.winners = _winners(sheet, repeated)
    return found


def is_live(record: CsvRow) -> bool:
    """Whether the row is not withdrawn in the source."""
    return not record.cells.get(DELETED)


def _repeated(parts: Iterable[Iterable[int]]) -> Iterator[int]:
    for part in parts:
        yield from (one for one, other in pairwise(sorted(part)) if one == other)


def _winners(sheet: CsvFile, repeated: dict[str, set[int]]) -> dict[str, dict[str, Winner]]:
    best: dict[str, dict[str, Winner]] = {column: {} for column in repeated}
    for record in sheet.records():
        if not is_live(record):
            continue
        updated = read_timestamp(record.cells.get(UPDATED, ""))
        for column, numbers in repeated.items():
            key = record.cells.get(column, "")
            if key and hash(key) in numbers:
                known = best[column].get(key)
                if known is None or updated >= known.updated:
                    best[column][key] = Winner(updated, record.row, record.cells.get(STAY, ""))
    return best
