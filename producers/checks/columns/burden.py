"""Columns that an agency fills and nobody reads: what it may stop asking.

A column is read by the exchange, or by a program whose data standards ask for it. Which programs
fund the agency, Funder.csv says. If it cannot be read, or names a funder without HMIS standards
alone, nothing is concluded. Only whether a cell is empty is seen, never what is in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from producers.checks.columns.hmis_columns import EVERY_PROGRAM, FUNDED, NO_STANDARD, PROGRAMS
from producers.sources.hmis.reading.codes import read_integer
from producers.sources.hmis.reading.csv_rows import CsvFile
from producers.sources.hmis.reading.files import Bundle, bundle
from producers.sources.hmis.reading.layout import FILES, FUNDER, FileLayout

TITLE: Final = "Columns that you fill, and nobody who is listed here reads"
NOT_COLLECTED: Final = frozenset({"", "99"})
"""Cells that took nobody's time, or hardly any."""
CAVEAT: Final = (
    "Before you stop asking: look into your contracts. A state, a county or a foundation may ask for a column, and its list is "
    "not known here. What a column is used for in your own work, nobody but you knows."
)


@dataclass(frozen=True, slots=True)
class UnreadColumn:
    """A column: how many cells hold an answer, and the programs that would ask for it."""

    file: str
    name: str
    filled: int
    programs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Burden:
    """The columns, and the programs that fund the agency. `other`: funders without standards."""

    columns: tuple[UnreadColumn, ...]
    programs: tuple[str, ...]
    other: bool
    known: bool

    title: str = TITLE

    def words(self) -> Iterator[str]:
        """What it rests on."""
        if not self.known:
            yield "Funder.csv names no program with data standards in HMIS, so nothing is concluded."
            return
        yield f"Your funders, by Funder.csv: {', '.join(self.programs)}."
        if self.other:
            yield "Funder.csv names other or local funders, too: what they ask for is not known here."
        yield CAVEAT

    def plain(self) -> dict[str, object]:
        """As JSON-able data."""
        columns = [
            {"file": one.file, "column": one.name, "filled": one.filled, "programs": list(one.programs)}
            for one in self.columns
        ]
        return {"known": self.known, "programs": list(self.programs), "other_funders": self.other, "columns": columns}


def burden_of(path: Path) -> Burden:
    """The burden of an HMIS export; raises SourceUnreadable."""
    with bundle(path) as opened:
        codes = _funders(opened)
        programs = tuple(program for program, paid in FUNDED.items() if codes & {*paid})
        known = bool(programs)
        columns = tuple(_unread(opened, programs)) if known else ()
    return Burden(columns, programs, bool(codes & {*NO_STANDARD}), known)


def _funders(opened: Bundle) -> set[int]:
    sheet = CsvFile(opened, FUNDER) if FUNDER.name in opened else None
    found = (read_integer(record.cells.get("Funder", "")) for record in (sheet.records() if sheet else ()))
    return {code for code in found if code is not None}


def _unread(opened: Bundle, programs: tuple[str, ...]) -> Iterator[UnreadColumn]:
    for file in FILES:
        asked = _asked(file)
        wanted = {column for program in (*programs, EVERY_PROGRAM) for column in PROGRAMS[program].get(file.name, ())}
        unread = [column for column in asked if column not in wanted and column not in file.columns]
        if file.name in opened and unread:
            for column, filled in _filled(opened, file, unread).items():
                yield UnreadColumn(file.name, column, filled, asked[column])


def _asked(file: FileLayout) -> Mapping[str, tuple[str, ...]]:
    """Column → the programs that ask for it."""
    found: dict[str, tuple[str, ...]] = {}
    for program, columns in PROGRAMS.items():
        for column in columns.get(file.name, ()):
            found[column] = (*found.get(column, ()), program)
    return found


def _filled(opened: Bundle, file: FileLayout, columns: list[str]) -> dict[str, int]:
    sheet = CsvFile(opened, replace(file, optional=tuple(columns)))
    counts = {column: 0 for column in columns if sheet.has(column)}
    for record in sheet.records():
        for column in counts:
            counts[column] += record.cells.get(column, "") not in NOT_COLLECTED
    return {column: count for column, count in counts.items() if count}
