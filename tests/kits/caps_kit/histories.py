"""Histories of one client's period: the worst that caps allow for a table, and any near caps."""

from collections.abc import Callable
from dataclasses import fields
from enum import Enum
from itertools import product

from hypothesis import strategies as st

from exchange.core.admission.cap_rules import MARKS, Cap, CapRule
from exchange.core.counting.tables import NOT_APPLICABLE, Tier, field_type
from exchange.core.model import events as e
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import TraffickingType, UsState
from exchange.core.release.client_tables import ReleasedTable
from exchange.core.release.sensitivity import bounding_rule
from tests.kits.caps_kit.laws import Sent
from tests.kits.caps_kit.markers import Marker
from tests.kits.strategies import correctables, made_sound

QUARTER = parse_period("2026Q2")
APRIL, AUGUST = 3, 7
"""Months in which the quarter's events arrive before it is counted, in July's epoch, and after."""
CODES = 4


def in_row(row: ReleasedTable, rule: CapRule, key: int) -> e.Correctable:
    """A body that counts in the table, with the rule's n-th key, otherwise alike for every key."""
    if row.table is None:
        return e.NeedIdentified(field_type(e.NeedIdentified, "service")("food"))
    body = row.table.body
    values = _nothing(body)
    if body is e.TraffickingFacts and "trafficking_type" in rule.strand:
        values["trafficking_type"] = TraffickingType.not_known
    values |= {d.field: _codes_in(row, d.field)[0] for d in row.dimensions}
    if rule.distinct:
        same = any(rule.field == d.field for d in row.dimensions)
        every = (
            _codes_in(row, rule.field)
            if same
            else [c for c in field_type(body, rule.field) if c not in rule.leaves_out]
        )
        one_a_key = {rule.key(_with(body, {**values, rule.field: code})): code for code in every}
        values[rule.field] = list(one_a_key.values())[key % len(one_a_key)]
    return _with(body, values)


def _with(body: type[e.Body], values: dict[str, Enum]) -> e.Correctable:
    made = body(**values)
    assert isinstance(made, e.Correctable)
    return made


def _codes_in(row: ReleasedTable, field: str) -> list[Enum]:
    """The codes of one dimension's field that have a cell, for any code of the other dimension."""
    assert row.table is not None
    body = row.table.body
    others = product(*(field_type(body, d.field) for d in row.dimensions if d.field != field))
    rest = [d.field for d in row.dimensions if d.field != field]
    around = [{**_nothing(body), **dict(zip(rest, codes, strict=True))} for codes in others]
    codes = [code for code in field_type(body, field) if code != NOT_APPLICABLE]
    return [c for c in codes if any(row.value_of(_with(body, {**one, field: c})) is not None for one in around)]


def _nothing(body: type[e.Body]) -> dict[str, Enum]:
    return {f.name: field_type(body, f.name)(NOT_APPLICABLE) for f in fields(body)}


def worst(row: ReleasedTable, marker: Callable[[int], Marker] = Marker) -> list[Sent]:
    """All that the cap allows at once, in time to be counted."""
    one, month = marker(QUARTER), AUGUST if row.tier is Tier.NATION_LATE else APRIL
    rule = bounding_rule(row)
    for key in range(rule.most):
        one.add(month, UsState.ca, in_row(row, rule, key), MARKS)
    return one.sent


def bodies_near(row: ReleasedTable) -> st.SearchStrategy[e.Correctable]:
    """Sound bodies of the table's kind with few codes, so that they share cells and reach caps."""
    if row.table is None:
        return correctables.filter(lambda body: body.about is e.About.CLIENT).map(made_sound)
    body = row.table.body
    few = {}
    for f in fields(body):
        codes = list(field_type(body, f.name))
        inside = _codes_in(row, f.name) if any(f.name == d.field for d in row.dimensions) else codes
        few[f.name] = st.sampled_from([*inside[:CODES], codes[0], codes[-1]])
    return st.builds(body, **few).map(made_sound)


@st.composite
def histories(draw: st.DrawFn, row: ReleasedTable, *, corrects: bool = True) -> list[Sent]:
    """Any history of a client's period over months and states, marked as laxly as laws allow."""
    one = Marker(draw(st.sampled_from([QUARTER, parse_period("2026")])))
    near, epoch = bodies_near(row), draw(st.sampled_from([APRIL, AUGUST - 2, 11]))
    for _ in range(draw(st.integers(1, 24))):
        match draw(st.sampled_from(["add", "add", "add", "month", *(["back", "back"] if corrects else [])])):
            case "add":
                wanted = MARKS if draw(st.integers(0, 4)) else Cap(draw(st.integers(0, int(MARKS))))
                one.add(epoch, draw(st.sampled_from([UsState.ca, UsState.wy])), draw(near), wanted)
            case "back":
                one.withdraw(epoch, draw(st.integers(0, 5)))
            case _:
                epoch += 1
                one.next_epoch()
    return one.sent
