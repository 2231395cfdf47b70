"""The brief of a place, from the figures of a site."""

from collections.abc import Iterator
from typing import Final

from consumers.pages.figures_at_hand import Figures
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.questions import Span
from exchange.core.picture.asked.briefs import CASES, COVERAGE, NEEDS, SHARE, Brief, brief_of, where_of
from exchange.core.picture.comparisons.measured import Behind

BRIEFED: Final = (NEEDS, SHARE, COVERAGE, "reporting", "reporting_by_division", "reporting_on_time")
"""The metrics of a brief, of its year."""


def brief_of_place(figures: Figures, behind: Behind, place: str) -> Brief:
    """The brief of a state or division. Raises NothingToBrief before its first year."""
    return brief_of(list(_points(figures, place)), behind, place)


def _points(figures: Figures, place: str) -> Iterator[MetricPoint]:
    """Its clients over the years, and the rest of the newest one."""
    cases = figures.over_time(CASES, Span.YEAR, **dict(where_of(place)))
    year = cases[-1].period if cases else None
    yield from cases
    for metric in BRIEFED:
        yield from figures.of_period(metric, year)
