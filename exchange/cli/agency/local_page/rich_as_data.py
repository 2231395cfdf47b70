"""What a command prints, as data for a page: so that a page has the same words and numbers.

Rules kept: cells are text, and the template escapes them; a style that marks what is quiet stays.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, slots=True)
class PrintedText:
    """Sentences."""

    lines: tuple[str, ...]
    is_table: bool = False


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """A table. `columns`: (name, whether numbers); `rows`: cells."""

    title: str
    caption: str
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[str, ...], ...]
    is_table: bool = True


def printed(parts: Iterable[RenderableType]) -> list[PrintedText | PrintedTable]:
    """Every part, in order; groups are unfolded, and tables without a row left out."""
    return [one for part in parts for one in _one(part)]


def _one(part: RenderableType) -> Iterator[PrintedText | PrintedTable]:
    if isinstance(part, Group):
        yield from printed(part.renderables)
    elif isinstance(part, Table):
        if part.row_count:
            yield _table(part)
    else:
        text = part.plain if isinstance(part, Text) else str(part)
        if lines := tuple(line.strip() for line in text.splitlines() if line.strip()):
            yield PrintedText(lines)


def _table(part: Table) -> PrintedTable:
    columns = tuple((_text(column.header), column.justify == "right") for column in part.columns)
    rows = zip(*([_text(cell) for cell in column.cells] for column in part.columns), strict=True)
    return PrintedTable(_text(part.title or ""), _text(part.caption or ""), columns, tuple(rows))


def _text(cell: RenderableType) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)
