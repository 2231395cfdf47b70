"""Everything that is ever released, by name: what a release of that name must be, told apart by where it is declared.

Client tables are those of `exchange.core.released_tables` (codes kept out of them are not in their domain), agency tables
those of `exchange.core.tables` that have a tier, over their whole domain. A changed table is a new table, so a release agrees
with the declaration of its name exactly, or is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exchange.core.caps import NONE, Cap
from exchange.core.events import About
from exchange.core.released_tables import RELEASED_TABLES, ReleasedTable
from exchange.core.tables import TABLES, Table, Tier, domain
from exchange.core.tiers import whole_places


@dataclass(frozen=True, slots=True)
class Declared:
    """One released table. `table`: whose cells it adds up; None: every client event with the bit. `bit`: none for agencies."""

    name: str
    table: Table | None
    tier: Tier
    bit: Cap
    dimensions: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]

    @property
    def places(self) -> tuple[str, ...]:
        """Where it has cells."""
        return whole_places(self.tier)

    @property
    def whole(self) -> bool:
        """Whether every code of the counted table has a cell: none is kept out, or released elsewhere."""
        return self.table is not None and self.codes == whole_codes(self.table)


def whole_codes(table: Table) -> tuple[tuple[str, ...], ...]:
    """Every value of each dimension: what a released domain is at most."""
    return tuple(domain(table, dimension) for dimension in table.dimensions)


def of_clients(row: ReleasedTable) -> Declared:
    """What a release of a client table must be."""
    return Declared(row.name, row.table, row.tier, row.bit, tuple(d.name for d in row.dimensions), row.domains)


def _of_agencies(table: Table) -> Declared:
    return Declared(table.name, table, table.tier, NONE, tuple(d.name for d in table.dimensions), whole_codes(table))


def _declared() -> Iterator[Declared]:
    yield from map(of_clients, RELEASED_TABLES)
    released = (table for table in TABLES if table.about is not About.CLIENT and table.tier is not Tier.NEVER)
    yield from map(_of_agencies, released)


DECLARED: Final[Mapping[str, Declared]] = {one.name: one for one in _declared()}
