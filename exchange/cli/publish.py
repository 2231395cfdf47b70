"""`exchange publish`: an agency's file to the exchange, in one command.

Exit status: 0 when nothing was refused, 3 when some rows were (the rest has been published), 1 for a named error, 130 for
Ctrl-C. The closing table goes to standard output, progress to standard error. Whatever ends it, nothing is lost: run
it again.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from exchange.cli.publish_tables import Shown
    from producers.edge import Edge
    from producers.facts import Source
    from producers.preview import Leaving
    from producers.profile import Profile, Secret

REFUSED = 3
"""Exit status when something was refused."""
INTERRUPTED = 130
READINGS_BETWEEN_LOOKS = 1_000

app = typer.Typer()

ProfileOption = Annotated[Path, typer.Option("--profile", help="The agency's profile, a TOML file.")]


def secret_of(profile: "Profile") -> "Secret":
    """What opens the vault; asks at a terminal when the profile and the environment say nothing."""
    import sys

    def ask() -> str:
        return str(typer.prompt("Passphrase of the vault", hide_input=True, err=True))

    return profile.secret(ask if sys.stdin.isatty() else None)


def source_of(path: Path, profile: "Profile") -> "Source":
    """The source that a path is, by its kind: JSON Lines, or an HMIS export (a zip or a folder)."""
    from producers.errors import SourceUnreadable

    if path.is_dir() or path.suffix.lower() == ".zip":
        from producers.sources.hmis import HmisExport, HmisSettings

        return HmisExport(path, HmisSettings.from_profile(profile))
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        from producers.sources.jsonl import JsonLines

        return JsonLines(path, profile.state)
    raise SourceUnreadable(f"{path} is neither an HMIS export (a .zip or a folder) nor JSON Lines (.jsonl).")


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
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Which quarters are over.", show_default="today")
    ] = None,
) -> None:
    """Publish a file: what is new, what has changed, what is gone. Publishing it again adds nothing.

    Nothing that identifies a person leaves this machine; `--dry-run` shows all that would.
    """
    from rich.console import Console

    from exchange.cli.publish_tables import plain_of, progress_of, rendered, write_refusals
    from producers.edge import Edge
    from producers.profile import Profile
    from producers.sending import Manner

    profile = Profile.load(profile_file)
    source, secret, console = source_of(file, profile), secret_of(profile), Console(stderr=True)
    stopped = "exchange: stopped. Everything taken is kept in the vault: run it again to continue."
    with progress_of(console) as shown, said_on_interrupt(stopped):
        manner = Manner(say=shown.say, progress=shown.sending)
        day = today.date() if today else None
        edge = Edge.open(profile, secret=secret, today=day, manner=manner, preview=dry_run)
        leaving = asyncio.run(_publish(edge, source, shown, minutes))
    stays_here = sorted(getattr(source, "stays_here", ()))
    if refusals:
        write_refusals(refusals, edge.report.refused_rows)
    if as_json:
        typer.echo(json.dumps(plain_of(edge.report, leaving, stays_here), indent=2))
    else:
        Console().print(rendered(edge.report, leaving, stays_here, all_in=refusals))
    raise typer.Exit(0 if edge.report.clean else REFUSED)


async def _publish(edge: "Edge", source: "Source", shown: "Shown", minutes: int | None) -> "list[Leaving] | None":
    async with edge:
        if minutes is not None:
            edge.spent(minutes)
        shown.reading(0, source.rows())
        for number, reading in enumerate(source.read(), start=1):
            await edge.read(reading)
            if not number % READINGS_BETWEEN_LOOKS:
                shown.reading(edge.report.rows)
                await asyncio.sleep(0)  # lets Ctrl-C through
        shown.reading(edge.report.rows)
        return edge.leaving() if edge.is_preview else None


@contextmanager
def said_on_interrupt(words: str) -> Iterator[None]:
    """End the command with 130 and these words at Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(words, err=True)
        raise typer.Exit(INTERRUPTED) from None
