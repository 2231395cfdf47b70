"""Everything that is ever released, by name: how a release of that name must look.

Client tables come from `exchange.core.release.client_tables`; codes that are kept out of them are
not in their domain. Agency tables are those of `exchange.core.counting.tables` that have a tier,
over their whole domain, except that minutes of reporting count only where they were stated. Three
more, of reporting coverage, count agencies themselves
(`exchange.core.release.coverage`). A changed table is a new table: a release agrees exactly with
the declaration of its name, or is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exchange.core.admission.cap_rules import NONE, Cap
from exchange.core.counting.tables import MISSING_CODES, NOT_APPLICABLE, TABLES, Table, Tier, domain
from exchange.core.model.events import About
from exchange.core.model.vocabulary import DIVISION, AgencyType
from exchange.core.release.client_tables import RELEASED_TABLES, ReleasedTable
from exchange.core.release.tiers import whole_places


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One released table. `bit`: none if agencies are counted.

    `table`: the counted table whose cells it adds up. None: every client event with the bit or,
    without a bit, the agencies themselves.
    """

    name: str
    table: Table | None
    tier: Tier
    bit: Cap
    dimensions: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]

    @property
    def places(self) -> tuple[str, ...]:
        """The places of its cells."""
        return whole_places(self.tier)

    @property
    def snapshot(self) -> bool:
        """Whether it counts agencies when a quarter closes, rather than their reports."""
        return self.table is None and not self.bit


def whole_codes(table: Table) -> tuple[tuple[str, ...], ...]:
    """Every value of each dimension: the largest domain that a release can have."""
    return tuple(domain(table, dimension) for dimension in table.dimensions)


def of_clients(row: ReleasedTable) -> CatalogueEntry:
    """How a release of a client table must look."""
    return CatalogueEntry(row.name, row.table, row.tier, row.bit, tuple(d.name for d in row.dimensions), row.domains)


STATED: Final = frozenset({"heartbeats_by_reporting_minutes"})
"""Agency tables without a cell for a missing answer: most runs state no minutes, and the number of
these runs is no figure about reporting."""


def _of_agencies(table: Table) -> CatalogueEntry:
    codes = whole_codes(table)
    if table.name in STATED:
        codes = tuple(tuple(code for code in known if code not in MISSING_CODES) for known in codes)
    return CatalogueEntry(table.name, table, table.tier, NONE, tuple(d.name for d in table.dimensions), codes)


PRESENCE: Final = ("publishing", "silent")
DIVISIONS: Final = tuple(dict.fromkeys(name for name in DIVISION.values() if name != NOT_APPLICABLE))
KINDS: Final = tuple(str(kind) for kind in AgencyType if kind != NOT_APPLICABLE)


def _of_coverage(name: str, **by: tuple[str, ...]) -> CatalogueEntry:
    return CatalogueEntry(name, None, Tier.NATION_QUARTERLY, NONE, (*by, "presence"), (*by.values(), PRESENCE))


COVERAGE: Final = (
    _of_coverage("reporting"),
    _of_coverage("reporting_by_division", division=DIVISIONS),
    _of_coverage("reporting_by_agency_type", agency_type=KINDS),
)
"""Registered agencies: in all, by division and by kind, each publishing or silent."""
TIMELINESS: Final = ("on_time", "late")
ON_TIME: Final = CatalogueEntry("reporting_on_time", None, Tier.NATION_QUARTERLY, NONE, ("timeliness",), (TIMELINESS,))
"""Publishing agencies: on time if no scheduled run of the quarter was late."""


def _declared() -> Iterator[CatalogueEntry]:
    yield from map(of_clients, RELEASED_TABLES)
    released = (table for table in TABLES if table.about is not About.CLIENT and table.tier is not Tier.NEVER)
    yield from map(_of_agencies, released)
    yield from (*COVERAGE, ON_TIME)


DECLARED: Final[Mapping[str, CatalogueEntry]] = {one.name: one for one in _declared()}
