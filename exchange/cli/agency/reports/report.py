"""`exchange edge report`: a funder's report, counted from the agency's own file or vault."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.agency.publish import secret_of
from exchange.cli.shared.help import ending
from exchange.cli.shared.interrupts import stopped_by_interrupt, stopping_at_once
from exchange.core.exit_status import ExitStatus
from producers.reports.report_rows import ReportKind

if TYPE_CHECKING:
    from producers.reports.funder_report import FunderReport
    from producers.reports.report_period import ReportPeriod
    from producers.vault.store import Vault

reports = typer.Typer()

STOPPED = "exchange: stopped. Nothing was written."
PROGRESS_AFTER_S = 2.0
INCOMPLETE = "some cells are incomplete: rows could not be read, or the file does not cover the period."


@reports.command(
    epilog=ending(
        needs="a file, or a profile and its vault. With all three, clients on hold are in no number.",
        example="exchange edge report otip --period 2026Q3 --file export.zip",
        statuses={ExitStatus.SOME_REFUSED: INCOMPLETE},
    )
)
def report(
    kind: Annotated[ReportKind, typer.Argument(metavar="KIND", help="otip, tims, hmis, ovw, or needs.")],
    *,
    period_text: Annotated[
        str, typer.Option("--period", metavar="PERIOD", help="A quarter 2026Q3, half 2026H2, year 2026, or FY2026.")
    ],
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="A file that `exchange publish` takes.", show_default="the vault"),
    ] = None,
    profile_file: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE", help="The agency's profile, a TOML file.", show_default="none"),
    ] = None,
    with_held: Annotated[bool, typer.Option("--with-held", help="Count clients on hold, too.")] = False,
    by_hand: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="MINUTES",
            help="How long this report takes you by hand; the vault remembers it.",
            show_default="as remembered",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    page: Annotated[Path | None, typer.Option("--html", metavar="OUT", help="Write it as a page.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="OUT", help="Write it as a CSV file.")] = None,
    workbook: Annotated[Path | None, typer.Option("--xlsx", metavar="OUT", help="Write it as a workbook.")] = None,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Treat this date as today.", show_default="today"),
    ] = None,
) -> None:
    """Count a funder's report from your file: exact, on this machine, without a row of a client.

    Each cell is exact, at least so many, or cannot be known here, and says why. Files that are
    written are for your eyes only. docs/REPORTS.md says where names come from.
    """
    from exchange.cli.agency.reports.report_files import write_csv, write_report_page, write_workbook
    from producers.reports.report_period import parse_report_period

    if file is None and profile_file is None:
        raise typer.BadParameter("name a file, or a profile whose vault is to be counted", param_hint="--file")
    period = parse_report_period(period_text)
    with stopped_by_interrupt(STOPPED, before=lambda: None), stopping_at_once(), _vault(profile_file) as vault:
        made = _made(kind, period, file, profile_file, vault, with_held=with_held, today=today)
        minutes = _minutes(vault, kind, by_hand)
    for path, write in ((page, write_report_page), (csv_file, write_csv), (workbook, write_workbook)):
        if path:
            write(path, made, minutes)
    _print(made, minutes, as_json=as_json)
    raise typer.Exit(ExitStatus.SOME_REFUSED if made.is_damaged else ExitStatus.DONE)


@contextmanager
def _vault(profile_file: Path | None) -> "Iterator[Vault | None]":
    """The vault of a profile, open; none without a profile."""
    from producers.profile import Profile
    from producers.vault.store import Vault

    if profile_file is None:
        yield None
        return
    profile = Profile.load(profile_file)
    with Vault.open(profile, secret_of(profile)) as vault:
        yield vault


def _made(
    kind: ReportKind,
    period: "ReportPeriod",
    file: Path | None,
    profile_file: Path | None,
    vault: "Vault | None",
    *,
    with_held: bool,
    today: datetime | None,
) -> "FunderReport":
    from exchange.engine.gc_tuning import relax_collector
    from exchange.engine.wall_clock import local_today
    from producers.checks.file_check import profile_without_one
    from producers.profile import Profile
    from producers.reports.report_input import input_of
    from producers.reports.report_making import make_report

    relax_collector()
    began_s = time.monotonic()
    profile = Profile.load(profile_file) if profile_file else profile_without_one(file or Path())
    counted_from = input_of(file, profile, vault, with_held=with_held)
    made = make_report(kind, period, counted_from, today.date() if today else local_today(), _progress())
    return replace(made, seconds=time.monotonic() - began_s)


def _progress() -> Callable[[int], None]:
    """Once it takes longer than two seconds: a line, then one for each time that it doubles."""
    began_s, next_s = time.monotonic(), PROGRESS_AFTER_S

    def told(rows: int) -> None:
        nonlocal next_s
        if time.monotonic() - began_s > next_s:
            next_s *= 2
            typer.echo(f"exchange: counting, {rows:,} readings so far …", err=True)

    return told


def _minutes(vault: "Vault | None", kind: ReportKind, by_hand: int | None) -> int | None:
    """The agency's own number of minutes by hand: given now, or remembered."""
    from producers.reports.minutes_by_hand import minutes_by_hand, remember_minutes

    if vault is None:
        return by_hand
    if by_hand is not None:
        remember_minutes(vault, kind, by_hand)
    return minutes_by_hand(vault, kind)


def _print(made: "FunderReport", minutes: int | None, *, as_json: bool) -> None:
    from exchange.cli.agency.reports.report_screen import shown_report
    from exchange.cli.shared.console import console

    if as_json:
        typer.echo(json.dumps(made.plain(minutes), indent=2))
        return
    screen = console()
    for part in shown_report(made, minutes):
        screen.print(part)
