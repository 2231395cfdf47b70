"""The privacy cost of each released table, and the noise that follows from it: all exact fractions.

Rules kept:
- Over all released tables, one client-quarter costs at most `RHO_TOTAL` of zero-concentrated
  differential privacy.
- `PARTS` declares the part of each table, of `WHOLE` = 10,000. `RESERVE` is for tables that are
  added later. Parts and reserve add up to the whole exactly: a new table's part is taken from the
  reserve in the same edit, and no part of another table changes.
- A table's scale sigma is the least multiple of 1/16 with m / (2 sigma²) ≤ its part, m being
  `squared_l2`. Sigma is exact in binary64, so the discrete Gaussian sampler takes it as it is.
  Rounding costs accuracy, never privacy.
- A client table that is neither declared here nor `never released` stops the import.

Sources. The discrete Gaussian with scale sigma has the zCDP of the continuous one, m / (2 sigma²),
in any number of dimensions, and rho adds up over tables (Canonne, Kamath, Steinke, "The Discrete
Gaussian for Differential Privacy", 2020, Theorem 14; Bun, Steinke, "Concentrated Differential
Privacy", 2016). From rho to (epsilon, delta) by the exact curve of a Gaussian of that rho: Balle,
Wang, "Improving the Gaussian Mechanism for Differential Privacy", 2018, Theorem 8. That our
discrete Gaussians, each with its own sigma, keep to it is shown with their privacy loss
distributions, composed by dp-accounting (`tests/unit/release/test_composition.py`): epsilon at
`DELTA` is below 1. `RHO_TOTAL` is a little below what the curve allows, 0.02801, for their being
discrete.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import ceil, erfc, exp, isqrt, sqrt
from typing import Final

from exchange.core.admission.cap_rules import RULES, CapRule
from exchange.core.counting.cells import SEPARATOR
from exchange.core.counting.tables import TABLES, Table, Tier
from exchange.core.errors import TableUnbudgeted
from exchange.core.model.events import About
from exchange.core.release.catalogue import whole_codes
from exchange.core.release.client_tables import RELEASED_TABLES, ReleasedTable
from exchange.core.release.sensitivity import bounding_rule, squared_l2

RHO_TOTAL: Final = Fraction(278, 10_000)
DELTA: Final = 1e-6
WHOLE: Final = 10_000
RESERVE: Final = 499
"""Held back for tables that are added later.

It only falls: a new table's part is taken from here.
"""
SCALE_STEPS: Final = 16
"""Sigma is a multiple of one over this, a power of two."""

PARTS: Final[Mapping[str, int]] = {
    # the states, by year
    "state_cases": 780,
    "state_needs_by_service_group": 2097,
    "state_unmet_needs_by_service_group": 1900,
    # the nation, by year
    "cases_by_gender_yearly_only": 14,
    "cases_by_foreign_national": 8,
    "cases_by_referral_source_yearly_only": 8,
    "cases_by_control_method": 33,
    "needs_by_service_yearly_only": 38,
    "services_by_service_yearly_only": 40,
    "unmet_needs_by_service_yearly_only": 8,
    "barriers_by_barrier_yearly_only": 8,
    "health_by_condition": 22,
    "cases_by_elsewhere": 10,
    # the nation, by quarter
    "cases": 8,
    "cases_by_gender": 56,
    "cases_by_age_group": 45,
    "cases_by_referral_source": 134,
    "cases_by_trafficking_type": 28,
    "cases_by_trafficking_status": 11,
    "cases_by_exploitation_type": 21,
    "cases_by_sex_exploitation_type": 53,
    "cases_by_labor_sector": 130,
    "cases_by_recruitment_method": 48,
    "needs_by_service": 486,
    "services_by_service": 330,
    "services_by_wait_band": 58,
    "services_by_cost_band": 8,
    "services_by_funding_source": 36,
    "unmet_needs_by_service": 288,
    "unmet_needs_by_reason": 143,
    "unmet_needs_by_funding_source": 92,
    "barriers_by_barrier": 355,
    "referrals_by_service": 518,
    "referrals_by_result": 88,
    "referrals_by_wait_band": 18,
    "outcomes_by_domain": 63,
    "outcomes_by_direction": 34,
    "exits_by_reason": 72,
    "exits_by_destination": 144,
    "exits_by_duration_band": 66,
    "exploiters_by_type": 89,
    "exploiters_by_buyer_or_beneficiary_type": 76,
    "factors_by_societal_factor": 254,
    "factors_by_economic_factor": 116,
    "factors_by_protective_factor": 113,
    "factors_by_resiliency_factor": 234,
    "outcomes_by_direction_and_reporter": 130,
    # how complete and how capped a quarter is
    "clients_over_caps": 10,
    "cases_too_late": 20,
    # the sign of life, by month of arrival
    "arrivals_cases": 40,
    "arrivals_needs": 40,
    "arrivals_services": 40,
    "arrivals_unmet_needs": 40,
}
"""Chosen by `python -m tools.derive.weights`, once: a part never changes."""


@dataclass(frozen=True, slots=True)
class TableCost:
    """The cost of one table to a client-quarter, and its noise. `scale`: sigma of every count."""

    row: ReleasedTable
    rule: CapRule
    squared_l2: int
    part: Fraction
    scale: Fraction

    @property
    def variance(self) -> Fraction:
        """Sigma² of every count."""
        return self.scale**2

    @property
    def rho(self) -> Fraction:
        """The charge: at most the table's part, a little less because of the rounding."""
        return Fraction(self.squared_l2) / (2 * self.variance)

    @property
    def terms(self) -> str:
        """All that may never change between epochs: domain, codes of each value, caps, noise."""
        return _terms(self.row, self.rule, self.squared_l2, self.scale)


@lru_cache(maxsize=1024)
def _terms(row: ReleasedTable, rule: CapRule, squared_l2: int, scale: Fraction) -> str:
    table = row.table
    counted = map(SEPARATOR.join, product(*whole_codes(table))) if table else ("",)
    where = (row.name, table.name if table else "", int(row.bit), row.tier.value, *row.places)
    cap = (rule.most, rule.distinct, rule.choice, squared_l2, scale)
    return "|".join(map(str, (*where, *(f"{code}>{row.value(code)}" for code in counted), *cap)))


def scale_for(squared: int, rho: Fraction) -> Fraction:
    """The least sigma, a multiple of 1/16, with squared / (2 sigma²) ≤ rho.

    Raises ValueError without sensitivity or budget.
    """
    if squared < 1 or rho <= 0:
        raise ValueError("There is no noise without a sensitivity, and none that is enough without a budget.")
    steps = ceil(SCALE_STEPS**2 * squared / (2 * rho))
    return Fraction(isqrt(steps - 1) + 1, SCALE_STEPS)


def table_costs(
    tables: tuple[Table, ...] = TABLES,
    released: tuple[ReleasedTable, ...] = RELEASED_TABLES,
    parts: Mapping[str, int] = PARTS,
    rules: tuple[CapRule, ...] = RULES,
    reserve: int = RESERVE,
) -> dict[str, TableCost]:
    """The cost of each released table, by name.

    Raises TableUnbudgeted unless each client table is in the budget or never released, and parts
    and reserve are the whole.
    """
    _check_each_has_a_part(tables, released, parts)
    _check_the_whole(parts, reserve)
    found = {}
    for row in released:
        squared, part = squared_l2(row, rules), RHO_TOTAL * Fraction(parts[row.name], WHOLE)
        found[row.name] = TableCost(row, bounding_rule(row, rules), squared, part, scale_for(squared, part))
    return found


def _check_each_has_a_part(
    tables: tuple[Table, ...], released: tuple[ReleasedTable, ...], parts: Mapping[str, int]
) -> None:
    names = [row.name for row in released]
    client = {table.name: table for table in tables if table.about is About.CLIENT}
    never = {name for name, table in client.items() if table.tier is Tier.NEVER}
    wrong = {name for name in client if (name in names) == (name in never)} | (set(names) ^ set(parts))
    wrong |= {name for name in names if names.count(name) > 1} | {name for name, part in parts.items() if part < 1}
    if wrong:
        raise TableUnbudgeted(f"Neither in the budget nor never released, or both: {', '.join(sorted(wrong))}.")


def _check_the_whole(parts: Mapping[str, int], reserve: int) -> None:
    given = sum(parts.values())
    if reserve < 0 or given + reserve != WHOLE:
        raise TableUnbudgeted(
            f"The parts ({given:,}) and the reserve ({reserve:,}) add up to {given + reserve:,}, not to {WHOLE:,}: "
            "take the part of a new table from RESERVE."
        )


def delta_of(rho: float, epsilon: float) -> float:
    """The delta with which Gaussian noise of this rho is (epsilon, delta)-DP, exactly."""
    mu = sqrt(2 * rho)
    return _normal(mu / 2 - epsilon / mu) - exp(epsilon) * _normal(-mu / 2 - epsilon / mu)


def _normal(x: float) -> float:
    return erfc(-x / sqrt(2)) / 2


def epsilon_of(rho: float, delta: float = DELTA) -> float:
    """The least epsilon, to a millionth, with which it is (epsilon, delta)-DP; rounded up."""
    low, high = 0.0, 1.0
    while delta_of(rho, high) > delta:
        high *= 2
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if delta_of(rho, middle) <= delta else (middle, high)
    return high


TABLE_COSTS: Final[dict[str, TableCost]] = table_costs()
"""Of every released table, by name."""
RHO_PLANNED: Final = sum((cost.rho for cost in TABLE_COSTS.values()), Fraction(0))
"""The cost of all declared tables together to a client-quarter, once each has been released."""
