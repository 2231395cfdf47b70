"""Intervals of 95 %: of sums, and of ratios of sums. Exact rationals, rounded outwards only.

**Sums.** The noise of a sum is a sum of independent discrete Gaussians. It is sub-Gaussian with the
sum of the σ² as its variance proxy, and has at most that variance (C. Canonne, G. Kamath, T.
Steinke 2020, "The Discrete Gaussian for Differential Privacy", arXiv:2004.00010). For σ of a few
units and more, its quantiles are those of the normal: value ± z·√variance. The ends are rounded
outwards to whole numbers for display, which makes up for the lattice.

**Ratios.** Fieller's interval (E. C. Fieller 1954, "Some problems in interval estimation", Journal
of the Royal Statistical Society B 16, 175–185): every r for which the data do not reject N − rD =
0, that is (N − rD)² ≤ z²·(v_N − 2·r·c + r²·v_D), c being the covariance. It is exact for normal
noise, whatever the size of the denominator. If D is not clearly different from zero, the interval
is unbounded and has an end of None.

Rules kept: an estimated quantity is never negative, so an end below 0 is 0. Not promised: anything
but noise. Counts are capped, and people are not de-duplicated across agencies; no interval covers
that.
"""

from fractions import Fraction
from math import isqrt
from typing import Final

from exchange.core.metrics.estimates import Estimate, Exact, covariance

Z: Final = Fraction(19599639845400546, 10**16)
"""The 97.5 % quantile of the standard normal, rounded up."""
_ROOT_STEPS: Final = 10**9

Interval = tuple[Exact | None, Exact | None]
"""Low and high; None: no bound."""


def root_up(square: Exact) -> Fraction:
    """At least the square root, by less than 10⁻⁹."""
    scaled = Fraction(square) * _ROOT_STEPS**2
    floor = isqrt(scaled.numerator // scaled.denominator)
    return Fraction(floor if floor * floor == scaled else floor + 1, _ROOT_STEPS)


def root_down(square: Exact) -> Fraction:
    """At most the square root, by less than 10⁻⁹."""
    scaled = Fraction(square) * _ROOT_STEPS**2
    return Fraction(isqrt(scaled.numerator // scaled.denominator), _ROOT_STEPS)


def of_sum(estimate: Estimate) -> Interval:
    """The interval of a sum."""
    reach = Z * root_up(estimate.variance)
    return max(Fraction(0), estimate.value - reach), max(Fraction(0), estimate.value + reach)


def of_ratio(over: Estimate, under: Estimate) -> Interval:
    """Fieller's interval of over/under, cut at 0. No bounds if the denominator is an exact 0."""
    under_variance = under.variance
    if not under.value and not under_variance:
        return None, None
    return fieller(over.value, under.value, over.variance, under_variance, covariance(over, under))


def fieller(n: Exact, d: Exact, n_variance: Exact, d_variance: Exact, shared: Exact) -> Interval:
    """One interval with every r ≥ 0 that is not rejected. `shared`: the covariance."""
    a = Fraction(d * d - Z * Z * d_variance)
    b = Fraction(n * d - Z * Z * shared)
    c = Fraction(n * n - Z * Z * n_variance)  # rejected: a·r² − 2·b·r + c > 0
    square = b * b - a * c
    if a > 0:
        reach = root_up(max(square, Fraction(0)))
        return max(Fraction(0), (b - reach) / a), max(Fraction(0), (b + reach) / a)
    if a == 0 or square <= 0:
        return Fraction(0), None
    # Two rays: up to the lesser root, and from the greater one on.
    inner = root_down(square)
    lesser, greater = (b + inner) / a, (b - inner) / a
    return (max(Fraction(0), greater) if lesser < 0 else Fraction(0)), None
