"""The draw with one rule broken each: a named law notices every one of them."""

from dataclasses import replace

import pytest

from exchange.core.errors import ExchangeError
from exchange.core.model.epochs import first_month
from exchange.core.release import draw
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.released import Released, ReleaseDiffers
from tests.kits.broken_rules import BrokenRule, Law, break_rule, kept
from tests.kits.draw_world import DECEMBER, MARCH, due, event, from_agency
from tests.properties.core import test_core_draw as laws
from tests.unit.release import test_draw as rules


def client_moves() -> None:
    """Of every table: some client moves it by its sensitivity, no more and no less."""
    for plan in TABLE_COSTS.values():
        laws.test_some_client_moves_them_as_far(plan)


MUTANTS: dict[str, tuple[BrokenRule, Law]] = {
    "events without the bit counted": (
        BrokenRule(draw, "_TableCounter.add", "not _1.bits & _2.bit", "False"),
        rules.test_an_event_without_the_bit_is_in_no_release,
    ),
    "events of before caps counted": (
        BrokenRule(draw, "_read", "effective(event.cap)", "Cap(event.cap)"),
        rules.test_an_event_without_the_bit_is_in_no_release,
    ),
    "the bits of the event it restates for a correction's own": (
        BrokenRule(draw, "_read", "bits & effective(_1)", "effective(_1)"),
        rules.test_a_correction_counts_with_its_own_bits,
    ),
    "a correction takes back what was never added": (
        BrokenRule(draw, "_read", "bits & effective(_1)", "bits"),
        rules.test_a_correction_takes_back_no_more_than_was_added,
    ),
    "a correction adds": (
        BrokenRule(draw, "_read", "-1", "1"),
        rules.test_a_correction_counts_with_its_own_bits,
    ),
    "a tally taken back": (
        BrokenRule(draw, "_read", "NONE if isinstance(_1, Tally) else _2", "_2"),
        rules.test_a_tally_feeds_every_release_of_its_codes_and_its_correction_none,
    ),
    "a late event counted as if it had come in time": (
        BrokenRule(
            draw,
            "_TableCounter.add",
            "bucket_of(_1, self.due.epoch, _2)",
            "bucket_of(_1, first_month(_2) + 2, _2)",
        ),
        rules.test_a_late_event_goes_to_its_bucket_of_the_epoch_in_which_it_arrives,
    ),
    "a late event lost": (
        BrokenRule(
            draw,
            "_TableCounter.add",
            "place is None",
            "place is None or first_month(counted_event.period) < self.due.since - 12",
        ),
        laws.test_every_marked_event_of_a_period_that_began_is_counted_once_in_any_table,
    ),
    "a period counted that has not begun or does not pay": (
        BrokenRule(draw, "_TableCounter.add", "not self.due.account.covers(_1)", "False"),
        rules.test_a_period_that_has_not_begun_counts_nowhere,
    ),
    "a full period counted by a table added later": (
        BrokenRule(draw, "_TableCounter.add", "self.due.account.covers(_1)", "first_month(_1) <= self.due.epoch"),
        rules.test_a_table_that_was_added_later_counts_no_period_that_it_does_not_pay_for,
    ),
    "increments clamped": (
        BrokenRule(draw, "counted", "tuple(counter.counts)", "tuple(max(0, n) for n in counter.counts)"),
        rules.test_increments_are_negative_where_more_went_than_came,
    ),
    "increments clamped once they are noised": (
        BrokenRule(
            draw, "drawn", "tuple(map(add, counts, noise))", "tuple(max(0, n + x) for n, x in zip(counts, noise))"
        ),
        rules.test_noise_is_added_once_to_every_number,
    ),
    "noise left out": (
        BrokenRule(draw, "drawn", "tuple(map(add, counts, noise))", "counts"),
        rules.test_noise_is_added_once_to_every_number,
    ),
    "an event counted twice": (
        BrokenRule(draw, "_TableCounter.add", "counted_event.sign * n", "2 * counted_event.sign * n"),
        client_moves,
    ),
    "a draw that was not paid for": (
        BrokenRule(draw, "Due.__post_init__", "_1 != self.plan.terms", "False"),
        rules.test_nothing_is_drawn_that_was_not_paid_for_or_is_not_due,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[name]
    kept(law)
    break_rule(monkeypatch, broken, first_month=first_month)
    with pytest.raises((AssertionError, pytest.fail.Exception)):  # the second: an error that did not come
        law()


# Rules that are broken around the draw, not in it


def test_a_sensitive_code_in_a_quarterly_table_is_noticed() -> None:
    """Twice: by the law of its increments, and by the release, which is not what is declared."""
    rules.test_no_sensitive_code_moves_what_is_finer_than_the_nation_and_the_year()
    for name in ("cases_by_gender", "services_by_service", "exits_by_reason", "state_needs_by_service_group"):
        plan = TABLE_COSTS[name]
        one = due(replace(plan, row=replace(plan.row, leaves_out=frozenset())), DECEMBER)
        [found] = rules.sensitive_draws([one])
        assert any(found.counts), name
        if plan.row.codes != one.row.codes:
            with pytest.raises(ExchangeError, match="another domain"):
                draw.drawn(found, [1] * one.length)


def test_a_closed_epoch_drawn_again_with_what_came_late_is_refused() -> None:
    late = event(rules.FOOD, period="2026Q1")
    [before], [again] = (draw.counted([due(rules.NEEDS, MARCH)], from_agency(e)) for e in ([], [late]))
    noise = [1] * before.due.length
    released = Released().taking([draw.drawn(before, noise)])
    with pytest.raises(ReleaseDiffers):
        released.taking([draw.drawn(again, noise)])
