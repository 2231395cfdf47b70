"""What is released of the client tables: of which counted table, with which bit, over which fixed domain of codes.

Rules kept: every client table with a tier is released under its own name; a state release is the only one with places. Codes
that the law treats on their own (immigration, substance use, reproductive health, transgender codes; `SENSITIVE`) leave
the domain of everything finer than the nation and the year. For the tables in `YEARLY_ONLY` those codes, and only they, are
released as a table of their own, `<name>_yearly_only`, so that each figure has one source. For the other tables they are
not released at all until somebody asks and a weight is found.

What a release adds up are cells of `table` made of events that count with `bit` (`exchange.core.caps.counts`); `value`
maps such a cell's code to its place in the domain, or to none. Every event is in one bucket of one release of a table:
`exchange.core.sensitivity` stands on that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from exchange.core import events as e
from exchange.core.caps import NONE, SENSITIVE_SERVICES, Cap
from exchange.core.cells import NATION, grouped
from exchange.core.errors import TableUnbudgeted
from exchange.core.tables import (
    BY_NAME,
    CLIENT_TABLES,
    NOT_APPLICABLE,
    STATE_RELEASES,
    Dimension,
    Scope,
    Table,
    Tier,
    domain,
    fed_by,
)
from exchange.core.tiers import whole_places

OVER_CAPS: Final = "clients_over_caps"
"""Clients of a period with an event past a cap; any client body feeds it, none is counted for it otherwise."""

SENSITIVE: Final[Mapping[str, frozenset[str]]] = {
    "gender": frozenset({"transgender_woman", "transgender_man"}),
    "service": SENSITIVE_SERVICES,
    "referral_source": frozenset({"immigrant_service"}),
    "agency_type": frozenset({"immigrant"}),
    "barrier": frozenset({"fear_of_deportation"}),
    "unmet_reason": frozenset({"ineligible_immigration"}),
    "outcome_domain": frozenset({"substance_use"}),
    "exit_reason": frozenset({"repatriated"}),
    "exit_destination": frozenset({"substance_use_facility", "home_country"}),
    "economic_factor": frozenset({"visa_tied_to_employer"}),
    "protective_factor": frozenset({"legal_status"}),
}
"""Codes for the nation and the year only. All of foreign_national, control_method and health_condition is yearly anyway."""
YEARLY_ONLY: Final = (
    "cases_by_gender",
    "cases_by_referral_source",
    "needs_by_service",
    "services_by_service",
    "unmet_needs_by_service",
    "barriers_by_barrier",
)
"""The tables whose sensitive codes are released, once a year."""
_SOURCES: Final = {
    "state_needs_by_service_group": "needs_by_service",
    "state_unmet_needs_by_service_group": "unmet_needs_by_service",
}
"""Where a release groups codes itself, so that it can leave sensitive ones out of their groups."""


@dataclass(frozen=True, slots=True)
class ReleasedTable:
    """One released table. `table`: whose cells it adds up; None: every client event with the bit. `dimension`: as released."""

    name: str
    table: Table | None
    bit: Cap
    tier: Tier
    dimension: Dimension | None = None
    leaves_out: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()

    @property
    def places(self) -> tuple[str, ...]:
        """Every place, in order."""
        return whole_places(self.tier)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every value of the dimension, in order; one empty value where there is none."""
        return _codes(self)

    @property
    def cells(self) -> int:
        """Cells of one bucket."""
        return len(self.places) * len(self.codes)

    def value(self, code: str) -> str | None:
        """The released value that a code of the counted table adds to; None: it is left out."""
        if self.table is None or self.dimension is None:
            return ""
        if code in self.leaves_out or (self.only and code not in self.only) or code == NOT_APPLICABLE:
            return None
        return code if self.dimension in self.table.dimensions else grouped(self.dimension, code)

    def value_of(self, body: e.Body) -> str | None:
        """The released value that a client's body adds to, whatever its bits; None: it is not in the table."""
        if self.table is None:
            return "" if body.about is e.About.CLIENT else None
        if not isinstance(body, self.table.body):
            return None
        if self.dimension is None:
            return ""
        counted = self.table.dimensions[0]
        return self.value(grouped(counted, str(getattr(body, counted.field))))

    def place(self, place: str) -> str:
        """The released place that a place of the counted table adds to."""
        return place if self.tier is Tier.STATE_YEARLY else NATION


@cache
def _codes(row: ReleasedTable) -> tuple[str, ...]:
    if row.table is None or row.dimension is None:
        return ("",)
    counted = domain(row.table, row.table.dimensions[0])
    found = (row.value(code) for code in counted)
    return tuple(dict.fromkeys(value for value in found if value is not None))


def _rows(table: Table) -> Iterator[ReleasedTable]:
    if table.tier is Tier.NEVER:
        return
    if len(table.dimensions) > 1 or table.measure or table.scope is Scope.AGENCY:
        raise TableUnbudgeted(f"{table.name}: only one-way counts of the nation or the states have caps.")
    state, finer = table.tier is Tier.STATE_YEARLY, table.tier is not Tier.NATION_YEARLY
    dimension = table.dimensions[0] if table.dimensions else None
    left_out = SENSITIVE.get(dimension.field, frozenset()) if dimension and finer else frozenset()
    source = BY_NAME[_SOURCES[table.name]] if table.name in _SOURCES else table
    yield ReleasedTable(table.name, source, Cap.STATE if state else Cap.NATION, table.tier, dimension, left_out)
    if table.name in YEARLY_ONLY:
        yield ReleasedTable(
            f"{table.name}_yearly_only", source, Cap.NATION, Tier.NATION_YEARLY, dimension, frozenset(), left_out
        )


def released_rows(tables: tuple[Table, ...]) -> tuple[ReleasedTable, ...]:
    """What is released of these tables; raises TableUnbudgeted for one that no cap can bound."""
    return tuple(row for table in tables for row in _rows(table))


RELEASED_TABLES: Final[tuple[ReleasedTable, ...]] = (
    *released_rows((*CLIENT_TABLES, *STATE_RELEASES)),
    ReleasedTable(OVER_CAPS, None, Cap.PAST, Tier.NATION_QUARTERLY),
)
RELEASED_BY_NAME: Final[dict[str, ReleasedTable]] = {row.name: row for row in RELEASED_TABLES}


def rows_of_tally(tally: Table) -> tuple[ReleasedTable, ...]:
    """The releases that a `Tally` of this table feeds."""
    fed = fed_by(tally)
    return tuple(row for row in RELEASED_TABLES if row.table in fed)


def needed(tally: Table, body: e.Correctable) -> Cap:
    """The bits, all of them, that an event must carry to be counted in a `Tally`: those of every release it then reaches."""
    bits = NONE
    for row in rows_of_tally(tally):
        if row.value_of(body) is not None:
            bits |= row.bit
    return bits


def tally_bits(tally: Table) -> Cap:
    """The bits that a `Tally` of this table carries, if its counts are of marked events."""
    bits = NONE
    for row in rows_of_tally(tally):
        bits |= row.bit
    return bits
