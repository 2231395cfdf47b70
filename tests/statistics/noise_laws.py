"""Laws of noise: for many numbers of a sampler, the chance that honest noise looks as strange.

A sampler claims to draw independent numbers of the discrete Gaussian, P(x) ∝ exp(−x²/2σ²) on the
whole numbers (C. Canonne, G. Kamath, T. Steinke 2020). `faults` names the laws whose chance is
below `ALPHA`. Nothing here is seeded, so an honest sampler fails now and then: less than once in a
million runs of all laws, scales and tests that use them.

Exact, or bounds: the distribution function (Dvoretzky–Kiefer–Wolfowitz with Massart's constant, for
lattices too), symmetry, parity, tails, signs of neighbours (binomial). Limits for many numbers:
cells and sizes of neighbours (chi-square, every expected count in the hundreds), spread (normal).

Not promised: to tell rounded normal numbers from the discrete Gaussian at the scales of releases.
Their variances differ by 1/12, which no number of draws that anybody could wait for shows; at σ =
1/2 it shows at once. Hence the small scales.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, exp, sqrt

import numpy as np
import numpy.typing as npt
import scipy  # loads its parts when they are first used

Sampler = Callable[[Fraction, int], Sequence[int]]
Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ALPHA = 1e-9
"""Of one law at one scale: a thousand checks a run stay below 1e-6."""
LAGS = 8
LEAST_BIN = 0.01


@dataclass(frozen=True)
class DiscreteGaussian:
    """The exact distribution, as far as binary64 can distinguish it from zero."""

    scale: Fraction

    @cached_property
    def far(self) -> int:
        return ceil(14 * float(self.scale)) + 2

    @cached_property
    def support(self) -> Numbers:
        return np.arange(-self.far, self.far + 1, dtype=np.int64)

    @cached_property
    def masses(self) -> Floats:
        weights = np.exp(-(self.support**2) / (2 * float(self.scale) ** 2))
        return np.asarray(weights / weights.sum())

    def chance(self, holds: Callable[[Numbers], npt.NDArray[np.bool_]]) -> float:
        """That a number is one of those."""
        return float(self.masses[holds(self.support)].sum())

    def moment(self, power: int) -> float:
        return float((self.support.astype(float) ** power * self.masses).sum())


Law = Callable[[Numbers, DiscreteGaussian], float]


def cells(drawn: Numbers, true: DiscreteGaussian) -> float:
    """How often each number comes; neighbours are joined until 1 % of the numbers is expected."""
    edges, expected = _bins(true)
    found = np.bincount(np.clip(np.searchsorted(edges, drawn, side="right") - 1, 0, None), minlength=len(edges))
    return float(scipy.stats.chisquare(found, expected * len(drawn)).pvalue)


def _bins(true: DiscreteGaussian) -> tuple[Numbers, Floats]:
    """The least number of each bin, and its chance."""
    edges, chances, held = [int(true.support[0])], list[float](), 0.0
    for number, mass in zip(true.support, true.masses, strict=True):
        held += float(mass)
        if held >= LEAST_BIN:
            edges.append(int(number) + 1)
            chances.append(held)
            held = 0.0
    chances[-1] += held  # what is left over
    return np.array(edges[:-1], np.int64), np.array(chances) / sum(chances)


def distribution_function(drawn: Numbers, true: DiscreteGaussian) -> float:
    """The greatest distance from the true one: at most 2·exp(−2nD²)."""
    inside = np.clip(drawn, -true.far, true.far) + true.far
    found = np.cumsum(np.bincount(inside, minlength=len(true.support))) / len(drawn)
    distance = float(np.abs(found - np.cumsum(true.masses)).max())
    return min(1.0, 2 * exp(-2 * len(drawn) * distance**2))


def symmetry(drawn: Numbers, _: DiscreteGaussian) -> float:
    """As many above 0 as below."""
    return _binomial(int((drawn > 0).sum()), int((drawn != 0).sum()), 0.5)


def parity(drawn: Numbers, true: DiscreteGaussian) -> float:
    """Even numbers come as often as they should."""
    return _binomial(int((drawn % 2 == 0).sum()), len(drawn), true.chance(lambda x: x % 2 == 0))


def tails(drawn: Numbers, true: DiscreteGaussian) -> float:
    """Beyond 2, 3, 4 and 5 σ."""
    limits = [k * float(true.scale) for k in (2, 3, 4, 5)]
    chances = [
        _binomial(int((np.abs(drawn) > far).sum()), len(drawn), true.chance(lambda x, far=far: np.abs(x) > far))
        for far in limits
    ]
    return min(1.0, len(limits) * min(chances))


def spread(drawn: Numbers, true: DiscreteGaussian) -> float:
    """The mean of the squares."""
    square = true.moment(2)
    sd = sqrt((true.moment(4) - square**2) / len(drawn))
    return float(2 * scipy.stats.norm.sf(abs(float((drawn.astype(float) ** 2).mean()) - square) / sd))


def signs_of_neighbours(drawn: Numbers, _: DiscreteGaussian) -> float:
    """Numbers up to eight apart, or half the vector apart, agree in sign half the time."""
    signs = np.sign(drawn[drawn != 0])
    if len(signs) < 2 * LAGS:
        return 0.0
    lags = [*range(1, LAGS + 1), len(signs) // 2]
    chances = [_binomial(int((signs[lag:] == signs[:-lag]).sum()), len(signs) - lag, 0.5) for lag in lags]
    return min(1.0, len(lags) * min(chances))


def sizes_of_neighbours(drawn: Numbers, true: DiscreteGaussian) -> float:
    """Whether two numbers next to each other are large or small says nothing about the other."""
    limit = next(x for x in range(true.far) if true.chance(lambda v, x=x: np.abs(v) > x) <= 0.5)
    chance = true.chance(lambda v: np.abs(v) > limit)
    large = (np.abs(drawn) > limit).astype(int)
    pairs = len(large) // 2
    found = np.bincount(2 * large[0 : 2 * pairs : 2] + large[1 : 2 * pairs : 2], minlength=4)
    expected = pairs * np.outer([1 - chance, chance], [1 - chance, chance]).ravel()
    return float(scipy.stats.chisquare(found, expected).pvalue)


def _binomial(found: int, of: int, chance: float) -> float:
    return float(scipy.stats.binomtest(found, of, min(1.0, chance)).pvalue) if of else 0.0


LAWS: dict[str, Law] = {
    law.__name__: law
    for law in (
        cells,
        distribution_function,
        symmetry,
        parity,
        tails,
        spread,
        signs_of_neighbours,
        sizes_of_neighbours,
    )
}


def faults(sampler: Sampler, scale: Fraction, count: int) -> list[str]:
    """The names of the laws that so many numbers of a sampler break."""
    drawn, true = np.array(sampler(scale, count), np.int64), DiscreteGaussian(scale)
    assert len(drawn) == count
    return [name for name, law in LAWS.items() if law(drawn, true) < ALPHA]


def repeats(sampler: Sampler, scale: Fraction, count: int) -> bool:
    """Whether two calls give related numbers: the same ones, or of the same signs too often."""
    one, other = (np.array(sampler(scale, count), np.int64) for _ in range(2))
    both = (one != 0) & (other != 0)
    agree = int((np.sign(one[both]) == np.sign(other[both])).sum())
    return bool((one == other).all()) or _binomial(agree, int(both.sum()), 0.5) < ALPHA
