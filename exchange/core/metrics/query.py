"""Which points a reader asks for: metrics, dimensions and epochs, checked against those that exist.

Rules kept: an unknown name or code is refused, with near ones, rather than waited for without end.
A point that lacks a requested dimension is left out. Points that are not usable are left out unless
requested: choosing among them by their values makes intervals wrong.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.core.metrics.evidence_tables import EVIDENCE
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.formulas import ALL, QUANTILES
from exchange.core.metrics.table import BY_METRIC, METRICS
from exchange.core.model.epochs import epoch_text, parse_epoch
from exchange.core.model.vocabulary import DIVISION
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.tiers import STATES

_NEAR: Final = 3


class MetricUnknown(ExchangeError):
    """There is no metric of this name."""

    exit_code = ExitStatus.USAGE
    hint = "`exchange metrics list` shows every metric."


class DimensionUnknown(ExchangeError):
    """No metric that was asked for has this dimension."""

    exit_code = ExitStatus.USAGE
    hint = "`exchange metrics list` shows the dimensions of each metric."


class CodeUnknown(ExchangeError):
    """The dimension has no such code."""

    exit_code = ExitStatus.USAGE
    hint = "`exchange vocabulary` shows every list of codes."


@dataclass(frozen=True, slots=True)
class Selection:
    """A request.

    `metrics`: names; none: every metric. `since`: the first epoch. `where`: (dimension, code)
    pairs.
    """

    metrics: tuple[str, ...] = ()
    since: int = 0
    where: tuple[tuple[str, str], ...] = ()
    everything: bool = False

    def about(self, point: MetricPoint) -> bool:
        """Whether the point is requested, usable or not."""
        return (
            (not self.metrics or point.metric in self.metrics)
            and point.epoch >= self.since
            and set(self.where) <= set(point.dimensions)
        )

    def takes(self, point: MetricPoint) -> bool:
        """Whether the point is handed over."""
        return self.about(point) and (point.usable or self.everything)

    def plain(self) -> dict[str, object]:
        """The request in words; equal requests have equal words."""
        return {
            "metrics": sorted(self.metrics),
            "since": epoch_text(self.since) if self.since else "",
            "where": dict(sorted(self.where)),
            "all": self.everything,
        }


def select(
    metrics: Iterable[str] = (), *, since: str = "", where: Mapping[str, str] | None = None, everything: bool = False
) -> Selection:
    """The checked request. Raises MetricUnknown, DimensionUnknown, CodeUnknown and EpochInvalid."""
    names = tuple(dict.fromkeys(metrics))
    for name in names:
        if name not in BY_METRIC:
            raise MetricUnknown(f"There is no metric {name}{_near(name, BY_METRIC)}.")
    pairs = tuple((where or {}).items())
    for dimension, code in pairs:
        _check(names, dimension, code)
    return Selection(names, parse_epoch(since) if since else 0, pairs, everything)


def _check(names: Collection[str], dimension: str, code: str) -> None:
    asked = [BY_METRIC[name] for name in names] or METRICS
    there = {one for metric in asked for kind in metric.dimensions for one in kind}
    if dimension not in there:
        lacks = f"{', '.join(names)} has no" if names else "No metric has a"
        raise DimensionUnknown(f"{lacks} dimension {dimension}{_near(dimension, there)}.")
    codes = set(codes_of(dimension))
    if code not in codes:
        raise CodeUnknown(f"{dimension} has no code {code}{_near(code, codes)}.")


def codes_of(dimension: str) -> Iterator[str]:
    """Every code that a point may have in a dimension."""
    match dimension:
        case "state":
            yield from STATES
        case "division":
            yield from dict.fromkeys(map(str, DIVISION.values()))
        case "quantile":
            yield from QUANTILES
        case "research_topic":
            yield from EVIDENCE
        case _:
            yield ALL
            declared = (zip(one.dimensions, one.codes, strict=True) for one in DECLARED.values())
            yield from (code for named in declared for name, codes in named if name == dimension for code in codes)


def near(name: str, there: Iterable[str]) -> list[str]:
    """Those of some names that are spelt almost like this one."""
    return get_close_matches(name, sorted(there), n=_NEAR)


def _near(name: str, there: Iterable[str]) -> str:
    close = near(name, there)
    return f" (near: {', '.join(close)})" if close else ""
