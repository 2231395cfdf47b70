"""The latest stay of each client in a period, as HUD's reports count people.

Source of the rules: HUD's APR and CAPER programming specifications of FY 2026. A client is counted
once, by the latest stay that was active in the period; their age is that at the later of its start
and the period's; who left by the period's end is a leaver, the others are stayers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from exchange.core.model.vocabulary import AgeBand
from producers.reports.report_period import ReportPeriod
from producers.sources.hmis.hmis_stays import StaySeen
from producers.sources.hmis.reading.dates import age_on

ADULT: Final = 18
NIGHT_BY_NIGHT: Final = 1
MOVES_IN: Final = frozenset({3, 13})


@dataclass(frozen=True, slots=True)
class ClientStay:
    """A client's latest stay in a period. `age`: None if it is not known."""

    stay: StaySeen
    age: int | None
    has_left: bool
    has_moved_in: bool

    @property
    def is_adult(self) -> bool:
        """Whether 18 or over."""
        return self.age is not None and self.age >= ADULT

    @property
    def is_child(self) -> bool:
        """Whether under 18."""
        return self.age is not None and self.age < ADULT

    @property
    def was_not_asked(self) -> bool:
        """Whether the age is missing because nobody recorded it."""
        return self.age is None and self.stay.no_age is AgeBand.not_collected

    @property
    def by_nights(self) -> bool:
        """Whether it is in a shelter that HUD counts by the night."""
        return self.stay.kind == NIGHT_BY_NIGHT

    def is_aged(self, first: int, last: int) -> bool:
        """Whether the age lies between two, both included."""
        return self.age is not None and first <= self.age <= last


def latest_stays(stays: Iterable[StaySeen], period: ReportPeriod) -> tuple[ClientStay, ...]:
    """Each client's latest stay that was active in the period."""
    latest: dict[str, StaySeen] = {}
    for stay in stays:
        if _is_active(stay, period) and (found := latest.get(stay.client, stay)):
            latest[stay.client] = max(found, stay, key=_lateness)
    return tuple(_of_client(stay, period) for stay in latest.values())


def _is_active(stay: StaySeen, period: ReportPeriod) -> bool:
    return stay.entered <= period.last and (stay.left is None or stay.left >= period.first)


def _lateness(stay: StaySeen) -> tuple[date, date]:
    return stay.entered, stay.left or date.max


def _of_client(stay: StaySeen, period: ReportPeriod) -> ClientStay:
    age = age_on(stay.born, max(stay.entered, period.first)) if stay.born else None
    return ClientStay(
        stay,
        None if age is not None and age < 0 else age,
        has_left=stay.left is not None and stay.left <= period.last,
        has_moved_in=stay.kind in MOVES_IN and stay.moved is not None and stay.moved <= period.last,
    )
