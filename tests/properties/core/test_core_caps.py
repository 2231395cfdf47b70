"""No history of a client that keeps the laws of marks moves a table beyond its sensitivity.

The bound is searched for exceptions and attained, so it is neither too low nor a waste. Each
mutant is a way in which software would break it, or compute it wrong; each must be caught by the
law that the real thing keeps.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st

from exchange.core.admission.cap_rules import MARKS, RULES, Cap, CapRule
from exchange.core.counting.tables import Dimension
from exchange.core.model import vocabulary as v
from exchange.core.model.events import Correction, NeedIdentified, ServiceProvided
from exchange.core.release.budget import RHO_PLANNED, RHO_TOTAL, TABLE_COSTS, TableCost
from exchange.core.release.client_tables import RELEASED_TABLES
from exchange.core.release.sensitivity import bounding_rule, squared_l2
from tests.kits.caps_kit.histories import APRIL, AUGUST, QUARTER, histories, in_row, worst
from tests.kits.caps_kit.laws import Sent, broken_law
from tests.kits.caps_kit.markers import Marker, tallied
from tests.kits.draw_world import ALL_PLANS, life, moved
from tests.kits.sizes import examples

HOUSING = [service for service in v.Service if v.SERVICE_GROUP[service] == "housing"]


def fed_by(sent: Iterable[Sent]) -> list[TableCost]:
    """The tables that these events can be in."""
    bodies = {type(b.body if isinstance(b, Correction) else b) for b in (one.event.body for one in sent)}
    return [plan for plan in ALL_PLANS if plan.row.table is None or plan.row.table.body in bodies]


@given(st.data())
@settings(max_examples=examples(300))
def test_no_lawful_history_moves_any_table_further_than_its_sensitivity(data: st.DataObject) -> None:
    plan = data.draw(st.sampled_from(ALL_PLANS), label="table")
    sent = data.draw(histories(plan.row), label="history")
    assert broken_law(sent) == ""
    target(moved(plan, sent) / plan.squared_l2)
    for one in fed_by(sent):
        assert moved(one, sent) <= one.squared_l2, one.row.name


@given(st.data())
@settings(max_examples=examples(40))
def test_no_clients_part_of_the_tallies_does_either(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(RELEASED_TABLES), label="table")
    tallies = tallied(data.draw(histories(row, corrects=False), label="history"), data.draw(st.integers(APRIL, 12)))
    for one in ALL_PLANS:
        assert moved(one, tallies) <= one.squared_l2, one.row.name


def test_a_tally_of_services_within_one_cap_only_is_found_out() -> None:
    """Services of one group keep the nation's cap; the states' caps count distinct groups."""
    plan, one = TABLE_COSTS["state_needs_by_service_group"], Marker(QUARTER)
    for service in HOUSING:
        one.add(APRIL, v.UsState.ca, NeedIdentified(service), MARKS)
    assert moved(plan, tallied(one.sent, APRIL)) <= plan.squared_l2
    careless = [Sent(s.epoch, replace(s.event, cap=s.event.cap | Cap.STATE)) for s in one.sent]
    assert moved(plan, tallied(careless, APRIL)) > plan.squared_l2


def together(lives: Iterable[tuple[TableCost, Sequence[Sent]]]) -> Fraction:
    """The squared distance of all draws, in standard deviations of the noise."""
    return sum((moved(plan, sent) / plan.variance for plan, sent in lives), Fraction(0))


def test_some_history_attains_it_and_all_tables_together_are_what_was_planned() -> None:
    """No linear combination of independent Gaussians moves further, nor any difference or mean."""
    for plan in ALL_PLANS:
        assert broken_law(worst(plan.row)) == ""
        assert moved(plan, worst(plan.row)) == plan.squared_l2, plan.row.name
    assert together((plan, worst(plan.row)) for plan in ALL_PLANS) == 2 * RHO_PLANNED <= 2 * RHO_TOTAL


def test_a_quarter_is_its_own_unit_in_a_yearly_table_too() -> None:
    """Four quarters of one client are four contributions; removing one changes no other."""
    for plan in ALL_PLANS:
        quarters = [worst(plan.row, lambda _, q=q: Marker(QUARTER - 2 + q)) for q in range(1, 5)]
        whole, without = (life(plan, [one for sent in some for one in sent]) for some in (quarters, quarters[1:]))
        pairs = zip(whole, without, strict=True)
        changed = sum((a - b) ** 2 for one, other in pairs for a, b in zip(one.counts, other.counts, strict=True))
        assert changed <= plan.squared_l2, plan.row.name


# Mutants


def test_caps_that_begin_anew_with_each_month_batch_or_run_are_found_out() -> None:
    for plan in ALL_PLANS:
        one, first = Marker(QUARTER, forgets=True), worst(plan.row)[0].epoch
        for month in (first, first + 1):
            for key in range(plan.rule.most):
                one.add(month, v.UsState.ca, in_row(plan.row, plan.rule, key), MARKS)
            one.next_epoch()
        assert moved(plan, one.sent) > plan.squared_l2, plan.row.name
        assert broken_law(one.sent).startswith("1")


def test_a_correction_that_leaves_marks_where_they_were_is_found_out() -> None:
    for plan in ALL_PLANS:
        if plan.rule.ever:
            continue
        one, month = Marker(QUARTER, keeps=plan.row.bit), worst(plan.row)[0].epoch
        for key in range(plan.rule.most):
            for _ in range(2):
                one.add(month, v.UsState.ca, in_row(plan.row, plan.rule, key), plan.row.bit)
                one.withdraw(month, -1)
        assert moved(plan, one.sent) > plan.squared_l2, plan.row.name
        assert broken_law(one.sent).startswith("2")


def test_an_arrival_that_is_given_again_after_a_correction_is_found_out() -> None:
    for plan in (plan for plan in ALL_PLANS if plan.rule.ever):
        one = Marker(QUARTER, arrives_again=True)
        for month in (APRIL, AUGUST):
            one.add(month, v.UsState.ca, in_row(plan.row, plan.rule, 0), MARKS)
            one.withdraw(month, 0)
        assert moved(plan, one.sent) == 2
        assert broken_law(one.sent) == "1: a client arrives again"


def test_more_than_the_budget_is_found_out() -> None:
    """Noise of half the scale; everything drawn twice; caps that begin anew."""
    lives = [(plan, worst(plan.row)) for plan in ALL_PLANS]
    assert together((replace(plan, scale=plan.scale / 2), sent) for plan, sent in lives) > 2 * RHO_TOTAL
    assert together(lives + lives) > 2 * RHO_TOTAL
    assert together((plan, 2 * sent) for plan, sent in lives) > 2 * RHO_TOTAL


@pytest.mark.parametrize(
    ("released_by", "capped_by", "squared"),
    [
        ("service", "service", 3),
        ("service>service_group", "service>service_group", 3),
        ("service>service_group", "service", 9),
        ("service", "service>service_group", 9),
        ("service", "", 9),
    ],
)
def test_cells_are_distinct_only_where_the_cap_is_of_the_very_same_codes(
    released_by: str, capped_by: str, squared: int
) -> None:
    """Three services of one group share a cell; groups split by service give no such assurance."""
    field, _, group = released_by.partition(">")
    row = replace(TABLE_COSTS["services_by_service"].row, dimensions=(Dimension(field, group),))
    assert squared_l2(row, (CapRule(Cap.NATION, ServiceProvided, 3, capped_by),)) == squared


def test_services_that_share_a_band_are_not_taken_for_distinct() -> None:
    """Three marked services may have one wait: without `Cap.ONE` they would move it by nine."""
    plan = TABLE_COSTS["services_by_wait_band"]
    three = replace(plan.row, bit=Cap.NATION)
    rules = (CapRule(Cap.NATION, ServiceProvided, 3, "service"),)
    one = Marker(QUARTER)
    for key in range(3):
        one.add(APRIL, v.UsState.ca, in_row(three, rules[0], key), MARKS)
    assert moved(replace(plan, row=three), one.sent) == squared_l2(three, rules) == 9
    assert moved(plan, one.sent) == plan.squared_l2 == 1


def test_the_two_ends_of_a_ratio_have_one_cap() -> None:
    """Needs and unmet needs are one choice each: what is chosen of one is chosen of the other."""
    for needs in ("needs_by_service", "state_needs_by_service_group"):
        one, other = (bounding_rule(TABLE_COSTS[name].row) for name in (needs, needs.replace("needs", "unmet_needs")))
        assert (one.most, one.distinct, one.choice) == (other.most, other.distinct, other.choice)
        assert one.choice


def test_the_laws_are_about_every_rule() -> None:
    assert Counter(map(bounding_rule, RELEASED_TABLES)).keys() == set(RULES)
