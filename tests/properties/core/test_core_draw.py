"""A draw counts each event once, by its period, place, code and bit, and never more than caps."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.metrics.view import RUNNING, Sum, View
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import Event, Tally
from exchange.core.release.budget import TABLE_COSTS, TableCost
from exchange.core.release.draw import counted, drawn, dues, merged, plans_due
from exchange.core.release.privacy_ledger import Ledger, spend
from exchange.core.release.released import Released
from exchange.core.release.tiers import MONTHS_BETWEEN, bucket_of
from tests.kits.caps_kit.contribution import Sent
from tests.kits.caps_kit.histories import histories as lawful_histories
from tests.kits.caps_kit.histories import in_row, worst
from tests.kits.draw_world import (
    ALL_PLANS,
    DECEMBER,
    MARCH,
    all_due,
    by_hand,
    cells_of,
    correcting,
    due,
    event,
    from_agency,
    histories,
    life,
    originals,
)
from tests.kits.sizes import examples

APRIL, JUNE = epoch_of(2026, 4), epoch_of(2026, 6)
EPOCHS = (epoch_of(2026, 2), MARCH, JUNE, DECEMBER)
plans = pytest.mark.parametrize("plan", ALL_PLANS, ids=lambda plan: plan.row.name)


@given(histories(), st.sampled_from(EPOCHS), st.sampled_from([0, epoch_of(2025, 4), epoch_of(2026, 1)]))
@settings(max_examples=examples(250))
def test_a_draw_counts_what_the_rules_say_word_by_word(events: list[Event], epoch: int, periods_from: int) -> None:
    due_now = all_due(epoch, periods_from)
    for found in counted(due_now, from_agency(events)):
        assert cells_of(found) == by_hand(found.due, events), found.due.row.name


@given(histories(), histories(), st.sampled_from(EPOCHS), st.randoms(use_true_random=False))
@settings(max_examples=examples(60))
def test_what_two_folds_add_is_what_one_adds_in_any_order(
    one: list[Event], other: list[Event], epoch: int, shuffled: Random
) -> None:
    due_now, together = all_due(epoch), from_agency([*one, *other])
    shuffled.shuffle(together)
    assert counted(due_now, together) == merged(
        counted(due_now, from_agency(one)), counted(due_now, from_agency(other))
    )


@given(originals.filter(lambda one: not isinstance(one.body, Tally)), st.sampled_from(EPOCHS))
@settings(max_examples=examples(150))
def test_an_event_is_in_one_cell_of_one_bucket_of_a_table_at_most(one: Event, epoch: int) -> None:
    for found in counted(all_due(epoch), from_agency([one])):
        cells = cells_of(found)
        assert list(cells.values()) in ([], [1])
        assert {bucket for bucket, _, _ in cells} <= {bucket_of(found.due.row.tier, epoch, one.period).value}


@plans
def test_every_marked_event_of_a_period_that_began_is_counted_once(plan: TableCost) -> None:
    body = in_row(plan.row, plan.rule, 0)
    for period in ("2026Q4", "2026Q3", "2026", "2025", "2025Q1", "2024Q2", "2024"):
        [found] = counted([due(plan, DECEMBER)], from_agency([event(body, period=period)]))
        assert sum(found.counts) == max(found.counts) == 1


def test_every_marked_event_of_a_period_that_began_is_counted_once_in_any_table() -> None:
    for plan in ALL_PLANS:
        test_every_marked_event_of_a_period_that_began_is_counted_once(plan)


@given(st.lists(originals.filter(lambda one: not isinstance(one.body, Tally)), max_size=8), st.sampled_from(EPOCHS))
@settings(max_examples=examples(80))
def test_what_is_corrected_between_two_cuts_is_as_if_never_sent(events: list[Event], epoch: int) -> None:
    back = [correcting(one) for one in events]
    for found in counted(all_due(epoch), from_agency([*events, *back])):
        assert not any(found.counts)


@given(originals.filter(lambda one: not isinstance(one.body, Tally)), st.integers(0, 30))
@settings(max_examples=examples(80))
def test_what_is_corrected_in_a_later_epoch_leaves_nothing_in_all_releases_together(one: Event, later: int) -> None:
    """Not in each: the negative increment is in the epoch in which the correction arrived."""
    begins = epoch_of(2027, 1)  # every period of the strategy has begun
    for plan in ALL_PLANS:
        draws = life(plan, [Sent(0, replace(one, cap=7)), Sent(later, correcting(replace(one, cap=7)))], start=begins)
        left: Counter[tuple[str, str]] = Counter()
        for found in draws:
            left.update({(place, value): 0 for _, place, value in cells_of(found)})
            for (_, place, value), n in cells_of(found).items():
                left[place, value] += n
        assert not any(left.values())


@given(st.data())
@settings(max_examples=examples(200))
def test_no_lawful_client_moves_all_draws_of_a_table_further_than_its_sensitivity(data: st.DataObject) -> None:
    plan = data.draw(st.sampled_from(ALL_PLANS), label="plan")
    sent = data.draw(lawful_histories(plan.row), label="history")
    moved = sum(n * n for found in life(plan, sent, start=APRIL) for n in found.counts)
    assert moved <= plan.squared_l2


@plans
def test_some_client_moves_them_as_far(plan: TableCost) -> None:
    draws = life(plan, worst(plan.row), start=epoch_of(2027, 1), stretched=True)
    moved = sum(n * n for found in draws for n in found.counts)
    assert moved == plan.squared_l2


@given(st.data())
@settings(max_examples=examples(60))
def test_a_client_moves_a_draw_by_the_same_whatever_others_send(data: st.DataObject) -> None:
    """Increments are linear: neighbours differ by exactly one client's part."""
    plan = data.draw(st.sampled_from(ALL_PLANS), label="plan")
    mine = [one.event for one in data.draw(lawful_histories(plan.row), label="history")]
    others = data.draw(histories(), label="others")
    at = [due(plan, DECEMBER)]
    [both], [alone], [rest] = (counted(at, from_agency(some)) for some in ([*mine, *others], mine, others))
    assert [b - r for b, r in zip(both.counts, rest.counts, strict=True)] == list(alone.counts)


@given(st.lists(st.tuples(st.integers(0, 23), histories()), max_size=5))
@settings(max_examples=examples(15))
def test_what_readers_add_up_of_all_releases_is_all_that_was_counted(arrived: list[tuple[int, list[Event]]]) -> None:
    """Here without noise: the running sum holds each counting event once, whenever it came."""
    start, released = epoch_of(2026, 1), Released()
    ledger = Ledger()
    for epoch in range(start, start + 24):
        after = spend(ledger, epoch, plans_due(epoch))
        for one in dues(ledger, after, start):
            came = [e for month, events in arrived if one.since <= start + month <= epoch for e in events]
            [found] = counted([one], from_agency(came))
            released = released.taking([drawn(found, [0] * one.length)])
        ledger = after
    view = View(released, start + 23)
    assert view.has(*TABLE_COSTS)
    for name, plan in TABLE_COSTS.items():
        total = view.estimate([Sum(name, RUNNING, view.places(name), view.values(name))])
        assert total is not None
        counted_once = 0
        for month, events in arrived:
            epoch = next(e for e in range(start + month, start + 24) if (e + 1) % MONTHS_BETWEEN[plan.row.tier] == 0)
            counted_once += sum(by_hand(due(plan, epoch), events).values())
        assert total.value == counted_once
