"""The records that evaluators read: releases and metric points.

Months and periods are text here (`2026-11`, `2026Q2`), numbers that must stay exact are decimal
digits or fractions: a reader of these topics needs the schema and nothing else. Encoding is a
function of the value: a repeat has the same bytes.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

from exchange.core.metrics.figures import Dimensions, MetricPoint
from exchange.core.metrics.view import Origin
from exchange.core.model.epochs import epoch_text, parse_epoch
from exchange.core.model.period import parse_period, period_text
from exchange.core.release.released import Release
from exchange.core.release.tiers import ARRIVED
from exchange.wire.mapper import Mapper, Plain, converter
from exchange.wire.message import MessageUnreadable, decode_plain, encode_plain, message, typed

EPOCH_TEXT: Final = converter(lru_cache(epoch_text), lru_cache(parse_epoch))
"""Remembered, as below, because thousands of points name the same few months and tables."""
ARRIVALS_TEXT: Final = "arrivals"
"""In place of a period: what arrived in the epoch's month, of whatever period."""


@lru_cache
def period_of_point_text(period: int | None) -> str:
    """`2026Q2`, `2026` or `arrivals`."""
    return ARRIVALS_TEXT if period is None else period_text(period)


@lru_cache
def parse_period_of_point(text: str) -> int | None:
    """The period of such a text; None: arrivals. Raises PeriodInvalid."""
    return None if text == ARRIVALS_TEXT else parse_period(text)


@lru_cache(maxsize=1 << 13)
def _dimensions_plain(dimensions: Dimensions) -> list[Plain]:
    return [{"name": name, "code": code} for name, code in dimensions]


def _dimensions(plain: list[Plain]) -> Dimensions:
    return tuple((str(one["name"]), str(one["code"])) for one in plain)


@lru_cache(maxsize=1 << 10)
def _origins_plain(origins: tuple[Origin, ...]) -> list[Plain]:
    return [{"table": one.table, "epoch": epoch_text(one.epoch)} for one in origins]


def _origins(plain: list[Plain]) -> tuple[Origin, ...]:
    return tuple(Origin(str(one["table"]), parse_epoch(str(one["epoch"]))) for one in plain)


encode_point, decode_point = message(
    "metric_point",
    MetricPoint,
    dimensions=converter(_dimensions_plain, _dimensions),
    period=converter(period_of_point_text, parse_period_of_point),
    epoch=EPOCH_TEXT,
    computed_from=converter(_origins_plain, _origins),
)
"""A value of `metrics`."""


def point_key(point: MetricPoint) -> bytes:
    """`metric|name=code|…|2026Q2|2026-11`: the key in `metrics`."""
    codes = (f"{name}={code}" for name, code in point.dimensions)
    return "|".join((point.metric, *codes, period_of_point_text(point.period), epoch_text(point.epoch))).encode("ascii")


@dataclass(frozen=True, slots=True)
class Heading:
    """The table, epoch and domain of a release, whatever is declared today.

    `bit`: 0 for agency tables.
    """

    table: str
    epoch: int
    bit: int
    codes: tuple[tuple[str, ...], ...]


_RELEASE: Final = Mapper(Release, epoch=EPOCH_TEXT)
_HEADING: Final = Mapper(Heading, epoch=EPOCH_TEXT)


def release_key(release: Release) -> bytes:
    """`table|2026-11`: the key in `releases`."""
    return f"{release.table}|{epoch_text(release.epoch)}".encode("ascii")


def parse_release_key(key: bytes) -> int:
    """The epoch of a key in `releases`; else raises EpochInvalid or UnicodeDecodeError."""
    return parse_epoch(key.rpartition(b"|")[2].decode("ascii"))


def encode_release(release: Release) -> bytes:
    """A value of `releases`, and of part `release` of `draws`."""
    named = zip(release.dimensions, release.codes, strict=True)
    plain = _RELEASE.plain(release)
    plain["dimensions"] = [{"name": name, "codes": codes} for name, codes in named]
    plain["periods"] = _period_texts(release)
    return encode_plain("release", plain)


def decode_release(value: bytes) -> Release:
    """The release of such a value.

    Raises MessageUnreadable, and ReleaseUnsound for a release that breaks the rules of its table.
    """
    plain = decode_plain("release", value)
    release = typed(_RELEASE, _with_codes(plain))
    if _period_texts(release) != plain["periods"]:
        raise MessageUnreadable
    return release


def _period_texts(release: Release) -> list[str]:
    return ["" if period == ARRIVED else period_text(period) for period in release.periods]


def decode_heading(value: bytes) -> Heading:
    """The heading of such a value; raises MessageUnreadable."""
    return typed(_HEADING, _with_codes(decode_plain("release", value)))


def _with_codes(plain: Plain) -> Plain:
    """Names and codes of the dimensions apart, as the classes have them."""
    dimensions = cast("list[Plain]", plain["dimensions"])
    names, codes = ([one[field] for one in dimensions] for field in ("name", "codes"))
    return {**plain, "dimensions": names, "codes": codes}
