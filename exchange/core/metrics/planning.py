"""The privacy budget table by table, with the usable cells at given sizes.

Sizes are the planned ones (`exchange.wire.planned_sizes`). The rule for a usable cell is that of
the releases (`exchange.core.metrics.usability`), and so is the noise that a year's figure adds up
(`exchange.core.metrics.usability.increments_of`): every release also has a bucket of the quarter
before and buckets of whole years. Their noise is in the year's figure although few events arrive
for them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from exchange.core.counting.cells import SEPARATOR
from exchange.core.counting.tables import Tier
from exchange.core.metrics.usability import Yearly, by_population, increments_of, usable_cells
from exchange.core.model.epochs import first_month
from exchange.core.model.period import period_of
from exchange.core.release.budget import TABLE_COSTS, TableCost
from exchange.core.release.sensitivity import distinct
from exchange.core.release.tiers import MONTHS_BETWEEN


@dataclass(frozen=True, slots=True)
class Line:
    """One released table. `usable`: cells of the open period in one release.

    `usable_in_a_year`: cells of a whole year's figure when its December closes; `usable_a_year_on`:
    of the same figure twelve months later, when what came late is in it, with the noise of twelve
    more months' buckets.
    """

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
    usable_a_year_on: int


YEAR: Final = period_of(2026)
"""Any year: each has the same calendar."""
JANUARY: Final = first_month(YEAR)
DECEMBER: Final = JANUARY + 11


def budget_lines(yearly: Yearly) -> Iterator[Line]:
    """A line for each released table, in the order of their declaration."""
    for plan in TABLE_COSTS.values():
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
            len(usable_cells(expected(plan, yearly, Fraction(1, a_year)), plan.scale)),
            *(usable_in_the_year(plan, yearly, epoch) for epoch in (DECEMBER, DECEMBER + 12)),
        )


def usable_in_the_year(plan: TableCost, yearly: Yearly, epoch: int) -> int:
    """How many cells of a year's figure are usable as of an epoch, if released all year."""
    added = increments_of(plan.row.tier, JANUARY, epoch, YEAR)
    return len(usable_cells(expected(plan, yearly, Fraction(1)), plan.scale, added))


def expected(plan: TableCost, yearly: Yearly, years: Fraction) -> dict[tuple[str, str], Fraction]:
    """(place, code) → the public size of each cell in so many years."""
    row = plan.row
    sizes = {code: yearly.get((row.name, _values(code)), 0) * years for code in row.codes}
    if row.tier is not Tier.STATE_YEARLY:
        return {(row.places[0], code): size for code, size in sizes.items()}
    return {(str(s), code): part for code, size in sizes.items() for s, part in by_population(size).items()}


def _values(code: str) -> tuple[str, ...]:
    return tuple(code.split(SEPARATOR)) if code else ()
