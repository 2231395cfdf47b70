"""The heartbeat at the end of a run: scheduled or by hand, and how many minutes reporting took."""

from datetime import date
from typing import Final

from exchange.core.model.bands import band_of
from exchange.core.model.vocabulary import REPORTING_MINUTES_MINUTES, ReportingMinutes, Scheduled
from producers.caps.tally import current_quarter
from producers.profile import Profile
from producers.vault.chain_row import Beat

_SECONDS_A_MINUTE: Final = 60


def minutes_band(minutes: int) -> ReportingMinutes:
    """The band of a number of whole minutes."""
    return ReportingMinutes(band_of(REPORTING_MINUTES_MINUTES, minutes) or ReportingMinutes.not_known)


def closing_beat(profile: Profile, today: date, elapsed_s: float, minutes: int | None = None) -> Beat:
    """The last heartbeat of a run.

    `minutes`: staff time that the agency states, else the run's own time.
    """
    spent = int(elapsed_s / _SECONDS_A_MINUTE) if minutes is None else minutes
    scheduled = Scheduled.yes if profile.scheduled else Scheduled.no
    return Beat(current_quarter(today), profile.state, scheduled, minutes_band(spent))


def marking_beat(profile: Profile, today: date) -> Beat:
    """A heartbeat in the place of a refused event: it feeds no figure about reporting."""
    return Beat(current_quarter(today), profile.state)
