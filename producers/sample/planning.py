"""The privacy budget table by table, with what it buys at a given volume: what `exchange budget` and the docs show.

How many cells are usable is planning, on generated volumes; the rule (`exchange.core.usable`) is the one of the releases.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from exchange.core.budget import PLANS, Plan
from exchange.core.sensitivity import distinct
from exchange.core.tables import Tier
from exchange.core.tiers import MONTHS_BETWEEN
from exchange.core.usable import by_population, usable_cells
from producers.sample.volumes import Volumes


@dataclass(frozen=True, slots=True)
class Line:
    """One released table. `usable`: cells of one release, `usable_in_a_year`: of a year's figure, the sum of its releases."""

    table: str
    released: str
    cap: str
    within: int
    corrections: int
    cells_are: str
    squared_l2: int
    rho: float
    sigma: float
    cells: int
    usable: int
    usable_in_a_year: int


def budget_lines(volumes: Volumes) -> Iterator[Line]:
    """A line of each released table, in the order of their declaration."""
    for plan in PLANS.values():
        row, rule = plan.row, plan.rule
        a_year = 12 // MONTHS_BETWEEN[row.tier]
        yield Line(
            row.name,
            row.tier.value,
            (row.bit.name or "").lower(),
            rule.most,
            rule.corrections,
            "distinct" if rule.most == 1 or distinct(row, rule) else "shared",
            plan.squared_l2,
            float(plan.rho),
            float(plan.scale),
            row.cells,
            len(usable_cells(expected(plan, volumes, Fraction(1, a_year)), plan.scale)),
            len(usable_cells(expected(plan, volumes, Fraction(1)), plan.scale, a_year)),
        )


def expected(plan: Plan, volumes: Volumes, years: Fraction) -> dict[tuple[str, str], Fraction]:
    """(place, code) → the public size of each cell in so much time."""
    row = plan.row
    sizes = {code: volumes.events.get((row.name, code), Fraction(0)) * years for code in row.codes}
    if row.tier is not Tier.STATE_YEARLY:
        return {(row.places[0], code): size for code, size in sizes.items()}
    return {(str(s), code): part for code, size in sizes.items() for s, part in by_population(size).items()}
