"""The heartbeat at the end of a run: scheduled or by hand, and the staff minutes that it took.

Minutes are what a person stated, or `not_collected`. A run's own time is never sent: it grows with
the number of facts, so clients would move a figure that is published without noise (ADR 37).
"""

from datetime import date

from exchange.core.model.bands import band_of
from exchange.core.model.vocabulary import REPORTING_MINUTES_MINUTES, ReportingMinutes, Scheduled
from producers.caps.tally import current_quarter
from producers.profile import Profile
from producers.vault.chain_row import Beat


def minutes_band(minutes: int) -> ReportingMinutes:
    """The band of a number of whole minutes."""
    return ReportingMinutes(band_of(REPORTING_MINUTES_MINUTES, minutes) or ReportingMinutes.not_known)


def closing_beat(profile: Profile, today: date, minutes: int | None = None, *, scheduled: bool = False) -> Beat:
    """The last heartbeat of a run.

    `minutes`: staff time that a person stated, if anybody did. `scheduled`: the schedule began the
    run, and no person.
    """
    began = Scheduled.yes if scheduled else Scheduled.no
    stated = ReportingMinutes.not_collected if minutes is None else minutes_band(minutes)
    return Beat(current_quarter(today), profile.state, began, stated)


def marking_beat(profile: Profile, today: date) -> Beat:
    """A heartbeat in the place of a refused event: it feeds no figure about reporting."""
    return Beat(current_quarter(today), profile.state)
