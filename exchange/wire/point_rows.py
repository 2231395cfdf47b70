"""Points for whoever keeps columns: decoded many times faster than one by one.

Names repeat from point to point. So a value is cut where its Avro fields end, without reading them,
and each part that was met before is looked up: (metric, dimensions), period and epoch, and (unit,
marks, releases). Only the three numbers differ from point to point. Whoever keeps codes in place of
names gives what makes them, which is called once for each part.

Rule kept: a part is remembered from `decode_plain`, the one decoder, and a value that is not cut
as expected goes there whole. So a row is what `decode_plain` says, or MessageUnreadable is raised.
"""

import re
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, NamedTuple, TypeVar

from exchange.core.errors import PeriodInvalid
from exchange.core.metrics.figures import Dimensions
from exchange.core.model.epochs import EpochInvalid, parse_epoch
from exchange.core.model.event_layout import PREFIX
from exchange.wire.message import MessageUnreadable, decode_plain
from exchange.wire.public_records import parse_period_of_point
from exchange.wire.schemas import newest

REMEMBERED_MAX: Final = 30_000
"""Parts of one kind, some 150 bytes each; they are more than all series of this version."""
_LENGTH_MAX: Final = 0x7F
"""Of lengths in one byte."""
_TEXT_BRANCH: Final = 2
"""Of a union of null and text, zigzag."""
_INT64_MAX: Final = (1 << 63) - 1
_NUMBER: Final = re.compile(rb"-?\d{1,18}(\.\d{1,17})?")
Number = int | None
Origins = tuple[tuple[str, str], ...]
"""(table, epoch in words) of each release that a point was computed from."""
S = TypeVar("S", bound=Hashable)
M = TypeVar("M", bound=Hashable)
Part = TypeVar("Part")


class PointMarks(NamedTuple):
    """What a point says beside its numbers."""

    unit: str
    withheld: bool
    usable: bool
    computed_from: Origins


class PointRow(NamedTuple, Generic[S, M]):
    """A point. `value`, `low` and `high`: whole numbers of 10**-`decimals`.

    `series`: made of metric and dimensions; `marks`: made of `PointMarks`.
    """

    series: S
    period: int | None
    epoch: int
    value: Number
    low: Number
    high: Number
    decimals: int
    marks: M


class _Uncut(Exception):
    """The value is not cut as expected."""


class PointRows(Generic[S, M]):
    """Decodes values of `metrics`, and remembers their parts."""

    def __init__(self, series_of: Callable[[str, Dimensions], S], marks_of: Callable[[PointMarks], M]) -> None:
        self._prefix = newest("metric_point").prefix
        self._series_of, self._marks_of = series_of, marks_of
        self._heads: dict[bytes, S] = {}
        self._times: dict[bytes, tuple[int | None, int]] = {}
        self._tails: dict[bytes, M] = {}

    def row(self, value: bytes) -> PointRow[S, M]:
        """The row of a value. Raises MessageUnreadable."""
        try:
            times_at, numbers_at = _cut(value, self._prefix)
            first, at = _optional(value, numbers_at)
            second, at = _optional(value, at)
            third, at = _optional(value, at)
            series, tail = self._heads[value[PREFIX:times_at]], self._tails[value[at:]]
            period, epoch = self._times[value[times_at:numbers_at]]
        except KeyError:
            found = self._slowly(value)
            _remember(self._heads, value[PREFIX:times_at], found.series)
            _remember(self._times, value[times_at:numbers_at], (found.period, found.epoch))
            _remember(self._tails, value[at:], found.marks)
            return found
        except (_Uncut, IndexError):
            return self._slowly(value)
        return PointRow(series, period, epoch, *_numbers(first, second, third), tail)

    def _slowly(self, value: bytes) -> PointRow[S, M]:
        plain: dict[str, Any] = decode_plain("metric_point", value)
        texts = (None if plain[name] is None else plain[name].encode() for name in ("value", "low", "high"))
        numbers = _numbers(*texts)
        try:
            period, epoch = parse_period_of_point(plain["period"]), parse_epoch(plain["epoch"])
        except (EpochInvalid, PeriodInvalid):
            raise MessageUnreadable from None
        dimensions = tuple((one["name"], one["code"]) for one in plain["dimensions"])
        origins = tuple((one["table"], one["epoch"]) for one in plain["computed_from"])
        marks = PointMarks(plain["unit"], plain["withheld"], plain["usable"], origins)
        return PointRow(self._series_of(plain["metric"], dimensions), period, epoch, *numbers, self._marks_of(marks))


def _remember(memory: dict[bytes, Part], octets: bytes, part: Part) -> None:
    if len(memory) >= REMEMBERED_MAX:
        memory.clear()
    memory[octets] = part


def _cut(value: bytes, prefix: bytes) -> tuple[int, int]:
    """Where the period and where the numbers begin.

    Raises _Uncut, or IndexError where the value ends too soon.
    """
    if not value.startswith(prefix):
        raise _Uncut
    at = _behind_texts(value, PREFIX, 1)
    count = value[at]  # of pairs of texts, in one block; zigzag: twice as many texts as pairs is the count itself
    if count > _LENGTH_MAX or count & 1:
        raise _Uncut
    at = _behind_texts(value, at + 1, count)
    if count:
        if value[at]:
            raise _Uncut
        at += 1
    return at, _behind_texts(value, at, 2)


def _behind_texts(value: bytes, at: int, count: int) -> int:
    for _ in range(count):
        length = value[at]
        if length > _LENGTH_MAX or length & 1:
            raise _Uncut
        at += 1 + (length >> 1)
    return at


def _optional(value: bytes, at: int) -> tuple[bytes | None, int]:
    branch = value[at]
    if not branch:
        return None, at + 1
    length = value[at + 1]
    if branch != _TEXT_BRANCH or length > _LENGTH_MAX or length & 1:
        raise _Uncut
    end = at + 2 + (length >> 1)
    return value[at + 2 : end], end


def _numbers(value: bytes | None, low: bytes | None, high: bytes | None) -> tuple[Number, Number, Number, int]:
    """The numbers without their decimals, and how many these are. Raises MessageUnreadable."""
    first, second, third = _number(value), _number(low), _number(high)
    decimals = max(first[1], second[1], third[1])
    if decimals:
        return _raised(first, decimals), _raised(second, decimals), _raised(third, decimals), decimals
    return first[0], second[0], third[0], 0


def _number(text: bytes | None) -> tuple[Number, int]:
    """A number without its decimals, and how many these are."""
    if text is None:
        return None, 0
    if not _NUMBER.fullmatch(text):
        raise MessageUnreadable
    whole, dot, part = text.partition(b".")
    return (_held(int(whole + part)), len(part)) if dot else (int(whole), 0)


def _held(number: int) -> int:
    """The number itself; raises MessageUnreadable where no column can hold it."""
    if abs(number) > _INT64_MAX:
        raise MessageUnreadable
    return number


def _raised(number: tuple[Number, int], decimals: int) -> Number:
    """The same number with so many decimals."""
    digits, held = number
    if digits is None or held == decimals:
        return digits
    return _held(digits * 10 ** (decimals - held))
