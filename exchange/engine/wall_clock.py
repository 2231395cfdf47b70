"""The machine's clock.

Nothing else in this project reads it, so that tests and simulations can pass in another.

Not promised: that it never goes back, or that two machines agree. Waiting is measured by the event
loop's own time (`exchange.engine.loop_time`) or by `time.monotonic`.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], int]
"""Milliseconds since 1970."""


def wall_ms() -> int:
    """The time now, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000  # noqa: TID251 - the one place


def utc_now() -> datetime:
    """The time now in UTC, as the validity of certificates is written."""
    return datetime.now(UTC)  # noqa: TID251 - the one place


def utc_today() -> date:
    """The date now in UTC, by which months end everywhere in the exchange."""
    return datetime.now(UTC).date()  # noqa: TID251 - the one place


def local_today() -> date:
    """The date now where this machine is. An agency's calendar decides when its quarter is over."""
    return date.today()  # noqa: DTZ011, TID251 - the one place
