"""No history of a client that keeps the caps' laws moves a table beyond its declared sensitivity.

The bound is both searched for exceptions and attained, so it is neither too low nor a waste. Each
mutant is a way in which software would break it, or compute it wrong; each must be caught by the
law that the real thing keeps.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st

from exchange.core.admission.cap_rules import RULES, Cap, CapRule
from exchange.core.counting.tables import Dimension
from exchange.core.model import vocabulary as v
from exchange.core.model.events import Correction, Event, NeedIdentified, ServiceProvided
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.client_tables import RELEASED_TABLES, ReleasedTable
from exchange.core.release.sensitivity import bounding_rule, distinct, squared_l2
from tests.kits.caps_kit.contribution import Sent, broken_law, contribution, squared
from tests.kits.caps_kit.histories import EVERY, QUARTER, histories, worst
from tests.kits.caps_kit.markers import Marker, tallied
from tests.kits.sizes import examples

rows = pytest.mark.parametrize("row", RELEASED_TABLES, ids=lambda row: row.name)
SHARED = [row for row in RELEASED_TABLES if bounding_rule(row).most > 1 and not distinct(row, bounding_rule(row))]
DISTINCT = [row for row in RELEASED_TABLES if bounding_rule(row).most > 1 and distinct(row, bounding_rule(row))]


def fed_by(sent: Iterable[Sent]) -> list[ReleasedTable]:
    """The tables that these events can be in."""
    bodies = {type(b.body if isinstance(b, Correction) else b) for b in (one.event.body for one in sent)}
    return [row for row in RELEASED_TABLES if row.table is None or row.table.body in bodies]


@given(st.data())
@settings(max_examples=examples(600))
def test_no_lawful_history_exceeds_the_declared_sensitivity(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(RELEASED_TABLES), label="table")
    sent = data.draw(histories(row), label="history")
    assert broken_law(sent) == ""
    target(squared(row, sent) / squared_l2(row))
    for one in fed_by(sent):
        assert squared(one, sent) <= squared_l2(one), one.name


@given(st.data())
@settings(max_examples=examples(150))
def test_no_clients_part_of_the_tallies_exceeds_it_either(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(RELEASED_TABLES), label="table")
    tallies = tallied(data.draw(histories(row, corrects=False), label="history"), 9)
    for one in RELEASED_TABLES:
        assert squared(one, tallies) <= squared_l2(one), one.name


def test_a_tally_of_services_within_one_cap_only_is_found_out() -> None:
    """Five services of one group keep the nation's cap; states' caps count distinct groups."""
    row = TABLE_COSTS["state_needs_by_service_group"].row
    one = Marker(QUARTER)
    for service in v.Service:
        if v.SERVICE_GROUP[service] == "housing":
            one.add(0, v.UsState.ca, NeedIdentified(service), EVERY)
    assert squared(row, tallied(one.sent, 1)) <= squared_l2(row)
    careless = [Sent(s.epoch, replace(s.event, cap=s.event.cap | Cap.STATE)) for s in one.sent]
    assert squared(row, tallied(careless, 1)) > squared_l2(row)


@rows
def test_some_history_attains_it(row: ReleasedTable) -> None:
    sent = worst(row)
    assert broken_law(sent) == ""
    assert squared(row, sent) == squared_l2(row)


@rows
def test_how_months_divide_a_history_changes_no_more_than_the_bound_allows(row: ReleasedTable) -> None:
    """Events in one month, or each in its own: corrections within a month net out for free."""
    together = [Sent(0, one.event) for one in worst(row)]
    apart = [Sent(n, one.event) for n, one in enumerate(worst(row))]
    assert squared(row, together) <= squared(row, worst(row)) <= squared_l2(row)
    assert squared(row, apart) <= squared_l2(row)


@rows
def test_a_quarter_is_its_own_unit_in_a_yearly_table_too(row: ReleasedTable) -> None:
    """Four quarters of one client are four contributions; removing one changes no other."""
    quarters = [[Sent(3 * n, one.event) for one in worst(row, lambda _, q=n: Marker(630 + q))] for n in range(1, 5)]
    whole = contribution(row, [one for quarter in quarters for one in quarter])
    without = contribution(row, [one for quarter in quarters[1:] for one in quarter])
    changed = {cell: whole[cell] - without[cell] for cell in whole | without}
    assert sum(n * n for n in changed.values()) <= squared_l2(row)


def test_a_correction_takes_back_no_more_than_was_added() -> None:
    row = RELEASED_TABLES[0]
    sent = worst(row)
    assert broken_law(sent) == ""
    unmarked = [Sent(0, _with_cap(sent[0].event, 0)), *sent[1:]]
    assert broken_law([unmarked[0], _restating(sent[1], 0)]).startswith("3")


def _with_cap(event: Event, cap: int) -> Event:
    return replace(event, cap=cap)


def _restating(one: Sent, cap: int) -> Sent:
    return Sent(one.epoch, replace(one.event, body=replace(one.event.body, cap=cap)))


# Mutants


def _uncorrected(row: ReleasedTable) -> int:
    rule = bounding_rule(row)
    return min(rule.most, len(row.codes)) if distinct(row, rule) else rule.most**2


@pytest.mark.parametrize(
    ("mutant", "dies_in"),
    [
        pytest.param(lambda _: 1, DISTINCT + SHARED, id="sensitivity 1 instead of the cap"),
        pytest.param(_uncorrected, RELEASED_TABLES[:-1], id="corrections not counted"),
        pytest.param(
            lambda row: bounding_rule(row).most + 2 * bounding_rule(row).corrections,
            SHARED,
            id="services that share a band taken for distinct",
        ),
    ],
)
def test_a_sensitivity_that_is_too_low_is_found_out(
    mutant: Callable[[ReleasedTable], int], dies_in: list[ReleasedTable]
) -> None:
    assert dies_in
    for row in dies_in:
        assert squared(row, worst(row)) > mutant(row), row.name


MONTHS = 20


@rows
def test_caps_that_begin_anew_with_each_batch_or_run_are_found_out(row: ReleasedTable) -> None:
    sent: list[Sent] = []
    for month in range(MONTHS):
        sent += [Sent(month, one.event) for one in worst(row, lambda p: Marker(p, forgets=True), corrections=0)]
    assert squared(row, sent) > squared_l2(row)
    assert broken_law(sent).startswith("1")


@rows
def test_corrections_without_end_are_found_out(row: ReleasedTable) -> None:
    sent = worst(row, lambda period: Marker(period, corrects_freely=True), corrections=MONTHS)
    assert squared(row, sent) > squared_l2(row)
    assert broken_law(sent).startswith("2")


@rows
def test_events_without_the_bit_in_a_release_are_found_out(row: ReleasedTable) -> None:
    one = Marker(631)
    for sent in worst(row)[: bounding_rule(row).most] * MONTHS:
        one.add(0, sent.event.state, sent.event.body, Cap(7))
    assert squared(row, one.sent) <= squared_l2(row)
    assert squared(row, one.sent, counts=lambda _cap, _bit: True) > squared_l2(row)


def test_events_of_before_caps_are_in_no_release() -> None:
    for row in RELEASED_TABLES:
        assert squared(row, [Sent(0, _with_cap(one.event, 63)) for one in worst(row)]) == 0


@pytest.mark.parametrize(
    ("released_by", "capped_by", "squared"),
    [
        ("service", "service", 5),
        ("service>service_group", "service>service_group", 5),
        ("service>service_group", "service", 11),
        ("service", "service>service_group", 11),
        ("service", "", 11),
    ],
)
def test_cells_are_distinct_only_where_the_cap_is_of_the_very_same_codes(
    released_by: str, capped_by: str, squared: int
) -> None:
    """Three services of one group share a cell; groups split by service give no such assurance."""
    field, _, group = released_by.partition(">")
    row = replace(TABLE_COSTS["services_by_service"].row, dimensions=(Dimension(field, group),))
    assert squared_l2(row, (CapRule(Cap.NATION, ServiceProvided, 3, capped_by),)) == squared


@pytest.mark.parametrize(("most", "corrections", "squared"), [(3, 0, 9), (3, 1, 11), (3, 3, 27), (3, 5, 35), (1, 4, 9)])
def test_shared_cells_with_any_number_of_corrections(most: int, corrections: int, squared: int) -> None:
    row = TABLE_COSTS["services_by_wait_band"].row
    assert squared_l2(row, (CapRule(Cap.NATION, ServiceProvided, most, "service", corrections=corrections),)) == squared


def test_the_states_have_the_caps_that_were_agreed() -> None:
    caps = {row.name: bounding_rule(row).most for row in RELEASED_TABLES if row.bit is Cap.STATE}
    assert caps == {"state_cases": 1, "state_needs_by_service_group": 3, "state_unmet_needs_by_service_group": 2}


def test_the_laws_are_about_every_rule() -> None:
    assert {bounding_rule(row) for row in RELEASED_TABLES} == set(RULES)
