"""`exchange edge check`: what is wrong in a file, how to mend it, and what it does to figures."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.agency.publish import secret_of
from exchange.cli.shared.help import ending
from exchange.cli.shared.interrupts import stopped_by_interrupt, stopping_at_once
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from producers.checks.check_result import FileChecked
    from producers.checks.columns.burden import Burden

checks = typer.Typer()

STOPPED = "exchange: stopped. Nothing was changed."
CHECKING = "exchange: checking the file …"


@checks.command(
    epilog=ending(
        needs="only the file. With a profile and its vault, it is checked as it would be published, beside your own history.",
        example="exchange edge check export.zip --profile agency.toml --html check.html",
        statuses={ExitStatus.SOME_REFUSED: "there are errors or warnings."},
    )
)
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `exchange publish` takes.")],
    *,
    profile_file: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE", help="The agency's profile, a TOML file.", show_default="none"),
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="OUT", help="Write the result as a page; only you can read it.")
    ] = None,
    to_fix: Annotated[
        Path | None,
        typer.Option("--to-fix", metavar="OUT", help="Write every row with its repair to this CSV file; no values."),
    ] = None,
    burden: Annotated[
        bool, typer.Option("--burden", help="Show columns that you fill, and neither the exchange nor a funder reads.")
    ] = False,
    right: Annotated[
        list[str] | None,
        typer.Option("--right", metavar="FINDING", help="Call a finding right, by its name. May be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Treat this date as today.", show_default="today"),
    ] = None,
) -> None:
    """Check a file before it is published: what to mend, and what it does to your figures.

    Shows counts and row numbers, never a value. Sends nothing. docs/CHECKS.md lists every rule.
    """
    from exchange.cli.agency.checking.check_page import write_check_page, write_list

    if right and profile_file is None:
        raise typer.BadParameter("what is right is remembered in the vault: name --profile too", param_hint="--right")
    typer.echo(CHECKING, err=True)
    with stopped_by_interrupt(STOPPED, before=lambda: None), stopping_at_once():
        result = _checked(file, profile_file, today, right or [])
        found = _burden(file) if burden else None
    if page:
        write_check_page(page, result, found)
    if to_fix:
        write_list(to_fix, result)
    _print(result, found, as_json=as_json)
    raise typer.Exit(ExitStatus.DONE if result.clean else ExitStatus.SOME_REFUSED)


def _checked(file: Path, profile_file: Path | None, today: datetime | None, right: list[str]) -> "FileChecked":
    from exchange.engine.gc_tuning import relax_collector
    from exchange.engine.wall_clock import local_today
    from producers.checks.file_check import check_file, profile_without_one
    from producers.profile import Profile
    from producers.vault.store import Vault

    relax_collector()
    day = today.date() if today else local_today()
    if profile_file is None:
        return check_file(file, profile_without_one(file), day)
    profile = Profile.load(profile_file)
    with Vault.open(profile, secret_of(profile)) as vault:
        return check_file(file, profile, day, vault, right)


def _burden(file: Path) -> "Burden":
    from producers.checks.columns.burden import burden_of

    return burden_of(file)


def _print(result: "FileChecked", burden: "Burden | None", *, as_json: bool) -> None:
    from exchange.cli.agency.checking.check_tables import burdens, checked
    from exchange.cli.shared.console import console

    if as_json:
        plain = result.plain()
        typer.echo(json.dumps({**plain, "burden": burden.plain()} if burden else plain, indent=2))
        return
    console().print(checked(result))
    if burden:
        console().print(burdens(burden))
