"""Estimates: sums of noised increments that remember which noise is in them.

An estimate is a linear combination of released cells. It has an exact value and its *loads*: for
each cell whose noise is in it, the weight of that noise. So the covariance of two estimates is
always known, whatever was added up to make them: a share whose numerator is part of its
denominator, or a state and its division.

A `Block` names the noise of the cells of one table and one period: a quarter, a year or everything.
It stands for all increments to that period at once: they are added with equal weights, so their
variances add. Within a block the cells' noise is independent and has one variance. Estimates of
different periods are never compared, because the noise that they share is not known here
(`covariance` refuses).

Rules kept: exact rationals, never floats. Nothing is clamped here (PRIVACY: clamping increments
turned a true 60 into 109).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

Exact = int | Fraction


@dataclass(frozen=True, slots=True)
class Block:
    """The noise of the cells of one table and period.

    `variance`: of each cell. `part`: a name, if there are several.
    """

    table: str
    period: int | None
    variance: Exact = field(compare=False)
    part: str = ""


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
    """The covariance of two estimates of one view. Raises ValueError for different periods."""
    if len({block.period for estimate in (one, other) for block, _ in estimate.loads}) > 1:
        raise ValueError("The noise that figures of two periods have in common is not kept.")
    products: dict[Block, Exact] = {}  # mostly of whole numbers, and much quicker than those of fractions
    for load, weight in one.loads.items():
        if load in other.loads:
            products[load[0]] = products.get(load[0], 0) + weight * other.loads[load]
    return sum(block.variance * product for block, product in products.items())
