"""`exchange edge preview`: the dry run of `exchange publish`, and a page for a privacy officer."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.agency.previewing.file_run import FileRun
from exchange.cli.agency.publish import ProfileOption, publish_file
from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus

previews = typer.Typer()


@previews.command(
    epilog=ending(
        needs="a profile and its vault.",
        example="exchange edge preview export.zip --profile agency.toml --html preview.html",
        statuses={
            ExitStatus.SOME_REFUSED: "some records would be refused or held back.",
            ExitStatus.WAITS: "withdrawals, facts under new keys, or a quarter would wait for a person.",
        },
    )
)
def preview(
    profile_file: ProfileOption,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `exchange publish` takes.")],
    *,
    page: Annotated[
        Path | None,
        typer.Option("--html", metavar="OUT", help="Write a page for a privacy officer; only you can read it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    refusals: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every refused row to this CSV file.")
    ] = None,
    closes: Annotated[
        str | None,
        typer.Option(metavar="QUARTER", help="As if the run closed this quarter (tally_only).", show_default="none"),
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="As if the run let through what it asks about.")] = False,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Treat this date as today.", show_default="today"),
    ] = None,
) -> None:
    """Show what would leave: new, changed, withdrawn and same, by code. Sends and changes nothing.

    The same as `exchange publish --dry-run`. With --html: a page that shows what leaves by code,
    ten events as a person reads them, what stays and why, what is refused, what is past the caps,
    and how many clients are on hold.
    """
    publish_file(
        FileRun(
            profile_file,
            file,
            dry_run=True,
            as_json=as_json,
            refusals=refusals,
            closes=closes,
            withdraw=withdraw,
            today=today,
            page=page,
        )
    )
