"""Intervals and quantiles by definition: a ratio's interval holds r iff data do not reject r."""

from fractions import Fraction
from itertools import pairwise
from math import nextafter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exchange.core.metrics.estimates import Block, Estimate, Exact, total
from exchange.core.metrics.intervals import Z, fieller, of_ratio, of_sum, root_up
from exchange.core.metrics.quantiles import MEDIAN, NINETIETH, isotonic, quantile
from exchange.core.model import vocabulary as v

BANDS = tuple(v.WAIT_BAND_DAYS.values())
numbers = st.integers(-400, 4000)
variances = st.integers(1, 2000)
spreads = st.fractions(Fraction(1, 256), 2000, max_denominator=256)
fractions = st.fractions(0, 10**9, max_denominator=10**6)
shares = st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=100)
counts = st.lists(st.integers(-60, 500), min_size=len(BANDS), max_size=len(BANDS))


def cells(values: list[int], variance: int) -> list[Estimate]:
    block = Block("of a test", 1, variance)
    return [Estimate(value, {block: 1 << i} if variance else {}) for i, value in enumerate(values)]


def not_rejected(r: Fraction, n: int, d: int, nv: Exact, dv: Exact, c: Exact) -> bool:
    return (n - r * d) ** 2 <= Z * Z * (nv - 2 * r * c + r * r * dv)


@given(square=fractions)
def test_roots_are_rounded_up_by_less_than_a_billionth(square: Fraction) -> None:
    high = root_up(square)
    assert square <= high**2
    assert high == 0 or (high - Fraction(1, 10**9)) ** 2 < square


def test_the_quantile_of_the_normal_is_rounded_up() -> None:
    assert float(Z) >= 1.959963984540054
    assert float(Z) <= nextafter(nextafter(1.959963984540054, 2), 2)


@given(n=numbers, d=numbers, nv=spreads, dv=spreads, part=st.fractions(-1, 1, max_denominator=50), r=fractions)
def test_fieller_holds_every_ratio_that_is_not_rejected(
    n: int, d: int, nv: Fraction, dv: Fraction, part: Fraction, r: Fraction
) -> None:
    c = part * min(nv, dv)
    low, high = fieller(n, d, nv, dv, c)
    for some in (r, r / 10**9, r / 10**6):
        if not_rejected(some, n, d, nv, dv, c):
            assert low is not None
            assert low <= some
            assert high is None or some <= high


@given(n=numbers, d=st.integers(300, 4000), nv=variances, dv=variances)
def test_fieller_is_no_wider_than_it_must_be(n: int, d: int, nv: int, dv: int) -> None:
    assume(d * d > Z * Z * dv)
    low, high = fieller(n, d, nv, dv, 0)
    assert low is not None
    assert high is not None
    hair = Fraction(1, 10**6)
    assert not not_rejected(high + hair, n, d, nv, dv, Fraction(0)) or high == 0
    assert low == 0 or not not_rejected(low - hair, n, d, nv, dv, Fraction(0))


def test_a_denominator_that_may_be_zero_has_no_upper_bound() -> None:
    assert fieller(5, 10, 100, 100, 0) == (0, None)
    assert fieller(500, 10, 100, 100, 0)[1] is None
    low = fieller(500, 10, 100, 100, 0)[0]
    assert low is not None
    assert low > 10  # surely many times as much, only nobody knows how many


def test_an_exact_zero_below_has_no_ratio() -> None:
    assert of_ratio(cells([5], 4)[0], Estimate(0, {})) == (None, None)


def test_the_covariance_of_a_part_with_its_whole_narrows_its_share() -> None:
    """Worked by hand: N − rD = (1 − r)·x − r·y has variance (1 − r)²·s + r²·s."""
    some = cells([900, 100], 100)
    whole = total(some)
    low, high = of_ratio(some[0], whole)
    assert low is not None
    assert high is not None
    for r in (low, high):
        assert abs((900 - r * 1000) ** 2 - Z * Z * ((1 - r) ** 2 * 100 + r**2 * 100)) < Fraction(1, 100)


@given(value=numbers, variance=variances)
def test_the_interval_of_a_sum_is_the_normal_one_cut_at_zero(value: int, variance: int) -> None:
    low, high = of_sum(cells([value], variance)[0])
    assert low is not None
    assert high is not None
    assert low == 0 or (value - low) ** 2 >= Z * Z * variance
    assert high == 0 or (high - value) ** 2 >= Z * Z * variance
    assert high - low < 4 * variance**0.5


# Quantiles


@given(values=st.lists(st.integers(-100, 100), min_size=1, max_size=9))
def test_the_isotonic_fit_is_the_greatest_of_least_means(values: list[int]) -> None:
    """The max–min formula of isotonic regression, which needs no algorithm."""

    def mean(a: int, b: int) -> Fraction:
        return Fraction(sum(values[a : b + 1]), b + 1 - a)

    n = len(values)
    expected = [max(min(mean(a, b) for b in range(i, n)) for a in range(i + 1)) for i in range(n)]
    assert isotonic(values) == expected


@given(values=counts, variance=st.integers(0, 400), one=shares, other=shares)
def test_quantiles_never_fall_when_q_rises(values: list[int], variance: int, one: Fraction, other: Fraction) -> None:
    lesser, greater = (quantile(cells(values, variance), BANDS, q) for q in sorted((one, other)))
    if lesser.value is None or greater.value is None:
        assert lesser == greater
        return
    assert lesser.value <= greater.value
    assert lesser.interval[0] <= greater.interval[0]  # the first end is never open
    assert greater.interval[1] is None or (lesser.interval[1] is not None and lesser.interval[1] <= greater.interval[1])


@given(values=counts, variance=st.integers(0, 400), q=shares)
def test_a_quantile_lies_in_its_interval(values: list[int], variance: int, q: Fraction) -> None:
    found = quantile(cells(values, variance), BANDS, q)
    low, high = found.interval
    assert low is not None
    assert found.value is None or low <= found.value
    assert found.value is None or high is None or found.value <= high


@given(values=st.lists(st.integers(0, 500), min_size=6, max_size=6), q=shares)
def test_without_noise_the_interval_is_the_band_that_holds_the_quantile(values: list[int], q: Fraction) -> None:
    assume(sum(values))
    reached = next(j for j in range(6) if sum(values[: j + 1]) >= q * sum(values))
    assert quantile(cells(values, 0), BANDS, q).interval == BANDS[reached]


@given(values=counts, variance=st.integers(1, 400), q=shares)
def test_more_noise_never_narrows_an_interval(values: list[int], variance: int, q: Fraction) -> None:
    (low, high), (lower, higher) = (quantile(cells(values, s), BANDS, q).interval for s in (variance, 4 * variance))
    assert lower <= low
    assert higher is None or (high is not None and high <= higher)


def test_a_median_between_its_neighbours() -> None:
    found = quantile(cells([100, 500, 300, 60, 30, 10], 100), BANDS, MEDIAN)
    assert found.value == 1 + 6 * Fraction(4, 5)
    assert found.interval == (1, 7)
    assert quantile(cells([100, 500, 300, 60, 30, 10], 100), BANDS, NINETIETH).interval == (8, 90)


def test_of_an_open_band_the_beginning_is_known_only() -> None:
    found = quantile(cells([1, 1, 1, 1, 1, 995], 4), BANDS, MEDIAN)
    assert (found.value, found.interval) == (181, (181, None))


@pytest.mark.parametrize("values", [[0] * 6, [-5, 3, 0, 0, 0, 0]])
def test_nobody_counted_has_no_quantile(values: list[int]) -> None:
    found = quantile(cells(values, 4), BANDS, MEDIAN)
    assert (found.value, found.interval) == (None, (0, None))


def test_bands_rise_without_gaps() -> None:
    """What the quantiles rely on, for every kind of band that a metric uses."""
    used = (v.WAIT_BAND_DAYS, v.DURATION_BAND_DAYS, v.YEARS_BAND_YEARS, v.REPORTING_MINUTES_MINUTES)
    for bands in used:
        for (_, greatest), (least, _) in pairwise(bands.values()):
            assert greatest is not None
            assert least == greatest + 1
