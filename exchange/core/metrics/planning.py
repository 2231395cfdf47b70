"""The privacy budget table by table, with the usable cells at given sizes.

Sizes are the planned ones (`exchange.wire.planned_sizes`). The rule for a usable cell is that of
the releases (`exchange.core.metrics.usability`): the year of a quarterly table has the noise of
four quarters and of the year's own records.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from exchange.core.counting.cells import SEPARATOR
from exchange.core.counting.tables import Tier
from exchange.core.metrics.usability import Yearly, by_population, usable_cells
from exchange.core.metrics.view import parts_of
from exchange.core.model.period import period_of
from exchange.core.release.budget import TABLE_COSTS, TableCost
from exchange.core.release.sensitivity import distinct


@dataclass(frozen=True, slots=True)
class Line:
    """One released table. `usable`: cells of one release's newest period.

    `usable_in_a_year`: cells of a whole year's figure; none where there is no such figure.
    """

    table: str
    released: str
    cap: str
    within: int
    cells_are: str
    squared_l2: int
    rho: float
    sigma: float
    cells: int
    usable: int
    usable_in_a_year: int


_YEARLY: Final = ((Fraction(1), 1),) * 2
_FIGURES: Final[Mapping[Tier, tuple[tuple[Fraction, int], ...]]] = {
    Tier.NATION_QUARTERLY: ((Fraction(1, 4), 1), (Fraction(1), len(parts_of(Tier.NATION_QUARTERLY, period_of(2026))))),
    Tier.NATION_YEARLY: _YEARLY,
    Tier.STATE_YEARLY: _YEARLY,
    Tier.NATION_LATE: ((Fraction(1, 4), 1),),
    Tier.NATION_ARRIVALS: ((Fraction(1, 12), 1),),
}
"""Of one release, and of a year if there is such a figure: part of a year, drawn periods."""


def budget_lines(yearly: Yearly) -> Iterator[Line]:
    """A line for each released table, in the order of their declaration."""
    for plan in TABLE_COSTS.values():
        row, rule = plan.row, plan.rule
        usable = [usable_in(plan, yearly, *figure) for figure in _FIGURES[row.tier]]
        yield Line(
            row.name,
            row.tier.value,
            (row.bit.name or "").lower(),
            rule.most,
            "distinct" if rule.most == 1 or distinct(row, rule) else "shared",
            plan.squared_l2,
            float(plan.rho),
            float(plan.scale),
            row.cells,
            usable[0],
            usable[1] if len(usable) > 1 else 0,
        )


def usable_in(plan: TableCost, yearly: Yearly, years: Fraction, drawn: int) -> int:
    """How many cells of a figure of so many years and drawn periods are usable at these sizes."""
    return len(usable_cells(expected(plan, yearly, years), drawn * plan.variance))


def expected(plan: TableCost, yearly: Yearly, years: Fraction) -> dict[tuple[str, str], Fraction]:
    """(place, code) → the public size of each cell in so many years."""
    row = plan.row
    sizes = {code: yearly.get((row.name, _values(code)), 0) * years for code in row.codes}
    if row.tier is not Tier.STATE_YEARLY:
        return {(row.places[0], code): Fraction(size) for code, size in sizes.items()}
    return {(str(s), code): part for code, size in sizes.items() for s, part in by_population(size).items()}


def _values(code: str) -> tuple[str, ...]:
    return tuple(code.split(SEPARATOR)) if code else ()
