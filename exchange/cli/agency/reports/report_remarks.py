"""Remarks of a report's cells as numbered notes below each section, each said once."""

from collections.abc import Sequence
from dataclasses import dataclass

from producers.reports.funder_report import FilledCell

NUMBERS = ("row", "number", "name", "notes")


@dataclass(frozen=True, slots=True)
class NotedSection:
    """A section with its rows as `NUMBERS` has them, and its notes by number from 1."""

    title: str
    source: str
    rows: tuple[tuple[str, str, str, str], ...]
    notes: tuple[str, ...]


def noted(title: str, source: str, cells: Sequence[FilledCell]) -> NotedSection:
    """The cells of a section with their remarks as notes."""
    notes = list(dict.fromkeys(cell.remarks for cell in cells if cell.remarks))
    place = {remark: str(number) for number, remark in enumerate(notes, 1)}
    rows = tuple((cell.label, cell.number, str(cell.name), place.get(cell.remarks, "")) for cell in cells)
    return NotedSection(title, source, rows, tuple(notes))


def by_hand(cells: Sequence[FilledCell]) -> tuple[list[FilledCell], str]:
    """The cells for a screen: where many cannot be known for one reason, one line says how many."""
    unknown = [cell for cell in cells if cell.value is None]
    folded = unknown if len(unknown) > FOLD and len({cell.remarks for cell in unknown}) == 1 else []
    words = f"{len(folded)} more rows cannot be known here: {folded[0].remarks}" if folded else ""
    return [cell for cell in cells if cell not in folded], words


FOLD = 3
"""Rows without a number that a screen still lists one by one."""
