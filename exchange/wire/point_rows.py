"""Points for whoever keeps columns: decoded many times faster than one by one.

Names repeat from point to point. So a value is cut where its Avro fields end, without reading them,
and each part that was met before is looked up: (metric, dimensions), period, epoch, and (unit,
marks, releases). Only the three numbers differ from point to point.

Rule kept: a part is remembered from `decode_plain`, the one decoder, and a value that is not cut
as expected goes there whole. So a row is what `decode_plain` says, or MessageUnreadable is raised.
"""

import re
from typing import Any, Final, NamedTuple

from exchange.core.errors import PeriodInvalid
from exchange.core.metrics.figures import Dimensions
from exchange.core.model.epochs import EpochInvalid, parse_epoch
from exchange.core.model.event_layout import PREFIX
from exchange.wire.message import MessageUnreadable, decode_plain
from exchange.wire.public_records import parse_period_of_point
from exchange.wire.schemas import newest

REMEMBERED_MAX: Final = 60_000
_LONG: Final = 0x80
"""A length of one byte is below."""
_TEXT_BRANCH: Final = 2
"""Of a union of null and text, zigzag."""
_INT64_MAX: Final = (1 << 63) - 1
_NUMBER: Final = re.compile(r"-?\d{1,18}(\.\d{1,17})?", re.ASCII)
Number = int | None


class PointRow(NamedTuple):
    """A point. `numbers`: value, low and high as whole numbers of 10**-`decimals`."""

    metric: str
    dimensions: Dimensions
    period: int | None
    epoch: int
    numbers: tuple[Number, Number, Number]
    decimals: int
    unit: str
    withheld: bool
    usable: bool
    computed_from: tuple[tuple[str, str], ...]


class _Uncut(Exception):
    """The value is not cut as expected."""


class PointRows:
    """Decodes values of `metrics`, and remembers their parts."""

    def __init__(self) -> None:
        self._prefix = newest("metric_point").prefix
        self._heads: dict[bytes, tuple[str, Dimensions]] = {}
        self._times: dict[bytes, tuple[int | None, int]] = {}
        self._tails: dict[bytes, tuple[str, bool, bool, tuple[tuple[str, str], ...]]] = {}

    def row(self, value: bytes) -> PointRow:
        """The row of a value. Raises MessageUnreadable."""
        try:
            head, times, texts, tail = self._cut(value)
        except (_Uncut, IndexError, UnicodeDecodeError):
            return _slowly(value)
        of, when, rest = self._heads.get(head), self._times.get(times), self._tails.get(tail)
        if of is None or when is None or rest is None:
            found = _slowly(value)
            self._remember(head, times, tail, found)
            return found
        decimals, numbers = _numbers(*texts)
        (metric, dimensions), (period, epoch), (unit, withheld, usable, origins) = of, when, rest
        return PointRow(metric, dimensions, period, epoch, numbers, decimals, unit, withheld, usable, origins)

    def _cut(self, value: bytes) -> tuple[bytes, bytes, tuple[str | None, str | None, str | None], bytes]:
        """The parts of a value. Raises _Uncut, or IndexError where it ends too soon."""
        if not value.startswith(self._prefix):
            raise _Uncut
        times_at = _behind_array(value, _behind_text(value, PREFIX))
        at = _behind_text(value, _behind_text(value, times_at))
        times = value[times_at:at]
        value_text, at = _optional(value, at)
        low, at = _optional(value, at)
        high, at = _optional(value, at)
        return value[PREFIX:times_at], times, (value_text, low, high), value[at:]

    def _remember(self, head: bytes, times: bytes, tail: bytes, found: PointRow) -> None:
        if len(self._heads) + len(self._tails) + len(self._times) > REMEMBERED_MAX:
            for memory in (self._heads, self._times, self._tails):
                memory.clear()
        self._heads[head] = found.metric, found.dimensions
        self._times[times] = found.period, found.epoch
        self._tails[tail] = found.unit, found.withheld, found.usable, found.computed_from


def _behind_text(value: bytes, at: int) -> int:
    length = value[at]
    if length >= _LONG or length & 1:
        raise _Uncut
    return at + 1 + (length >> 1)


def _behind_array(value: bytes, at: int) -> int:
    """Behind an array of pairs of texts, in one block."""
    count = value[at]
    if count >= _LONG or count & 1:
        raise _Uncut
    at += 1
    if not count:
        return at
    for _ in range(count):  # zigzag: twice as many texts as pairs is the count itself
        at = _behind_text(value, at)
    if value[at]:
        raise _Uncut
    return at + 1


def _optional(value: bytes, at: int) -> tuple[str | None, int]:
    branch = value[at]
    if not branch:
        return None, at + 1
    if branch != _TEXT_BRANCH:
        raise _Uncut
    end = _behind_text(value, at + 1)
    return value[at + 2 : end].decode(), end


def _slowly(value: bytes) -> PointRow:
    plain: dict[str, Any] = decode_plain("metric_point", value)
    decimals, numbers = _numbers(plain["value"], plain["low"], plain["high"])
    try:
        return PointRow(
            plain["metric"],
            tuple((one["name"], one["code"]) for one in plain["dimensions"]),
            parse_period_of_point(plain["period"]),
            parse_epoch(plain["epoch"]),
            numbers,
            decimals,
            plain["unit"],
            plain["withheld"],
            plain["usable"],
            tuple((one["table"], one["epoch"]) for one in plain["computed_from"]),
        )
    except (EpochInvalid, PeriodInvalid):
        raise MessageUnreadable from None


def _numbers(*texts: str | None) -> tuple[int, tuple[Number, Number, Number]]:
    """How many decimals, and the numbers without them. Raises MessageUnreadable."""
    decimals = 0
    for text in texts:
        if text is not None:
            if not _NUMBER.fullmatch(text):
                raise MessageUnreadable
            decimals = max(decimals, len(text.partition(".")[2]))
    value, low, high = (_whole(text, decimals) for text in texts)
    return decimals, (value, low, high)


def _whole(text: str | None, decimals: int) -> Number:
    if text is None:
        return None
    before, _, after = text.partition(".")
    number = int(before + after.ljust(decimals, "0"))
    if abs(number) > _INT64_MAX:
        raise MessageUnreadable
    return number
