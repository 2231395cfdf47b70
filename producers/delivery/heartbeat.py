"""The heartbeat at the end of a run: scheduled or not, on time or not, and what a person stated.

Minutes are what a person stated, or `not_collected`. A run's own time is never sent: it grows with
the number of facts, so clients would move a figure that is published without noise (ADR 37).
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from exchange.core.model.bands import band_of
from exchange.core.model.vocabulary import (
    REPORTING_MINUTES_MINUTES,
    NothingToReport,
    OnTime,
    ReportingMinutes,
    Scheduled,
)
from producers.caps.tally import current_quarter
from producers.profile import Profile
from producers.vault.chain_row import Beat
from producers.vault.store import Vault

ON_TIME_DAYS: Final = 35
"""A month, and some days for weekends: agencies report monthly at least."""
LAST_SCHEDULED: Final = "last_scheduled"


def minutes_band(minutes: int) -> ReportingMinutes:
    """The band of a number of whole minutes."""
    return ReportingMinutes(band_of(REPORTING_MINUTES_MINUTES, minutes) or ReportingMinutes.not_known)


@dataclass(frozen=True, slots=True)
class Stated:
    """What a person stated about a run: staff time, and that there is nothing to report."""

    minutes: int | None = None
    nothing: bool = False


def closing_beat(profile: Profile, today: date, stated: Stated, on_time: OnTime, *, scheduled: bool = False) -> Beat:
    """The last heartbeat of a run. `scheduled`: the schedule began the run, and no person."""
    return Beat(
        current_quarter(today),
        profile.state,
        Scheduled.yes if scheduled else Scheduled.no,
        ReportingMinutes.not_collected if stated.minutes is None else minutes_band(stated.minutes),
        on_time,
        NothingToReport.yes if stated.nothing else NothingToReport.not_collected,
    )


def on_time(vault: Vault, today: date, *, scheduled: bool) -> OnTime:
    """Whether a run comes within `ON_TIME_DAYS` of the scheduled run before it.

    Nothing about clients decides. Not known after the first run of a vault.
    """
    if not scheduled:
        return OnTime.not_applicable
    before = vault.get(LAST_SCHEDULED)
    if not before:
        return OnTime.not_known
    return OnTime.yes if today.toordinal() - int.from_bytes(before, "big") <= ON_TIME_DAYS else OnTime.no


def run_ended(vault: Vault, today: date, *, scheduled: bool) -> None:
    """Remember the day of a scheduled run that came to its end; forget what moved in any run."""
    vault.run("DELETE FROM moved")
    if scheduled:
        vault.set(LAST_SCHEDULED, today.toordinal().to_bytes(4, "big"))


def marking_beat(profile: Profile, today: date) -> Beat:
    """A heartbeat in the place of a refused event: it feeds no figure about reporting."""
    return Beat(current_quarter(today), profile.state)
