"""A run over a file as a person asked for it, in whichever command: to publish, or to preview."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from exchange.cli.shared.interrupts import stopping_at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exchange.cli.agency.previewing.dry_run import DryRun
    from producers.delivery.run_options import RunOptions
    from producers.delivery.unconfirmed import Unconfirmed
    from producers.delivery.waiting import Wait
    from producers.edge import Edge
    from producers.facts import Reading, Source

READINGS_BETWEEN_LOOKS = 1_000
SAME = "the run before has read the very same file with the same profile: it is not read again"


class RunShown(Protocol):
    """Shows how far a run is: at a terminal, or on a page."""

    def say(self, words: str) -> None:
        """One line for a person."""

    def reading(self, rows: int, of: int | None = None) -> None:
        """So many rows were read."""

    def read(self) -> None:
        """All rows were read."""

    def sending(self, accepted: int, of: int) -> None:
        """So many events were accepted."""

    def waiting(self, wait: "Wait") -> None:
        """The run waits."""


@dataclass(frozen=True, slots=True)
class FileRun:
    """One run over a file, or over nothing, as it was asked for.

    `page`: where a dry run writes what would leave, for a person who has to approve it. `attended`:
    whether a person may be asked.
    """

    profile_file: Path
    file: Path | None
    dry_run: bool = False
    as_json: bool = False
    refusals: Path | None = None
    minutes: int | None = None
    nothing: bool = False
    scheduled: bool = False
    closes: str | None = None
    withdraw: bool = False
    incomplete: bool = False
    today: datetime | None = None
    page: Path | None = None
    attended: bool = True


def options_of(asked: FileRun, shown: RunShown, asking: "Callable[[Unconfirmed], bool]") -> "RunOptions":
    """The options of a run that shows its progress here, and asks about what is in question."""
    from exchange.core.model.period import parse_period
    from producers.delivery.run_options import RunOptions

    began = RunOptions(scheduled=asked.scheduled, closes=parse_period(asked.closes) if asked.closes else None)
    return replace(
        began,
        withdraw=asked.withdraw,
        incomplete=asked.incomplete,
        confirm=asking,
        say=shown.say,
        progress=shown.sending,
        waiting=shown.waiting,
    )


async def run_over(edge: "Edge", source: "Source", shown: RunShown, asked: FileRun) -> "DryRun | None":
    """Do the run: read everything, then send it, or find out what would leave."""
    from exchange.cli.agency.previewing.dry_run import dry_run_of

    async with edge:
        if asked.minutes is not None:
            edge.spent(asked.minutes)
        if asked.nothing:
            edge.nothing_to_report()
        await _read(edge, source, shown)
        return dry_run_of(edge) if edge.is_preview else None


async def _read(edge: "Edge", source: "Source", shown: RunShown) -> None:
    """Read the source, unless the run before has read the very same."""
    with stopping_at_once():
        if edge.same_input.again(source):
            shown.say(SAME)
            return
        rows = source.rows()
    shown.reading(0, rows)
    readings = iter(source.read())
    while batch := _next_of(readings):
        await edge.read(*batch)
        shown.reading(edge.report.rows)
        await asyncio.sleep(0)  # lets Ctrl-C through
    with stopping_at_once():
        edge.same_input.read()
    shown.read()


def _next_of(readings: "Iterator[Reading]") -> "list[Reading]":
    with stopping_at_once():
        return list(islice(readings, READINGS_BETWEEN_LOOKS))
