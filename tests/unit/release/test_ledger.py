"""The ledger: no period pays over the budget, nothing is paid back, a refusal does no harm."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.counting.tables import Tier
from exchange.core.errors import BudgetExhausted, EpochOutOfOrder, TableChanged
from exchange.core.model.period import FIRST, LAST, parse_period, period_text
from exchange.core.release import privacy_ledger
from exchange.core.release.budget import RESERVE, RHO_PLANNED, RHO_TOTAL, TABLE_COSTS, WHOLE, TableCost
from exchange.core.release.draw import plans_due
from exchange.core.release.privacy_ledger import Account, Ledger, left, most_spent, spend, spent
from exchange.core.release.tiers import due_epoch
from tests.kits.broken_rules import BrokenRule, notices
from tests.kits.sizes import examples

START = 2026 * 12
ALL = tuple(TABLE_COSTS.values())
PERIODS = range(FIRST, LAST + 1)
NEAR = range(parse_period("2024"), parse_period("2030"))
Spend = Callable[[Ledger, int, Iterable[TableCost]], Ledger]


def costing(name: str, part: Fraction) -> TableCost:
    """A plan of this table's that costs about this part of everything."""
    plan = TABLE_COSTS[name]
    rho = RHO_TOTAL * part
    scale = Fraction(int(16 * (plan.squared_l2 / (2 * rho)) ** 0.5) + 1, 16)
    return replace(plan, part=rho, scale=scale)


FEW = [
    costing(name, Fraction(n, 10))
    for n, name in enumerate(
        ("cases", "arrivals_cases", "state_cases", "cases_too_late", "needs_by_service", "health_by_condition"), start=1
    )
]
"""Tables of every tier: together they cost twice the budget."""
steps = st.lists(
    st.tuples(st.sampled_from([1, 1, 1, 1, 1, 0, -1, 2]), st.sets(st.sampled_from(range(len(FEW))))), max_size=30
)


def lives(spend_: Spend, script: list[tuple[int, set[int]]]) -> None:
    """One ledger's life: its laws hold for any request."""
    ledger, epoch = Ledger(), START
    for step, which in script:
        asked = epoch + step
        due = plans_due(asked, [FEW[n] for n in sorted(which)])
        before = {period: spent(ledger, period) for period in NEAR}
        try:
            after = spend_(ledger, asked, due)
        except (BudgetExhausted, EpochOutOfOrder):
            assert {period: spent(ledger, period) for period in NEAR} == before
            continue
        assert ledger.last_epoch in {None, asked - 1}
        assert {plan.row.name for plan in due} <= {n for n, a in after.accounts.items() if a.last_epoch == asked}
        assert all(after.accounts[plan.row.name].rho == plan.rho for plan in due)
        for period in NEAR:
            assert before[period] <= spent(after, period) <= RHO_TOTAL
            assert spent(after, period) + left(after, period) == RHO_TOTAL
        ledger, epoch = after, asked


@given(steps)
def test_no_period_ever_pays_more_than_there_is_nor_gets_anything_back(script: list[tuple[int, set[int]]]) -> None:
    lives(spend, script)


def quietly_degrading(ledger: Ledger, epoch: int, due: Iterable[TableCost]) -> Ledger:
    try:
        return spend(ledger, epoch, due)
    except BudgetExhausted:
        return spend(ledger, epoch, [])


def unchecked(ledger: Ledger, epoch: int, due: Iterable[TableCost]) -> Ledger:
    accounts = dict(ledger.accounts)
    for plan in due:
        first = accounts[plan.row.name].first_epoch if plan.row.name in accounts else epoch
        accounts[plan.row.name] = Account(plan.row.tier, plan.rho, plan.terms, first, epoch)
    return Ledger(accounts, epoch)


def forgetting(ledger: Ledger, epoch: int, due: Iterable[TableCost]) -> Ledger:
    recent = {name: account for name, account in ledger.accounts.items() if account.last_epoch >= epoch - 1}
    return spend(Ledger(recent, ledger.last_epoch), epoch, due)


FULL = [(1, {1}), (1, set[int]()), (1, {0, 1, 4}), (1, set[int]()), (1, {1}), (1, {0, 1, 3, 4, 5})]


@pytest.mark.parametrize("mutant", [quietly_degrading, unchecked, forgetting])
def test_a_ledger_that_gives_way_is_found_out(mutant: Spend) -> None:
    lives(spend, FULL)
    with pytest.raises(AssertionError):
        lives(mutant, FULL)


# Who pays


def paid_by_hand(ledger: Ledger, period: int) -> Fraction:
    """The sum over the epochs in which a table was released: those that count the period."""
    found = Fraction(0)
    for account in ledger.accounts.values():
        released = range(account.first_epoch, account.last_epoch + 1)
        counting = [epoch for epoch in released if due_epoch(account.tier, period) == epoch]
        assert len(counting) <= 1
        found += account.rho if counting or account.tier is Tier.NATION_ARRIVALS else 0
    return found


spans = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda two: (START + min(two), START + max(two)))


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """Any ledger that a history could leave: tables that were added, retired, or never due."""
    accounts = {}
    for plan in draw(st.lists(st.sampled_from(ALL), unique_by=lambda plan: plan.row.name, max_size=6)):
        first, last = draw(spans)
        accounts[plan.row.name] = Account(plan.row.tier, plan.rho * draw(st.integers(1, 9)), plan.terms, first, last)
    last_epoch = max((account.last_epoch for account in accounts.values()), default=START)
    return Ledger(accounts, draw(st.sampled_from([last_epoch, last_epoch + 5])) if accounts else None)


@given(ledgers())
@settings(max_examples=examples(80))
def test_what_is_spent_most_is_the_most_that_any_period_has_spent(ledger: Ledger) -> None:
    by_period = {period: spent(ledger, period) for period in PERIODS}
    assert all(by_period[period] == paid_by_hand(ledger, period) for period in NEAR)
    assert most_spent(ledger) == max(by_period.values())


MUTANTS = {
    "a table that is not due pays": BrokenRule(
        privacy_ledger, "Account.pays", "self.first_epoch <= due <= self.last_epoch", "self.first_epoch <= due"
    ),
    "periods of before a table was added pay": BrokenRule(
        privacy_ledger, "Account.pays", "self.first_epoch <= due <= self.last_epoch", "due <= self.last_epoch"
    ),
    "arrivals are free": BrokenRule(privacy_ledger, "Account.pays", "self.tier is Tier.NATION_ARRIVALS", "False"),
    "the year before is not looked at": BrokenRule(privacy_ledger, "most_spent", "min(years) - 1", "min(years)"),
    "later years are not looked at": BrokenRule(privacy_ledger, "most_spent", "last + 5", "last"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_about_who_pays_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    notices(monkeypatch, test_what_is_spent_most_is_the_most_that_any_period_has_spent, MUTANTS[name])


# What the budget of this exchange does over time


def years(first: int, last: int, ledger: Ledger = Ledger(), plans: Iterable[TableCost] = ALL) -> Ledger:  # noqa: B008 - a value
    """A ledger after these epochs, each with the tables that are due in it."""
    for epoch in range(first, last + 1):
        ledger = spend(ledger, epoch, plans_due(epoch, plans))
    return ledger


def test_years_of_releases_cost_a_quarter_each_table_once() -> None:
    ledger = years(START, START + 39)
    for text in ("2026Q1", "2026Q4", "2027Q3", "2028Q2"):
        assert spent(ledger, parse_period(text)) == RHO_PLANNED, text
    finer = sum((plan.rho for plan in ALL if plan.row.tier is Tier.NATION_LATE), Fraction(0))
    assert spent(ledger, parse_period("2027")) == RHO_PLANNED - finer  # no quarter is late for a year's own records
    arrived = sum((plan.rho for plan in ALL if plan.row.tier is Tier.NATION_ARRIVALS), Fraction(0))
    assert spent(ledger, parse_period("2029Q4")) == spent(ledger, parse_period("2019Q1")) == arrived
    assert left(ledger, parse_period("2027Q3")) >= RHO_TOTAL * Fraction(RESERVE, WHOLE)


def named(plan: TableCost, name: str) -> TableCost:
    return replace(plan, row=replace(plan.row, name=name))


def test_a_table_that_is_added_later_costs_what_it_counts_and_spares_periods_of_before() -> None:
    january = START + 12
    fits = named(costing("cases", 1 - RHO_PLANNED / RHO_TOTAL - Fraction(1, 1000)), "added_later")
    ledger = years(START, january - 1)
    ledger = years(january, january + 3, ledger, [*ALL, fits])  # with what comes too late of the last quarter
    added = ledger.accounts["added_later"]
    assert {text for text in map(period_text, NEAR) if added.pays(parse_period(text))} == {"2026", "2026Q4", "2027Q1"}
    with pytest.raises(BudgetExhausted):
        spend(ledger, january + 4, [named(costing("arrivals_cases", Fraction(1, 100)), "one_too_many")])


def test_a_retired_table_frees_later_periods_only() -> None:
    """Its successor is first released when another period is counted."""
    large = costing("cases", Fraction(9, 10))
    successor = named(large, "its_successor")
    ledger = years(START, START + 3, plans=[large])
    ledger = years(START + 4, START + 6, ledger, [successor])
    paid = {period_text(p): spent(ledger, p) for p in NEAR if spent(ledger, p)}
    assert paid == {"2025": large.rho, "2025Q4": large.rho, "2026Q1": large.rho, "2026Q2": large.rho}
    with pytest.raises(BudgetExhausted):
        years(START + 7, START + 9, ledger, [large, successor])


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
        spend(ledger, START + 1, [named(FEW[1], f"arrivals_{n}") for n in range(9)])
    assert dict(ledger.accounts) == held
    assert ledger.last_epoch == START
    with pytest.raises(TypeError):
        ledger.accounts["cases"] = held["cases"]
