"""Intervals of sums and of ratios of sums: of 95 %, unless asked otherwise. Exact rationals.

They are rounded outwards only. `z`: how many standard deviations they reach.

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
from functools import lru_cache
from math import isqrt, lcm
from typing import Final

from exchange.core.metrics.estimates import Estimate, Exact, covariance

Z: Final = Fraction(19599639845400546, 10**16)
"""The 97.5 % quantile of the standard normal, rounded up."""
Z_SQUARED: Final = Z * Z
_ROOT_STEPS: Final = 10**9
_REMEMBERED: Final = 1 << 12

Interval = tuple[Exact | None, Exact | None]
"""Low and high; None: no bound."""


def root_up(square: Exact) -> Fraction:
    """At least the square root, by less than 10⁻⁹."""
    scaled = Fraction(square) * _ROOT_STEPS**2
    floor = isqrt(scaled.numerator // scaled.denominator)
    return Fraction(floor if floor * floor == scaled else floor + 1, _ROOT_STEPS)


@lru_cache(maxsize=_REMEMBERED)
def _reach(over: int, under: int, z: Fraction) -> Fraction:
    """How far an end is from its value. Of the variance: its numerator and denominator."""
    return z * root_up(Fraction(over, under))


def of_sum(estimate: Estimate, z: Fraction = Z) -> Interval:
    """The interval of a sum."""
    variance = estimate.variance
    reach = _reach(variance.numerator, variance.denominator, z)
    value, far, under = estimate.value * reach.denominator, reach.numerator, reach.denominator
    return Fraction(max(0, value - far), under), Fraction(max(0, value + far), under)


def of_ratio(over: Estimate, under: Estimate, z: Fraction = Z) -> Interval:
    """Fieller's interval of over/under, cut at 0. No bounds if the denominator is an exact 0."""
    under_variance = under.variance
    if not under.value and not under_variance:
        return None, None
    return fieller(over.value, under.value, over.variance, under_variance, covariance(over, under), z=z)


def fieller(n: int, d: int, n_variance: Exact, d_variance: Exact, shared: Exact, *, z: Fraction = Z) -> Interval:
    """One interval with every r ≥ 0 that is not rejected. `shared`: the covariance.

    Whole numbers throughout: everything is multiplied by the denominator of the variances and z².
    """
    z_squared = Z_SQUARED if z is Z else z * z
    common = lcm(n_variance.denominator, d_variance.denominator, shared.denominator)
    scale = common * z_squared.denominator

    def noise(variance: Exact) -> int:
        return z_squared.numerator * variance.numerator * (common // variance.denominator)

    a = scale * d * d - noise(d_variance)
    b = scale * n * d - noise(shared)
    c = scale * n * n - noise(n_variance)  # rejected: a·r² − 2·b·r + c > 0
    square = b * b - a * c
    if a > 0:
        reach = _whole_root_up(max(square, 0))
        return Fraction(max(0, b - reach), a), Fraction(max(0, b + reach), a)
    if a == 0 or square <= 0:
        return 0, None
    # Two rays: up to the lesser root, and from the greater one on.
    inner = isqrt(square)
    return (Fraction(min(0, b - inner), a) if b + inner > 0 else 0), None


def _whole_root_up(square: int) -> int:
    """The least whole number that is no less than the root."""
    return isqrt(square - 1) + 1 if square else 0
