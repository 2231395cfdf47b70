"""Dates, ages and bands of an HMIS export.

Rules kept: a date is read only when it can mean one day. `YYYY-MM-DD` always; `M/D/YYYY` and
`M-D-YYYY` only when the second number cannot be a month, or both are equal; `DD-MON-YYYY` always;
two-digit years never. A time of day after it is left out. Dates that run backwards and impossible
ages have no band: the caller publishes `not_known`.
"""

import re
from datetime import date
from typing import Final

from exchange.core.model.period import FIRST_YEAR, LAST_YEAR, period_of, quarter_of, quarter_of_month, year_of

AGE_MAX: Final = 120
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?:[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?)?"
_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})" + _TIME)
_US: Final = re.compile(r"([0-9]{1,2})([/-])([0-9]{1,2})\2([0-9]{4})" + _TIME)
_NAMED: Final = re.compile(r"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})" + _TIME)


def read_date(text: str) -> date | None:
    """The day of a date or timestamp; None when there is none, or when it could mean two days."""
    parts = _parts(text)
    return parts[0] if parts else None


def read_timestamp(text: str) -> str:
    """`YYYY-MM-DDThh:mm:ss`, which sorts by age as text; a bare date is the end of its day.

    Empty when it is neither.
    """
    parts = _parts(text)
    if parts is None:
        return ""
    day, hour, minute, second = parts
    if hour is None:
        return f"{day.isoformat()}T23:59:59"
    return f"{day.isoformat()}T{int(hour):02}:{minute}:{second or '00'}"


def _parts(text: str) -> tuple[date, str | None, str | None, str | None] | None:
    if match := _ISO.fullmatch(text):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    elif match := _US.fullmatch(text):
        year, month, day = int(match[4]), int(match[1]), int(match[3])
        if day <= len(MONTHS) and day != month:
            return None
    elif (match := _NAMED.fullmatch(text)) and match[2].lower() in MONTHS:
        year, month, day = int(match[3]), MONTHS.index(match[2].lower()) + 1, int(match[1])
    else:
        return None
    try:
        return date(year, month, day), *match.groups()[-3:]  # type: ignore[return-value]
    except ValueError:
        return None


def is_event_day(day: date) -> bool:
    """Whether events have periods for the year of a day."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def period_on(day: date, *, whole_year: bool = False) -> int:
    """The quarter, or the year, of a day."""
    return period_of(day.year, 0 if whole_year else quarter_of_month(day.month))


def period_days(period: int) -> tuple[date, date]:
    """The first and the last day of a quarter or year."""
    year, quarter = year_of(period), quarter_of(period)
    if not quarter:
        return date(year, 1, 1), date(year, 12, 31)
    last_month = quarter * 3
    return date(year, last_month - 2, 1), date(year, last_month, 30 if last_month in (6, 9) else 31)


def age_on(born: date, day: date) -> int:
    """The age in whole years; negative before birth."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
