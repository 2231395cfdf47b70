"""The quarter or year that a cell names: `2026Q1`, `2026 T1`, `2026`, or a date, which stays here.

Rules kept: a date counts only if it can mean one day; `2/10/2026` where the whole column proves
which number is the month (`producers.sources.hmis.reading.date_orders`).
"""

import re
from dataclasses import dataclass, field
from typing import Final

from exchange.core.errors import PeriodInvalid
from exchange.core.model.period import period_of
from producers.sources.hmis.reading.date_orders import DateForms, FormsSeen
from producers.sources.hmis.reading.dates import is_event_day, period_on, read_date

_QUARTER: Final = re.compile(r"(20[0-9]{2})\s*[-/ ]?\s*[QqTt]\s*([1-4])")
_TURNED: Final = re.compile(r"[QqTt]\s*([1-4])\s*[-/ ]?\s*(20[0-9]{2})")
_YEAR: Final = re.compile(r"20[0-9]{2}")
PERIOD_RULE: Final = "must be a quarter such as 2026Q1, or a date that can mean one day only, such as 2026-02-10"
YEAR_RULE: Final = "must be a year such as 2026"


@dataclass(slots=True)
class PeriodCells:
    """The cells of one column of periods, seen as a whole before one of them is read."""

    _seen: FormsSeen = field(default_factory=FormsSeen)

    def saw(self, text: str) -> None:
        """Take a cell that is not empty."""
        if _named(text) is None and not _YEAR.fullmatch(text):
            self._seen.saw(text)

    def forms(self) -> DateForms:
        """How the dates of the column are read."""
        return self._seen.forms()


def read_period(text: str, forms: DateForms) -> int | None:
    """The period of a cell; None if it names none, or could mean two."""
    if _YEAR.fullmatch(text):
        return period_of(int(text))
    named = _named(text)
    if named is not None:
        return named
    day = read_date(text, forms)
    return period_on(day) if day is not None and is_event_day(day) else None


def _named(text: str) -> int | None:
    if found := _QUARTER.fullmatch(text):
        year, quarter = found[1], found[2]
    elif found := _TURNED.fullmatch(text):
        year, quarter = found[2], found[1]
    else:
        return None
    try:
        return period_of(int(year), int(quarter))
    except PeriodInvalid:
        return None


def read_year(text: str) -> int | None:
    """The year of a cell as a period; None if it names none."""
    return period_of(int(text)) if _YEAR.fullmatch(text) else None
