"""A page over a served picture finds the points that were published, and no other."""

from collections.abc import Iterable, Iterator

import pytest

from consumers.pages.figures_at_hand import Figures, HeldPoints
from consumers.pages.parts.from_picture import PicturePoints
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import METRICS
from tests.kits.serve_world import FIRST, JANUARY, picture, world


def held(as_of: int) -> dict[str, list[MetricPoint]]:
    found: dict[str, list[MetricPoint]] = {metric.name: [] for metric in METRICS}
    for point in world():
        if point.epoch <= as_of:
            found[point.metric].append(point)
    return found


def newest(points: Iterable[MetricPoint], months: int) -> list[int]:
    return sorted({one.epoch for one in points})[-months:]


@pytest.mark.parametrize("as_of", [FIRST - 1, FIRST + 2, JANUARY])
def test_the_points_of_a_picture_are_those_that_were_published_by_then(as_of: int) -> None:
    published, found = HeldPoints(held(as_of)), PicturePoints(picture(JANUARY), as_of)
    for metric, points in held(as_of).items():
        periods = set(published.periods(metric))
        assert set(found.periods(metric)) == periods
        for period in (*periods, None):
            wanted, got = list(published.of_period(metric, period)), list(found.of_period(metric, period))
            assert len(got) == len(wanted)
            assert all(one in wanted for one in got)
            assert list(found.of_period(metric, period, 2)) == [one for one in got if one.epoch in newest(got, 2)]
        for where in {frozenset(one.dimensions) for one in points[::50]}:
            for some in ((*periods, None), sorted(periods)[-2:], (None,)):
                assert list(found.of_series(metric, where, some)) == list(published.of_series(metric, where, some))
            assert list(found.of_series(metric, where | {("service", "no such")}, periods)) == []


def test_a_page_reads_the_periods_that_it_shows_and_no_more() -> None:
    read: list[MetricPoint] = []

    class Watched(PicturePoints):
        def _points(self, metric: str, epochs: Iterable[int], **only: int) -> Iterator[MetricPoint]:
            found = list(super()._points(metric, epochs, **only))
            read.extend(found)
            return iter(found)

    figures = Figures(Watched(picture(JANUARY), JANUARY), JANUARY)
    year = max(figures.periods("state_cases"))
    for _ in range(3):
        assert figures.across("state_cases", "state", year)
        assert figures.one("state_cases", year, division="pacific")
    assert len(read) == sum(one.metric == "state_cases" and one.period == year for one in world())
