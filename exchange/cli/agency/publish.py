"""`exchange publish`: an agency's file to the exchange, in one command.

The closing table goes to standard output, progress to standard error; a run that is stopped reports
how far it came. Whatever ends it, nothing is lost: run it again.
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.agency.previewing.file_run import FileRun, options_of, run_over
from exchange.cli.agency.upkeep.practice import link_of, practice_notice
from exchange.cli.shared.help import ending
from exchange.cli.shared.interrupts import stopped_by_interrupt, stopping_at_once
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from exchange.cli.agency.previewing.dry_run import DryRun
    from exchange.cli.agency.publish_progress import ProgressDisplay
    from producers.delivery.unconfirmed import Unconfirmed
    from producers.edge import Edge
    from producers.facts import Source
    from producers.profile import Profile
    from producers.secret_files import Secret

REALLY = "All else is published in any case. Is that right, and shall it be done?"
AT_QUESTION = "\nexchange: stopped. Nothing of the file was sent, and nothing is lost: run the command again."
REPORT_CUT = "exchange: stopped while the report was printed. The run itself was finished."

app = typer.Typer()

ProfileOption = Annotated[
    Path,
    typer.Option("--profile", metavar="FILE", help="The agency's profile, a TOML file.", callback=practice_notice),
]


def secret_of(profile: "Profile", *, of_backup: bool = False) -> "Secret":
    """The secret of an existing vault: from the profile or the environment, else asked for.

    `of_backup`: the vault itself is lost.
    """
    from producers.vault.store import expect_vault

    if not of_backup:
        expect_vault(profile)

    def ask() -> str:
        return str(typer.prompt("Passphrase for the vault", hide_input=True, err=True))

    return profile.secret(ask if sys.stdin.isatty() else None)


@app.command(
    epilog=ending(
        needs="a profile and its vault; without --dry-run also the exchange's Kafka.",
        example="exchange publish export.zip --profile agency.toml --dry-run",
        statuses={
            ExitStatus.SOME_REFUSED: "some records were refused or held back. Everything else was sent.",
            ExitStatus.WAITS: "withdrawals, facts under new keys, or a quarter wait for a person. All else was done.",
        },
    )
)
def publish(
    profile_file: ProfileOption,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="An HMIS CSV export (zip or folder), a spreadsheet, or JSON Lines."),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "--preview", help="Show what would leave. Sends and changes nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    refusals: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every refused row to this CSV file.")
    ] = None,
    minutes: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="N", help="Staff minutes that this report took, as a person states them; else none are sent."
        ),
    ] = None,
    nothing: Annotated[
        bool,
        typer.Option(
            "--nothing-to-report", help="Instead of a file: state that there is nothing to report. In no figure."
        ),
    ] = False,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="Your schedule began this run, and no person: write it into the task.")
    ] = False,
    closes: Annotated[
        str | None,
        typer.Option(
            metavar="QUARTER",
            help="Count the totals of this quarter now (tally_only), such as 2026Q1.",
            show_default="none",
        ),
    ] = None,
    withdraw: Annotated[
        bool,
        typer.Option(
            "--withdraw", help="Let through what a run asks about: much is withdrawn, or published under new keys."
        ),
    ] = False,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Close quarters though rows are refused or a file is missing.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--watch",
            metavar="FOLDER",
            help="Instead of a file: publish each file that is new or changed in this folder, until Ctrl-C.",
        ),
    ] = None,
    today: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Treat this date as today (decides which quarters are complete).",
            show_default="today",
        ),
    ] = None,
) -> None:
    """Publish a file: send new events, correct changed ones, withdraw removed ones.

    Publishing the same file again adds nothing. No name, birth date or client number leaves this
    machine. --dry-run shows everything that would leave. State no payments per client as dollars.

    An agency that shares totals only (tally_only) counts each quarter once: in its first scheduled
    run from the 16th day after the quarter on, or in a run with --closes.
    """
    asked = FileRun(
        profile_file,
        file,
        dry_run=dry_run,
        as_json=as_json,
        refusals=refusals,
        minutes=minutes,
        nothing=nothing,
        scheduled=scheduled,
        closes=closes,
        withdraw=withdraw,
        incomplete=incomplete,
        today=today,
    )
    if folder:
        from exchange.cli.agency.upkeep.watching import watch_folder

        watch_folder(asked, folder)
    publish_file(asked)


def publish_file(asked: FileRun, secret: "Secret | None" = None) -> None:
    """Do the run, print what it did or would do, end with its exit status. `secret`: if known."""
    from exchange.cli.agency.publish_progress import progress_of
    from exchange.cli.shared.console import console
    from exchange.engine.gc_tuning import relax_collector
    from producers.edge import Edge
    from producers.facts import Nothing
    from producers.profile import Profile
    from producers.sources import open_source

    if asked.nothing is not (asked.file is None):
        raise typer.BadParameter("give a file, or --nothing-to-report instead", param_hint="FILE")
    profile = Profile.load(asked.profile_file)
    source, secret = open_source(asked.file, profile) if asked.file else Nothing(), secret or secret_of(profile)
    relax_collector()
    stopped = "exchange: stopped. Everything read is kept in the vault: run the command again to continue."
    with progress_of(console(stderr=True)) as shown:
        options = options_of(asked, shown, asking(shown) if asked.attended else lambda _: False)
        day = asked.today.date() if asked.today else None
        link = None if asked.dry_run else link_of(profile)
        edge = Edge.open(profile, secret=secret, link=link, today=day, options=options, preview=asked.dry_run)
        closing = _Closing(edge, source, asked)
        try:
            with stopped_by_interrupt(stopped, before=shown.end):
                dry_run = asyncio.run(run_over(edge, source, shown, asked))
        except (ExchangeError, typer.Exit) as error:
            shown.end()
            closing.stopped(error)
            raise
        shown.end()
        with stopped_by_interrupt(REPORT_CUT, before=lambda: None):
            closing.ended(dry_run)
    edge.report.raise_what_waits()
    raise typer.Exit(ExitStatus.DONE if edge.report.clean else ExitStatus.SOME_REFUSED)


@dataclass(frozen=True, slots=True)
class _Closing:
    """The report at the end of a run, however it ends."""

    edge: "Edge"
    source: "Source"
    asked: FileRun

    def ended(self, dry_run: "DryRun | None") -> None:
        """Report what was done, or what would leave."""
        self._write()
        self._print(dry_run)
        if dry_run and self.asked.page:
            from exchange.cli.agency.previewing.preview_page import write_preview

            write_preview(self.asked.page, dry_run, self.edge, self.source, self.asked.file)

    def stopped(self, error: Exception) -> None:
        """Report how far the run came, if it had begun and the vault can be read."""
        from producers.errors import RefusalsUnwritable, VaultError

        if not self.edge.report.rows or isinstance(error, VaultError):
            return
        self._print(None)
        try:
            self._write()
        except RefusalsUnwritable as unwritable:  # the graver error comes last
            typer.echo(f"exchange: {unwritable}", err=True)

    def _write(self) -> None:
        from exchange.cli.agency.refused_rows import write_refusals

        if self.asked.refusals:
            write_refusals(self.asked.refusals, self.edge.report.refused_rows)

    def _print(self, dry_run: "DryRun | None") -> None:
        from exchange.cli.agency.publish_tables import plain_of, rendered
        from exchange.cli.shared.console import console

        report, stays_here = self.edge.report, self.source.stays_here
        if self.asked.as_json:
            typer.echo(json.dumps(plain_of(report, dry_run, stays_here), indent=2))
        else:
            console().print(rendered(report, dry_run, stays_here, all_in=self.asked.refusals))


def asking(shown: "ProgressDisplay") -> "Callable[[Unconfirmed], bool]":
    """Asks about what a run has in question, at a terminal; elsewhere it waits for `--withdraw`."""

    def ask(question: "Unconfirmed") -> bool:
        with shown.paused(), stopping_at_once():
            try:
                return typer.confirm(f"{question.says} {REALLY}", default=False, err=True)
            except typer.Abort:
                typer.echo(AT_QUESTION, err=True)
                raise typer.Exit(ExitStatus.INTERRUPTED) from None

    return ask if sys.stdin.isatty() else lambda _: False
