"""A trial's newest published metrics, beside the truth of its generated agencies.

The truth is computed in this process, from the trial's own log and generator. It is shown on the
trial's own screen and goes nowhere else. With a real export among the agencies there is no truth to
show (`exchange.trial.demo.demo` asks for none).
"""

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import Final

from consumers.metrics.subscribe import follow
from consumers.release.history import read_closings
from exchange.core.counting.tables import Tier
from exchange.core.errors import ExchangeError
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.query import select
from exchange.core.metrics.table import BY_METRIC, METRICS
from exchange.core.model.epochs import year_of_epoch
from exchange.core.model.event_layout import DIGEST_OCTETS, HEAD, PREFIX, head_octets
from exchange.core.model.events import Event
from exchange.core.model.period import year_before
from exchange.core.release.released import Release
from exchange.engine.log import Log, Partition
from exchange.engine.reading import read_whole
from exchange.trial.demo.answered import Answered, answered
from exchange.trial.noiseless import (
    Arrived,
    Covered,
    Where,
    coverage,
    happened,
    true_points,
    true_releases,
    where,
)
from exchange.trial.sample import SampleExchange
from exchange.wire.codec import decode
from exchange.wire.public_records import decode_release
from exchange.wire.topics import EVENTS, RELEASES

DERIVED_S_MAX: Final = 120.0
LOOK_S: Final = 0.5
TOP: Final = 3
MONTHS_OF_YEAR: Final = 12
YEARLY: Final = frozenset({Tier.NATION_YEARLY, Tier.STATE_YEARLY})
"""With the year's other releases, all that the newest points are made of."""
HEADLINES: Final = (
    "cases",
    "needs_by_service",
    "unmet_needs_by_service",
    "unmet_need_share",
    "days_to_service",
    "served_within_30_days",
    "referral_acceptance",
    "outcome_direction_share",
    "days_in_care",
    "state_cases",
    "clients_over_caps",
    "reporting_coverage",
    "practice_use_share",
    "places_by_service",
    "dollars_by_funding_source",
    "reporting_minutes",
)
"""The metrics whose most precise points are printed; the topic has all metrics."""


class MetricsMissing(ExchangeError):
    """The newest epoch's metrics did not come."""

    hint = "The worker's last log lines stand above."


@dataclass(frozen=True, slots=True)
class FigureWithTruth:
    """A published point and its truths, if any: `within` caps, and of all that `happened`."""

    point: MetricPoint
    within: MetricPoint | None
    happened: MetricPoint | None


@dataclass(frozen=True, slots=True)
class PublicView:
    """The released figures.

    `shown`: the usable ones of the newest epoch's `points`; `covered`: None without a truth.
    `answered`: the evaluators' questions.
    """

    epochs: int
    tables: int
    points: int
    shown: int
    headlines: tuple[FigureWithTruth, ...]
    covered: Covered | None
    answered: tuple[Answered, ...]


async def public_view(log: Log, sample: SampleExchange, *, truth: bool) -> PublicView:
    """Wait for the newest epoch's metrics; put them beside the truth, if any.

    Raises MetricsMissing.
    """
    every = await _releases(log)
    last = max(release.epoch for release in every)
    releases = [one for one in every if one.epoch > last - MONTHS_OF_YEAR or one.tier in YEARLY]
    expected = await asyncio.to_thread(true_points, releases, [last], METRICS)  # the list of points depends on no count
    published = await _points(log, last, expected)
    year = year_before(year_of_epoch(last))
    chosen = list(_headlines(published.values(), year))
    within: Mapping[Where, MetricPoint] = {}
    did: Mapping[Where, MetricPoint] = {}
    if truth:
        arrived = await _arrived(log)
        within = await asyncio.to_thread(_truth, releases, arrived, last, tuple(BY_METRIC))
        did = await asyncio.to_thread(_truth, releases, happened(sample), last, HEADLINES)
    return PublicView(
        len({release.epoch for release in every}),
        len(every),
        len(published),
        sum(point.shown for point in published.values()),
        tuple(FigureWithTruth(point, within.get(where(point)), did.get(where(point))) for point in chosen),
        coverage(published.values(), within) if truth else None,
        tuple(answered(published.values(), within, last)),
    )


def _truth(releases: Iterable[Release], arrived: Arrived, epoch: int, names: Iterable[str]) -> dict[Where, MetricPoint]:
    metrics = [BY_METRIC[name] for name in names]
    tables = {table for metric in metrics for table in metric.tables}
    return true_points(true_releases((r for r in releases if r.table in tables), arrived), [epoch], metrics)


def _headlines(points: Iterable[MetricPoint], year: int) -> Iterator[MetricPoint]:
    """The most precise shown points of each headline: by size, they would be the noisiest."""
    shown = [point for point in points if point.shown and point.value is not None and point.period == year]
    for name in HEADLINES:
        of_metric = [point for point in shown if point.metric == name]
        yield from sorted(of_metric, key=_width)[:TOP]


def _width(point: MetricPoint) -> float:
    """Width of the interval, in parts of the value."""
    if not point.value or point.low is None or point.high is None:
        return inf
    return float((point.high - point.low) / point.value)


async def _releases(log: Log) -> list[Release]:
    reader = await log.reader()
    try:
        batches = [records async for records in read_whole(reader, Partition(RELEASES, 0))]
    finally:
        await reader.close()
    return [decode_release(record.value) for records in batches for record in records if record.value is not None]


async def _points(log: Log, epoch: int, expected: Mapping[Where, MetricPoint]) -> dict[Where, MetricPoint]:
    """The points of an epoch, once all of them have come."""
    found: dict[Where, MetricPoint] = {}
    start = 0
    try:
        async with asyncio.timeout(DERIVED_S_MAX):
            while not expected.keys() <= found.keys():
                async with aclosing(follow(log, select((), everything=True), start=start, once=True)) as batches:
                    async for batch in batches:
                        start = batch.go_on
                        found |= {where(point): point for point in batch.points if point.epoch == epoch}
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise MetricsMissing from None
    return found


async def _arrived(log: Log) -> Arrived:
    """Every event by its epoch of arrival, by the cuts; events after the last cut are left out."""
    closings, _ = await read_closings(log)
    epochs = sorted(closings.closed.cuts)
    tails: dict[int, Counter[bytes]] = {epoch: Counter() for epoch in epochs}
    reader = await log.reader()
    try:
        for number in range(len(closings.closed.last_cut.offsets)):
            cuts = [closings.closed.cuts[epoch].offsets[number] for epoch in epochs]
            async for records in read_whole(reader, Partition(EVENTS, number)):
                for record in records:
                    n = bisect_right(cuts, record.offset)
                    if n < len(epochs) and record.value is not None:
                        tails[epochs[n]][record.value[:PREFIX] + record.value[HEAD:]] += 1
    finally:
        await reader.close()
    return await asyncio.to_thread(_decoded, tails)


def _decoded(tails: Mapping[int, Mapping[bytes, int]]) -> Arrived:
    """The events, each decoded once."""
    events = {tail: _event(tail) for of_epoch in tails.values() for tail in of_epoch}
    return {epoch: {events[tail]: n for tail, n in of_epoch.items()} for epoch, of_epoch in tails.items()}


@lru_cache(maxsize=1 << 17)
def _event(tail: bytes) -> Event:
    return decode(head_octets(tail[:PREFIX], 1, bytes(DIGEST_OCTETS)) + tail[PREFIX:])
