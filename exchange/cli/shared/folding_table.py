"""A table that breaks no word: it folds between words, loses its lines, or becomes records.

Where its longest words do not fit side by side between lines, the table is drawn without lines.
Where they do not fit then either, each row is a record: its first cell, then what is short in one
paragraph and what is long with its column's name, all of them indented alike.
"""

import textwrap
from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

PADDING = 3
"""Columns that a column takes beside its content: a space on each side, and a border."""
TIGHT_PADDING = 1
"""The same without lines: a space behind it."""

WIDE = 10_000
LONG = 40
"""In a record, a text of this many letters is a paragraph of its own, after its column's name."""
INDENT = "  "


class FoldingTable(Table):
    """A table of texts."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table with lines, the table without, or its rows as records."""
        sizes = [self._size(console, options, index) for index in range(len(self.columns))]
        words = sum(size.minimum for size in sizes)
        room = options.max_width - PADDING * len(self.columns) - 1
        tight = options.max_width - TIGHT_PADDING * len(self.columns)
        if not self.rows or words <= room:
            yield from self._drawn(console, options, sizes, room)
        elif words <= tight:
            yield from self._without_lines(console, options, sizes, tight)
        else:
            yield from self._records(options.max_width)

    def _drawn(
        self, console: Console, options: ConsoleOptions, sizes: Sequence[Measurement], room: int
    ) -> RenderResult:
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

    def _without_lines(
        self, console: Console, options: ConsoleOptions, sizes: Sequence[Measurement], room: int
    ) -> RenderResult:
        before = self.box, self.padding, self.pad_edge
        self.box, self.padding, self.pad_edge = None, (0, TIGHT_PADDING, 0, 0), False
        try:
            yield from self._drawn(console, options, sizes, room)
        finally:
            self.box, self.padding, self.pad_edge = before

    def _size(self, console: Console, options: ConsoleOptions, index: int, *, first: int = 0) -> Measurement:
        wide = options.update(width=WIDE)
        measured = [Measurement.get(console, wide, text) for text in self._texts(index)[first:]]
        least = max((size.minimum for size in measured), default=0)
        return Measurement(least, max((size.maximum for size in measured), default=0))

    def _texts(self, index: int) -> list[Text]:
        column = self.columns[index]
        return [Text(str(cell)) for cell in (column.header, *column.cells)]

    def _records(self, width: int) -> RenderResult:
        if self.title:
            yield Text(str(self.title), style="italic")
        columns = [self._texts(index) for index in range(len(self.columns))]
        for number, row in enumerate(self.rows, 1):
            cells = [(str(column[0]), str(column[number])) for column in columns]
            yield Text(record(cells, width), style=row.style or "", overflow="fold")
        if self.caption:
            yield Text(str(self.caption), style="dim")


def record(cells: Sequence[tuple[str, str]], width: int) -> str:
    """A row in words, no line wider than `width` unless a word is.

    A word that does not fit behind the indent, such as a key, begins its line, so that it can be
    copied.
    """
    (name, first), *others = cells
    found = [(name, text) for name, text in others if text]
    short = ", ".join(f"{name} {'; '.join(text.splitlines())}" for name, text in found if not _is_long(text))
    lines = [*_folded(first or name, width, "", INDENT), *_folded(short, width, INDENT, INDENT)]
    for name, text in found:
        if _is_long(text):
            lines += _long(name, text.splitlines(), width)
    return "\n".join(lines)


def _long(name: str, texts: Sequence[str], width: int) -> Iterator[str]:
    deeper = INDENT * 2
    if any(len(deeper + word) > width for text in texts for word in text.split(" ")):
        yield f"{INDENT}{name}:"
        yield from texts
        return
    for number, text in enumerate(texts):
        yield from _folded(text, width, f"{INDENT}{name}: " if not number else deeper, deeper)


def _folded(text: str, width: int, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


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
