"""Sums of releases: one value in any order and by any path, unclamped, with all noise counted."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.counting.tables import Tier
from exchange.core.metrics.estimates import Estimate, covariance, total
from exchange.core.metrics.figures import Count, MetricPoint, Ratio
from exchange.core.metrics.table import BY_METRIC, METRICS, all_points, points
from exchange.core.metrics.view import ARRIVALS, Origin, Period, Sum, View
from exchange.core.model.epochs import epoch_of
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import DIVISION
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release, Released
from tests.kits.release_world import (
    AFTER,
    APRIL,
    JULY,
    OCTOBER,
    everything,
    keyed,
    of,
    release,
    released,
    releases,
    truth_of,
)
from tests.kits.sizes import examples

NAMES = ("cases", "cases_by_age_group", "exits_by_reason", "exits_by_duration_band", "cases_too_late", "arrivals_cases")
SHOWN = [BY_METRIC[name] for name in (*NAMES, "exit_reason_share", "days_in_care", "late_case_share")]
SEEDS = st.integers(0, 2**32 - 1)
Q1, Q4, YEAR = period_of(2026, 1), period_of(2026, 4), period_of(2026)
AGES = tuple((code,) for code in ("under_18", "adult_18_26", "adult_27_38", "adult_39_plus"))
QUARTERLY = (APRIL, JULY, OCTOBER, AFTER)


def drawn(seed: int, names: Iterable[str] = NAMES, last: int = AFTER, low: int = -20, high: int = 60) -> list[Release]:
    rng = np.random.default_rng(seed)
    return releases(names, APRIL, last, lambda *_: int(rng.integers(low, high)))


def whole(view: View, table: str, period: Period) -> Sum:
    return Sum(table, period, view.places(table), view.values(table))


def known(estimate: Estimate | None) -> Estimate:
    assert estimate is not None
    return estimate


def at(made: Iterable[Release], epoch: int, metric: str) -> dict[Period, MetricPoint]:
    """The points of a metric of the nation in an epoch, by period."""
    return {point.period: point for point in points(released(made), epoch, everything, [BY_METRIC[metric]])}


# Taking releases


@given(seed=SEEDS, shuffled=st.randoms(use_true_random=False))
@settings(max_examples=examples(25))
def test_taking_releases_in_any_order_or_twice_gives_the_same_points(seed: int, shuffled: Random) -> None:
    made = drawn(seed)
    other = made + made[::2]
    shuffled.shuffle(other)
    one_by_one = Released()
    for some in other:
        one_by_one = one_by_one.taking([some])
    assert list(all_points(one_by_one, everything, SHOWN)) == list(all_points(released(made), everything, SHOWN))


@given(seed=SEEDS, other=SEEDS)
@settings(max_examples=examples(25))
def test_which_points_there_are_shows_nothing_about_the_numbers(seed: int, other: int) -> None:
    one, two = (keyed(all_points(released(drawn(s)), everything, SHOWN)) for s in (seed, other))
    assert list(one) == list(two)


def test_an_old_epoch_holds_what_was_known_then() -> None:
    made = drawn(7)
    early = [some for some in made if some.epoch <= JULY]
    assert list(points(released(made), JULY, everything)) == list(points(released(early), JULY, everything))


# Each period once


def test_a_quarter_has_points_in_the_one_epoch_that_draws_it_and_a_year_in_january() -> None:
    made = releases(["cases_by_gender", "arrivals_cases"], APRIL, AFTER + 9, lambda *_: 100)  # the latter monthly
    found = [(p.period, p.epoch) for p in all_points(released(made), everything, [BY_METRIC["cases_by_gender"]])]
    quarters = [(period_of(2026, q), epoch) for q, epoch in enumerate(QUARTERLY, 1)]
    later = [(period_of(2027, q), epoch_of(2027, 3 * q + 1)) for q in (1, 2, 3)]
    assert set(found) == {*quarters, (YEAR, AFTER), *later}
    cells = len(DECLARED["cases_by_gender"].codes[0])
    assert all(found.count(one) == cells for one in found)


def test_a_year_is_its_quarters_and_the_records_of_the_whole_year() -> None:
    counts = {**{period_of(2026, q): 10**q for q in range(1, 5)}, YEAR: 7}
    made = releases(["cases"], APRIL, AFTER, lambda _, __, period, *___: counts[period])
    [year, _] = [at(made, AFTER, "cases")[period] for period in (YEAR, Q4)]
    assert (year.value, year.computed_from) == (11_117, tuple(Origin("cases", epoch) for epoch in QUARTERLY))


@pytest.mark.parametrize("missing", QUARTERLY)
def test_a_year_without_one_of_its_releases_does_not_exist(missing: int) -> None:
    made = [one for one in releases(["cases"], APRIL, AFTER, lambda *_: 100) if one.epoch != missing]
    assert set(at(made, AFTER, "cases")) == (set() if missing == AFTER else {Q4})


def test_a_table_is_compared_only_for_periods_that_both_have() -> None:
    needs = releases(["needs_by_service"], APRIL, AFTER, lambda *_: 100)
    late = releases(["unmet_needs_by_service"], JULY, AFTER, lambda *_: 50)
    found = list(all_points(released(needs + late), everything, [BY_METRIC["unmet_need_share"]]))
    assert {point.period for point in found} == {period_of(2026, q) for q in (2, 3, 4)}


def test_cases_too_late_are_compared_with_the_cases_that_their_quarter_was_counted_with() -> None:
    def count(name: str, epoch: int, *_: object) -> int:
        return 20 + epoch - APRIL if name == "cases_too_late" else 100 * (1 + epoch - APRIL)

    made = releases(["cases", "cases_too_late"], APRIL, JULY, count)
    assert at(made, APRIL, "late_case_share") == {}  # of the last quarter of 2025, whose cases were never drawn
    [(period, found)] = at(made, JULY, "late_case_share").items()
    assert (period, found.value) == (Q1, Decimal("0.2300"))
    assert found.computed_from == (Origin("cases_too_late", JULY), Origin("cases", APRIL))


def test_arrivals_are_of_one_month_and_in_no_quarter() -> None:
    made = releases(["arrivals_cases", "cases"], APRIL, JULY, lambda name, epoch, *_: 100 + epoch - APRIL)
    assert {e: at(made, e, "arrivals_cases")[ARRIVALS].value for e in (APRIL, APRIL + 1, JULY)} == {
        APRIL: 100,
        APRIL + 1: 101,
        JULY: 103,
    }
    assert set(at(made, JULY, "arrivals_cases")) == {ARRIVALS}
    assert {p.period for m in METRICS if m.tables != ("arrivals_cases",) for p in of_one(made, m.name)} == {
        period_of(2026, 2)
    }


def test_what_arrived_in_other_months_is_not_there() -> None:
    view = View(released(releases(["arrivals_cases"], APRIL, APRIL, lambda *_: 100)), APRIL + 1)
    assert not view.has("arrivals_cases", ARRIVALS)
    assert view.periods("arrivals_cases") == ()


def of_one(made: Iterable[Release], metric: str) -> Iterator[MetricPoint]:
    return points(released(made), JULY, everything, [BY_METRIC[metric]])


# Means


def states(first: int, last: int) -> list[Release]:
    """State cases of these years: a hundred times the year's last digit."""
    return [
        release("state_cases", epoch_of(year + 1, 1), lambda *_, y=year: 100 * (y % 10), variance=9)
        for year in range(first, last + 1)
    ]


@pytest.mark.parametrize(
    ("made", "mean", "years"),
    [
        pytest.param(states(2028, 2028), None, 0, id="one year"),
        pytest.param(states(2027, 2028), 750, 2, id="two"),
        pytest.param(states(2026, 2028), 700, 3, id="three"),
        pytest.param(states(2024, 2028), 700, 3, id="more"),
        pytest.param([*states(2024, 2026), *states(2028, 2028)], None, 0, id="a gap"),
        pytest.param([*states(2024, 2025), *states(2027, 2028)], 750, 2, id="an earlier gap"),
    ],
)
def test_a_mean_is_of_the_last_years_in_a_row_and_names_them(made: list[Release], mean: int | None, years: int) -> None:
    epoch = epoch_of(2029, 1)
    found = list(points(released(made), epoch, everything, [BY_METRIC["state_cases_mean"]]))
    assert bool(found) is (mean is not None)
    for point in of(found, state="ca"):
        assert (point.value, point.period) == (mean, period_of(2028))
        assert point.computed_from == tuple(Origin("state_cases", epoch - 12 * n) for n in range(years))
        assert (point.low, point.high) == {2: (745, 755), 3: (696, 704)}[years]  # 1.96 · 3 / √years, outwards


def test_the_threshold_of_a_mean_is_that_of_a_year() -> None:
    made = [release("state_cases", epoch_of(year, 1), lambda *_: 10) for year in (2027, 2028, 2029)]
    [point] = of(points(released(made), epoch_of(2029, 1), everything, [BY_METRIC["state_cases_mean"]]), state="ca")
    assert point.withheld


# Sums


@given(seed=SEEDS)
@settings(max_examples=examples(4))
def test_every_figure_is_the_raw_sum_of_its_cells_however_negative(seed: int) -> None:
    """Every metric, in a January and the years before it: against sums cell by cell."""
    rng = np.random.default_rng(seed)
    made = releases(DECLARED, APRIL, AFTER, lambda *_: int(rng.integers(-60, 90)), 64)
    view, truth = View(released(made), AFTER), truth_of(made)
    for metric in METRICS:
        for figure in metric.formula(view):
            terms = {Count: lambda s: (s.of,), Ratio: lambda s: (s.over, s.under)}.get(
                type(figure.says), lambda s: ((cell,) for cell in s.cells)
            )(figure.says)
            for term in terms:
                assert known(view.estimate(term)).value == sum(map(truth, term))
                cells = [len(one.places) * len(one.values) * drawn_periods(one) for one in term]
                assert known(view.estimate(term)).variance == 64 * sum(cells)


def drawn_periods(one: Sum) -> int:
    """How many draws are in each cell; none in one of agencies."""
    if not DECLARED[one.table].bit:
        return 0
    return 5 if DECLARED[one.table].tier is Tier.NATION_QUARTERLY and one.period == YEAR else 1


def test_what_is_displayed_is_clamped_and_what_is_summed_is_not() -> None:
    made = releases(["cases"], APRIL, AFTER, lambda _, __, period, *___: -40 if period == Q1 else 50)
    assert at(made, AFTER, "cases")[YEAR].value == -40 + 4 * 50
    assert at(made, APRIL, "cases")[Q1].withheld


@given(seed=SEEDS)
@settings(max_examples=examples(10))
def test_a_division_is_the_sum_of_its_states(seed: int) -> None:
    view = View(released(drawn(seed, ["state_cases"])), AFTER)
    for division in set(DIVISION.values()):
        inside = tuple(s for s in view.places("state_cases") if DIVISION[s] == division)
        if inside:
            one_by_one = total(known(view.estimate([Sum("state_cases", YEAR, (s,), ((),))])) for s in inside)
            together = known(view.estimate([Sum("state_cases", YEAR, inside, ((),))]))
            assert (together.value, together.variance) == (one_by_one.value, one_by_one.variance)


def test_points_of_divisions_are_sums_of_points_of_states() -> None:
    made = releases(["state_cases"], AFTER, AFTER, lambda *_: 100)
    found = list(points(released(made), AFTER, everything, [BY_METRIC["state_cases"]]))
    pacific = sum(p.value or 0 for s, d in DIVISION.items() if d == "pacific" for p in of(found, state=s))
    assert [p.value for p in of(found, division="pacific")] == [pacific] == [500]
    assert not any("unknown" in p.dimensions[0] for p in found)


@given(seed=SEEDS)
@settings(max_examples=examples(20))
def test_the_shares_of_a_whole_add_up_to_one_exactly(seed: int) -> None:
    view = View(released(drawn(seed, ["exits_by_reason"], low=0)), AFTER)
    everyone = whole(view, "exits_by_reason", YEAR)
    below = known(view.estimate([everyone]))
    parts = [known(view.estimate([replace(everyone, values=(values,))])) for values in everyone.values]
    assert sum(part.value for part in parts) == below.value
    assert sum(covariance(part, below) for part in parts) == below.variance


LINEAR = releases(["cases", "cases_by_age_group"], APRIL, AFTER, lambda _, epoch, *__: 300 + epoch % 7, Fraction(9, 4))
PATHS = [
    (("cases", YEAR, ((),)), ("cases", YEAR, ((),))),
    (("cases", YEAR, ((),)), ("cases", Q1, ((),))),
    (("cases", Q4, ((),)), ("cases", Q1, ((),))),
    (("cases_by_age_group", Q1, AGES[:1]), ("cases_by_age_group", Q1, AGES[1:2])),
    (("cases_by_age_group", YEAR, AGES[:2]), ("cases_by_age_group", YEAR, AGES)),
    (("cases_by_age_group", YEAR, AGES[:2]), ("cases_by_age_group", Q4, AGES[1:])),
]


@pytest.mark.parametrize("path", PATHS, ids=["total", "year and quarter", "quarters", "cells", "part", "part, quarter"])
def test_covariance_is_what_moving_each_count_by_one_shows(
    path: tuple[tuple[str, int, tuple[tuple[str, ...], ...]], ...],
) -> None:
    """The reference: estimates are linear, so covariance sums slope × slope × σ² by count."""

    def values(made: list[Release]) -> list[Estimate]:
        view = View(released(made), AFTER)
        return [known(view.estimate([Sum(name, period, ("us",), cells)])) for name, period, cells in path]

    at_rest, found = values(LINEAR), Fraction(0)
    for n, some in enumerate(LINEAR):
        for i in range(len(some.counts)):
            moved = tuple((x or 0) + (i == j) for j, x in enumerate(some.counts))
            now = values([*LINEAR[:n], replace(some, counts=moved), *LINEAR[n + 1 :]])
            one, other = (Fraction(b.value - a.value) for a, b in zip(at_rest, now, strict=True))
            found += one * other * some.variance
    assert covariance(*at_rest) == found


def test_a_cell_that_would_count_twice_is_refused() -> None:
    view = View(released(LINEAR), AFTER)
    year, quarter = (known(view.estimate([Sum("cases", p, ("us",), ((),))])) for p in (YEAR, Q1))
    with pytest.raises(ValueError, match="twice"):
        total([year, quarter])
