"""A made-up nation: releases of two years, and the points that really follow from them.

Counts about clients are the planned public sizes, moved a little from quarter to quarter, with
seeded noise of the budget's variance. Agencies join through the first year; what stands behind
fewer than three of them is hidden, as the releases hide it.
"""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np

from consumers.metrics.derive import usability_of
from exchange.core.counting.cells import NATION
from exchange.core.counting.tables import Tier
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import points
from exchange.core.metrics.usability import by_population
from exchange.core.model.epochs import epoch_of
from exchange.core.model.period import quarter_of, year_of
from exchange.core.model.vocabulary import UsState
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import COVERAGE, DECLARED, ON_TIME, CatalogueEntry
from exchange.core.release.released import Release, Released
from exchange.core.release.tiers import ARRIVED, is_due, periods_due
from exchange.wire.planned_sizes import national_clients, planned_sizes

FIRST, BEFORE, LAST = epoch_of(2024, 2), epoch_of(2025, 12), epoch_of(2026, 1)
"""The first month, the last but one, and the last: two whole years."""
YEARS = 2.0
SEED = 20_260_101
AGENCIES = 320


@cache
def national_releases() -> tuple[Release, ...]:
    """Every release of the two years."""
    rng = np.random.default_rng(SEED)
    months = range(FIRST, LAST + 1)
    return tuple(_release(one, month, rng) for month in months for one in DECLARED.values() if is_due(one.tier, month))


@cache
def national_points(last: int = LAST) -> tuple[MetricPoint, ...]:
    """Every point up to a month, as `derive` publishes them."""
    released = Released().taking(one for one in national_releases() if one.epoch <= last)
    usability = usability_of(released)
    return tuple(one for month in released.epochs() for one in points(released, month, usability.usable))


def _release(one: CatalogueEntry, month: int, rng: np.random.Generator) -> Release:
    counts = _of_clients(one, month, rng) if one.bit else _of_agencies(one, month, rng)
    plan = TABLE_COSTS.get(one.name)
    variance, rho = (plan.variance, plan.rho) if plan else (Fraction(0), Fraction(0))
    shape = (one.places, one.dimensions, one.codes)
    return Release(one.name, one.tier, one.bit, month, *shape, tuple(counts), variance, rho=rho)


def _of_clients(one: CatalogueEntry, month: int, rng: np.random.Generator) -> Iterator[int]:
    sigma = float(TABLE_COSTS[one.name].variance) ** 0.5
    yearly = planned_sizes(national_clients())
    for period in periods_due(one.tier, month):
        part = _part(one, period, month)
        for place, values in product(one.places, product(*one.codes)):
            size = float(yearly.get((one.name, values), 0)) * part
            share = 1.0 if place == NATION else float(by_population(1).get(UsState(place), 0))
            yield round(size * share * rng.uniform(0.9, 1.1) + rng.normal(0, sigma))


def _part(one: CatalogueEntry, period: int, month: int) -> float:
    """The part of a planned year that a period has: growing, as agencies join."""
    grown = 0.75 + 0.35 * (month - FIRST) / (LAST - FIRST)
    if period == ARRIVED:
        return grown / 12
    if one.tier is Tier.NATION_QUARTERLY and not quarter_of(period):
        return 0.0
    return grown / 4 if quarter_of(period) else grown


def _of_agencies(one: CatalogueEntry, month: int, rng: np.random.Generator) -> Iterator[int | None]:
    for period in periods_due(one.tier, month):
        cells = list(product(*one.codes))
        if not quarter_of(period):
            yield from (0 for _ in cells) if one in (*COVERAGE, ON_TIME) else (None for _ in cells)
        elif one in COVERAGE:
            yield from _coverage(one, period)
        elif one is ON_TIME:
            heard = _heard(AGENCIES, period)
            yield from (heard - heard // 9, heard // 9)
        else:
            large = 40_000 if one.table and one.table.measure == "dollars" else 40
            drawn = [int(rng.gamma(1.5, large)) for _ in cells]
            yield from (None if n < large / 8 else n for n in drawn)


def _coverage(one: CatalogueEntry, period: int) -> Iterator[int | None]:
    """Agencies in each group, heard from and silent; a group of one or two is hidden."""
    groups = max(1, len(list(product(*one.codes))) // 2)
    for number, _ in enumerate(product(*one.codes[:-1])):
        known = AGENCIES if groups == 1 else max(2, AGENCIES * (groups - number) * 2 // (groups * (groups + 1)))
        heard = _heard(known, period)
        yield from (n if n >= 3 else None for n in (heard, known - heard))


def _heard(known: int, period: int) -> int:
    since = (year_of(period) - 2024) * 4 + quarter_of(period)
    return round(known * min(0.86, 0.42 + 0.07 * since))
