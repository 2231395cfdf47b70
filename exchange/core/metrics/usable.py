"""Which cells of a release are worth reading: decided before the draw, from the noise and a public size only.

A cell is *usable* when the noise on its figure has a standard deviation of at most 30 % of the count that public sizes lead one
to expect, and that count is at least 11. 30 % is the relative standard error above which the National Center for Health
Statistics calls an estimate unreliable; 11 is the least count that CMS lets be shown.

Public sizes are the states' shares of the population (2020 Census) times a national figure that was already released, or last
year's release of the same cell. Never the figure being released: choosing cells by their own estimate keeps those whose noise
happens to be high, and their intervals then cover less than they say (down to 81 % instead of 95 %). The functions here
cannot see an estimate. That a cell is usable says nothing about any client, for the same reason.
"""

from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import Final, TypeVar

from exchange.core.metrics.population import POPULATION
from exchange.core.model.vocabulary import UsState

C = TypeVar("C", bound=Hashable)
RELATIVE_SD_MAX: Final = Fraction(3, 10)
EXPECTED_MIN: Final = 11


def usable(expected: Fraction | int, scale: Fraction, increments: int = 1) -> bool:
    """Whether a figure that adds up so many noised increments of this sigma is usable, where so many are expected."""
    if increments < 1 or scale <= 0:
        raise ValueError("A figure is made of at least one increment, and each has noise.")
    return expected >= EXPECTED_MIN and (RELATIVE_SD_MAX * expected) ** 2 >= increments * scale**2


def usable_cells(sizes: Mapping[C, Fraction | int], scale: Fraction, increments: int = 1) -> frozenset[C]:
    """The usable ones of these cells, by their public sizes; a cell without a size is not usable."""
    return frozenset(cell for cell, size in sizes.items() if usable(size, scale, increments))


def by_population(national: Fraction | int) -> dict[UsState, Fraction]:
    """A national figure over the states by population: the public size of each. States that are not known have none."""
    people = sum(POPULATION.values())
    return {state: Fraction(national) * thousands / people for state, thousands in POPULATION.items()}
