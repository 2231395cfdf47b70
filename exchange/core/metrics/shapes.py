"""The row of a metric, and a maker for each shape of rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exchange.core.counting.tables import Tier
from exchange.core.metrics.figures import Unit
from exchange.core.metrics.formulas import Formula, counted, mean, per, quantiles, rated, share_of, shared
from exchange.core.metrics.quantiles import Band
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import COVERAGE, DECLARED, ON_TIME, PRESENCE, CatalogueEntry
from exchange.core.release.client_tables import OVER_CAPS

EVENTS: Final = Unit("events")
CLIENTS: Final = Unit("clients")
SHARE: Final = Unit("share", 4)
DAYS: Final = Unit("days")
AGENCIES: Final = Unit("agency-quarters")
YEARLY_ONLY: Final = "_yearly_only"
"""The ending of tables with the codes that their namesakes leave out, once a year."""
PUBLISHING: Final = PRESENCE[0]
DOLLARS: Final = Unit("US dollars per unmet need", 2)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row.

    `dimensions`: of each kind of its points. `answers`: codes of questions (schemas/vocabulary).
    """

    name: str
    formula: Formula
    dimensions: tuple[tuple[str, ...], ...]
    unit: Unit
    tables: tuple[str, ...]
    says: str
    answers: tuple[str, ...] = ()


def count_of(one: CatalogueEntry) -> Metric:
    """Every cell of a released table."""
    return Metric(one.name, counted(one.name), _axes(one), _unit(one), (one.name,), _words(one))


def mean_of(one: CatalogueEntry) -> Metric:
    """Every cell of a yearly table, over several years."""
    says = (
        f"The mean of `{one.name}` over the last two or three years, whose releases the point names: less noise, older."
    )
    return Metric(f"{one.name}_mean", mean(one.name), _axes(one), _unit(one), (one.name,), says)


def _axes(one: CatalogueEntry) -> tuple[tuple[str, ...], ...]:
    places = (("state",), ("division",)) if one.tier is Tier.STATE_YEARLY else ((),)
    return tuple((*place, *one.dimensions) for place in places)


def _unit(one: CatalogueEntry) -> Unit:
    """Clients, where the caps let each count once a period."""
    if one.snapshot:
        return AGENCIES
    if one.table and one.table.measure:
        return Unit(one.table.measure)
    return CLIENTS if one.bit and TABLE_COSTS[one.name].squared_l2 == 1 else EVENTS


_OF_NO_TABLE: Final = {
    ON_TIME.name: "Agencies heard from, each once a quarter: every scheduled run on time, or one of them late.",
    OVER_CAPS: "Clients of a period with an event past a cap, each once: whom the caps cut short.",
    **{
        one.name: "Registered agencies, each once a quarter: heard from by a scheduled heartbeat, or silent."
        for one in COVERAGE
    },
}
_OF_A_TIER: Final = {
    Tier.NATION_ARRIVALS: "arrivals so far in one month, of whatever quarter, each client at most once. Not part of a quarter.",
    Tier.NATION_LATE: "clients of a quarter whose case came after the quarter was counted, less those withdrawn since.",
}


def _words(one: CatalogueEntry) -> str:
    if not one.table:
        return _OF_NO_TABLE[one.name]
    what = _in_words(one.table.body.__name__)
    if one.tier in _OF_A_TIER:
        return f"{what}: {_OF_A_TIER[one.tier]}"
    if not one.bit:
        amount = f"sum of `{one.table.measure}`" if one.table.measure else "events"
        return f"{what}: {amount}, exact, where enough agencies stand behind it. Released: {one.tier.value}."
    finer = one.name.removesuffix(YEARLY_ONLY)
    codes = "" if finer == one.name else f", of the codes that `{finer}` leaves out"
    counts = "clients, each by one event" if _unit(one) is CLIENTS else "events within the caps"
    return f"{what}: {counts}{codes}. Released: {one.tier.value}."


def _in_words(body: str) -> str:
    """Such as "Case opened": a body's name is a fact."""
    return re.sub("(?<=[a-z])(?=[A-Z])", " ", body).capitalize()


def shares_of(name: str, table: str, says: str, answers: str = "") -> Metric:
    """Each known cell as a share of all known ones."""
    return Metric(name, shared(table), (DECLARED[table].dimensions,), SHARE, (table,), says, tuple(answers.split()))


def share_in(name: str, table: str, says: str, *, above: str, below: str = "", answers: str = "") -> Metric:
    """Some codes as a share of others; codes are separated by spaces."""
    formula = share_of(table, above.split(), below.split())
    return Metric(name, formula, ((),), SHARE, (table,), says, tuple(answers.split()))


def per_case(name: str, table: str, unit: str, says: str, answers: str) -> Metric:
    """Each known cell for each case opened, that is, for each client of the period."""
    return Metric(
        name,
        per(table, "cases"),
        (DECLARED[table].dimensions,),
        Unit(unit, 4),
        (table, "cases"),
        says,
        tuple(answers.split()),
    )


def in_bands(
    name: str, table: str, says: str, *, bands: Mapping[str, Band], unit: Unit = DAYS, answers: str = ""
) -> Metric:
    """Median and 90th percentile of what is counted in bands."""
    axes = (*DECLARED[table].dimensions[:-1], "quantile")
    return Metric(name, quantiles(table, bands), (axes,), unit, (table,), says, tuple(answers.split()))


def each_over(name: str, over: str, under: str, says: str, *, unit: Unit) -> Metric:
    """One table over another of the same dimensions."""
    return Metric(name, rated(over, under), (DECLARED[over].dimensions,), unit, (over, under), says)
