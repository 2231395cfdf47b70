"""`exchange release`: close an epoch by hand, and list what was closed, spent and refused. Restricted: operators only.

Exit status of `close`: 0 when the epoch is closed and public, 5 when it was refused (the reason is named), 1 for a named
error, 130 for Ctrl-C. A command that was written stays written, and is carried out when a worker runs.
"""

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from consumers.release.history import History
    from exchange.cli.shared.at_kafka import KafkaConnection

REFUSED = 5
"""Exit status of a close that was refused."""
SAY_AFTER_S = 2.0
WAITING = "Waiting for the release lane, which runs in `exchange worker`. Ctrl-C ends the waiting; the command stays."
DRAWN = "Drawn and paid for; waiting for the publisher."

PAID = "What a table costs is shown where it was drawn first; each period pays it once: `exchange budget`."

app = typer.Typer(name="release", help="Close epochs, and list what was closed and refused.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a command. `refused`, `why`: empty when the epoch is closed; `tables`: how many are public."""

    epoch: str
    refused: str
    why: str
    tables: int


@app.command()
def close(
    epoch: Annotated[str, typer.Argument(metavar="MONTH", help="The month to close, such as 2026-10.")],
    as_json: AsJson = False,
) -> None:
    """Close a month: draw its releases once, pay for them, publish them. Waits until that is done or refused.

    The first month to be closed may be any past one; after it, month by month. What arrives later is in later releases.
    Exit status 5 when it was refused.
    """
    from exchange.cli.shared.at_kafka import at_kafka
    from exchange.core.model.epochs import parse_epoch

    month = parse_epoch(epoch)
    done = at_kafka(lambda kafka: _close(kafka, month))
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=2))
    elif done.refused:
        typer.echo(f"{epoch} was not closed: {done.refused}. {done.why}", err=True)
    else:
        typer.echo(f"{epoch} is closed: {done.tables} tables are public.")
    raise typer.Exit(REFUSED if done.refused else 0)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the epochs that were closed, what their new tables cost, and the commands that were refused. Restricted."""
    from consumers.release.history import history_of, read_asked, read_closings
    from exchange.cli.shared.at_kafka import at_kafka

    async def work(kafka: "KafkaConnection") -> "History":
        return history_of(*await read_closings(kafka.log), await read_asked(kafka.log))

    found = at_kafka(work)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    elif not found.epochs and not found.refused:
        typer.echo("No epoch was ever closed: `exchange release close 2026-10` closes that month.")
    else:
        _print(found)


def _print(found: "History") -> None:
    from exchange.cli.shared.console import console, table

    if found.epochs:
        numbers = ("tables", "public", "rho of first draws")
        shown = table("epoch", "closed", *numbers, right=numbers, caption=PAID)
        for one in found.epochs:
            shown.add_row(one.epoch, _when(one.at_ms), f"{len(one.tables)}", f"{one.public}", f"{one.rho_paid:.6f}")
        console().print(shown)
    if found.refused:
        shown = table("at", "epoch", "refused", "what to do next", title="commands that were refused")
        for command in found.refused:
            shown.add_row(_when(command.at_ms), command.epoch or "none", command.refused, command.why)
        console().print(shown)


async def _close(kafka: "KafkaConnection", epoch: int) -> Done:
    from consumers.release.close_request import Awaited, close_epoch
    from consumers.release.history import hint_of
    from exchange.cli.shared.console import console
    from exchange.core.model.epochs import epoch_text
    from exchange.wire.release_records import Asker

    began, said = time.monotonic(), set[str]()
    with console(stderr=True).status("") as status:

        def waits(what: Awaited) -> None:
            doing = WAITING if what is Awaited.LANE else DRAWN
            if time.monotonic() - began > SAY_AFTER_S and doing not in said:
                said.add(doing)
                if status.console.is_terminal:
                    status.update(doing)
                else:
                    typer.echo(doing, err=True)

        closed = await close_epoch(kafka.log, epoch, Asker.OPERATOR, waits)
    return Done(epoch_text(epoch), closed.spent.refused, hint_of(closed.spent.refused), closed.tables)


def _when(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at_ms / 1000))
