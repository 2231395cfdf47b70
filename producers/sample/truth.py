"""The exact counts that a sample must lead to, counted from its facts by code that shares nothing with the exchange.

What it reads of the exchange is the declaration of the tables, which says what each counts; how increments are worked
out, encoded, gated and folded is not used here, so that a lost or doubled event or a wrong plan shows as a difference.
Privacy: truth minus release is the noise. Truth exists for generated agencies only, on a temporary broker, in
`producers`, which no worker can import.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from exchange.core.events import About, Correctable, Heartbeat
from exchange.core.tables import TABLES, Scope, Table
from exchange.core.vocabulary import AGE_GROUP, SERVICE_GROUP, LegalClass, ReportingMinutes, Scheduled, UsState
from producers.sample.agency import SampleAgency

_GROUPS: Final = {"age_group": AGE_GROUP, "service_group": SERVICE_GROUP}
Said = Counter[tuple[int, UsState, Correctable]]
"""How often each body was said, by period and state."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an agency's edge, as its heartbeat tells it."""

    agency: str
    period: int
    state: UsState
    scheduled: Scheduled
    reporting_minutes: ReportingMinutes


def true_cells(agencies: Iterable[SampleAgency], runs: Iterable[Run] = ()) -> dict[bytes, int]:
    """Cell → count of every declared table, zeros left out. `runs`: whose heartbeats to count; without, there are none."""
    cells: Counter[str] = Counter()
    for agency in agencies:
        _count_agency(agency, cells)
    for run in runs:
        year, quarter = divmod(run.period, 5)
        when = f"{1900 + year}Q{quarter}" if quarter else f"{1900 + year}"
        cells[f"heartbeats_by_agency|{when}|{run.agency}|{run.scheduled.value}"] += 1
        cells[f"heartbeats_by_reporting_minutes|{when}|{run.state.value}|{run.reporting_minutes.value}"] += 1
    return {cell.encode("ascii"): n for cell, n in cells.items() if n}


def heartbeat_tables() -> frozenset[str]:
    """The tables that only runs of an edge fill."""
    return frozenset(table.name for table in TABLES if table.body is Heartbeat)


def _count_agency(agency: SampleAgency, cells: Counter[str]) -> None:
    said: Said = Counter((fact.period, fact.state, fact.body) for fact in agency.facts())
    totals_only = agency.legal_class is LegalClass.tally_only
    for (period, state, body), times in said.items():
        about_client = body.about is About.CLIENT
        if totals_only and about_client and period not in agency.span.closed:
            continue
        year, quarter = divmod(period, 5)
        when = f"{1900 + year}Q{quarter}" if quarter else f"{1900 + year}"
        for table in TABLES:
            if table.body is not type(body) or (totals_only and about_client and not _reached_by_totals(table)):
                continue
            values = list(_values(table, body))
            if "not_applicable" in values:
                continue
            place = agency.code if table.scope is Scope.AGENCY else state.value
            summed = times * getattr(body, table.measure) if table.measure else times
            cells["|".join([table.name, when, place, *values])] += summed


def _values(table: Table, body: Correctable) -> Iterator[str]:
    for dimension in table.dimensions:
        code = getattr(body, dimension.field).value
        yield _GROUPS[dimension.group][code] if dimension.group else code


def _reached_by_totals(table: Table) -> bool:
    """Whether totals say what the table asks: it has at most one dimension, which some tally table tells at least as finely."""
    if len(table.dimensions) > 1:
        return False
    asked = [dimension.field for dimension in table.dimensions]
    return any(
        tally.tally and tally.body is table.body and [d.field for d in tally.dimensions] == asked for tally in TABLES
    )
