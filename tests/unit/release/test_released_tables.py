"""Releases omit what the law treats apart, lose nothing else, and have one source a figure."""

from itertools import product

import pytest

from exchange.core.admission import cap_rules
from exchange.core.admission.cap_rules import MARKS, RULES, Cap
from exchange.core.counting.cells import SEPARATOR
from exchange.core.counting.tables import (
    BY_NAME,
    MISSING_CODES,
    NOT_APPLICABLE,
    TALLIED,
    Dimension,
    Table,
    Tier,
    domain,
    field_type,
)
from exchange.core.errors import TableUnbudgeted
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import ALL_CAPS
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import whole_codes
from exchange.core.release.client_tables import (
    RELEASED_TABLES,
    SENSITIVE,
    YEARLY_ONLY,
    ReleasedTable,
    needed,
    released_rows,
    rows_of_tally,
    tally_bits,
)
from producers.switches import RULES as SWITCHES

FINER = [row for row in RELEASED_TABLES if row.tier is not Tier.NATION_YEARLY and row.table]


def counted_codes(row: ReleasedTable) -> tuple[str, ...]:
    assert row.table is not None
    return tuple(map(SEPARATOR.join, product(*whole_codes(row.table))))


def test_what_agencies_must_switch_on_is_released_for_the_nation_and_the_year_only() -> None:
    for switch in SWITCHES:
        for row in FINER:
            of_body = row.table is not None and row.table.body is switch.body
            if of_body and any(dimension.field == switch.field for dimension in row.dimensions):
                assert switch.codes, row.name
                assert all(row.value(code) is None for code in switch.codes), row.name


def test_no_sensitive_code_is_in_anything_finer_than_the_nation_and_the_year() -> None:
    for row in FINER:
        for dimension, domain_ in zip(row.dimensions, row.domains, strict=True):
            codes = SENSITIVE.get(dimension.field, frozenset())
            assert all(row.code(dimension, code) is None for code in codes), row.name
            assert codes.isdisjoint(domain_), row.name


@pytest.mark.parametrize("name", ["health_by_condition", "cases_by_control_method", "cases_by_foreign_national"])
def test_tables_that_are_sensitive_as_a_whole_are_yearly(name: str) -> None:
    assert TABLE_COSTS[name].row.tier is Tier.NATION_YEARLY


@pytest.mark.parametrize("name", YEARLY_ONLY)
def test_a_yearly_table_carries_exactly_what_the_finer_one_leaves_out(name: str) -> None:
    finer, yearly = TABLE_COSTS[name].row, TABLE_COSTS[f"{name}_yearly_only"].row
    assert yearly.tier is Tier.NATION_YEARLY
    assert set(yearly.codes) == finer.leaves_out != set()
    assert sorted([*finer.codes, *yearly.codes]) == sorted(counted_codes(finer))


def test_sensitive_codes_without_a_yearly_table_are_the_ones_we_know_of() -> None:
    """Released nowhere: adding one costs a weight."""
    nowhere = {
        row.name
        for row in FINER
        if row.leaves_out - MISSING_CODES and row.name not in YEARLY_ONLY and row.places == ("us",)
    }
    assert nowhere == {
        "unmet_needs_by_reason",
        "referrals_by_service",
        "outcomes_by_domain",
        "exits_by_reason",
        "exits_by_destination",
        "factors_by_economic_factor",
        "factors_by_protective_factor",
    }


def test_sensitive_codes_are_codes() -> None:
    lists = {"gender": v.Gender, "service": v.Service, "referral_source": v.ReferralSource, "agency_type": v.AgencyType}
    lists |= {"barrier": v.Barrier, "unmet_reason": v.UnmetReason, "outcome_domain": v.OutcomeDomain}
    lists |= {"exit_reason": v.ExitReason, "exit_destination": v.ExitDestination}
    lists |= {"economic_factor": v.EconomicFactor, "protective_factor": v.ProtectiveFactor}
    assert set(SENSITIVE) == set(lists)
    for field, codes in SENSITIVE.items():
        assert codes <= set(map(str, lists[field]))


def test_every_other_code_has_its_cell_and_nothing_applies_to_none() -> None:
    for row in RELEASED_TABLES:
        assert row.cells == len(row.places) * len(row.codes), row.name
        if not row.dimensions:
            assert row.codes == ("",), row.name
            continue
        assert row.table is not None
        assert {row.value(code) for code in counted_codes(row)} - {None} == set(row.codes), row.name
        for dimension, counted, codes in zip(row.dimensions, row.table.dimensions, row.domains, strict=True):
            assert row.code(dimension, NOT_APPLICABLE) is None
            left_out = {code for code in domain(row.table, counted) if row.code(dimension, code) is None}
            assert left_out == row.leaves_out if not row.only else not left_out & row.only, row.name
            assert set(codes).isdisjoint(left_out), row.name


def assessed(direction: v.OutcomeDirection, reporter: v.ReportedBy) -> e.OutcomeAssessed:
    body, nothing = e.OutcomeAssessed, NOT_APPLICABLE
    codes = {name: field_type(body, name)(nothing) for name in body.__annotations__ if name != "about"}
    return body(**{**codes, "outcome_direction": direction, "reported_by": reporter})  # type: ignore[arg-type]


def test_of_two_ways_only_known_answers_have_cells_and_each_body_is_in_one() -> None:
    row = TABLE_COSTS["outcomes_by_direction_and_reporter"].row
    assert row.domains == (
        ("improved", "unchanged", "worsened", "attained", "not_attained"),
        ("survivor", "worker", "both"),
    )
    assert row.codes[:4] == ("improved|survivor", "improved|worker", "improved|both", "unchanged|survivor")
    for direction, reporter in product(v.OutcomeDirection, v.ReportedBy):
        unknown = {direction, reporter} & {*MISSING_CODES, NOT_APPLICABLE}
        assert row.value_of(assessed(direction, reporter)) == (None if unknown else f"{direction}|{reporter}")


def test_two_way_tables_have_no_sensitive_codes_and_three_way_ones_no_release() -> None:
    """A code left out of one dimension may mean something else in the other."""
    two = Table("two", e.CaseOpened, (Dimension("gender"), Dimension("foreign_national")), Tier.NATION_QUARTERLY)
    three = Table("three", e.ServiceProvided, tuple(map(Dimension, ("wait_band", "cost_band", "unit_band"))), two.tier)
    for table in (two, three):
        with pytest.raises(TableUnbudgeted, match=table.name):
            released_rows((table,))


def test_state_groups_hold_no_sensitive_service_and_still_every_group() -> None:
    for name in ("state_needs_by_service_group", "state_unmet_needs_by_service_group"):
        row = TABLE_COSTS[name].row
        assert row.codes == domain(BY_NAME[name], BY_NAME[name].dimensions[0])
        assert row.value("immigration_relief") is None
        assert row.value("rental_assistance") == "housing"
        assert row.place("ca") == "ca"
        assert len(row.places) == len(v.UsState) - 1


def test_a_tally_counts_only_what_carries_every_bit_that_it_carries_itself_where_it_is_released() -> None:
    for table in TALLIED.values():
        assert tally_bits(table) & ~Cap.ARRIVAL == tally_bits(table)  # a total has no month of arrival
        assert all(tally_bits(table) & row.bit for row in rows_of_tally(table))
    needs = BY_NAME["needs_by_service"]
    assert needed(needs, e.NeedIdentified(v.Service.food)) == Cap.NATION | Cap.STATE
    assert needed(needs, e.NeedIdentified(v.Service.immigration_relief)) == Cap.NATION


# Bits


def test_bits_are_distinct_and_fit_the_six_of_an_event() -> None:
    assert [bit.value for bit in Cap] == [1, 2, 4, 8, 16]
    assert MARKS.value == ALL_CAPS == 31
    assert {rule.bit for rule in RULES} == set(Cap)
    assert all(rule.most >= 1 for rule in RULES)
    assert {rule for rule in RULES if rule.ever} == {rule for rule in RULES if rule.bit is Cap.ARRIVAL}


def test_a_correction_is_lawful_with_the_very_bits_of_its_event() -> None:
    for cap in range(ALL_CAPS + 1):
        assert [other for other in range(ALL_CAPS + 1) if cap_rules.lawful(other, cap)] == [cap]


def test_the_rules_of_a_body_are_those_of_its_strand() -> None:
    none = {
        f: field_type(e.TraffickingFacts, f)(NOT_APPLICABLE) for f in e.TraffickingFacts.__annotations__ if f != "about"
    }
    control = e.TraffickingFacts(**{**none, "control_method": v.ControlMethod.debt_bondage})  # type: ignore[arg-type]
    facts = e.TraffickingFacts(**{**none, "trafficking_type": v.TraffickingType.sex})  # type: ignore[arg-type]
    of_control, of_facts = (list(cap_rules.rules_of(body, Cap.NATION)) for body in (control, facts))
    assert (len(of_control), len(of_facts)) == (1, 1)
    assert of_control != of_facts
    assert list(cap_rules.rules_of(e.NeedIdentified(v.Service.substance_use), Cap.STATE)) == []
    bits = [rule.bit for rule in cap_rules.rules_of(e.NeedIdentified(v.Service.food))]
    assert bits == [Cap.NATION, Cap.STATE, Cap.ARRIVAL, Cap.PAST]
    assert list(cap_rules.rules_of(e.CapacityReported(v.Service.food, 3))) == []
