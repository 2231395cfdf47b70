"""A cell's name can be read back; a tally counts as its facts would in the tables it reaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.counting.cells import cell_bytes, increments, parse_cell
from exchange.core.counting.counts import fold
from exchange.core.counting.tables import TABLES, TALLIED, Table, domain
from exchange.core.errors import CellUnknown
from exchange.core.model.events import Correctable, Event, Tally
from exchange.core.model.period import FIRST
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import AGE_GROUP, UsState
from tests.kits.strategies import agencies, events, of, periods, states

TALLIES = sorted(TALLIED)


def event(body: Correctable | Tally, period: int = FIRST, state: UsState = UsState.ca) -> Event:
    return Event(1, bytes(32), period, state, 63, body)


@given(agency=agencies, sent=events)
def test_every_counted_cell_reads_back_as_what_it_was(agency: str, sent: Event) -> None:
    for cell, _ in increments(agency, sent):
        read = parse_cell(cell)
        assert cell_bytes(read.table, read.period, read.place, read.values) == cell
        assert all(value in domain(read.table, d) for value, d in zip(read.values, read.table.dimensions, strict=True))


@given(table=st.sampled_from(TABLES), period=periods, place=st.one_of(states.map(str), agencies), data=st.data())
def test_any_coordinates_of_a_table_read_back(table: Table, period: int, place: str, data: st.DataObject) -> None:
    values = tuple(data.draw(st.sampled_from(domain(table, d))) for d in table.dimensions)
    read = parse_cell(cell_bytes(table, period, place, values))
    assert (read.table, read.period, read.place, read.values) == (table, period, place, values)


@pytest.mark.parametrize(
    "cell",
    [
        b"",
        b"cases",
        b"cases|2026Q1",
        b"cases|2026Q5|ca",
        b"cases|1999|ca",
        b"cases|2026Q1|ca|woman",
        b"cases_by_gender|2026Q1|ca",
        b"cases_by_gender|2026Q1|ca|not_applicable",
        b"cases_by_gender|2026Q1|ca|womann",
        b"case|2026Q1|ca",
        b"cases|2026Q1|\xff",
    ],
)
def test_what_no_table_has_is_no_cell(cell: bytes) -> None:
    with pytest.raises(CellUnknown):
        parse_cell(cell)


@pytest.mark.parametrize("name", TALLIES)
@given(data=st.data())
def test_a_tally_of_facts_adds_what_the_facts_would_have_added(name: TallyTable, data: st.DataObject) -> None:
    """In every table over its one field (or none), by state or by agency; totals fill no others."""
    table = TALLIED[name]
    period, state = data.draw(periods), data.draw(states)
    facts: list[Correctable] = data.draw(st.lists(of(table.body), max_size=6))
    codes = domain(table, table.dimensions[0]) if table.dimensions else ("",)
    counts = dict.fromkeys(codes, 0)
    for fact in facts:
        code = str(getattr(fact, table.dimensions[0].field)) if table.dimensions else ""
        code = AGE_GROUP[code] if name == TallyTable.cases_by_age_group else code
        if code in counts:
            counts[code] += 1
    told = fold([("north-star", event(Tally(name, tuple(counts.values())), period, state))])
    asked = [d.field for d in table.dimensions]
    same = {t.name for t in TABLES if t.body is table.body and [d.field for d in t.dimensions] == asked}
    meant = fold([("north-star", event(fact, period, state)) for fact in facts])
    assert told == {cell: n for cell, n in meant.items() if cell.split(b"|")[0].decode() in same}


def test_no_two_tallies_reach_the_same_table() -> None:
    reached: dict[str, TallyTable] = {}
    for name, table in TALLIED.items():
        codes = domain(table, table.dimensions[0]) if table.dimensions else ("",)
        for cell, _ in increments("north-star", event(Tally(name, (1,) * len(codes)))):
            assert reached.setdefault(parse_cell(cell).table.name, name) == name
