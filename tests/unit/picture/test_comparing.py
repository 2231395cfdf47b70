"""Ranks, changes and comparisons by hand, and what cannot be told."""

from dataclasses import replace
from fractions import Fraction

import pytest
import scipy  # loads its parts when they are first used

from exchange.core.metrics.estimates import Block, Estimate
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.model.period import period_of
from exchange.core.picture.comparisons.comparing import Change, Rank, Trend, change, changes, difference, larger, ranks
from exchange.core.picture.comparisons.critical import reach_for, reach_for_all_pairs
from exchange.core.picture.comparisons.measured import Behind, MeasuredFigure
from exchange.core.picture.comparisons.possible import compared, drawn, possible_pictures
from exchange.core.release.released import Released
from tests.kits.release_world import AFTER, APRIL, JULY, everything, of, released, releases

Z = Fraction(196, 100)
WHOLE = Estimate(1000, {Block("cases", 1, 400): 1})


def count(value: int, sd: int = 10, *, cell: int = 0, quarter: int = 1, table: str = "any") -> MeasuredFigure:
    return MeasuredFigure(Estimate(value, {Block(table, quarter, sd * sd): 1 << cell} if sd else {}))


def share(over: int, under: int, sd: int = 10, *, quarter: int = 1) -> MeasuredFigure:
    above, below = count(over, sd, quarter=quarter, table="over"), count(under, sd, quarter=quarter, table="under")
    return MeasuredFigure(above.over, below.over)


# How far is far enough


@pytest.mark.parametrize("figures", [2, 3, 10, 27, 51])
def test_the_reach_for_all_pairs_is_tukeys(figures: int) -> None:
    exact = scipy.stats.studentized_range.ppf(0.96, figures, float("inf")) / 2**0.5
    assert exact <= reach_for_all_pairs(figures) < exact + 2e-4


@pytest.mark.parametrize("statements", [1, 2, 40])
def test_the_reach_for_some_statements_is_bonferronis(statements: int) -> None:
    exact = scipy.stats.norm.ppf(1 - 0.02 / statements)
    assert exact <= reach_for(statements) < exact + 1e-4


# Changes


def test_a_count_rose_if_the_interval_of_its_difference_says_so() -> None:
    enough = 30  # 2.0538 × 10 × √2 is 29.05
    earlier = count(100)
    assert change(earlier, count(100 + enough, quarter=2)).trend is Trend.ROSE
    assert change(earlier, count(100 - enough, quarter=2)).trend is Trend.FELL
    assert change(earlier, count(100 + enough - 1, quarter=2)).trend is Trend.CANNOT_TELL


def test_more_changes_together_need_more() -> None:
    series = [count(100, quarter=quarter) for quarter in range(5)]
    series[2] = count(130, quarter=2)
    assert changes(series[1:3])[0].trend is Trend.ROSE
    assert {one.trend for one in changes(series)} == {Trend.CANNOT_TELL}
    assert changes(series[1:3], among=4)[0].trend is Trend.CANNOT_TELL


def test_a_share_rose_if_both_of_its_intervals_leave_room() -> None:
    low, high = share(300, 1000), share(360, 1000, quarter=2)
    assert change(low, high).trend is Trend.ROSE
    assert change(low, share(327, 1000, quarter=2)).trend is Trend.CANNOT_TELL
    assert difference(share(300, 15, quarter=2), low, Z)[1] is None  # no upper limit


def test_exact_figures_change_or_stay() -> None:
    told = [change(count(40, 0), count(n, 0)).trend for n in (39, 40, 41)]
    assert told == [Trend.FELL, Trend.SAME, Trend.ROSE]


def test_nothing_is_told_across_shared_noise_spans_or_gaps() -> None:
    one = count(100)
    assert change(one, count(900)) == Change(Trend.CANNOT_TELL)  # the same cell of the same quarter
    assert change(one, replace(count(900, quarter=2), span=4)) == Change(Trend.CANNOT_TELL)
    assert change(one, None) == change(None, one) == Change(Trend.CANNOT_TELL)


def test_the_interval_of_a_difference_is_that_of_independent_noise() -> None:
    low, high = difference(count(400, 30), count(340, 40, cell=1), Z)
    assert (low, high) == (pytest.approx(60 - 98), pytest.approx(60 + 98))


# Ranks


def test_ranks_have_intervals() -> None:
    far = [count(value, cell=cell) for cell, value in enumerate((500, 300, 290, 50))]
    assert ranks(far) == (Rank(1, 1, 4), Rank(2, 3, 4), Rank(2, 3, 4), Rank(4, 4, 4))
    near = [count(value, cell=cell) for cell, value in enumerate((100, 101, 102))]
    assert set(ranks(near)) == {Rank(1, 3, 3)}


def test_shares_of_one_total_are_ranked_by_their_counts() -> None:
    parts = [MeasuredFigure(count(value, cell=cell).over, WHOLE) for cell, value in enumerate((500, 300, 100))]
    assert [rank.first for rank in ranks(parts)] == [1, 2, 3]
    assert larger(parts[0], parts[1], Z) == 1
    other = MeasuredFigure(parts[1].over, Estimate(1001, WHOLE.noise))
    assert larger(parts[0], other, Z) == 0  # another number with the same noise


@pytest.mark.parametrize(
    ("first", "last", "of", "words"),
    [
        (1, 1, 8, "the largest"),
        (1, 2, 8, "among the two largest"),
        (1, 4, 8, "among the four largest"),
        (1, 5, 8, "between rank 1 and rank 5"),
        (1, 8, 8, "no rank can be told"),
        (8, 8, 8, "the smallest"),
        (7, 8, 8, "among the two smallest"),
        (3, 3, 8, "rank 3"),
        (3, 6, 8, "between rank 3 and rank 6"),
        (1, 1, 1, "the only one"),
        (1, 1, 2, "the largest"),
        (2, 2, 2, "the smallest"),
    ],
)
def test_a_rank_is_said_in_words(first: int, last: int, of: int, words: str) -> None:
    assert Rank(first, last, of).words == words


# Two figures


def test_two_figures_are_compared_in_natural_frequencies() -> None:
    one, other = count(110), count(100, cell=1)
    told = compared(one, other)
    assert told.hundred == pytest.approx(100 * scipy.stats.norm.cdf(10 / 200**0.5), abs=1.5)  # 76
    assert told.words("housing", "food") == f"in {told.hundred} of 100, housing is the larger"
    assert compared(other, one).first is False
    assert compared(count(900), other).words("housing", "food") == "in more than 99 of 100, housing is the larger"
    assert compared(one, one).words("housing", "food") == "whether housing or food is the larger cannot be told"


def test_possible_pictures_are_the_same_for_everybody() -> None:
    """By the generator as its docstring writes it down; the first deviates are pinned."""
    [[one], [two], *_] = possible_pictures([count(100)])
    assert (one, two) == (pytest.approx(100 + 10 * FIRST[1]), pytest.approx(100 + 10 * FIRST[3]))
    assert len(possible_pictures([count(100), share(30, 100)])) == 10


def test_a_ratio_is_drawn_with_the_noise_that_its_ends_share() -> None:
    assert [drawn(MeasuredFigure(WHOLE, WHOLE), z, 0.0) for z in (-2.0, 0.0, 2.0)] == [1.0, 1.0, 1.0]
    assert drawn(share(300, 10, quarter=2), -2.0, 0.0) is None


FIRST = (-1.088909, 0.256765, 0.942511, -1.84136)


# Behind a point


def world() -> Released:
    numbers = {"needs_by_service": 400, "unmet_needs_by_service": 120, "cases": 900}
    return released(releases(numbers, APRIL, AFTER, lambda name, *_: numbers[name], variance=25))


def the_point(metric: str, epoch: int, **dimensions: str) -> MetricPoint:
    found = of(points(world(), epoch, everything, [BY_METRIC[metric]]), **dimensions)
    return next(one for one in found if one.period % 5)


@pytest.mark.parametrize("metric", ["needs_by_service", "unmet_need_share", "needs_per_case"])
def test_the_noise_behind_a_point_gives_its_interval_again(metric: str) -> None:
    point = the_point(metric, APRIL, service="food")
    found = Behind(world()).of(point)
    low, high = found.interval()
    assert point.low <= low
    assert high <= point.high
    assert float(found.value) == pytest.approx(float(point.value), abs=1e-4)


def test_disjoint_quarters_share_no_noise_and_a_year_shares_that_of_its_quarters() -> None:
    behind = Behind(world())
    first, second, last = (behind.of(the_point("cases", epoch)) for epoch in (APRIL, JULY, AFTER))
    year = next(
        one for one in points(world(), AFTER, everything, [BY_METRIC["cases"]]) if one.period == period_of(2026)
    )
    assert not first.shares_noise_with(second)
    assert behind.of(year).shares_noise_with(last)
    assert behind.of(year).span == 4


def test_a_mean_is_of_its_years() -> None:
    made = released(releases(["state_cases"], AFTER - 24, AFTER, lambda *_: 300, variance=25))
    point = next(one for one in points(made, AFTER, everything, [BY_METRIC["state_cases_mean"]]))
    found = Behind(made).of(point)
    low, high = found.interval()
    assert float(found.value) == float(point.value) == 300
    assert point.low <= low
    assert high <= point.high
    assert (low, high) != (point.low, point.high)
    assert found.shares_noise_with(Behind(made).of(replace(point, metric="state_cases")))


def test_nothing_is_behind_what_is_not_shown() -> None:
    point = the_point("cases", APRIL)
    behind = Behind(world())
    assert behind.of(replace(point, usable=False)) is behind.of(replace(point, withheld=True)) is None
    assert behind.of(replace(point, metric="a_later_metric")) is behind.of(replace(point, period=1)) is None
    assert Fraction(behind.of(point).value) == 900
