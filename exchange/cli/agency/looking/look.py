"""`exchange edge look`: what a file holds, before there is a profile, a vault or an operator."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.cli.shared.interrupts import stopped_by_interrupt
from exchange.engine.wall_clock import local_today

looks = typer.Typer()

STOPPED = "exchange: stopped. Nothing was kept."
PROGRESS_AFTER_S = 2.0


@looks.command(
    epilog=ending(
        needs="the file alone: no profile, no vault, no passphrase, no network.",
        example="exchange edge look export.zip --profile-out agency.toml",
    )
)
def look(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An HMIS CSV export (zip or folder), or JSON Lines.")],
    *,
    profile_out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a profile with the projects found to this new file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Look at a file before anything is set up: what would leave, what stays, what is refused.

    It reads as `exchange publish` does, once for each legal class, and sends and keeps nothing. It
    shows projects, counts, rules and names of columns, never a client's value.
    """
    from exchange.cli.agency.looking.look_tables import plain, shown
    from exchange.cli.shared.console import console
    from producers.looking.looked_at import look_at
    from producers.looking.profile_draft import write_draft

    with _progress() as report, stopped_by_interrupt(STOPPED, before=lambda: None):
        found = look_at(file, local_today(), report)
    if as_json:
        typer.echo(json.dumps(plain(found), indent=2))
    else:
        screen = console()
        for part in shown(found):
            screen.print(part)
    if profile_out:
        write_draft(profile_out, found.overview)
    typer.echo(_next(file, profile_out), err=True)


def _next(file: Path, written: Path | None) -> str:
    if written:
        return (
            f"exchange: wrote the profile {written}. Read it and decide what it marks, then run "
            f"`exchange edge init --profile {written}`."
        )
    return (
        f"exchange: next, `exchange edge look {file} --profile-out agency.toml` writes a profile with these projects."
    )


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Once it takes longer than two seconds: a line, then one for each time that it doubles."""
    began_s, next_s = time.monotonic(), PROGRESS_AFTER_S

    def report(rows: int) -> None:
        nonlocal next_s
        if time.monotonic() - began_s > next_s:
            next_s *= 2
            typer.echo(f"exchange: reading, {rows:,} rows so far (each legal class reads the file once) …", err=True)

    yield report
