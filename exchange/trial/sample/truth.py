"""The exact counts of a sample, by code that shares nothing with the exchange.

It reads only the exchange's declarations of tables and caps, which define what each counts. It does
not use the code that computes, encodes, admits and counts increments. So a lost or doubled event,
or a wrong plan, shows as a difference. Privacy: truth minus release is the noise. Truth exists for
generated agencies only, on a temporary broker, in `exchange.trial`, which no worker can import.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from exchange.core.admission.cap_rules import NONE, Cap
from exchange.core.counting.tables import TABLES, Scope, Table
from exchange.core.model.events import CORRECTABLE, About, Correctable, Heartbeat
from exchange.core.model.vocabulary import AGE_GROUP, SERVICE_GROUP, LegalClass, ReportingMinutes, Scheduled, UsState
from exchange.core.release.client_tables import needed
from exchange.trial.sample.sample_agency import SampleAgency

_TABLES_OF: Final = {body: tuple(table for table in TABLES if table.body is body) for body in CORRECTABLE}
_GROUPS: Final = {"age_group": AGE_GROUP, "service_group": SERVICE_GROUP}
FactCounts = Counter[tuple[int, UsState, Correctable, Cap]]
"""The number of each body, by period, state and caps (totals count only facts within the caps)."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an agency's edge, as in its heartbeat; the last two are fields of `Heartbeat`."""

    agency: str
    period: int
    state: UsState
    scheduled: Scheduled
    reporting_minutes: ReportingMinutes


def true_cells(agencies: Iterable[SampleAgency], runs: Iterable[Run] = ()) -> dict[bytes, int]:
    """Cell → count of every declared table, without zeros.

    `runs`: the runs whose heartbeats count.
    """
    cells: Counter[str] = Counter()
    for agency in agencies:
        _count_agency(agency, cells)
    for run in runs:
        for table in TABLES:
            if table.body is Heartbeat:
                values = [getattr(run, dimension.field) for dimension in table.dimensions]
                cells["|".join([table.name, _when(run.period), _place(table, run.agency, run.state), *values])] += 1
    return {cell.encode("ascii"): n for cell, n in cells.items() if n}


def heartbeat_tables() -> frozenset[str]:
    """The tables that only an edge's runs fill."""
    return frozenset(table.name for table in TABLES if table.body is Heartbeat)


def _count_agency(agency: SampleAgency, cells: Counter[str]) -> None:
    totals_only = agency.legal_class is LegalClass.tally_only
    marks = agency.marks() if totals_only else {}
    counted_facts: FactCounts = Counter(
        (fact.period, fact.state, fact.body, marks.get(fact.key, NONE)) for fact in agency.facts()
    )
    for (period, state, body, bits), times in counted_facts.items():
        by_totals = totals_only and body.about is About.CLIENT
        if by_totals and period not in agency.span.closed:
            continue
        when = _when(period)
        for table, values, amount in _asked(body):
            tally = _tally_of(table.name) if by_totals else None
            if not by_totals or (tally and not _needed(tally, body) & ~bits):
                cells[f"{table.name}|{when}|{_place(table, agency.code, state)}{values}"] += amount * times


@lru_cache(maxsize=1 << 16)
def _asked(body: Correctable) -> list[tuple[Table, str, int]]:
    """The tables in which a body counts: the end of the cell's name, and its amount."""
    found = []
    for table in _TABLES_OF[type(body)]:
        values = list(_values(table, body))
        if "not_applicable" not in values:
            amount = getattr(body, table.measure) if table.measure else 1
            found.append((table, "".join(f"|{value}" for value in values), amount))
    return found


_needed: Final = lru_cache(maxsize=1 << 16)(needed)


@cache
def _when(period: int) -> str:
    year, quarter = divmod(period, 5)
    return f"{1900 + year}Q{quarter}" if quarter else f"{1900 + year}"


def _place(table: Table, agency: str, state: UsState) -> str:
    if table.scope is Scope.NATION:
        return "us"
    return str(state) if table.scope is Scope.STATE else agency


def _values(table: Table, body: Correctable) -> Iterator[str]:
    for dimension in table.dimensions:
        code = str(getattr(body, dimension.field))
        yield _GROUPS[dimension.group][code] if dimension.group else code


@cache
def _tally_of(name: str) -> Table | None:
    """The totals that feed a table of at most one dimension; None if no totals are as fine."""
    table = next(table for table in TABLES if table.name == name)
    asked = [dimension.field for dimension in table.dimensions]
    same = (t for t in TABLES if t.tally and t.body is table.body and [d.field for d in t.dimensions] == asked)
    return next(same, None) if len(asked) <= 1 else None
