"""How a command works at the edge of a profile: with its vault open, its progress, its result."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import typer

from exchange.cli.agency.publish import secret_of
from exchange.cli.agency.upkeep.practice import link_of
from exchange.cli.shared.interrupts import stopped_by_interrupt
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from producers.edge import Edge

VAULT = "a profile and its vault."
REFUSED_SOME = {ExitStatus.SOME_REFUSED: "some records were refused or held back. Everything else was sent."}
STOPPED = "exchange: stopped. Everything is kept in the vault: run the command again to continue."
Say: TypeAlias = Callable[[str], None]
"""Prints a line about the progress, for a person."""


def work_at_the_edge(
    profile_file: Path, work: "Callable[[Edge, Say], Coroutine[None, None, str]]", *, over_fork: bool = False
) -> None:
    """Do this with the edge of a profile, show its progress, and print the result."""
    from exchange.cli.agency.publish_progress import progress_of
    from exchange.cli.shared.console import console
    from producers.delivery.run_options import RunOptions
    from producers.edge import Edge
    from producers.profile import Profile

    profile = Profile.load(profile_file)
    secret = secret_of(profile)
    with progress_of(console(stderr=True)) as shown, stopped_by_interrupt(STOPPED, before=shown.end):
        options = RunOptions(say=shown.say, progress=shown.sending, waiting=shown.waiting, over_fork=over_fork)
        opening = Edge.open(profile, secret=secret, link=link_of(profile), options=options)
        result = asyncio.run(work(opening, shown.say))
    typer.echo(result)
    report = opening.report
    if report.refused_by_exchange or report.doubted:
        from exchange.cli.agency.publish_tables import doubted_words, refused_words

        if report.refused_by_exchange:
            typer.echo(refused_words(report))
        if report.doubted:
            typer.echo(doubted_words(report))
        raise typer.Exit(ExitStatus.SOME_REFUSED)
