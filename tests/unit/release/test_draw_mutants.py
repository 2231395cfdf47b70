"""The draw with one rule broken each: a named law notices every one of them."""

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import replace

import pytest

from exchange.core.errors import ExchangeError
from exchange.core.model.epochs import first_month
from exchange.core.release import draw
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.released import Released, ReleaseDiffers
from tests.kits import draw_world
from tests.kits.draw_world import DECEMBER, MARCH, due, event, from_agency
from tests.properties.core import test_core_draw as laws
from tests.unit.release import test_draw as rules

Law = Callable[[], None]


def break_rule(patch: pytest.MonkeyPatch, name: str, rule: str, broken: str) -> None:
    """Put another text in the place of a function or method of the draw; the text must stand there once."""
    *owners, function = name.split(".")
    owner = getattr(draw, owners[0]) if owners else draw
    source = textwrap.dedent(inspect.getsource(getattr(owner, function)))
    assert source.count(rule) == 1
    made: dict[str, object] = {}
    exec(source.replace(rule, broken), {**vars(draw), "first_month": first_month}, made)
    patch.setattr(owner, function, made[function])
    for user in (laws, rules, draw_world):
        if hasattr(user, function):
            patch.setattr(user, function, made[function])


def client_moves() -> None:
    """Of every table: some client moves it by its sensitivity, no more and no less."""
    for plan in TABLE_COSTS.values():
        laws.test_some_client_moves_them_as_far(plan)


MUTANTS: dict[str, tuple[tuple[str, str, str], Law]] = {
    "events without the bit counted": (
        ("_Sheet.add", "not said.bits & row.bit or ", ""),
        rules.test_an_event_without_the_bit_is_in_no_release,
    ),
    "events of before caps counted": (
        ("_read", "effective(event.cap)", "Cap(event.cap)"),
        rules.test_an_event_without_the_bit_is_in_no_release,
    ),
    "the bits of the event it restates for a correction's own": (
        ("_read", "bits & effective(body.cap)", "effective(body.cap)"),
        rules.test_a_correction_counts_with_its_own_bits,
    ),
    "a correction takes back what was never added": (
        ("_read", "bits & effective(body.cap)", "bits"),
        rules.test_a_correction_takes_back_no_more_than_was_added,
    ),
    "a correction adds": (
        ("_read", "may, -1,", "may, 1,"),
        rules.test_a_correction_counts_with_its_own_bits,
    ),
    "a tally taken back": (
        ("_read", "NONE if isinstance(body.body, Tally) else ", ""),
        rules.test_a_tally_feeds_every_release_of_its_codes_and_its_correction_none,
    ),
    "a late event counted as if it had come in time": (
        (
            "_Sheet.add",
            "bucket_of(row.tier, self.due.epoch, said.period)",
            "bucket_of(row.tier, first_month(said.period) + 2, said.period)",
        ),
        rules.test_a_late_event_goes_to_its_bucket_of_the_epoch_in_which_it_arrives,
    ),
    "a late event lost": (
        ("_Sheet.add", "place is None or", "place is None or first_month(said.period) < self.due.since - 12 or"),
        laws.test_every_marked_event_of_a_period_that_began_is_counted_once_in_any_table,
    ),
    "a period counted that has not begun or does not pay": (
        ("_Sheet.add", " or not self.due.account.covers(said.period)", ""),
        rules.test_a_period_that_has_not_begun_counts_nowhere,
    ),
    "a full period counted by a table added later": (
        ("_Sheet.add", "self.due.account.covers(said.period)", "first_month(said.period) <= self.due.epoch"),
        rules.test_a_table_that_was_added_later_counts_no_period_that_it_does_not_pay_for,
    ),
    "increments clamped": (
        ("counted", "tuple(sheet.counts)", "tuple(max(0, n) for n in sheet.counts)"),
        rules.test_increments_are_negative_where_more_went_than_came,
    ),
    "increments clamped once they are noised": (
        ("drawn", "tuple(map(add, counts, noise))", "tuple(max(0, n + x) for n, x in zip(counts, noise))"),
        rules.test_noise_is_added_once_to_every_number,
    ),
    "noise left out": (
        ("drawn", "tuple(map(add, counts, noise))", "counts"),
        rules.test_noise_is_added_once_to_every_number,
    ),
    "an event counted twice": (
        ("_Sheet.add", "+= said.sign * n", "+= 2 * said.sign * n"),
        client_moves,
    ),
    "a draw that was not paid for": (
        ("Due.__post_init__", "self.account.terms != self.plan.terms", "False"),
        rules.test_nothing_is_drawn_that_was_not_paid_for_or_is_not_due,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, law = MUTANTS[name]
    law()
    break_rule(monkeypatch, *change)
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
