"""A made-up national year: every released table of 2026, and the points that follow from them.

Numbers are drawn from the names of their cells, so they are the same in every run and in every
order. Some cells are small, some agency cells are hidden, and tables with few clients are not
usable: each status has figures.
"""

from functools import cache
from hashlib import sha256

from consumers.metrics.derive import usability_of
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import points
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release, Released
from tests.kits.release_world import AFTER, APRIL, due_epochs, release

__all__ = ["AFTER", "APRIL", "TABLES", "year_points", "year_releases"]

TABLES = (
    "needs_by_service",
    "unmet_needs_by_service",
    "state_cases",
    "practices_by_practice_use",
    "arrivals_cases",
    "cases",
)
"""A few tables for exports: of clients, of agencies, of states, of arrivals."""


def _count(name: str, period: int, place: str, values: tuple[str, ...]) -> int | None:
    draw = int.from_bytes(sha256(repr((name, period, place, values)).encode()).digest()[:4], "big")
    if DECLARED[name].bit:
        return draw % 4_000 - 20 if place == "nation" else draw % 700 - 20
    return None if draw % 5 == 0 else draw % 300


@cache
def year_releases(*names: str) -> tuple[Release, ...]:
    """All releases of these tables in 2026 and January 2027; none named: of every table."""
    found = []
    for name in names or DECLARED:
        for epoch in due_epochs(name, APRIL, AFTER):
            variance = TABLE_COSTS[name].variance if DECLARED[name].bit else 0

            def count(period: int, place: str, values: tuple[str, ...], name: str = name) -> int | None:
                return _count(name, period, place, values)

            found.append(release(name, epoch, count, variance=variance))
    return tuple(found)


@cache
def year_points(*names: str) -> tuple[MetricPoint, ...]:
    """The points of all epochs, as the exchange would publish them."""
    released = Released().taking(year_releases(*names))
    usability = usability_of(released)
    return tuple(point for epoch in released.epochs() for point in points(released, epoch, usability.usable))
