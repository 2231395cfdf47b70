"""Protected metrics without their noise: releases counted again from generated events.

Truth minus release is the noise. So this exists in trials only, for generated agencies on a
temporary broker: no worker can import `exchange.trial`. There are two truths. *Within caps* counts
the events that the release counts, those that had arrived by its cut; an interval promises to hold
it. *All that happened* counts the generator's own facts, as if nobody had caps or shared totals
only.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from exchange.core.admission.cap_rules import MARKS, Cap
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import Metric, points
from exchange.core.model.events import About, Event
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.draw import Due, Reading, counted, reading_of
from exchange.core.release.privacy_ledger import Account
from exchange.core.release.released import Release, Released
from exchange.core.release.tiers import MONTHS_OF_QUARTER
from exchange.trial.sample import SampleExchange

Arrived = Mapping[int, Mapping[Event, int]]
"""Every closed epoch → the events that arrived in it, each with how often; heads do not matter."""
UNCAPPED: Final = MARKS & ~Cap.PAST
"""The marks of all events if nobody had caps."""
Where = tuple[str, tuple[tuple[str, str], ...], int | None, int]
"""The metric, dimensions, period and epoch of a point."""


@dataclass(frozen=True, slots=True)
class Covered:
    """The number of shown points with a truth, and of those whose interval holds it."""

    shown: int
    held: int

    @property
    def missed(self) -> int:
        """Those whose interval does not hold the truth."""
        return self.shown - self.held


def happened(sample: SampleExchange) -> Arrived:
    """Every fact about clients of the generated agencies, by month, once, as if nobody had caps."""
    found: dict[int, Counter[Event]] = {}
    for agency in sample.agencies:
        for month, fact in agency.dated():
            if fact.body.about is About.CLIENT:
                event = Event(0, bytes(32), fact.period, fact.state, int(UNCAPPED), fact.body)
                found.setdefault(month, Counter())[event] += 1
    return found


def true_releases(published: Iterable[Release], arrived: Arrived) -> tuple[Release, ...]:
    """Each release with exact counts; agency tables, already exact, unchanged."""
    together: dict[tuple[int, Reading], list[Release]] = {}
    found = []
    for release in published:
        if release.clients:
            together.setdefault((release.epoch, reading_of(release.tier)), []).append(release)
        else:
            found.append(release)
    for (epoch, reading), releases in together.items():
        events: Counter[Event] = Counter()
        for month, so_many in arrived.items():
            if _reads(reading, month, epoch):
                events.update(so_many)
        exact = counted(map(_due, releases), (("", event) for event in events), events.values())
        found += [replace(release, counts=one.counts) for release, one in zip(releases, exact, strict=True)]
    return tuple(found)


def _reads(reading: Reading, month: int, epoch: int) -> bool:
    """Whether an epoch's release reads what arrived in a month."""
    since = {Reading.SINCE_LAST: epoch, Reading.SINCE_COUNTED: epoch + 1 - MONTHS_OF_QUARTER}.get(reading, month)
    return since <= month <= epoch


def true_points(
    releases: Iterable[Release], epochs: Iterable[int], metrics: Sequence[Metric]
) -> dict[Where, MetricPoint]:
    """The points of these epochs, computed from true releases."""
    released = Released().taking(releases)
    return {where(point): point for epoch in epochs for point in points(released, epoch, _always, metrics)}


def where(point: MetricPoint) -> Where:
    """The identity of a point."""
    return point.metric, point.dimensions, point.period, point.epoch


def coverage(published: Iterable[MetricPoint], truth: Mapping[Where, MetricPoint]) -> Covered:
    """How often intervals of shown, noised points hold the truth; withheld truths are left out."""
    shown = held = 0
    for point in published:
        true = truth.get(where(point))
        if not point.shown or true is None or true.value is None or point.low == point.high or not noised(point):
            continue
        shown += 1
        held += holds(point, true.value)
    return Covered(shown, held)


def holds(point: MetricPoint, truth: Decimal) -> bool:
    """Whether the interval of a point holds a value."""
    return (point.low is None or point.low <= truth) and (point.high is None or truth <= point.high)


def noised(point: MetricPoint) -> bool:
    """Whether anything in it counts clients; shares of agency tables are exact, but rounded."""
    return any(origin.table in TABLE_COSTS for origin in point.computed_from)


def _due(release: Release) -> Due:
    plan = TABLE_COSTS[release.table]
    return Due(plan, Account(release.tier, plan.rho, plan.terms, release.epoch, release.epoch))


def _always(_: object) -> bool:
    return True
