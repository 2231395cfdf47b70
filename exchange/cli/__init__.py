"""The one command, `exchange`. Each module here is a command group with its own Typer `app`.

Rules kept: an error that has a name ends the command with its message on standard error and its
exit status; Ctrl-C ends it with 130; any other error is internal: it prints its place but never its
text, which could hold a value from a client's record; what costs time to import, a command imports
when it runs, never its module. To add commands: import the module below and add it to `COMMANDS`,
under who uses it.
"""

import sys
import traceback
from functools import cache
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer
from typer.main import get_command

from exchange import __version__
from exchange.cli.agency import edge, publish, vocabulary
from exchange.cli.evaluator import brief, export, metrics, serve, subscribe, tokens
from exchange.cli.operator import (
    agencies,
    archive,
    broker,
    budget,
    deploy,
    doctor,
    gate,
    release,
    replay,
    status,
    topics,
    worker,
)
from exchange.cli.shared.help import Group, extra_missing
from exchange.cli.trial import attack, demo, kill_test
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.logs import quiet_libraries

__all__ = ["app", "command_line", "main"]

TOPICS_MISSING = (
    "This cluster lacks topics of the exchange. Run `exchange topics apply` once, then run this command again "
    "(`exchange topics check` lists the missing topics). If they should be there, check that "
    "EXCHANGE_BOOTSTRAP_SERVERS names the right cluster."
)
"""One message for a missing topic, whichever command met it first and however deep."""
TOPICS_MISSING_ERRORS = frozenset({"PartitionUnknown", "NoEvents"})
"""By their names: importing their modules here would cost every command what replay needs."""
COMMANDS = {
    "An agency": (publish, edge, vocabulary),
    "An operator": (
        broker,
        topics,
        agencies,
        gate,
        worker,
        status,
        release,
        budget,
        replay,
        archive,
        doctor,
        deploy,
    ),
    "An evaluator": (metrics, subscribe, serve, tokens, export, brief),
    "To try it out": (demo, kill_test, attack),
}
"""Audience → modules of its commands, in the order of help and of docs/COMMANDS.md."""

app = typer.Typer(
    name="exchange",
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it would print local variables
    rich_markup_mode=None,  # plain help suits people, programs and screen readers, and is faster
)
for audience, modules in COMMANDS.items():
    for module in modules:
        for nested in module.app.registered_groups:
            nested.cls, nested.rich_help_panel = Group, audience
        for command in module.app.registered_commands:
            command.rich_help_panel = audience
        app.add_typer(module.app, cls=Group, rich_help_panel=audience)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"exchange {__version__}")
        raise typer.Exit


@app.callback()
def whole(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Publish, count and read de-identified service events from anti-trafficking agencies."""


command_line = cache(get_command)
"""What `app` runs, built once: that takes as long as many a command, and tests run hundreds."""


def main() -> None:
    """Run the command line of this process and end it with its exit status."""
    if isinstance(sys.stdout, TextIOWrapper):  # a file's name may have letters that an old console has not
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        quiet_libraries()  # a worker turns its logs on itself
        command_line(app)(prog_name="exchange")
    except ExchangeError as error:
        sys.stderr.write(f"exchange: {_message(error)}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)
    except ModuleNotFoundError as error:
        if message := extra_missing(error):
            sys.stderr.write(f"exchange: {message}\n")
            sys.exit(ExitStatus.ERROR)
        _internal(error)
    except Exception as error:  # noqa: BLE001 - the last resort: its place, never its text
        _internal(error)


def _internal(error: Exception) -> NoReturn:
    frames = "".join(traceback.format_tb(error.__traceback__))
    sys.stderr.write(f"{frames}exchange: internal error ({type(error).__name__}); please report the traceback above\n")
    sys.exit(ExitStatus.INTERNAL)


def _message(error: ExchangeError) -> str:
    return TOPICS_MISSING if type(error).__name__ in TOPICS_MISSING_ERRORS else str(error)
