"""What evaluators read: releases and metric points, as records and back.

Months and periods are text here (`2026-11`, `2026Q2`), numbers that must stay exact are decimal digits or fractions: whoever
reads these topics needs the schema and nothing else. Encoding is a function of the value: a repeat has the same bytes.
"""

from decimal import Decimal
from fractions import Fraction
from typing import cast

from exchange.core.admission.cap_rules import Cap
from exchange.core.counting.tables import Tier
from exchange.core.errors import ExchangeError
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import Origin
from exchange.core.model.epochs import epoch_text, parse_epoch
from exchange.core.model.period import parse_period, period_text
from exchange.core.release.released import Release
from exchange.wire.records import MessageUnreadable, Plain, decode_plain, encode_plain


def release_key(release: Release) -> bytes:
    """`table|2026-11`: the key in `releases`."""
    return f"{release.table}|{epoch_text(release.epoch)}".encode("ascii")


def encode_release(release: Release) -> bytes:
    """A value of `releases`, and of part `release` of `draws`."""
    named = zip(release.dimensions, release.codes, strict=True)
    return encode_plain(
        "release",
        {
            "table": release.table,
            "tier": release.tier.value,
            "bit": int(release.bit),
            "epoch": epoch_text(release.epoch),
            "since": epoch_text(release.since),
            "first": release.first,
            "buckets": [bucket.value for bucket in release.buckets],
            "places": list(release.places),
            "dimensions": [{"name": name, "codes": list(codes)} for name, codes in named],
            "increments": list(release.increments),
            "variance": str(release.variance),
            "rho": str(release.rho),
            "versions": list(release.versions),
        },
    )


def decode_release(value: bytes) -> Release:
    """Of a value of `releases`; raises MessageUnreadable, and ReleaseUnsound for what no table declares."""
    plain = decode_plain("release", value)
    dimensions = cast("list[Plain]", plain["dimensions"])
    try:
        release = Release(
            cast("str", plain["table"]),
            Tier(cast("str", plain["tier"])),
            Cap(cast("int", plain["bit"])),
            parse_epoch(cast("str", plain["epoch"])),
            parse_epoch(cast("str", plain["since"])),
            cast("bool", plain["first"]),
            tuple(cast("list[str]", plain["places"])),
            tuple(cast("str", one["name"]) for one in dimensions),
            tuple(tuple(cast("list[str]", one["codes"])) for one in dimensions),
            tuple(cast("list[int | None]", plain["increments"])),
            Fraction(cast("str", plain["variance"])),
            tuple(cast("list[str]", plain["versions"])),
            Fraction(cast("str", plain["rho"])),
        )
        if [bucket.value for bucket in release.buckets] != plain["buckets"]:
            raise MessageUnreadable
    except ExchangeError:
        raise
    except (ValueError, ZeroDivisionError):
        raise MessageUnreadable from None
    return release


def point_key(point: MetricPoint) -> bytes:
    """`metric|name=code|…|2026Q2|2026-11`: the key in `metrics`; `all` stands for the time since the first release."""
    codes = (f"{name}={code}" for name, code in point.dimensions)
    period = "all" if point.period is None else period_text(point.period)
    return "|".join((point.metric, *codes, period, epoch_text(point.epoch))).encode("ascii")


def encode_point(point: MetricPoint) -> bytes:
    """A value of `metrics`."""
    return encode_plain(
        "metric_point",
        {
            "metric": point.metric,
            "dimensions": [{"name": name, "code": code} for name, code in point.dimensions],
            "period": "" if point.period is None else period_text(point.period),
            "epoch": epoch_text(point.epoch),
            **{name: _digits(getattr(point, name)) for name in ("value", "low", "high")},
            "unit": point.unit,
            "withheld": point.withheld,
            "usable": point.usable,
            "computed_from": [
                {"table": origin.table, "since": epoch_text(origin.since), "epoch": epoch_text(origin.epoch)}
                for origin in point.computed_from
            ],
        },
    )


def decode_point(value: bytes) -> MetricPoint:
    """Of a value of `metrics`; raises MessageUnreadable."""
    plain = decode_plain("metric_point", value)
    period = cast("str", plain["period"])
    try:
        middle, low, high = (_number(cast("str | None", plain[name])) for name in ("value", "low", "high"))
        return MetricPoint(
            cast("str", plain["metric"]),
            tuple((one["name"], one["code"]) for one in cast("list[dict[str, str]]", plain["dimensions"])),
            parse_period(period) if period else None,
            parse_epoch(cast("str", plain["epoch"])),
            middle,
            low,
            high,
            cast("str", plain["unit"]),
            cast("bool", plain["withheld"]),
            cast("bool", plain["usable"]),
            tuple(
                Origin(one["table"], parse_epoch(one["since"]), parse_epoch(one["epoch"]))
                for one in cast("list[dict[str, str]]", plain["computed_from"])
            ),
        )
    except (ArithmeticError, ExchangeError):
        raise MessageUnreadable from None


def _number(digits: str | None) -> Decimal | None:
    return None if digits is None else Decimal(digits)


def _digits(number: Decimal | None) -> str | None:
    """Never with an exponent."""
    return None if number is None else f"{number:f}"
