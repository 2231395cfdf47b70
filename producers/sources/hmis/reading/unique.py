"""A first reading of a file: repeated keys, the forms of its dates, and damage.

Of several live rows with one key, the row with the newest DateUpdated counts. If they differ, and
which is newest is not known, none counts. Withdrawn rows are dropped first: they are no duplicates,
and a live row with the same key counts. Memory: eight bytes a row and key column while a file is
surveyed (hashes of keys, sorted in parts), afterwards only the keys that repeat.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Final

from producers.sources.hmis.reading.csv_rows import CsvFile, CsvRow
from producers.sources.hmis.reading.date_orders import DateForms, FormsSeen
from producers.sources.hmis.reading.dates import is_nothing, is_some_day, read_timestamp
from producers.sources.hmis.reading.layout import DELETED, EXPORT, KEY, STAY, UPDATED

PARTS: Final = 256
NO_ROW: Final = 0


class Standing(Enum):
    """Whether a row is live in the source, by its DateDeleted."""

    LIVE = "live"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


def standing(record: CsvRow) -> Standing:
    """Withdrawn only if DateDeleted is a date; what stands for no date is none."""
    text = record.cells.get(DELETED)
    if not text or is_nothing(text):
        return Standing.LIVE
    return Standing.WITHDRAWN if is_some_day(text) else Standing.UNKNOWN


@dataclass(frozen=True, slots=True)
class Winner:
    """The live row that counts for a key, or `NO_ROW`; and its stay, if it has one."""

    row: int
    stay: str


@dataclass(slots=True)
class Survey:
    """The result of a first reading of a file. `rows`: after the header.

    `damaged`: some could not be parsed. `nameless`: some live ones have no key. `live`: the number
    of the others than withdrawn ones. `forms`: how the dates of each column are read; `open_dates`:
    the columns whose dates could mean two days. `unread_stays`: of rows that cannot count, filled
    while the rows are walked.
    """

    rows: int = 0
    live: int = 0
    damaged: bool = False
    nameless: bool = False
    forms: dict[str, DateForms] = field(default_factory=dict)
    open_dates: list[str] = field(default_factory=list)
    winners: dict[str, dict[str, Winner]] = field(default_factory=dict)
    unread_stays: set[str] = field(default_factory=set)

    @property
    def whole(self) -> bool:
        """Whether every row of the file could be read and named."""
        return not (self.damaged or self.nameless)

    def repeated(self, record: CsvRow) -> tuple[str, Winner] | None:
        """The key column in which another row counts, or none does; None when this row counts."""
        for column, winners in self.winners.items():
            winner = winners.get(record.cells.get(column, ""))
            if winner and winner.row != record.row:
                return column, winner
        return None

    def is_replaced(self, record: CsvRow, column: str) -> bool:
        """Whether a live row of the same stay has this withdrawn row's key."""
        winner = self.winners.get(column, {}).get(record.cells.get(column, ""))
        return winner is not None and winner.stay == record.cells.get(STAY, "")


def survey(sheet: CsvFile) -> Survey:
    """Read a file once, and once more if keys repeat."""
    found = Survey()
    keys = [column for column in sheet.layout.keys if sheet.has(column)]
    hashes = {column: [array("q") for _ in range(PARTS)] for column in keys}
    seen = _dates_to_see(sheet)
    for record in sheet.records({DELETED, *keys, *seen}):
        found.rows += 1
        found.damaged |= bool(record.fault)
        for column, parts in hashes.items():
            number = hash(record.cells.get(column, ""))
            parts[number % PARTS].append(number)
        if not record.fault:
            _see(record, seen)
            live = standing(record) is not Standing.WITHDRAWN
            found.live += live
            found.nameless |= live and not all(KEY.fullmatch(record.cells[column]) for column in keys)
    found.forms = {column: forms.forms() for column, forms in seen.items()}
    repeated = {column: set(_repeated(parts)) for column, parts in hashes.items()}
    if any(repeated.values()):
        found.winners = _winners(sheet, found.forms, repeated)
    unused = {DELETED, UPDATED} if not found.winners else {DELETED}
    found.open_dates = [column for column, forms in seen.items() if forms.is_open() and column not in unused]
    return found


def _dates_to_see(sheet: CsvFile) -> dict[str, FormsSeen]:
    """One collection for each column of dates; the only row of Export.csv has one for all."""
    columns = [column for column in sheet.layout.dates if sheet.has(column)]
    if sheet.layout is EXPORT:
        return dict.fromkeys(columns, FormsSeen())
    return {column: FormsSeen() for column in columns}


def _see(record: CsvRow, seen: dict[str, FormsSeen]) -> None:
    for column, forms in seen.items():
        text = record.cells[column]
        if text[4:5] == "-":
            forms.others = True
        elif text and not is_nothing(text):
            forms.saw(text)


def _repeated(parts: Iterable[Iterable[int]]) -> Iterator[int]:
    for part in parts:
        yield from (one for one, other in pairwise(sorted(part)) if one == other)


@dataclass(frozen=True, slots=True)
class _Rival:
    """One of several live rows with a key. `content`: a hash of its cells."""

    updated: str
    row: int
    content: int
    stay: str


def _winners(
    sheet: CsvFile, forms: dict[str, DateForms], repeated: dict[str, set[int]]
) -> dict[str, dict[str, Winner]]:
    rivals: dict[str, dict[str, list[_Rival]]] = {column: {} for column in repeated}
    for record in sheet.records():
        if record.fault or standing(record) is not Standing.LIVE:
            continue
        rival = _Rival(
            read_timestamp(record.cells.get(UPDATED, ""), forms.get(UPDATED, DateForms())),
            record.row,
            hash(tuple(record.cells.items())),
            record.cells.get(STAY, ""),
        )
        for column, numbers in repeated.items():
            key = record.cells.get(column, "")
            if key and hash(key) in numbers:
                rivals[column].setdefault(key, []).append(rival)
    return {column: {key: _winner(found) for key, found in keys.items()} for column, keys in rivals.items()}


def _winner(rivals: list[_Rival]) -> Winner:
    """The newest of several rows; of the same rows the last; none if that is not known."""
    newest = max(rivals, key=lambda rival: (rival.updated, rival.row))
    if len({rival.content for rival in rivals}) == 1:
        return Winner(newest.row, newest.stay)
    ages = [rival.updated for rival in rivals]
    known = all(ages) and len({rival.content for rival in rivals if rival.updated == newest.updated}) == 1
    return Winner(newest.row if known else NO_ROW, newest.stay)
