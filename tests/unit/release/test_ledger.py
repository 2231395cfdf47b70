"""The ledger: no period pays over the budget, nothing is paid back, a refusal does no harm."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.counting.tables import Tier
from exchange.core.errors import BudgetExhausted, EpochOutOfOrder, TableChanged
from exchange.core.model.period import FIRST, LAST, parse_period
from exchange.core.release.budget import RESERVE, RHO_PLANNED, RHO_TOTAL, TABLE_COSTS, WHOLE, TableCost
from exchange.core.release.privacy_ledger import EVERY_PERIOD, Account, Ledger, left, spend, spent
from exchange.core.release.tiers import is_due

START = 2026 * 12
ALL = tuple(TABLE_COSTS.values())
PERIODS = [period for period in range(FIRST, LAST + 1) if 2024 <= period // 5 + 1900 <= 2030]
Spend = Callable[[Ledger, int, Iterable[TableCost], int], Ledger]


def costing(name: str, part: Fraction) -> TableCost:
    """A plan of this table's that costs about this part of everything."""
    plan = TABLE_COSTS[name]
    rho = RHO_TOTAL * part
    scale = Fraction(int(16 * (plan.squared_l2 / (2 * rho)) ** 0.5) + 1, 16)
    return replace(plan, part=rho, scale=scale)


FEW = [costing(name, Fraction(n, 10)) for n, name in enumerate(list(TABLE_COSTS)[:6], start=1)]
steps = st.lists(
    st.tuples(st.sampled_from([1, 1, 1, 1, 0, -1, 2]), st.sets(st.sampled_from(range(len(FEW)))), st.integers(-12, 3)),
    max_size=14,
)


def lives(spend_: Spend, script: list[tuple[int, set[int], int]]) -> None:
    """One ledger's life: its laws hold for any request."""
    ledger, epoch = Ledger(), START
    for step, which, periods_from in script:
        due = [FEW[n] for n in sorted(which)]
        before = {period: spent(ledger, period) for period in PERIODS}
        asked = epoch + step
        try:
            after = spend_(ledger, asked, due, asked + periods_from if periods_from < 3 else EVERY_PERIOD)
        except (BudgetExhausted, EpochOutOfOrder):
            assert {period: spent(ledger, period) for period in PERIODS} == before
            continue
        assert ledger.last_epoch in {None, asked - 1}
        assert {plan.row.name for plan in due} <= {n for n, a in after.accounts.items() if a.last_epoch == asked}
        assert all(after.accounts[plan.row.name].rho == plan.rho for plan in due)
        for period in PERIODS:
            assert before[period] <= spent(after, period) <= RHO_TOTAL
            assert spent(after, period) + left(after, period) == RHO_TOTAL
        ledger, epoch = after, asked


@given(steps)
def test_no_period_ever_pays_more_than_there_is_nor_gets_anything_back(script: list[tuple[int, set[int], int]]) -> None:
    lives(spend, script)


def quietly_degrading(ledger: Ledger, epoch: int, due: Iterable[TableCost], periods_from: int = EVERY_PERIOD) -> Ledger:
    try:
        return spend(ledger, epoch, due, periods_from)
    except BudgetExhausted:
        return spend(ledger, epoch, [], periods_from)


def unchecked(ledger: Ledger, epoch: int, due: Iterable[TableCost], periods_from: int = EVERY_PERIOD) -> Ledger:
    accounts = dict(ledger.accounts)
    for plan in due:
        accounts[plan.row.name] = Account(plan.rho, plan.terms, periods_from, epoch)
    return Ledger(accounts, epoch)


def forgetting(ledger: Ledger, epoch: int, due: Iterable[TableCost], periods_from: int = EVERY_PERIOD) -> Ledger:
    recent = {name: account for name, account in ledger.accounts.items() if account.last_epoch >= epoch - 1}
    return spend(Ledger(recent, ledger.last_epoch), epoch, due, periods_from)


def paying_for_the_open_period_only(
    ledger: Ledger, epoch: int, due: Iterable[TableCost], _periods_from: int = EVERY_PERIOD
) -> Ledger:
    return spend(ledger, epoch, due, epoch - epoch % 3)


FULL = [(1, {3, 4}, 3), (1, {5}, 3), (1, {0, 1}, 3), (1, set(), 3), (1, {2, 3}, 3)]


@pytest.mark.parametrize("mutant", [quietly_degrading, unchecked, forgetting])
def test_a_ledger_that_gives_way_is_found_out(mutant: Spend) -> None:
    lives(spend, FULL)
    with pytest.raises(AssertionError):
        lives(mutant, FULL)


def test_a_ledger_that_lets_past_quarters_go_free_is_found_out() -> None:
    """Late events of the quarter before are in the release too, so it pays."""
    before = parse_period("2025Q4")
    assert spent(spend(Ledger(), START, ALL), before) == RHO_PLANNED
    assert spent(paying_for_the_open_period_only(Ledger(), START, ALL), before) == 0


# What the budget of this exchange does over time


def close(ledger: Ledger, epoch: int) -> Ledger:
    return spend(ledger, epoch, [plan for plan in ALL if is_due(plan.row.tier, epoch)])


def test_years_of_releases_never_cost_a_period_more_than_each_table_once() -> None:
    ledger = Ledger()
    for epoch in range(START, START + 36):
        ledger = close(ledger, epoch)
    for text in ("2024Q1", "2026", "2026Q1", "2027Q3", "2028Q4"):
        assert spent(ledger, parse_period(text)) == RHO_PLANNED
    assert spent(ledger, parse_period("2029Q1")) == 0
    assert left(ledger, parse_period("2027Q3")) >= RHO_TOTAL * Fraction(RESERVE, WHOLE)


def test_a_table_added_later_takes_from_the_reserve_and_spares_full_periods() -> None:
    ledger = spend(Ledger(), START, ALL)
    from_reserve = costing("cases", Fraction(9, 100))
    new = replace(from_reserve, row=replace(from_reserve.row, name="added_later"))
    wide = spend(ledger, START + 1, [new])
    assert spent(wide, parse_period("2025Q1")) == RHO_PLANNED + new.rho
    too_much = replace(new, row=replace(new.row, name="one_too_many"))
    with pytest.raises(BudgetExhausted):
        spend(wide, START + 2, [too_much])
    with pytest.raises(BudgetExhausted):
        spend(wide, START + 2, [*ALL, too_much], START + 3 - 12)


def test_a_retired_table_frees_later_periods_only() -> None:
    large = costing("cases", Fraction(9, 10))
    other = replace(large, row=replace(large.row, name="its_successor"))
    ledger = spend(Ledger(), START, [large])
    ledger = spend(ledger, START + 1, [])
    with pytest.raises(BudgetExhausted):
        spend(ledger, START + 2, [other])
    ledger = spend(ledger, START + 2, [])
    ledger = spend(ledger, START + 3, [other], periods_from=START + 3)
    assert spent(ledger, parse_period("2026Q1")) == large.rho
    assert spent(ledger, parse_period("2026Q2")) == other.rho
    assert spent(ledger, parse_period("2026")) == large.rho
    assert not ledger.accounts["its_successor"].covers(parse_period("2026"))
    with pytest.raises(BudgetExhausted):
        spend(ledger, START + 4, [large])


@pytest.mark.parametrize("step", [-1, 0, 2, 60])
def test_an_epoch_that_is_not_the_next_is_refused(step: int) -> None:
    ledger = spend(Ledger(), START, ALL)
    with pytest.raises(EpochOutOfOrder):
        spend(ledger, START + step, [])
    assert spend(ledger, START + 1, ALL).last_epoch == START + 1


@pytest.mark.parametrize("name", ["cases_by_gender", "state_needs_by_service_group"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda plan: replace(plan, scale=plan.scale + 1), id="other noise"),
        pytest.param(lambda plan: replace(plan, squared_l2=plan.squared_l2 + 1), id="other caps"),
        pytest.param(
            lambda plan: replace(plan, row=replace(plan.row, leaves_out=frozenset({"woman", "housing"}))),
            id="another domain",
        ),
        pytest.param(lambda plan: replace(plan, row=replace(plan.row, tier=Tier.NATION_YEARLY)), id="another cadence"),
        pytest.param(lambda plan: replace(plan, rule=replace(plan.rule, most=plan.rule.most + 2)), id="another cap"),
    ],
)
def test_a_table_that_changed_between_epochs_is_refused(change: Callable[[TableCost], TableCost], name: str) -> None:
    plan = TABLE_COSTS[name]
    ledger = spend(Ledger(), START, [plan])
    with pytest.raises(TableChanged, match=name):
        spend(ledger, START + 1, [change(plan)])
    assert spend(ledger, START + 1, [plan]).accounts[name].last_epoch == START + 1


def test_a_refusal_leaves_the_ledger_as_it_was() -> None:
    ledger = spend(Ledger(), START, FEW[:3])
    held = dict(ledger.accounts)
    with pytest.raises(BudgetExhausted):
        spend(ledger, START + 1, FEW)
    assert dict(ledger.accounts) == held
    assert ledger.last_epoch == START
    with pytest.raises(TypeError):
        ledger.accounts["cases"] = held["cases"]
