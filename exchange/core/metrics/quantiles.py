"""Quantiles from counts in bands (days waited, months in care, minutes): the q-th of all.

**Value.** The cumulative counts are made monotone by least squares (the pool-adjacent-violators
algorithm: M. Ayer et al. 1955, Annals of Mathematical Statistics 26, 641–647). The quantile is in
the first band where they reach q of the total, at the point where a straight line between the
band's ends reaches q. Of an open last band only the beginning is known, and is given. The unit is
that of the bands.

**Interval.** For the end of band j let L_j = C_j − q·N (C cumulative, N the total): a sum of cells,
hence with a known variance. The q-th is in band b exactly if L_b ≥ 0 > L_(b−1). The 97.5 % bounds
of all L_j, made monotone outwards, are a band around the cumulative distribution. Inverting it
gives the first band whose upper bound reaches 0 and the first whose lower bound does. Each can only
be wrong if the one true end (L_b, or L_(b−1)) is: a fixed sequence of tests, so the coverage is at
least 95 % for any number of bands (W. Maurer, L. Hothorn, W. Lehmacher 1995: a-priori ordered
hypotheses). The interval runs from the beginning of the first band to the end of the last: None if
that is open.

Laws: the value is in the interval; neither value nor ends fall when q rises. If the total itself is
not clearly above 0, the interval runs from the first band's beginning without bound.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Final

from exchange.core.metrics.estimates import Estimate, Exact, total
from exchange.core.metrics.intervals import Z_SQUARED, Interval

Band = tuple[int, int | None]
"""Least and greatest number, both included; None: open."""
MEDIAN: Final = Fraction(1, 2)
NINETIETH: Final = Fraction(9, 10)


@dataclass(frozen=True, slots=True)
class Quantile:
    """In the unit of the bands. `value` None: nobody was counted."""

    value: Exact | None
    interval: Interval


def isotonic(values: Sequence[Exact]) -> list[Fraction]:
    """The non-decreasing sequence nearest to the values, in the sense of least squares."""
    pools: list[tuple[Fraction, int]] = []
    for value in values:
        mean, size = Fraction(value), 1
        while pools and pools[-1][0] >= mean:
            before, n = pools.pop()
            mean, size = (before * n + mean * size) / (n + size), n + size
        pools.append((mean, size))
    return [mean for mean, size in pools for _ in range(size)]


def quantile(cells: Sequence[Estimate], bands: Sequence[Band], q: Fraction) -> Quantile:
    """The q-th (0 < q < 1) of all that is counted in the cells, one for each band, rising."""
    everybody = total(cells)
    if everybody.value <= 0:
        return Quantile(None, (bands[0][0], None))
    value = _value([cell.value for cell in cells], bands, q)
    if everybody.value**2 <= Z_SQUARED * everybody.variance:
        return Quantile(value, (bands[0][0], None))
    ends = list(_ends(cells, q))
    low = next((j for j, (end, noise) in enumerate(ends) if not _surely_below(end, noise)), len(ends))
    reached = (j for j, (end, noise) in reversed(list(enumerate(ends, 1))) if not _surely_reached(end, noise))
    return Quantile(value, (bands[low][0], bands[next(reached, 0)][1]))


def _value(counts: Sequence[int], bands: Sequence[Band], q: Fraction) -> Exact:
    sought = q * sum(counts)
    reached = [*isotonic(list(accumulate(counts))[:-1]), Fraction(sum(counts))]
    band = next(j for j, so_far in enumerate(reached) if so_far >= sought)
    least, greatest = bands[band]
    if greatest is None:
        return least
    before = max(reached[band - 1], Fraction(0)) if band else Fraction(0)
    return least + (greatest - least) * (sought - before) / (reached[band] - before)


def _ends(cells: Sequence[Estimate], q: Fraction) -> Iterator[tuple[int, Exact]]:
    """L and its variance at the end of each band but the last, times the denominator of q.

    That changes no test of L. The cells' noise is independent (`total` refuses a cell twice).
    """
    below, above = q.denominator - q.numerator, q.numerator
    values, variances = [cell.value for cell in cells], [cell.variance for cell in cells]
    for j in range(1, len(cells)):
        end = below * sum(values[:j]) - above * sum(values[j:])
        yield end, below**2 * sum(variances[:j]) + above**2 * sum(variances[j:])


def _surely_below(end: int, variance: Exact) -> bool:
    """Whether the upper bound of L is below 0."""
    return end < 0 and end**2 > Z_SQUARED * variance


def _surely_reached(end: int, variance: Exact) -> bool:
    """Whether the lower bound of L is at least 0."""
    return end >= 0 and end**2 >= Z_SQUARED * variance
