"""`exchange release`: close an epoch; list epochs closed, budget spent, commands refused.

A command that was written stays written, and is carried out when a worker runs.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from consumers.release.history import History
    from exchange.cli.shared.at_kafka import KafkaConnection

SAY_AFTER_S = 2.0
WAITING = (
    "Waiting for the release lane of `exchange worker`. Ctrl-C stops the waiting; the command stays and is carried out."
)
DRAWN = "Drawn and paid for. Waiting for the publisher."
PAID = "A table's cost is shown in the epoch of its first draw. Each period pays it once; see `exchange budget`."
UNKNOWN = "?"
UNREADABLE = "a topic could not be read; what comes from it is shown as unknown. Or a named error."
NEEDS = "the exchange's Kafka, with the operator's rights."
ADOPT_NEEDS = "the exchange's Kafka, with the operator's rights, on the host whose witness file it is."

app = typer.Typer(
    name="release", help="Close epochs; list the epochs closed and the commands refused.", no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True)
class Done:
    """The result. `refused`, `why`: empty when the epoch is closed; `tables`: number drawn.

    `unseen`: why it could not be seen whether they are public; mostly empty.
    """

    epoch: str
    refused: str
    why: str
    tables: int
    unseen: str


@app.command(
    epilog=ending(
        needs="the exchange's Kafka, with the operator's rights, and a running `exchange worker`.",
        example="exchange release close 2026-10",
        statuses={
            ExitStatus.NOT_CLOSED: "the month was not closed; the message says why. No privacy budget was spent."
        },
    )
)
def close(
    epoch: Annotated[
        str, typer.Argument(metavar="MONTH", help="The month to close, such as 2026-10. Months are closed in order.")
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Also where no event ever reached this exchange.")] = False,
    as_json: AsJson = False,
) -> None:
    """Close a month: draw its figures once, pay for them from the privacy budget, publish them.

    Waits until the month is closed or refused. The first month you close may be any past one; after
    it, close month by month. It asks first where no event ever arrived. Events that arrive later
    are counted in later releases.
    """
    from consumers.release.close_request import ExchangeEmpty
    from exchange.cli.shared.at_kafka import at_kafka
    from exchange.core.model.epochs import parse_epoch

    month = parse_epoch(epoch)
    try:
        done = at_kafka(lambda kafka: _close(kafka, month, yes=yes), notice=False)
    except ExchangeEmpty as empty:
        if not sys.stdin.isatty() or not typer.confirm(f"{empty} Close {epoch} all the same?"):
            raise
        done = at_kafka(lambda kafka: _close(kafka, month, yes=True), notice=False)
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=2))
    elif done.refused:
        typer.echo(f"{epoch} was not closed: {done.refused}. {done.why}", err=True)
    elif done.unseen:
        typer.echo(f"{epoch} is closed and paid. Tables drawn: {done.tables}.")
        typer.echo(f"It could not be seen whether they are public: {done.unseen}", err=True)
    else:
        typer.echo(f"{epoch} is closed. Tables published: {done.tables}.")
    raise typer.Exit(ExitStatus.NOT_CLOSED if done.refused else ExitStatus.DONE)


@app.command(
    "list", epilog=ending(needs=NEEDS, example="exchange release list", statuses={ExitStatus.ERROR: UNREADABLE})
)
def list_(as_json: AsJson = False) -> None:
    """List the epochs closed, the privacy budget that new tables cost, and the commands refused."""
    from consumers.release.history import read_history
    from exchange.cli.shared.at_kafka import at_kafka

    found = at_kafka(lambda kafka: read_history(kafka.log))
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    elif not found.epochs and not found.refused and not found.unknown:
        typer.echo("No epoch was ever closed. Close a month, for example: `exchange release close 2026-10`.")
    else:
        _print(found)
    for one in found.unknown:
        typer.echo(f"exchange: unknown: {one.section}. {one.says}", err=True)
    if found.unknown:
        raise typer.Exit(ExitStatus.ERROR)


@app.command(epilog=ending(needs=ADOPT_NEEDS, example="exchange release adopt 2026-10"))
def adopt(
    month: Annotated[
        str,
        typer.Argument(
            metavar="MONTH", help="The last month that you know to be public, or `none`. `draws` must end with it."
        ),
    ],
) -> None:
    """Let this host's witness file take over the ledger as it is in `draws` now.

    Only after you have looked: the file is damaged, or it remembers another cluster that is gone
    for good. A ledger that lacks a month which the file saw is never taken over.
    """
    from consumers.release.witness_file import parse_month
    from exchange.cli.shared.at_kafka import at_kafka

    epoch = parse_month(month)
    clusters = at_kafka(lambda kafka: _adopt(kafka, epoch))
    typer.echo(f"The witness of this host remembers {month} on cluster {clusters[-1]}. Start its worker again.")


async def _adopt(kafka: "KafkaConnection", epoch: int) -> tuple[str, ...]:
    from consumers.release.history import read_ledger
    from consumers.release.witness_file import WitnessFiles
    from exchange.core.release.closed_epochs import check_cluster

    closed, cluster = (await read_ledger(kafka.log)).closed, await kafka.log.cluster_id()
    check_cluster(closed, cluster)
    return WitnessFiles(kafka.settings.state_folder).adopt(closed, cluster, epoch).clusters


def _print(found: "History") -> None:
    from exchange.cli.shared.console import console, table

    if found.epochs:
        numbers = ("tables", "public", "rho of first draws")
        shown = table("epoch", "closed", *numbers, right=numbers, caption=PAID)
        for one in found.epochs:
            rho = UNKNOWN if one.rho_paid is None else f"{one.rho_paid:.6f}"
            public = UNKNOWN if one.public is None else f"{one.public}"
            shown.add_row(one.epoch, _when(one.at_ms), f"{len(one.tables)}", public, rho)
        console().print(shown)
    if found.refused:
        shown = table("at", "epoch", "refused", "next step", title="commands refused")
        for command in found.refused:
            shown.add_row(_when(command.at_ms), command.epoch or "none", command.refused, command.why)
        console().print(shown)


async def _close(kafka: "KafkaConnection", epoch: int, *, yes: bool) -> Done:
    from consumers.release.close_request import Awaited, close_epoch
    from consumers.release.history import hint_of
    from consumers.release.witness_file import WitnessFiles
    from exchange.cli.shared.console import console
    from exchange.core.model.epochs import epoch_text
    from exchange.engine.log import Partition
    from exchange.wire.release_records import Asker
    from exchange.wire.topics import EVENTS

    began, shown = time.monotonic(), set[str]()
    with console(stderr=True).status("") as status:

        def waits(what: Awaited) -> None:
            doing = WAITING if what is Awaited.LANE else DRAWN
            if time.monotonic() - began > SAY_AFTER_S and doing not in shown:
                shown.add(doing)
                if status.console.is_terminal:
                    status.update(doing)
                else:
                    typer.echo(doing, err=True)

        def works() -> None:
            took = f"{time.monotonic() - began:.0f} s so far; its lane is at work."
            if status.console.is_terminal:
                status.update(f"{DRAWN if DRAWN in shown else WAITING} {took}")
            else:
                typer.echo(took, err=True)

        witness = WitnessFiles(kafka.settings.state_folder)
        events = [] if yes else [Partition(EVENTS, number) for number in range(kafka.settings.partitions)]
        closed = await close_epoch(kafka.log, epoch, Asker.OPERATOR, waits, works=works, witness=witness, events=events)
    return Done(epoch_text(epoch), closed.spent.refused, hint_of(closed.spent.refused), closed.tables, closed.unseen)


def _when(at_ms: int | None) -> str:
    return UNKNOWN if at_ms is None else time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at_ms / 1000))
