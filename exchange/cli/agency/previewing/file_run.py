"""A run over a file as a person asked for it, in whichever command: to publish, or to preview."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from exchange.cli.agency.publish_progress import ProgressDisplay
    from producers.delivery.run_options import RunOptions
    from producers.delivery.unconfirmed import Unconfirmed


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


def options_of(asked: FileRun, shown: "ProgressDisplay", asking: "Callable[[Unconfirmed], bool]") -> "RunOptions":
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
