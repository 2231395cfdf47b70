"""How commands print tables: complete where a program or a file reads them, folded and never cut at a narrow terminal.

Every command that prints a table makes its console and its tables here.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH_ELSEWHERE = 100_000
"""Columns of what is no terminal: a table takes only what it needs."""


def console(*, stderr: bool = False) -> "Console":
    """The console of standard output, or of standard error."""
    from rich.console import Console

    made = Console(stderr=stderr, markup=False, highlight=False)
    if not made.is_terminal:
        made.width = WIDTH_ELSEWHERE
    return made


def table(*names: str, right: tuple[str, ...] = (), title: str = "", caption: str = "") -> "Table":
    """A table with these columns, those of `right` flush right; what does not fit is folded."""
    from rich.table import Table

    made = Table(title=title or None, title_justify="left", caption=caption or None, caption_justify="left")
    for name in names:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return made
