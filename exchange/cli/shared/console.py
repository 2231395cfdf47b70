"""How commands print tables: whole in a file or a pipe, and never cut at a terminal.

Every command that prints a table makes its console and its tables here. At a terminal a table folds
between words; where its longest words do not fit side by side, it is drawn without lines, and then
as records; there a key stands on a line of its own, so that it can be copied. Only a word that is
longer than the terminal is folded. `COLUMNS` sets the width of what is no terminal.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from exchange.cli.shared.folding_table import FoldingTable

WIDTH_ELSEWHERE = 100_000
"""Columns of what is no terminal, unless `COLUMNS` says so: a table takes only what it needs."""


def console(*, stderr: bool = False) -> "Console":
    """The console of standard output, or of standard error."""
    from rich.console import Console

    made = Console(stderr=stderr, markup=False, highlight=False)
    if not made.is_terminal:
        columns = os.environ.get("COLUMNS", "")
        made.width = int(columns) if columns.isdigit() and int(columns) else WIDTH_ELSEWHERE
    return made


def table(*names: str, right: tuple[str, ...] = (), title: str = "", caption: str = "") -> "FoldingTable":
    """A table with these columns, those of `right` flush right; it folds or becomes records."""
    from exchange.cli.shared.folding_table import FoldingTable

    made = FoldingTable(title=title or None, title_justify="left", caption=caption or None, caption_justify="left")
    for name in names:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return made
