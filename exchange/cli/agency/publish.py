"""`exchange publish`: an agency's file to the exchange, in one command.

Exit status: 0 when nothing was refused, 3 when some rows were (the rest has been published), 2 for a profile that cannot be
used, 1 for another named error, 130 for Ctrl-C. The closing table goes to standard output, progress to standard error;
a run that is stopped says how far it came. Whatever ends it, nothing is lost: run it again.
"""

import asyncio
import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.core.errors import ExchangeError

if TYPE_CHECKING:
    from exchange.cli.agency.publish_progress import ProgressDisplay
    from producers.delivery.preview import Leaving
    from producers.edge import Edge
    from producers.facts import Reading, Source
    from producers.profile import Profile, Secret

REFUSED = 3
"""Exit status when something was refused."""
INTERRUPTED = 130
READINGS_BETWEEN_LOOKS = 1_000
REPORT_CUT = "exchange: stopped while the report was printed; what was done stands."

app = typer.Typer()

ProfileOption = Annotated[Path, typer.Option("--profile", help="The agency's profile, a TOML file.")]


def secret_of(profile: "Profile") -> "Secret":
    """What opens the vault, which is there; asks at a terminal when the profile and the environment say nothing."""
    import sys

    from producers.vault.store import expect_vault

    expect_vault(profile)

    def ask() -> str:
        return str(typer.prompt("Passphrase of the vault", hide_input=True, err=True))

    return profile.secret(ask if sys.stdin.isatty() else None)


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(help="An HMIS CSV export (zip or folder), or JSON Lines of bodies.")],
    profile_file: ProfileOption,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "--preview", help="Show what would leave; send and change nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    refusals: Annotated[Path | None, typer.Option(help="Write every refused row to this file, as CSV.")] = None,
    minutes: Annotated[
        int | None, typer.Option(min=0, help="Staff minutes this report took.", show_default="the run's own time")
    ] = None,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Which quarters have begun and are over.", show_default="today"),
    ] = None,
) -> None:
    """Publish a file: what is new, what has changed, what is gone. Publishing it again adds nothing.

    Nothing that identifies a person leaves this machine; `--dry-run` shows all that would.
    """
    from exchange.cli.agency.publish_progress import progress_of
    from exchange.cli.shared.console import console
    from producers.delivery.sending import Manner
    from producers.edge import Edge
    from producers.profile import Profile
    from producers.sources import open_source

    profile = Profile.load(profile_file)
    source, secret = open_source(file, profile), secret_of(profile)
    stopped = "exchange: stopped. Everything taken is kept in the vault: run it again to continue."
    with progress_of(console(stderr=True)) as shown:
        manner = Manner(say=shown.say, progress=shown.sending, waiting=shown.waiting)
        day = today.date() if today else None
        edge = Edge.open(profile, secret=secret, today=day, manner=manner, preview=dry_run)
        closing = _Closing(edge, source, refusals, as_json=as_json)
        try:
            with said_on_interrupt(stopped, before=shown.end):
                leaving = asyncio.run(_publish(edge, source, shown, minutes))
        except (ExchangeError, typer.Exit) as error:
            shown.end()
            closing.stopped(error)
            raise
        shown.end()
        with said_on_interrupt(REPORT_CUT, before=lambda: None):
            closing.ended(leaving)
    raise typer.Exit(0 if edge.report.clean else REFUSED)


async def _publish(
    edge: "Edge", source: "Source", shown: "ProgressDisplay", minutes: int | None
) -> "list[Leaving] | None":
    async with edge:
        if minutes is not None:
            edge.spent(minutes)
        with stopping_at_once():
            rows = source.rows()
        shown.reading(0, rows)
        readings = iter(source.read())
        while batch := _next_of(readings):
            for reading in batch:
                await edge.read(reading)
            shown.reading(edge.report.rows)
            await asyncio.sleep(0)  # lets Ctrl-C through
        shown.read()
        return edge.leaving() if edge.is_preview else None


@dataclass(frozen=True, slots=True)
class _Closing:
    """The report at the end of a run, however it ends."""

    edge: "Edge"
    source: "Source"
    refusals: Path | None
    as_json: bool

    def ended(self, leaving: "list[Leaving] | None") -> None:
        """Say what was done, or what would leave."""
        self._write()
        self._print(leaving)

    def stopped(self, error: Exception) -> None:
        """Say how far the run came; nothing where it had not begun, or where the vault itself cannot tell."""
        from producers.errors import RefusalsUnwritable, VaultError

        if not self.edge.report.rows or isinstance(error, VaultError):
            return
        self._print(None)
        try:
            self._write()
        except RefusalsUnwritable as unwritable:  # what stopped the run is the graver news, and comes last
            typer.echo(f"exchange: {unwritable}", err=True)

    def _write(self) -> None:
        from exchange.cli.agency.publish_tables import write_refusals

        if self.refusals:
            write_refusals(self.refusals, self.edge.report.refused_rows)

    def _print(self, leaving: "list[Leaving] | None") -> None:
        from exchange.cli.agency.publish_tables import plain_of, rendered
        from exchange.cli.shared.console import console

        report, stays_here = self.edge.report, self.source.stays_here
        if self.as_json:
            typer.echo(json.dumps(plain_of(report, leaving, stays_here), indent=2))
        else:
            console().print(rendered(report, leaving, stays_here, all_in=self.refusals))


def _next_of(readings: "Iterator[Reading]") -> "list[Reading]":
    with stopping_at_once():
        return list(islice(readings, READINGS_BETWEEN_LOOKS))


@contextmanager
def stopping_at_once() -> Iterator[None]:
    """Let Ctrl-C end what is done inside at this very moment; for reading files alone, of which no half state is left.

    Elsewhere asyncio answers it at the next await: an export takes minutes until it gives its first row.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def said_on_interrupt(words: str, before: Callable[[], None]) -> Iterator[None]:
    """End the command with 130 and these words at Ctrl-C; `before` takes away what they would be written into."""
    try:
        yield
    except KeyboardInterrupt:
        before()
        typer.echo(words, err=True)
        raise typer.Exit(INTERRUPTED) from None
