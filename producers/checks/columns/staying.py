"""The columns of an export that stay here, and why: for whoever has to approve what leaves.

Rules kept: only names of the HMIS standard are shown; other columns are counted. No cell is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from producers.checks.columns import hmis_columns
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.csv_rows import CsvFile
from producers.sources.hmis.reading.files import Bundle, bundle
from producers.sources.hmis.reading.layout import FILES, FileLayout

KEYS: Final = "keys: they stay in the vault, so that a row that comes again is known"
DATES: Final = "dates: a quarter or a band is made from them, and only that leaves"
WORKED_WITH: Final = "read to decide what may leave, or about whom; never sent"
IDENTIFYING: Final = "they could identify somebody: never read"
PLACES: Final = "places below the state, and contact data: never read"
FREE_TEXT: Final = "free text: never read"
NOT_NEEDED: Final = "no figure of the exchange needs them: never read"
OTHER: Final = "columns that are not in the HMIS standard: never read"
_DECIDING: Final = frozenset(
    {"VictimServiceProvider", "DOBDataQuality", layout.RELATION, layout.HOUSEHOLD, "DataCollectionStage", "RecordType"}
    | {"CSVVersion", "ExportPeriodType", "ExportDirective", "ImplementationID"}
)


@dataclass(frozen=True, slots=True)
class Staying:
    """Columns that stay for one reason. `names`: `Client.csv: DOB`; `more`: without a name here."""

    why: str
    names: tuple[str, ...]
    more: int = 0


def staying_columns(path: Path) -> list[Staying]:
    """The columns of an HMIS export that stay; raises SourceUnreadable."""
    found: dict[str, list[str]] = {}
    other = 0
    with bundle(path) as opened:
        for file in FILES:
            for column, why in _of_file(opened, file) if file.name in opened else ():
                if column:
                    found.setdefault(why, []).append(f"{file.table}.{column}")
                other += not column
    order = (IDENTIFYING, PLACES, FREE_TEXT, KEYS, DATES, WORKED_WITH, NOT_NEEDED)
    named = [Staying(why, tuple(found[why])) for why in order if why in found]
    return [*named, Staying(OTHER, (), other)] if other else named


def _of_file(opened: Bundle, file: FileLayout) -> Iterator[tuple[str, str]]:
    """(column, why it stays); without its name if the standard does not know it."""
    by_name = {column.lower(): column for column in (*hmis_columns.known(file.name), *file.columns)}
    for name in CsvFile(opened, file).names:
        column = by_name.get(name, "")
        why = _why(file, column)
        if why:
            yield column, why


def _why(file: FileLayout, column: str) -> str:
    """Why a column stays; empty if its codes leave."""
    if column in file.columns:
        if column.endswith("ID") and column != "ImplementationID":
            return KEYS
        if column in file.dates:
            return DATES
        return WORKED_WITH if column in _DECIDING else ""
    for columns, why in (
        (hmis_columns.IDENTIFYING, IDENTIFYING),
        (hmis_columns.PLACES, PLACES),
        (hmis_columns.FREE_TEXT, FREE_TEXT),
    ):
        if column in columns.get(file.name, ()):
            return why
    return NOT_NEEDED
