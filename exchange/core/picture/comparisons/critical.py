"""How far apart is surely apart: the reach of intervals when several statements are made at once.

Among twenty figures without any difference, some pair looks different by chance. So intervals reach
further, the more is said together; then all of it holds, 95 times in 100. The numbers are for 96:
one in a hundred is kept for what is not quite normal, such as ratios of few clients.

- `reach_for(n)`: for n statements of any kind (C. Bonferroni): the quantile of the normal at
  1 − 0.04 / 2n. It holds whatever noise the statements share.
- `reach_for_all_pairs(k)`: for every comparison among k figures with independent noise (J. Tukey):
  the 96 % quantile of the range of k standard normals, by √2. It holds for unequal noise too
  (A. Hayter 1984, "A proof of the conjecture that the Tukey-Kramer multiple comparisons procedure
  is conservative", Annals of Statistics 12, 61–75).

Both are numbers, not simulations, so they need no seed. They are rounded up to four decimals.
"""

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import ceil, sqrt
from statistics import NormalDist
from typing import Final

NORMAL: Final = NormalDist()
WRONG_MAX: Final = 0.04
"""How often anything of what is said together may be wrong, if all noise were normal."""
_DECIMALS: Final = 10_000
_EDGE: Final = 8.0
"""Beyond so many standard deviations there is nothing to integrate."""
_STEPS: Final = 400
_HALVINGS: Final = 40
_RANGE_MAX: Final = 12.0
_REMEMBERED: Final = 256


@lru_cache(maxsize=_REMEMBERED)
def reach_for(statements: int) -> Fraction:
    """Standard deviations that hold for so many statements together (1 at least)."""
    return _up(NORMAL.inv_cdf(1 - WRONG_MAX / (2 * max(1, statements))))


@lru_cache(maxsize=_REMEMBERED)
def reach_for_all_pairs(figures: int) -> Fraction:
    """Standard deviations of a difference that hold for all pairs of so many figures."""
    low, high = 0.0, _RANGE_MAX
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _range_within(middle, max(2, figures)) >= 1 - WRONG_MAX else (middle, high)
    return _up(high / sqrt(2))


def _range_within(width: float, figures: int) -> float:
    """The probability that the range of so many standard normals is at most this wide.

    n ∫ φ(x) (Φ(x + width) − Φ(x))ⁿ⁻¹ dx, x being the least of them; by Simpson's rule.
    """
    points = [-_EDGE + 2 * _EDGE * step / _STEPS for step in range(_STEPS + 1)]
    heights = [NORMAL.pdf(x) * (NORMAL.cdf(x + width) - NORMAL.cdf(x)) ** (figures - 1) for x in points]
    pairs = pairwise(heights[::2])
    area = sum(left + 4 * middle + right for (left, right), middle in zip(pairs, heights[1::2], strict=True))
    return figures * area * 2 * _EDGE / _STEPS / 3


def _up(number: float) -> Fraction:
    return Fraction(ceil(number * _DECIMALS), _DECIMALS)
