"""A table that breaks no word: it folds between words, or turns each row into a paragraph."""

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

PADDING = 3
"""Columns that a column takes beside its content: a space on each side, and a border."""

WIDE = 10_000
LONG = 40
"""In a paragraph, a text of this many letters takes a line of its own, from the first column on."""


class FoldingTable(Table):
    """A table of texts."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, or its rows as paragraphs."""
        room = options.max_width - PADDING * len(self.columns) - 1
        sizes = [self._size(console, options, index) for index in range(len(self.columns))]
        if self.rows and sum(size.minimum for size in sizes) > room:
            yield from self._paragraphs()
            return
        cells = [self._size(console, options, index, first=1) for index in range(len(self.columns))]
        widths = shared([_between(size.minimum, cell.maximum) for size, cell in zip(sizes, cells, strict=True)], room)
        widths = shared([_between(width, size.maximum) for width, size in zip(widths, sizes, strict=True)], room)
        for column, width in zip(self.columns, widths, strict=True):  # so headings fold before cells do
            column.width = width
        try:
            yield from super().__rich_console__(console, options)
        finally:
            for column in self.columns:
                column.width = None  # another terminal, another width

    def _size(self, console: Console, options: ConsoleOptions, index: int, *, first: int = 0) -> Measurement:
        wide = options.update(width=WIDE)
        measured = [Measurement.get(console, wide, text) for text in self._texts(index)[first:]]
        least = max((size.minimum for size in measured), default=0)
        return Measurement(least, max((size.maximum for size in measured), default=0))

    def _texts(self, index: int) -> list[Text]:
        column = self.columns[index]
        return [Text(str(cell)) for cell in (column.header, *column.cells)]

    def _paragraphs(self) -> RenderResult:
        if self.title:
            yield Text(str(self.title), style="italic")
        columns = [self._texts(index) for index in range(len(self.columns))]
        for number, row in enumerate(self.rows, 1):
            cells = [(str(column[0]), str(column[number])) for column in columns]
            yield Text(paragraph(cells), style=row.style or "", overflow="fold")
        if self.caption:
            yield Text(str(self.caption), style="dim")


def paragraph(cells: Sequence[tuple[str, str]]) -> str:
    """A row in words: its first cell, then the others with their column names; long texts apart."""
    (_, first), *others = [(name, text) for name, text in cells if text]
    inline = [f"{name} {'; '.join(text.splitlines())}" for name, text in others if not _is_long(text)]
    below = [f"  {name}\n{text}" for name, text in others if _is_long(text)]
    return "\n".join([f"{first}: {', '.join(inline)}" if inline else first, *below])


def _between(least: int, most: int) -> Measurement:
    return Measurement(least, max(least, most))


def _is_long(text: str) -> bool:
    return any(len(line) >= LONG for line in text.splitlines())


def shared(sizes: Sequence[Measurement], room: int) -> list[int]:
    """A width for each column, at least its longest word; the fullest columns get the rest."""
    widths = [size.minimum for size in sizes]
    for _ in range(min(room, sum(size.maximum for size in sizes)) - sum(widths)):
        neediest = max(range(len(sizes)), key=lambda index: sizes[index].maximum / max(1, widths[index]))
        widths[neediest] += 1
    return widths
