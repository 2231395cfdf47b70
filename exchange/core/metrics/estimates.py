"""Estimates: sums of released cells that remember which cells are in them.

A `Block` names the noise of the cells of one table in one drawn period. The noise of its cells is
independent, and has one variance. An estimate has a value and, for each block, the cells whose
noise is in it: bit i stands for cell number i. So the covariance of two estimates is always known,
whatever was added up to make them: a share whose numerator is part of its denominator, a state and
its division, a quarter and its year.

Rules kept: exact numbers, never floats. Nothing is clamped here. No cell is in a sum twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

Exact = int | Fraction


@dataclass(frozen=True, slots=True)
class Block:
    """The noise of the cells of one table and drawn period. `variance`: of each cell."""

    table: str
    period: int
    variance: Exact = field(compare=False)


@dataclass(frozen=True, slots=True)
class Estimate:
    """An unbiased value, and the cells whose noise is in it. No noise: it is exact."""

    value: int
    noise: Mapping[Block, int]

    @property
    def variance(self) -> Exact:
        """Of its noise."""
        over, under = 0, 1  # adding up fractions would take a third of an epoch's time
        for block, cells in self.noise.items():
            n, d = block.variance.numerator * cells.bit_count(), block.variance.denominator
            over, under = (over + n, under) if d == under else (over * d + n * under, under * d)
        return Fraction(over, under)


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Their sum. Raises ValueError if they have a cell in common."""
    value, noise = 0, dict[Block, int]()
    for estimate in estimates:
        value += estimate.value
        for block, cells in estimate.noise.items():
            before = noise.get(block, 0)
            if before & cells:
                raise ValueError("No cell counts twice in a sum.")
            noise[block] = before | cells
    return Estimate(value, noise)


def covariance(one: Estimate, other: Estimate) -> Exact:
    """The covariance of two estimates of one view: the variance of the cells that both have."""
    return sum(
        block.variance * (cells & other.noise[block]).bit_count()
        for block, cells in one.noise.items()
        if block in other.noise
    )
