"""`exchange up` and `exchange down`: the embedded broker, kept running between commands.

Its work is in `exchange.engine.broker`; here are only the messages and the progress bar.
"""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer()

DataDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Directory for the data of Kafka.", show_default="your data directory", file_okay=False
    ),
]


class ConsoleAnnouncer:
    """Reports the broker's steps: with a bar at a terminal, as plain lines elsewhere."""

    def __init__(self, console: "Console") -> None:
        self._console = console

    def say(self, message: str, /) -> None:
        """Print one line."""
        self._console.print(message, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def fetching(self, total_bytes: int, /) -> Iterator[Callable[[int], None]]:
        """Show a bar while Apache Kafka is fetched for the first time."""
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        columns = (TextColumn("  "), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, disable=not self._console.is_terminal) as bar:
            task = bar.add_task("fetching", total=total_bytes)
            yield lambda done_bytes: bar.update(task, completed=done_bytes)


@app.command(
    epilog=ending(
        needs="the extra `broker`; the first time a network, to fetch Kafka (45 MB).",
        example="exchange up",
        statuses={ExitStatus.DONE: "Kafka is running, also if it was running before."},
    )
)
def up(data_dir: DataDir = None) -> None:
    """Start a Kafka on this machine, and leave it running until `exchange down`.

    Only commands of this account can use it: they find its secret by themselves. If it is running
    already, its address is printed again. Standard output holds only the address.
    """
    from exchange.cli.shared.console import console
    from exchange.engine.broker import detached
    from exchange.engine.broker.directory import data_home

    where = data_dir or data_home()
    running = detached.running(where)
    holder = running or detached.up(where, ConsoleAnnouncer(console(stderr=True)))
    typer.echo(f"EXCHANGE_BOOTSTRAP_SERVERS={holder.bootstrap_servers}")
    already = "Running already: " if running else "Started: "
    own = where.resolve() == data_home().resolve()
    stop = "exchange down" if own else f"exchange down --data-dir {shlex.quote(str(where))}"
    typer.echo(f"{already}process {holder.pid}, data in {where}. `{stop}` stops it.", err=True)
    typer.echo(_next_step(found=own), err=True)


def _next_step(*, found: bool) -> str:
    if found:
        return "Commands of this account find it by themselves. Next: `exchange topics apply`, then `exchange worker`."
    return (
        "Set the variable above in every terminal that uses it. Next: `exchange topics apply`, then `exchange worker`."
    )


@app.command(
    epilog=ending(
        needs="only the data directory of `exchange up`.",
        example="exchange down",
        statuses={ExitStatus.DONE: "Kafka is stopped, also if none was running."},
    )
)
def down(data_dir: DataDir = None) -> None:
    """Stop the Kafka that `exchange up` started. Its data is kept."""
    from exchange.engine.broker import detached
    from exchange.engine.broker.directory import data_home

    where = data_dir or data_home()
    holder = detached.down(where)
    if holder is None:
        typer.echo(f"Nothing to stop: no Kafka is running on the data in {where}.", err=True)
    else:
        typer.echo(f"Stopped Kafka (process {holder.pid}). Its data is kept in {where}.", err=True)
