"""The one command, `exchange`. Each module of this package is a command group with a Typer `app` of its own.

Rules kept: an error that has a name ends the command with its message on standard error and its exit status; Ctrl-C
ends it with 130; any other error is ours, and prints where it happened but never its text, which could hold a value
from a client's record; what costs time to import, a command imports when it runs, never its module. To add commands: import the
module below and add it to `COMMANDS`.
"""

import sys
import traceback
from typing import Annotated, NoReturn

import typer

from exchange import __version__
from exchange.cli.agency import edge, publish, vocabulary
from exchange.cli.evaluator import metrics, subscribe
from exchange.cli.operator import agencies, broker, budget, release, replay, status, topics, worker
from exchange.cli.shared.help import INTERRUPTED, Group, extra_missing
from exchange.cli.trial import attack, demo, kill_test
from exchange.core.errors import ExchangeError
from exchange.logs import quiet_libraries

__all__ = ["app", "main"]

MISSING_EXTRA = 1
OUR_FAULT = 70
TOPICS_MISSING = (
    "This cluster lacks topics of the exchange. Run `exchange topics apply` once, then this again (`exchange topics check` "
    "lists what is missing). If they should be there, is EXCHANGE_BOOTSTRAP_SERVERS the cluster that you mean?"
)
"""The one thing said wherever a topic is missing, whichever command met it first and however deep."""
TOPICS_MISSING_ERRORS = frozenset({"PartitionUnknown", "NoEvents"})
"""By their names: importing their modules here would cost every command what replay needs."""
COMMANDS = (
    demo,
    broker,
    topics,
    agencies,
    worker,
    publish,
    edge,
    vocabulary,
    kill_test,
    status,
    replay,
    release,
    budget,
    metrics,
    subscribe,
    attack,
)

app = typer.Typer(
    name="exchange",
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it would print local variables
    rich_markup_mode=None,  # plain help is read alike by people, programs and screen readers, and there in half the time
)
for group in COMMANDS:
    for nested in group.app.registered_groups:
        nested.cls = Group
    app.add_typer(group.app, cls=Group)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"exchange {__version__}")
        raise typer.Exit


@app.callback()
def whole(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Publish, count and read de-identified service events from anti-trafficking agencies."""


def main() -> None:
    """Run the command line of this process and end it with its exit status."""
    try:
        quiet_libraries()  # a worker turns its logs on itself
        app(prog_name="exchange")
    except ExchangeError as error:
        sys.stderr.write(f"exchange: {_said(error)}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except ModuleNotFoundError as error:
        if said := extra_missing(error):
            sys.stderr.write(f"exchange: {said}\n")
            sys.exit(MISSING_EXTRA)
        _our_fault(error)
    except Exception as error:  # noqa: BLE001 - the last resort: say where, never what
        _our_fault(error)


def _our_fault(error: Exception) -> NoReturn:
    frames = "".join(traceback.format_tb(error.__traceback__))
    sys.stderr.write(
        f"{frames}exchange: a fault of ours ({type(error).__name__}) at the place above; please report it\n"
    )
    sys.exit(OUR_FAULT)


def _said(error: ExchangeError) -> str:
    return TOPICS_MISSING if type(error).__name__ in TOPICS_MISSING_ERRORS else str(error)
