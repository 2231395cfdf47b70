"""The increments of one event: which cells it adds to, and how much. Every table's plain meaning.

A cell is `table|period|place|value…` in ASCII bytes; its place is `us`, a state or an agency. It is
readable in a topic, sortable, and the same in memory, on the wire, in replay and in exports.
`exchange.core.counting.columnar` computes the same increments from raw bytes, fast; a property test
holds it to this module.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from exchange.core.counting.tables import (
    BY_NAME,
    FED,
    GROUPINGS,
    NOT_APPLICABLE,
    TABLES,
    TALLIED,
    Dimension,
    Scope,
    Table,
    domain,
    tally_codes,
)
from exchange.core.errors import CellUnknown, PeriodInvalid
from exchange.core.model.events import Body, Correction, Event, Tally
from exchange.core.model.period import parse_period, period_text

Increment = tuple[bytes, int]
NATION: Final = "us"
"""The place of a cell of the nation; no state has this code."""
SEPARATOR: Final = "|"
"""Between the parts of a cell's name; no code contains it."""

_BY_BODY: dict[type[Body], tuple[Table, ...]] = {}
for _body in dict.fromkeys(table.body for table in TABLES):
    _BY_BODY[_body] = tuple(table for table in TABLES if table.body is _body)


@dataclass(frozen=True, slots=True)
class Cell:
    """One coordinate of a table: `values` in the order of its dimensions."""

    table: Table
    period: int
    place: str
    values: tuple[str, ...]


def cell_bytes(table: Table, period: int, place: str, values: tuple[str, ...]) -> bytes:
    """The cell's name, as in `aggregates`."""
    return SEPARATOR.join((table.name, period_text(period), place, *values)).encode("ascii")


def parse_cell(cell: bytes) -> Cell:
    """The coordinates of a cell's name; raises CellUnknown when no declared table has it."""
    try:
        name, period, place, *values = cell.decode("ascii").split(SEPARATOR)
        table = BY_NAME[name]
        parsed = Cell(table, parse_period(period), place, tuple(values))
    except (ValueError, KeyError, PeriodInvalid):
        raise CellUnknown from None
    if len(values) != len(table.dimensions):
        raise CellUnknown
    if any(v not in domain(table, d) for v, d in zip(values, table.dimensions, strict=True)):
        raise CellUnknown
    return parsed


def grouped(dimension: Dimension, code: str) -> str:
    """A field's code, or the group that the dimension puts it in."""
    return GROUPINGS[dimension.group][code] if dimension.group else code


def increments(agency: str, event: Event) -> list[Increment]:
    """The event's increments.

    A `Correction` subtracts the increments of the event that it restates.
    """
    return list(_of_body(agency, event.period, str(event.state), event.body))


def _of_body(agency: str, period: int, state: str, body: Body) -> Iterator[Increment]:
    if isinstance(body, Correction):
        restated = _of_body(agency, body.period, str(body.state), body.body)
        yield from ((cell, -n) for cell, n in restated)
    elif isinstance(body, Tally):
        yield from _of_tally(agency, period, state, body)
    else:
        for table in _BY_BODY.get(type(body), ()):
            values = tuple(grouped(d, str(getattr(body, d.field))) for d in table.dimensions)
            n = int(getattr(body, table.measure)) if table.measure else 1
            if n and NOT_APPLICABLE not in values:
                yield cell_bytes(table, period, _place(table, agency, state), values), n


def _place(table: Table, agency: str, state: str) -> str:
    if table.scope is Scope.NATION:
        return NATION
    return state if table.scope is Scope.STATE else agency


def _of_tally(agency: str, period: int, state: str, body: Tally) -> Iterator[Increment]:
    for table in FED[body.table]:
        place = _place(table, agency, state)
        for code, n in counts_by_code(body):
            if n:
                yield cell_bytes(table, period, place, _values(table, TALLIED[body.table], code)), n


def _values(table: Table, tallied: Table, code: str) -> tuple[str, ...]:
    """The coordinates, in a table that a tally feeds, of one of the tally's codes."""
    if table.dimensions == tallied.dimensions:
        return (code,) if code else ()
    return (grouped(table.dimensions[0], code),)


def counts_by_code(tally: Tally) -> Iterator[tuple[str, int]]:
    """(code, count) of a tally, zeros included; the code is empty if its table has no dimension."""
    return zip(tally_codes(TALLIED[tally.table]), tally.counts, strict=True)
