"""The row of a metric, and a maker for each shape of rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exchange.core.counting.tables import Tier
from exchange.core.metrics.figures import Unit
from exchange.core.metrics.formulas import Formula, counted, per, quantiles, rated, share_of, shared
from exchange.core.metrics.quantiles import Band
from exchange.core.release.catalogue import DECLARED, PRESENCE, CatalogueEntry

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
    says, unit = _words_and_unit(one)
    kinds = ("state",), ("division",)
    axes = tuple((*place, *one.dimensions) for place in (kinds if one.tier is Tier.STATE_YEARLY else ((),)))
    return Metric(one.name, counted(one.name), axes, unit, (one.name,), says)


def _words_and_unit(one: CatalogueEntry) -> tuple[str, Unit]:
    if one.snapshot:
        return "Registered agencies, each once a quarter: heard from by a scheduled heartbeat, or silent.", AGENCIES
    if not one.table:
        return "Clients of a period with an event past a cap, each once: whom the caps cut short.", CLIENTS
    what = f"sum of `{one.table.measure}`" if one.table.measure else "events"
    bounds = "within the caps" if one.bit else "exact, where enough agencies stand behind it"
    finer = one.name.removesuffix(YEARLY_ONLY)
    codes = "" if finer == one.name else f", of the codes that `{finer}` leaves out"
    unit = Unit(one.table.measure) if one.table.measure else EVENTS
    return f"{_in_words(one.table.body.__name__)}: {what}, {bounds}{codes}. Released: {one.tier.value}.", unit


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
    """Each known cell for each case opened."""
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
