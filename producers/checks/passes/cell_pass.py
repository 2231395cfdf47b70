"""The cells of each file by itself, where publishing reads nothing of the export at all.

So a file that is missing or broken does not hide what is wrong in the others. Same functions as in
publishing: `walk.rows`, `Row.key` and `Row.day`.
"""

from collections.abc import Iterator
from typing import Final

from producers.checks.from_publishing import rule_of
from producers.checks.passes.known_rows import Known
from producers.facts import RowRefused
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.files import Bundle
from producers.sources.hmis.reading.row import Row
from producers.sources.hmis.reading.walk import complaints, rows, surveyed

DAYS: Final = {
    layout.ENROLLMENT: "EntryDate",
    layout.EXIT: "ExitDate",
    layout.SERVICES: "DateProvided",
    layout.EVENT: "EventDate",
    layout.HEALTH: "InformationDate",
}
"""File → the day without which its rows are refused."""


def check_cells(bundle: Bundle, known: Known) -> None:
    """Check keys and days of every file that can be read."""
    for file in layout.FILES:
        opened = surveyed(bundle, file)
        refused = [one for one in complaints(file, opened) if isinstance(one, RowRefused)]
        for one in (*refused, *_refused(file, bundle)):
            known.found.add(rule_of(one), one.where.row, file=one.where.file, column=one.column)


def _refused(file: layout.FileLayout, bundle: Bundle) -> Iterator[RowRefused]:
    opened = surveyed(bundle, file)
    for row in rows(opened) if opened and not opened.sheet.fault else ():
        if isinstance(row, Row) and not row.withdrawn:
            for key in file.keys:
                row.key(key)
            if file in DAYS:
                row.day(DAYS[file])
            yield from row.refused
        elif isinstance(row, RowRefused):
            yield row
