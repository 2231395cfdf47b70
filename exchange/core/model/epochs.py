"""Epochs: a calendar month of arrival as one integer, and the periods that its release keeps apart.

`year * 12 + month - 1`, so that the next month is one more; text form `2026-11`. Years 2001–2099
only, so that the year before an epoch is always a period.
"""

import re
from datetime import date
from typing import Final

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.core.model.period import LAST_YEAR, period_of, quarter_of, quarter_of_month, year_of

FIRST_EPOCH_YEAR: Final = 2001
DAY_MS: Final = 86_400_000
_DAYS_TO_1970: Final = date(1970, 1, 1).toordinal()
_TEXT: Final = re.compile(r"(2\d{3})-(\d{2})")


class EpochInvalid(ExchangeError):
    """An epoch is outside 2001–2099 or not of the form 2026-11."""

    exit_code = ExitStatus.USAGE  # as for a wrong option: nothing was begun
    hint = "Write a month of arrival as 2026-11."


def epoch_of(year: int, month: int) -> int:
    """The epoch of a month (1–12); raises EpochInvalid outside 2001–2099."""
    if not (FIRST_EPOCH_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        raise EpochInvalid
    return year * 12 + month - 1


def is_epoch(number: int) -> bool:
    """Whether the number names a month of 2001–2099."""
    return FIRST_EPOCH_YEAR * 12 <= number <= LAST_YEAR * 12 + 11


def month_of(epoch: int) -> int:
    """1–12."""
    return epoch % 12 + 1


def epoch_text(epoch: int) -> str:
    """`2026-11`."""
    return f"{epoch // 12}-{month_of(epoch):02}"


def parse_epoch(text: str) -> int:
    """The epoch of `2026-11`; raises EpochInvalid otherwise."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise EpochInvalid
    return epoch_of(int(match[1]), int(match[2]))


def begins_ms(epoch: int) -> int:
    """When the month begins in UTC, milliseconds since 1970."""
    year, month = divmod(epoch, 12)
    return (date(year, month + 1, 1).toordinal() - _DAYS_TO_1970) * DAY_MS


def ends_ms(epoch: int) -> int:
    """The month's last millisecond in UTC, since 1970: the timestamp of its releases and points."""
    return begins_ms(epoch + 1) - 1


def epoch_at(at_ms: int) -> int:
    """The month that a time lies in, UTC; `at_ms`: milliseconds since 1970."""
    day = date.fromordinal(at_ms // DAY_MS + _DAYS_TO_1970)
    return day.year * 12 + day.month - 1


def month_begins_ms(at_ms: int) -> int:
    """The first instant of the month of a time, UTC; both in milliseconds since 1970."""
    return begins_ms(epoch_at(at_ms))


def quarter_of_epoch(epoch: int) -> int:
    """The period of the quarter that the month lies in: the open one."""
    return period_of(epoch // 12, quarter_of_month(month_of(epoch)))


def year_of_epoch(epoch: int) -> int:
    """The period of the year that the month lies in."""
    return period_of(epoch // 12)


def month_after(period: int) -> int:
    """The month after a quarter or a year, as an epoch's number."""
    return first_month(period) + (3 if quarter_of(period) else 12)


def first_month(period: int) -> int:
    """The month that a quarter or a year begins with, as an epoch's number."""
    return year_of(period) * 12 + 3 * max(0, quarter_of(period) - 1)
