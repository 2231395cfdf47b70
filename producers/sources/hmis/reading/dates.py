"""Days and times of an HMIS export.

Rules kept: a date is read only when it can mean one day. Forms that can: the year first
(`2026-02-10`, `2026/2/10`, `20260210`), a month by name, a spreadsheet's serial number in a column
of such numbers. `2/10/2026` is read where the whole column proves which number is the month
(`date_orders`). Two-digit years never. A time of day is left out, but for a time in UTC shortly
after midnight: then the day may be the day before here.

What databases and spreadsheets write for "no date" (`0000-00-00`, `1900-01-01`, `9999-12-31`) is
nothing.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Final

from exchange.core.model.period import FIRST_YEAR, LAST_YEAR, period_of, quarter_of, quarter_of_month, year_of
from producers.sources.hmis.reading.date_orders import YEAR_LAST, DateForms, Order

AGE_MAX: Final = 120
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NO_DAYS: Final = frozenset(
    {date(1, 1, 1), date(1753, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(9999, 12, 31)}
)
"""The days that stand for no date: the first, last or zero day of databases and spreadsheets."""
SERIAL_ZERO: Final = date(1899, 12, 30)
DAY_S: Final = 86_400
HERE_BEHIND_UTC_H: Final = 4
"""The mainland is at least four hours behind UTC."""
ISO_LENGTH: Final = len("2026-02-10")
ANY_FORMS: Final = DateForms()
_NOTHING: Final = re.compile(r"0+(?:[-/.]0+)*(?:[ T]0+(?::0+)*(?:\.0+)?)?|0?1/0/1900|1900-01-00")
_TIME: Final = re.compile(
    r"(?:[ T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(?: ?([AaPp])\.?[Mm]\.?)?"
    r"(?: ?(Z|[+-][0-9]{2}:?[0-9]{2}))?)?"
)
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_COMPACT: Final = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_DAY_OF_MONTH: Final = re.compile(r"([0-9]{1,2})[-/. ]([A-Za-z]{3})[a-z]{0,6}[-/., ]{1,2}([0-9]{4})")
_MONTH_DAY: Final = re.compile(r"([A-Za-z]{3})[a-z]{0,6}\.? ([0-9]{1,2}),? ([0-9]{4})")
_SERIAL: Final = re.compile(r"([0-9]{5})(?:\.([0-9]+))?")


@dataclass(frozen=True, slots=True)
class WrittenDay:
    """A day, and the time after it, where one was written; `zone`: of that time, if named."""

    day: date
    at: time | None = None
    zone: timezone | None = None


def read_date(text: str, forms: DateForms = ANY_FORMS) -> date | None:
    """The day of a date or timestamp; None when there is none, or when it could mean two days."""
    if len(text) == ISO_LENGTH and text[4] == "-":
        return _iso_day(text)
    moment = _moment(text, forms)
    if moment is None or moment.day in NO_DAYS:
        return None
    in_utc = moment.zone is not None and not moment.zone.utcoffset(None)
    if in_utc and moment.at and moment.at != time() and moment.at.hour < HERE_BEHIND_UTC_H:
        return None
    return moment.day


@lru_cache(maxsize=1 << 12)
def _iso_day(text: str) -> date | None:
    """The day of `2026-02-10`: nearly all dates are written so, and most come again and again."""
    moment = _moment(text, ANY_FORMS)
    return None if moment is None or moment.day in NO_DAYS else moment.day


def read_timestamp(text: str, forms: DateForms = ANY_FORMS) -> str:
    """`YYYY-MM-DDThh:mm:ss`, which sorts by age as text; a bare date is the end of its day.

    Empty when it is neither. With a zone: in UTC.
    """
    moment = _moment(text, forms)
    if moment is None or moment.day in NO_DAYS:
        return ""
    at = datetime.combine(moment.day, time(23, 59, 59) if moment.at is None else moment.at)
    if moment.zone is not None:
        at = at.replace(tzinfo=moment.zone).astimezone(UTC).replace(tzinfo=None)
    return at.isoformat()


def is_nothing(text: str) -> bool:
    """Whether a cell for a date holds what stands for no date."""
    if not text or _NOTHING.fullmatch(text):
        return True
    return any(
        moment is not None and moment.day in NO_DAYS for moment in (_moment(text, forms) for forms in _BOTH_ORDERS)
    )


def is_some_day(text: str) -> bool:
    """Whether a cell holds an event day in any form, even if it may mean another day too."""
    return earliest_day(text) is not None


def earliest_day(text: str) -> date | None:
    """The first of the event days that a cell may mean; None if it holds none."""
    moments = (_moment(text, forms) for forms in _BOTH_ORDERS)
    return min((one.day for one in moments if one is not None and is_event_day(one.day)), default=None)


_BOTH_ORDERS: Final = (DateForms(Order.MONTH_FIRST, serials=True), DateForms(Order.DAY_FIRST, serials=True))


def _moment(text: str, forms: DateForms) -> WrittenDay | None:
    if len(text) == ISO_LENGTH and text[4] == "-":
        return _of_day(text[:4], text[5:7], text[8:]) if text[7] == "-" else None
    if serial := _SERIAL.fullmatch(text):
        return _of_serial(int(serial[1]), float(f"0.{serial[2] or 0}")) if forms.serials else None
    for pattern in (_YEAR_FIRST, _COMPACT, YEAR_LAST, _DAY_OF_MONTH, _MONTH_DAY):
        found = pattern.match(text)
        tail = _TIME.fullmatch(text, found.end()) if found else None
        if found and tail:
            return _of_day(*_parts(pattern, found, forms.order), tail)
    return None


def _parts(pattern: re.Pattern[str], found: re.Match[str], order: Order) -> tuple[str, str, str]:
    """Year, month, day; empty where they are not known."""
    if pattern is YEAR_LAST:
        first, _, second, year = found.groups()
        if order is Order.UNPROVEN:
            return "", "", ""
        return (year, first, second) if order is Order.MONTH_FIRST else (year, second, first)
    if pattern is _YEAR_FIRST:
        return found[1], found[3], found[4]
    if pattern is _COMPACT:
        return found[1], found[2], found[3]
    day, month, year = found.groups() if pattern is _DAY_OF_MONTH else (found[2], found[1], found[3])
    name = month.lower()
    return year, str(MONTHS.index(name) + 1) if name in MONTHS else "", day


def _of_day(year: str, month: str, day: str, tail: re.Match[str] | None = None) -> WrittenDay | None:
    try:
        return WrittenDay(date(int(year), int(month), int(day)), *(_time_of(tail) if tail else (None, None)))
    except ValueError:
        return None


def _time_of(tail: re.Match[str]) -> tuple[time | None, timezone | None]:
    """The time and the zone after a day; an impossible time is none, the day is still clear."""
    if tail[1] is None:
        return None, None
    hour = int(tail[1])
    if half := (tail[5] or "").lower():
        hour = hour % 12 + 12 * (half == "p")
    try:
        at = time(hour, int(tail[2]), int(tail[3] or 0), int((tail[4] or "").ljust(6, "0")[:6]))
        return at, _zone_of(tail[6]) if tail[6] else None
    except ValueError:
        return None, None


def _zone_of(text: str) -> timezone:
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _of_serial(days: int, part: float) -> WrittenDay:
    minutes, second = divmod(min(round(part * DAY_S), DAY_S - 1), 60)
    at = time(*divmod(minutes, 60), second) if part else None
    return WrittenDay(SERIAL_ZERO + timedelta(days=days), at)


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
