"""Canaries contribute the most that the caps allow; no two share a count that is attacked."""

from collections import Counter

import pytest

from exchange.core.admission.soundness import unsound
from exchange.core.model.events import Correction
from exchange.core.model.period import period_text
from exchange.core.release.budget import RHO_PLANNED, TABLE_COSTS
from exchange.trial.attack.attacks.membership_attack import HOSTS
from exchange.trial.attack.canaries import COHORT, Way, canary, moved, way_of
from exchange.trial.attack.cohort import loads, squared_mu
from tests.kits.caps_kit.laws import Sent, broken_law

EVERY = range(COHORT)


@pytest.mark.parametrize("number", EVERY)
def test_a_canary_keeps_every_law_of_the_caps(number: int) -> None:
    sent = [Sent(one.month, one.event) for one in sorted(canary(number), key=lambda one: one.month)]
    assert broken_law(sent) == ""


@pytest.mark.parametrize("number", EVERY)
def test_every_body_is_sound(number: int) -> None:
    bodies = (one.event.body for one in canary(number))
    assert not [unsound(b.body if isinstance(b, Correction) else b) for b in bodies if unsound(b)]


@pytest.mark.parametrize("number", EVERY)
def test_a_canary_adds_all_that_is_paid_for_in_every_table_but_those_of_sensitive_codes(number: int) -> None:
    found = Counter[str]()
    for (table, _, _), n in loads()[number].all.items():
        found[table] += n * n
    paid = {name: plan.squared_l2 for name, plan in TABLE_COSTS.items() if not plan.row.only}
    if period_text(canary(number)[0].event.period)[4:] in {"", "Q3"}:
        del paid["cases_too_late"]  # of a year nothing is too late; a case of the third quarter stays
    assert dict(found) == paid


def test_every_way_is_gone_by_canaries_of_quarters_and_of_years() -> None:
    gone = {(way_of(number), len(period_text(canary(number)[0].event.period)) > 4) for number in EVERY}
    assert gone == {(way, quarterly) for way in Way for quarterly in (True, False)}


def test_no_canary_is_worth_more_than_the_budget_plans_and_all_are_worth_nearly_that() -> None:
    for load in loads():
        assert squared_mu(load.own) <= squared_mu(load.all) <= 2 * RHO_PLANNED
        assert squared_mu(load.own) > 0.9 * 2 * RHO_PLANNED


def test_no_count_is_the_own_one_of_two_canaries_of_any_two_cohorts_and_nobody_else_touches_it_unknown() -> None:
    own, touched = Counter[tuple[str, int, int]](), Counter[tuple[str, int, int]]()
    for year in range(HOSTS):
        for load in loads():
            own.update((table, epoch + 12 * year, at) for table, epoch, at in load.own)
            touched.update((table, epoch + 12 * year, at) for table, epoch, at in load.all)
    assert max(own.values()) == 1
    assert max(touched.values()) > 1  # so that the line above says something


def test_a_later_cohort_is_the_same_some_years_on() -> None:
    one, other = canary(13), moved(13, 2)
    assert [late.month - early.month for early, late in zip(one, other, strict=True)] == [24] * len(one)
    assert {late.event.period - early.event.period for early, late in zip(one, other, strict=True)} == {10}
    restated = [late.event.body.period for late in other if isinstance(late.event.body, Correction)]
    assert restated
    assert set(restated) == {other[0].event.period}
