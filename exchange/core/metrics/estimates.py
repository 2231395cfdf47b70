"""Estimates: sums of noised increments that remember which noise is in them.

An estimate is a linear combination of released cells. It keeps its exact value and its *loads*: with which weight the
noise of which cell is in it. Two estimates therefore always know their covariance, whatever was added up to make them: a
share whose numerator lies in its denominator, a state and its division, a figure and the total that it was reconciled with.

The noise of cells is told apart by `Block`: one table and one period, a quarter, a year or all there is (every increment to
it at once: they are added with equal weights, so their variances add). Estimates of different periods are therefore never
compared: the noise that they share is not known here (`covariance` refuses). Within a block the cells' noise is independent
and of one variance s; in a *centred* block of n cells its mean has been taken out, so that two cells have covariance
s·([same] − 1/n) (`exchange.core.metrics.reconcile`).

Rules kept: exact rationals, never floats; nothing is clamped here (PRIVACY: clamping increments turned a true 60 into 109).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

Exact = int | Fraction


@dataclass(frozen=True, slots=True)
class Block:
    """Noise of the cells of one table and period; `part` tells several such apart. `centred`: of how many cells, or 0."""

    table: str
    period: int | None
    part: str
    variance: Exact = field(compare=False)
    centred: int = field(default=0, compare=False)


Load = tuple[Block, int]
"""A block, and the number of the cell in it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An unbiased value, and the noise in it. No loads: it is exact."""

    value: Exact
    loads: Mapping[Load, Exact]

    @property
    def variance(self) -> Exact:
        """Of its noise."""
        return covariance(self, self)


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Their sum."""
    return combined((estimate, 1) for estimate in estimates)


def combined(weighed: Iterable[tuple[Estimate, Exact]]) -> Estimate:
    """A weighted sum."""
    value: Exact = 0
    loads: dict[Load, Exact] = {}
    for estimate, weight in weighed:
        value += weight * estimate.value
        for load, w in estimate.loads.items():
            loads[load] = loads.get(load, 0) + weight * w
    return Estimate(value, loads)


def covariance(one: Estimate, other: Estimate) -> Exact:
    """Of the noise in two estimates of one view and one period; raises ValueError for different periods."""
    if len({block.period for estimate in (one, other) for block, _ in estimate.loads}) > 1:
        raise ValueError("The noise that figures of two periods have in common is not kept.")
    products: dict[Block, Exact] = {}  # mostly of whole numbers, and much quicker than those of fractions
    for load, weight in one.loads.items():
        if load in other.loads:
            products[load[0]] = products.get(load[0], 0) + weight * other.loads[load]
    found: Exact = sum(block.variance * product for block, product in products.items())
    mine, theirs = _centred(one), _centred(other)
    for block, weight in mine.items():
        if block in theirs:
            found -= Fraction(block.variance * weight * theirs[block], block.centred)
    return found


def _centred(estimate: Estimate) -> dict[Block, Exact]:
    """The summed weights of each centred block."""
    sums: dict[Block, Exact] = {}
    for (block, _), weight in estimate.loads.items():
        if block.centred:
            sums[block] = sums.get(block, 0) + weight
    return sums
