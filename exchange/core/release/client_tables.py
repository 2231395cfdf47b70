"""The released tables about clients: counted table, cap bit, fixed domain of codes.

Rules kept:
- Every client table with a tier is released under its own name. Only state releases have places.
- Where two marked events of a client could share a cell, one event of each client counts
  (`Cap.ONE`): such a table is of clients.
- Some codes the law treats on their own: immigration, substance use, reproductive health,
  transgender codes (`SENSITIVE`). They are in no domain finer than the nation and the year. For the
  tables in `YEARLY_ONLY`, a table of its own releases these codes and no others,
  `<name>_yearly_only`, so each figure has one source. For other tables they are not released until
  somebody asks and a part of the budget is found.
- A two-way table has cells for known answers only, because missing ones are counted one way
  already. None has a field with sensitive codes: a code left out of one dimension must mean nothing
  in the other.

A release adds up cells of `table`, made of events with `bit` among
their own. `value` maps the codes of such a cell, joined as in its name, to a place in the domain or
to none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final

from exchange.core.admission.cap_rules import NONE, RULES, SENSITIVE_SERVICES, Cap
from exchange.core.counting.cells import NATION, SEPARATOR, grouped
from exchange.core.counting.tables import (
    BY_NAME,
    CLIENT_TABLES,
    MISSING_CODES,
    NOT_APPLICABLE,
    STATE_RELEASES,
    Dimension,
    Scope,
    Table,
    Tier,
    domain,
    fed_by,
)
from exchange.core.errors import TableUnbudgeted
from exchange.core.model import events as e
from exchange.core.release.tiers import whole_places

OVER_CAPS: Final = "clients_over_caps"
"""Counts clients with an event past a cap in a period. Any client body may feed it."""
TOO_LATE: Final = "cases_too_late"
"""Counts the cases of a quarter that came after it was counted, less those withdrawn since."""
ARRIVALS: Final[Mapping[str, str]] = {
    "arrivals_cases": "cases",
    "arrivals_needs": "needs_by_service",
    "arrivals_services": "services_by_service",
    "arrivals_unmet_needs": "unmet_needs_by_service",
}
"""A sign of life between quarters: single totals by month of arrival, name → counted table. Each
client counts at most once a period and table, whatever is corrected."""

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
"""Codes for the nation and the year only.

field → codes. Tables by foreign_national, control_method and health_condition are yearly anyway."""
YEARLY_ONLY: Final = (
    "cases_by_gender",
    "cases_by_referral_source",
    "needs_by_service",
    "services_by_service",
    "unmet_needs_by_service",
    "barriers_by_barrier",
)
"""Tables whose sensitive codes are released once a year."""
_SOURCES: Final = {
    "state_needs_by_service_group": "needs_by_service",
    "state_unmet_needs_by_service_group": "unmet_needs_by_service",
}
"""Releases that group codes themselves, without sensitive ones: name → counted table."""


@dataclass(frozen=True, slots=True)
class ReleasedTable:
    """One released table. `dimensions`: as released.

    `table`: the counted table whose cells it adds up. None: every client event with the bit.
    """

    name: str
    table: Table | None
    bit: Cap
    tier: Tier
    dimensions: tuple[Dimension, ...] = ()
    leaves_out: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()

    @property
    def places(self) -> tuple[str, ...]:
        """Every place, in order."""
        return whole_places(self.tier)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every value in order: the codes of its dimensions, joined.

        One empty value without a dimension.
        """
        return tuple(map(SEPARATOR.join, product(*self.domains)))

    @property
    def domains(self) -> tuple[tuple[str, ...], ...]:
        """Every code of each dimension, in order."""
        return _domains(self)

    @property
    def cells(self) -> int:
        """Cells of one bucket."""
        return len(self.places) * len(self.codes)

    def value(self, code: str) -> str | None:
        """The released value for a counted cell, given its joined codes; None: it is left out."""
        if self.table is None or not self.dimensions:
            return ""
        if len(self.dimensions) == 1:  # nearly every table
            return self.code(self.dimensions[0], code)
        pairs = zip(self.dimensions, code.split(SEPARATOR), strict=True)
        values = [self.code(dimension, one) for dimension, one in pairs]
        known = [value for value in values if value is not None]
        return SEPARATOR.join(known) if len(known) == len(values) else None

    def code(self, dimension: Dimension, code: str) -> str | None:
        """The released code for a counted code of a dimension; None: it is left out."""
        if code in self.leaves_out or (self.only and code not in self.only) or code == NOT_APPLICABLE:
            return None
        return code if self.table and dimension in self.table.dimensions else grouped(dimension, code)

    def value_of(self, body: e.Body) -> str | None:
        """The released value for a client's body, whatever its bits; None: not in the table."""
        if self.table is None:
            return "" if body.about is e.About.CLIENT else None
        if not isinstance(body, self.table.body):
            return None
        counted = (grouped(d, str(getattr(body, d.field))) for d in self.table.dimensions)
        return self.value(SEPARATOR.join(counted))

    def place(self, place: str) -> str:
        """The released place for a counted place."""
        return place if self.tier is Tier.STATE_YEARLY else NATION


@cache
def _domains(row: ReleasedTable) -> tuple[tuple[str, ...], ...]:
    if row.table is None:
        return ()
    counted = (domain(row.table, dimension) for dimension in row.table.dimensions[: len(row.dimensions)])
    found = ([row.code(d, code) for code in codes] for d, codes in zip(row.dimensions, counted, strict=True))
    return tuple(tuple(dict.fromkeys(code for code in codes if code is not None)) for codes in found)


def _rows(table: Table) -> Iterator[ReleasedTable]:
    if table.tier is Tier.NEVER:
        return
    _check(table)
    state, dimensions = table.tier is Tier.STATE_YEARLY, table.dimensions
    left_out = _left_out(table)
    source = BY_NAME[_SOURCES[table.name]] if table.name in _SOURCES else table
    yield ReleasedTable(table.name, source, Cap.STATE if state else _bit(table), table.tier, dimensions, left_out)
    if table.name in YEARLY_ONLY:
        yield ReleasedTable(
            f"{table.name}_yearly_only", source, Cap.NATION, Tier.NATION_YEARLY, dimensions, frozenset(), left_out
        )


def _bit(table: Table) -> Cap:
    """NATION where the caps keep marked events apart, or there is one; else ONE."""
    rules = [rule for rule in RULES if rule.bit is Cap.NATION and rule.body is table.body]
    axes = {(dimension.field, dimension.group) for dimension in table.dimensions}
    alone = any(rule.most == 1 or (rule.field, rule.group) in axes for rule in rules)
    return Cap.NATION if alone else Cap.ONE


def _check(table: Table) -> None:
    if len(table.dimensions) > 2 or table.measure or table.scope is Scope.AGENCY:
        raise TableUnbudgeted(f"{table.name}: only counts of the nation or the states, two ways at most, have caps.")
    if len(table.dimensions) == 2 and any(dimension.field in SENSITIVE for dimension in table.dimensions):
        raise TableUnbudgeted(f"{table.name}: sensitive codes are released one way only.")


def _left_out(table: Table) -> frozenset[str]:
    """The codes without a cell: missing ones if two-way, else sensitive ones unless yearly."""
    if len(table.dimensions) == 2:
        return MISSING_CODES
    finer = table.tier is not Tier.NATION_YEARLY
    return SENSITIVE.get(table.dimensions[0].field, frozenset()) if table.dimensions and finer else frozenset()


def released_rows(tables: tuple[Table, ...]) -> tuple[ReleasedTable, ...]:
    """The releases of these tables. Raises TableUnbudgeted for a table that no cap can bound."""
    return tuple(row for table in tables for row in _rows(table))


RELEASED_TABLES: Final[tuple[ReleasedTable, ...]] = (
    *released_rows((*CLIENT_TABLES, *STATE_RELEASES)),
    ReleasedTable(OVER_CAPS, None, Cap.PAST, Tier.NATION_QUARTERLY),
    ReleasedTable(TOO_LATE, BY_NAME["cases"], Cap.NATION, Tier.NATION_LATE),
    *(ReleasedTable(name, BY_NAME[table], Cap.ARRIVAL, Tier.NATION_ARRIVALS) for name, table in ARRIVALS.items()),
)


@cache
def rows_of_tally(tally: Table) -> tuple[ReleasedTable, ...]:
    """The releases that a `Tally` of this table feeds; never arrivals, as totals come after."""
    fed = fed_by(tally)
    return tuple(row for row in RELEASED_TABLES if row.table in fed and row.tier is not Tier.NATION_ARRIVALS)


def needed(tally: Table, body: e.Correctable) -> Cap:
    """The bits that an event needs to be in a `Tally`: those of every release it reaches."""
    bits = NONE
    for row in rows_of_tally(tally):
        if row.value_of(body) is not None:
            bits |= row.bit
    return bits


def tally_bits(tally: Table) -> Cap:
    """The bits that a `Tally` of this table carries, if it counts marked events."""
    bits = NONE
    for row in rows_of_tally(tally):
        bits |= row.bit
    return bits
