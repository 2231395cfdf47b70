"""Each table has a part of one budget and exactly its noise."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from exchange.cli import app
from exchange.core.counting.tables import BY_NAME, CLIENT_TABLES, TABLES, Dimension, Table, Tier
from exchange.core.errors import TableUnbudgeted
from exchange.core.metrics.planning import budget_lines
from exchange.core.model import events as e
from exchange.core.model.events import About
from exchange.core.release.budget import (
    DELTA,
    PARTS,
    RESERVE,
    RHO_PLANNED,
    RHO_TOTAL,
    TABLE_COSTS,
    WHOLE,
    TableCost,
    delta_of,
    epsilon_of,
    scale_for,
    table_costs,
)
from exchange.core.release.client_tables import RELEASED_TABLES, released_rows
from exchange.core.release.sensitivity import squared_l2
from exchange.trial.sample.volumes import yearly_volumes
from exchange.wire.planned_sizes import planned_sizes

EPSILON = 1.0
NEW = Table("added_later", e.ServiceProvided, (Dimension("unit_band"),), Tier.NATION_QUARTERLY)
"""A table that nobody has declared yet."""
rhos = st.fractions(Fraction(1, 10**7), Fraction(1, 10))
squares = st.integers(1, 200)
Scale = Callable[[int, Fraction], Fraction]


# The whole


def test_all_tables_together_cost_no_more_than_the_whole_without_the_reserve() -> None:
    assert sum((plan.rho for plan in TABLE_COSTS.values()), Fraction(0)) == RHO_PLANNED
    assert RHO_TOTAL * Fraction(WHOLE - RESERVE, WHOLE) >= RHO_PLANNED
    assert sum(PARTS.values()) + RESERVE == WHOLE
    assert RESERVE >= 0


def test_the_whole_is_epsilon_one_and_no_more() -> None:
    assert delta_of(float(RHO_TOTAL), EPSILON) <= DELTA
    assert 0.99 < epsilon_of(float(RHO_TOTAL)) <= EPSILON
    assert epsilon_of(1.02 * float(RHO_TOTAL)) > EPSILON


@given(st.floats(1e-5, 2.0), st.floats(1e-5, 2.0))
def test_more_rho_is_more_epsilon(one: float, other: float) -> None:
    assert epsilon_of(min(one, other)) <= epsilon_of(max(one, other))


# The noise


def enough_and_least(scale: Scale, squared: int, rho: Fraction) -> None:
    sigma = scale(squared, rho)
    assert Fraction(squared) / (2 * sigma**2) <= rho
    assert Fraction(squared) / (2 * (sigma - Fraction(1, 16)) ** 2) > rho if sigma > Fraction(1, 16) else True
    assert Fraction(float(sigma)) == sigma
    assert (sigma * 16).denominator == 1


@given(squares, rhos)
def test_sigma_is_the_least_multiple_of_a_sixteenth_that_is_enough(squared: int, rho: Fraction) -> None:
    enough_and_least(scale_for, squared, rho)


@given(squares, squares, rhos, rhos)
def test_more_sensitivity_or_less_budget_is_never_less_noise(m: int, n: int, rho: Fraction, other: Fraction) -> None:
    assert scale_for(min(m, n), rho) <= scale_for(max(m, n), rho)
    assert scale_for(m, max(rho, other)) <= scale_for(m, min(rho, other))


def rounded_to_nearest(squared: int, rho: Fraction) -> Fraction:
    return Fraction(round(16 * sqrt(squared / (2 * rho))), 16)


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(lambda m, rho: scale_for(m, rho) / 2, id="scale halved"),
        pytest.param(lambda _, rho: scale_for(1, rho), id="sensitivity 1 instead of the cap"),
        pytest.param(lambda m, rho: scale_for(m, rho) - Fraction(1, 16), id="rounded down"),
        pytest.param(rounded_to_nearest, id="rounded to the nearest"),
        pytest.param(lambda m, rho: Fraction(sqrt(m / (2 * rho))), id="not a multiple"),
    ],
)
def test_a_wrong_scale_is_found_out(mutant: Scale) -> None:
    def holds(squared: int, rho: Fraction) -> bool:
        try:
            enough_and_least(mutant, squared, rho)
        except AssertionError:
            return False
        return True

    assert not all(holds(plan.squared_l2, plan.part) for plan in TABLE_COSTS.values())


def test_every_plan_is_the_noise_of_its_own_sensitivity_and_part() -> None:
    for name, plan in TABLE_COSTS.items():
        assert plan.squared_l2 == squared_l2(plan.row)
        assert plan.part == RHO_TOTAL * Fraction(PARTS[name], WHOLE)
        enough_and_least(lambda *_, scale=plan.scale: scale, plan.squared_l2, plan.part)
        assert plan.rho <= plan.part


@pytest.mark.parametrize(("squared", "rho"), [(0, Fraction(1)), (1, Fraction(0))])
def test_there_is_no_scale_without_sensitivity_or_budget(squared: int, rho: Fraction) -> None:
    with pytest.raises(ValueError, match="no noise"):
        scale_for(squared, rho)


# No third kind


def test_every_client_table_is_in_the_budget_or_never_released() -> None:
    for table in TABLES:
        if table.about is About.CLIENT:
            assert (table.name in TABLE_COSTS) != (table.tier is Tier.NEVER), table.name
        else:
            assert table.name not in TABLE_COSTS


def test_one_table_missing_from_the_budget_is_found_out() -> None:
    for name in PARTS:
        with pytest.raises(TableUnbudgeted, match=name):
            table_costs(parts={table: part for table, part in PARTS.items() if table != name})


def test_a_table_that_gets_a_tier_and_nothing_else_is_found_out() -> None:
    """No weight where caps could bound it; no row for a table too fine or too sensitive.

    Too fine is three dimensions; too sensitive is two, with sensitive codes among them.
    """
    never = [t for t in CLIENT_TABLES if t.tier is Tier.NEVER and t.scope.value != "agency"]
    assert never
    for table in never:
        given_a_tier = replace(table, tier=Tier.NATION_QUARTERLY)
        tables = tuple(given_a_tier if t is table else t for t in TABLES)
        with pytest.raises(TableUnbudgeted, match=table.name):
            table_costs(tables)
        with pytest.raises(TableUnbudgeted, match=table.name):
            table_costs(tables, (*RELEASED_TABLES, *released_rows((given_a_tier,))))


def test_a_new_table_of_clients_without_a_weight_is_found_out() -> None:
    with pytest.raises(TableUnbudgeted, match=NEW.name):
        table_costs((*TABLES, NEW))
    with pytest.raises(TableUnbudgeted, match=NEW.name):
        table_costs((*TABLES, NEW), (*RELEASED_TABLES, *released_rows((NEW,))))


def test_a_table_both_in_the_budget_and_never_released_is_found_out() -> None:
    never = replace(BY_NAME["cases_by_gender"], tier=Tier.NEVER)
    with pytest.raises(TableUnbudgeted, match="cases_by_gender"):
        table_costs(tuple(never if t.name == never.name else t for t in TABLES))


def test_a_sum_of_clients_numbers_cannot_be_released() -> None:
    table = Table("needs_summed", e.NeedIdentified, (Dimension("service"),), Tier.NATION_QUARTERLY, measure="service")
    with pytest.raises(TableUnbudgeted):
        released_rows((table,))


def test_a_table_that_no_cap_bounds_is_found_out() -> None:
    with pytest.raises(TableUnbudgeted, match="0 caps"):
        table_costs(rules=())


@pytest.mark.parametrize("part", [PARTS["cases"] + 1, PARTS["cases"] + RESERVE + 1, PARTS["cases"] - 1, 0, -1])
def test_parts_that_are_not_the_whole_with_the_reserve_are_found_out(part: int) -> None:
    with pytest.raises(TableUnbudgeted):
        table_costs(parts={**PARTS, "cases": part})


def with_a_new_table(part: int, reserve: int) -> dict[str, TableCost]:
    released = (*RELEASED_TABLES, *released_rows((NEW,)))
    return table_costs((*TABLES, NEW), released, {**PARTS, NEW.name: part}, reserve=reserve)


@pytest.mark.parametrize("part", [1, RESERVE // 2, RESERVE])
def test_a_new_table_takes_its_part_from_the_reserve_and_touches_no_other(part: int) -> None:
    found = with_a_new_table(part, RESERVE - part)
    assert found.pop(NEW.name).part == RHO_TOTAL * Fraction(part, WHOLE)
    assert found == TABLE_COSTS


@pytest.mark.parametrize(("part", "reserve"), [(2, RESERVE), (2, RESERVE - 1), (RESERVE + 1, -1)])
def test_a_part_that_the_reserve_has_not_given_is_found_out(part: int, reserve: int) -> None:
    with pytest.raises(TableUnbudgeted, match="RESERVE"):
        with_a_new_table(part, reserve)


# What the command shows


def test_the_command_prints_every_table_and_where_the_ledger_is() -> None:
    ran = CliRunner().invoke(app, ["budget"])
    assert ran.exit_code == 0
    assert all(name in ran.stdout for name in TABLE_COSTS)
    assert "in the ledger of an exchange" in ran.stdout
    assert "epsilon 0.9" in ran.stdout


def test_the_command_prints_json_and_reckons_with_the_clients_given() -> None:
    few, many = (
        json.loads(CliRunner().invoke(app, ["budget", "--json", "--clients", clients]).stdout)
        for clients in ("2000", "100000")
    )
    assert (few["clients_a_year"], few["ledger"]) == (2000, None)
    assert few["rho_total"] == float(RHO_TOTAL)
    assert [line["table"] for line in few["tables"]] == list(TABLE_COSTS)
    of_few, of_many = (sum(line["usable"] for line in found["tables"]) for found in (few, many))
    assert of_few < of_many / 3
    for line in many["tables"]:
        assert 0 <= line["usable"] <= line["cells"] >= line["usable_in_a_year"]


@pytest.mark.parametrize("clients", ["0", "-5", "many"])
def test_a_number_of_clients_that_is_none_is_a_usage_error(clients: str) -> None:
    assert CliRunner().invoke(app, ["budget", "--clients", clients]).exit_code == 2


def test_planned_volumes_grow_with_the_clients_and_stay_within_the_caps() -> None:
    sample = Fraction(1, 50)
    one, double = yearly_volumes(10_000, scale=sample), yearly_volumes(20_000, scale=sample)
    assert {cell: 2 * n for cell, n in one.events.items()} == double.events
    assert all(0 < share <= 1 for share in one.kept.values())
    assert {name for name, _ in one.events} <= set(TABLE_COSTS)
    assert [line.table for line in budget_lines(planned_sizes(10_000))] == list(TABLE_COSTS)
