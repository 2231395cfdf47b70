"""Sums of releases: one value in any order and by any path, unclamped, with all noise counted."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.metrics.estimates import Estimate, covariance, total
from exchange.core.metrics.reconcile import MARGINS, Margin, adjustments, reconciled
from exchange.core.metrics.table import BY_METRIC, all_points, points
from exchange.core.metrics.view import RUNNING, Period, Sum, View
from exchange.core.model.epochs import epoch_of
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import DIVISION
from exchange.core.release.released import Release, Released
from exchange.core.release.tiers import Bucket
from tests.kits.release_world import DECEMBER, JANUARY, JUNE, MARCH, everything, keyed, of, release, released, releases
from tests.kits.sizes import examples

NAMES = ("cases", "cases_by_age_group", "exits_by_reason", "exits_by_duration_band", "services_by_wait_band")
SEEDS = st.integers(0, 2**32 - 1)
FIRST_QUARTER, YEAR = period_of(2026, 1), period_of(2026)
AGES = tuple((code,) for code in ("under_18", "adult_18_26", "adult_27_38", "adult_39_plus"))


def drawn(seed: int, names: Iterable[str] = NAMES, last: int = JUNE, low: int = -20, high: int = 60) -> list[Release]:
    rng = np.random.default_rng(seed)
    return releases(names, JANUARY, last, lambda *_: int(rng.integers(low, high)))


def whole(view: View, table: str, period: Period) -> Sum:
    return Sum(table, period, view.places(table), view.values(table))


def known(estimate: Estimate | None) -> Estimate:
    assert estimate is not None
    return estimate


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
    metrics = [BY_METRIC[name] for name in ("cases", "cases_by_age_group", "exit_reason_share", "days_in_care")]
    assert list(all_points(one_by_one, everything, metrics)) == list(all_points(released(made), everything, metrics))


@given(seed=SEEDS, other=SEEDS)
@settings(max_examples=examples(25))
def test_which_points_there_are_shows_nothing_about_the_numbers(seed: int, other: int) -> None:
    metrics = [BY_METRIC[name] for name in ("cases", "exit_reason_share", "days_in_care")]
    one, two = (keyed(all_points(released(drawn(s)), everything, metrics)) for s in (seed, other))
    assert list(one) == list(two)


def test_an_old_epoch_holds_what_was_known_then() -> None:
    made = drawn(7)
    early = [some for some in made if some.epoch <= MARCH]
    assert list(points(released(made), MARCH, everything)) == list(points(released(early), MARCH, everything))


def test_a_missing_release_leaves_its_table_without_points_until_it_comes() -> None:
    made = releases(["cases"], JANUARY, JUNE, lambda *_: 100)
    hole = [some for some in made if some.epoch != MARCH]
    assert list(points(released(hole), JUNE, everything)) == []
    assert list(points(released(made[1:]), JUNE, everything)) == []  # the first is missing
    assert len(list(points(released(made), JUNE, everything))) == 5  # two quarters, two years, all there is


def test_a_table_is_compared_only_for_periods_that_all_counted_from_their_beginning() -> None:
    needs = releases(["needs_by_service"], JANUARY, JUNE, lambda *_: 100)
    late = releases(["unmet_needs_by_service"], epoch_of(2026, 4), JUNE, lambda *_: 50)
    found = list(points(released(needs + late), JUNE, everything, [BY_METRIC["unmet_need_share"]]))
    assert {point.period for point in found} == {period_of(2026, 2)}


# Sums


@given(seed=SEEDS)
@settings(max_examples=examples(25))
def test_a_year_is_the_raw_sum_of_all_its_increments_however_negative(seed: int) -> None:
    made = drawn(seed, ["exits_by_reason"], DECEMBER, low=-60, high=60)
    view = View(released(made), DECEMBER)
    for place, values in product(view.places("exits_by_reason"), view.values("exits_by_reason")):
        i = view.values("exits_by_reason").index(values)
        mine = [r.of(b)[i] or 0 for r in made for b in r.buckets]
        assert known(view.estimate([Sum("exits_by_reason", RUNNING, (place,), (values,))])).value == sum(mine)
        of_year = [
            r.of(b)[i] or 0
            for r in made
            for b in (Bucket.QUARTER, Bucket.QUARTER_BEFORE, Bucket.YEAR)
            if not (b is Bucket.QUARTER_BEFORE and r.epoch == MARCH)  # the last quarter of 2025
        ]
        assert known(view.estimate([Sum("exits_by_reason", YEAR, (place,), (values,))])).value == sum(of_year)


def test_what_is_displayed_is_clamped_and_what_is_summed_is_not() -> None:
    made = releases(["cases"], JANUARY, JUNE, lambda _, epoch, *__: -40 if epoch == JANUARY else 20)
    found = {p.period: p for p in points(released(made), JUNE, everything, [BY_METRIC["cases"]])}
    assert found[FIRST_QUARTER].value == -40 + 5 * 20
    early = {p.period: p for p in points(released(made), JANUARY, everything, [BY_METRIC["cases"]])}
    assert early[FIRST_QUARTER].withheld
    assert early[FIRST_QUARTER].value is None


@given(seed=SEEDS)
@settings(max_examples=examples(10))
def test_a_division_is_the_sum_of_its_states(seed: int) -> None:
    view = View(released(drawn(seed, ["state_cases"], DECEMBER)), DECEMBER)
    for division in set(DIVISION.values()):
        states = tuple(s for s in view.places("state_cases") if DIVISION[s] == division)
        if states:
            one_by_one = total(known(view.estimate([Sum("state_cases", YEAR, (s,), ((),))])) for s in states)
            together = known(view.estimate([Sum("state_cases", YEAR, states, ((),))]))
            assert (together.value, together.variance) == (one_by_one.value, one_by_one.variance)


def test_points_of_divisions_are_sums_of_points_of_states() -> None:
    made = releases(["state_cases"], JANUARY, DECEMBER, lambda *_: 100)
    found = [p for p in points(released(made), DECEMBER, everything, [BY_METRIC["state_cases"]]) if p.period == YEAR]
    pacific = sum(p.value or 0 for s, d in DIVISION.items() if d == "pacific" for p in of(found, state=s))
    assert [p.value for p in of(found, division="pacific")] == [pacific] == [500]
    assert not any("unknown" in p.dimensions[0] for p in found)


@given(seed=SEEDS)
@settings(max_examples=examples(20))
def test_the_shares_of_a_whole_add_up_to_one_exactly(seed: int) -> None:
    view = View(released(drawn(seed, ["exits_by_reason"], MARCH, low=0)), MARCH)
    everyone = whole(view, "exits_by_reason", FIRST_QUARTER)
    below = known(view.estimate([everyone]))
    parts = [known(view.estimate([replace(everyone, values=(values,))])) for values in everyone.values]
    assert sum(part.value for part in parts) == below.value
    assert sum(covariance(part, below) for part in parts) == below.variance


# Reconciled margins


def viewed(made: Iterable[Release], epoch: int = MARCH, margins: tuple[Margin, ...] = MARGINS) -> View:
    """The view in which margins agree; with none of them, the one in production."""
    every = released(made)
    return View(every, epoch, reconciled(every, epoch, margins)) if margins else View(every, epoch)


def quarter(seed: int, *, margin: int = 0, names: Iterable[str] = ("cases", "cases_by_age_group")) -> list[Release]:
    """A quarter of releases: margins equal but for small noise, `margin` added to the parts."""
    rng = np.random.default_rng(seed)

    def count(name: str, _: int, __: int, ___: str, ____: tuple[str, ...]) -> int:
        size = 300 if name == "cases" else 900 // release(name, MARCH).cells
        return size + (margin if name != "cases" else 0) + int(rng.integers(-3, 4))

    return releases(names, JANUARY, MARCH, count)


@given(seed=SEEDS)
@settings(max_examples=examples(20))
def test_a_total_and_the_sum_of_its_parts_are_the_same_figure_by_every_path(seed: int) -> None:
    view = viewed(quarter(seed, names=("cases", *MARGINS[0].parts)), MARCH, MARGINS)
    for period in view.periods("cases"):
        direct = known(view.estimate([whole(view, "cases", period)]))
        for part in MARGINS[0].parts:
            by_parts = known(view.estimate([whole(view, part, period)]))
            assert (by_parts.value, by_parts.variance) == (direct.value, direct.variance)
            assert covariance(by_parts, direct) == direct.variance


def test_reconciled_figures_have_less_noise_than_any_of_their_margins() -> None:
    made = quarter(3)
    apart, together = (viewed(made, MARCH, margins) for margins in ((), MARGINS))
    for name, values in (("cases", ((),)), ("cases_by_age_group", AGES[:1]), ("cases_by_age_group", AGES)):
        asked = Sum(name, FIRST_QUARTER, ("us",), values)
        assert known(together.estimate([asked])).variance < known(apart.estimate([asked])).variance


def test_margins_are_weighed_by_their_precision() -> None:
    months = [release("cases", e, lambda *_: 1000, variance=9) for e in range(JANUARY, MARCH + 1)]
    ages = release("cases_by_age_group", MARCH, lambda *_: 334, variance=1)
    total_of = known(viewed([*months, ages], MARCH, MARGINS).estimate([Sum("cases", FIRST_QUARTER, ("us",), ((),))]))
    assert (ages.cells, months[0].variance) == (9, 9)
    assert total_of.value == (Fraction(3000, 27) + Fraction(9 * 334, 9)) / (Fraction(1, 27) + Fraction(1, 9))
    assert total_of.variance == 1 / (Fraction(1, 27) + Fraction(1, 9))


def test_a_month_that_no_part_covers_yet_counts_as_it_is() -> None:
    made = [*quarter(5), release("cases", epoch_of(2026, 4), lambda *_: 17)]
    before, after = viewed(made, MARCH, MARGINS), viewed(made, epoch_of(2026, 4), MARGINS)
    asked = Sum("cases", FIRST_QUARTER, ("us",), ((),))
    now, then = known(after.estimate([asked])), known(before.estimate([asked]))
    assert (now.value, now.variance) == (then.value + 17, then.variance + 4)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(quarter(1, margin=50), id="further apart than noise"),
        pytest.param(quarter(1, names=["cases", "cases_by_gender"]), id="codes kept out"),
        pytest.param([some for some in quarter(1) if some.epoch != JANUARY + 1], id="months missing"),
        pytest.param([some for some in quarter(1) if some.table != "cases"], id="no total"),
    ],
)
def test_what_may_not_be_the_same_total_stays_as_it_is(made: list[Release]) -> None:
    either = Margin("cases", ("cases_by_age_group", "cases_by_gender"), "each case has one of each")
    assert adjustments(released(made), MARCH, [either]) == {}


LINEAR = [*quarter(11), release("cases", epoch_of(2026, 4), lambda *_: 310)]
PATHS = [
    (("cases", ((),)), ("cases", ((),))),
    (("cases_by_age_group", AGES[:1]), ("cases_by_age_group", AGES[:1])),
    (("cases_by_age_group", AGES[:1]), ("cases_by_age_group", AGES[1:2])),
    (("cases_by_age_group", AGES[:2]), ("cases_by_age_group", AGES)),
]


@pytest.mark.parametrize("margins", [(), MARGINS], ids=["raw", "reconciled"])
@pytest.mark.parametrize("path", PATHS, ids=["total", "cell", "two cells", "part of a whole"])
@pytest.mark.parametrize("period", [FIRST_QUARTER, YEAR, RUNNING], ids=str)
def test_covariance_is_what_moving_each_increment_by_one_shows(
    period: Period, path: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...], margins: tuple[Margin, ...]
) -> None:
    """The reference: estimates are linear, so covariance sums slope × slope × σ² by increment."""

    def values(made: list[Release]) -> list[Estimate]:
        view = viewed(made, MARCH, margins)
        return [known(view.estimate([Sum(name, period, ("us",), cells)])) for name, cells in path]

    at_rest, found = values(LINEAR), Fraction(0)
    for n, some in enumerate(LINEAR):
        for i in range(len(some.increments)):
            moved = tuple((x or 0) + (i == j) for j, x in enumerate(some.increments))
            now = values([*LINEAR[:n], replace(some, increments=moved), *LINEAR[n + 1 :]])
            one, other = (Fraction(b.value - a.value) for a, b in zip(at_rest, now, strict=True))
            found += one * other * some.variance
    assert covariance(*at_rest) == found


def test_noise_that_two_periods_share_is_refused_not_forgotten() -> None:
    view = viewed(quarter(2), MARCH, MARGINS)
    one, other = (known(view.estimate([Sum("cases", p, ("us",), ((),))])) for p in (FIRST_QUARTER, YEAR))
    with pytest.raises(ValueError, match="two periods"):
        covariance(one, other)
