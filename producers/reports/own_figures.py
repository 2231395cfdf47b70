"""An agency's own part of the released tables: its accepted events within the caps, from its vault.

Rules kept: what is counted is what was sent and accepted and stands now, with the marks it was sent
with. It is exact, so it is for the agency alone. An agency that sends totals has its totals in the
tables of the nation.

Not promised: that a release drew these numbers. A release counts each period once, and later
corrections change the vault and no release.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exchange.core.counting.cells import NATION, SEPARATOR
from exchange.core.counting.tables import BY_NAME, Tier, tally_codes
from exchange.core.metrics.formulas import ALL
from exchange.core.model.events import Event, Tally
from exchange.core.model.period import year_period
from exchange.core.model.vocabulary import DIVISION
from exchange.core.release.client_tables import RELEASED_TABLES, ReleasedTable
from producers.vault.event_tail import decode_tail
from producers.vault.store import Vault

Dimensions = tuple[tuple[str, str], ...]
OwnCell = tuple[str, int, str, str]
"""Table, period, place (`us` or a state), and the codes of its value, joined."""
OWN_TABLES: Final[Mapping[str, ReleasedTable]] = {
    row.name: row
    for row in RELEASED_TABLES
    if row.table is not None and row.tier in {Tier.NATION_QUARTERLY, Tier.NATION_YEARLY, Tier.STATE_YEARLY}
}
_ACCEPTED: Final = (
    "SELECT schema, tail, count(*) FROM chain WHERE kind = 0 AND retracted = 0 AND sequence <= ? AND sequence NOT IN "
    "(SELECT target FROM chain WHERE kind = 1 AND sequence <= ?) GROUP BY schema, tail"
)


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """An agency's own counts by cell."""

    cells: Counter[OwnCell]

    def of(self, metric: str, dimensions: Dimensions, period: int) -> int | None:
        """The agency's part of a figure; None where it is no count of such a table."""
        row = OWN_TABLES.get(metric)
        if row is None:
            return None
        named = dict(dimensions)
        places = _places(named)
        wanted = [named.get(dimension.name, ALL) for dimension in row.dimensions]
        if len(named) > len(row.dimensions):
            return None
        return sum(
            count
            for (table, when, place, value), count in self.cells.items()
            if (table, when) == (metric, period) and place in places and _fits(value, wanted)
        )


def _places(named: dict[str, str]) -> frozenset[str]:
    """The places that a figure adds up; takes their dimension out of the others."""
    if state := named.pop("state", ""):
        return frozenset({state})
    if division := named.pop("division", ""):
        return frozenset(str(one) for one, name in DIVISION.items() if name == division)
    return frozenset({NATION, *map(str, DIVISION)})


def _fits(value: str, wanted: list[str]) -> bool:
    codes = value.split(SEPARATOR) if wanted else []
    return all(want in {ALL, code} for code, want in zip(codes, wanted, strict=True))


def own_figures(vault: Vault) -> OwnFigures:
    """The counts of everything that was accepted from this vault and stands."""
    accepted = int.from_bytes(vault.get("accepted"), "big")
    cells: Counter[OwnCell] = Counter()
    for schema, tail, count in vault.all(_ACCEPTED, (accepted, accepted)):
        for cell, number in _cells(decode_tail(schema, tail)):
            cells[cell] += number * count
    return OwnFigures(cells)


def _cells(event: Event) -> Iterator[tuple[OwnCell, int]]:
    if isinstance(event.body, Tally):
        yield from _of_tally(event, event.body)
        return
    for name, row in OWN_TABLES.items():
        value = row.value_of(event.body) if row.bit & event.cap else None
        if value is not None:
            yield (name, _period(row, event), row.place(str(event.state)), value), 1


def _of_tally(event: Event, tally: Tally) -> Iterator[tuple[OwnCell, int]]:
    for name, row in OWN_TABLES.items():
        if row.table is not BY_NAME[tally.table] or row.tier is Tier.STATE_YEARLY:
            continue
        for code, count in zip(tally_codes(row.table), tally.counts, strict=True):
            value = row.value(code)
            if value is not None and count:
                yield (name, _period(row, event), NATION, value), count


def _period(row: ReleasedTable, event: Event) -> int:
    return event.period if row.tier is Tier.NATION_QUARTERLY else year_period(event.period)
