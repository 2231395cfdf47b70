"""The draw with one rule broken each: a named law notices every one of them."""

from dataclasses import replace

import pytest

from exchange.core.errors import ExchangeError
from exchange.core.release import draw, tiers
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.released import Released, ReleaseDiffers
from tests.kits.broken_rules import BrokenRule, Law, notices
from tests.kits.draw_world import APRIL, JANUARY, due, event, from_agency
from tests.properties.core import test_core_draw as laws
from tests.unit.release import test_draw as rules

MUTANTS: dict[str, tuple[BrokenRule, Law]] = {
    "events without the bit counted": (
        BrokenRule(draw, "_TableCounter.block", "not one.bits & row.bit", "False"),
        rules.test_an_event_without_the_bit_is_in_no_release,
    ),
    "a correction with other marks than its event": (
        BrokenRule(draw, "_read", "not lawful(event.cap, body.cap)", "False"),
        rules.test_a_correction_takes_back_what_its_event_added_and_one_with_other_marks_nothing,
    ),
    "a correction adds": (
        BrokenRule(draw, "_read", "-1", "1"),
        rules.test_counts_are_negative_where_more_went_than_came,
    ),
    "a correction counted in the period in which it came": (
        BrokenRule(draw, "_read", "_Read(_1, -1, body.period, _2, _3)", "_Read(_1, -1, body.period + 5, _2, _3)"),
        rules.test_a_correction_takes_back_what_its_event_added_and_one_with_other_marks_nothing,
    ),
    "a tally taken back": (
        BrokenRule(draw, "_read", "isinstance(body.body, Tally)", "False"),
        rules.test_a_tally_feeds_every_release_of_its_codes_but_arrivals_and_its_correction_none,
    ),
    "a tally among arrivals": (
        BrokenRule(draw, "_feeds", "row.tier is not Tier.NATION_ARRIVALS", "True"),
        rules.test_a_tally_feeds_every_release_of_its_codes_but_arrivals_and_its_correction_none,
    ),
    "an arrival taken back": (
        BrokenRule(draw, "_TableCounter.block", "row.tier is Tier.NATION_ARRIVALS", "False"),
        laws.test_what_is_corrected_before_the_cut_leaves_nothing_but_its_arrival,
    ),
    "any period counted": (
        BrokenRule(draw, "_TableCounter.block", "block_of(row.tier, _1, _2)", "0 if is_due(row.tier, _1) else None"),
        rules.test_an_event_counts_in_the_epoch_of_its_period_and_in_no_other,
    ),
    "a year without its quarters": (
        BrokenRule(tiers, "block_of", "year_period(period) if tier in _YEARLY else period", "period"),
        laws.test_each_period_is_counted_in_one_epoch_and_in_one_block_of_it,
    ),
    "the year's own records left out in January": (
        BrokenRule(tiers, "periods_due", "(before, *year)", "(before,)"),
        laws.test_each_period_is_counted_in_one_epoch_and_in_one_block_of_it,
    ),
    "another quarter taken for the one that was counted": (
        BrokenRule(tiers, "periods_due", "quarter_before(before)", "quarter_before(quarter_before(before))"),
        laws.test_each_period_is_counted_in_one_epoch_and_in_one_block_of_it,
    ),
    "what came too late looked for too early": (
        BrokenRule(tiers, "due_epoch", "month_after(period) + MONTHS_OF_QUARTER", "month_after(period)"),
        laws.test_each_period_is_counted_in_one_epoch_and_in_one_block_of_it,
    ),
    "cases too late counted with those in time": (
        BrokenRule(draw, "reading_of", "READINGS.get(tier, Reading.ALL)", "Reading.ALL"),
        laws.test_cases_too_late_are_what_the_log_holds_a_quarter_later_less_what_it_held,
    ),
    "counts clamped": (
        BrokenRule(draw, "counted", "tuple(counter.counts)", "tuple(max(0, n) for n in counter.counts)"),
        rules.test_counts_are_negative_where_more_went_than_came,
    ),
    "counts clamped once they are noised": (
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
        BrokenRule(draw, "_TableCounter.add", "one.sign * often", "2 * one.sign * often"),
        laws.counted_once,
    ),
    "a draw that was not paid for": (
        BrokenRule(draw, "Due.__post_init__", "_1 != self.plan.terms", "False"),
        rules.test_tables_are_drawn_when_they_are_due_and_only_once_paid_for,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[name]
    notices(monkeypatch, law, broken)


# Rules that are broken around the draw, not in it


def test_a_sensitive_code_in_a_quarterly_table_is_noticed() -> None:
    """Twice: by the law of its increments, and by the release, which is not what is declared."""
    rules.test_no_sensitive_code_moves_what_is_finer_than_the_nation_and_the_year()
    for name in ("cases_by_gender", "services_by_service", "exits_by_reason", "state_needs_by_service_group"):
        plan = TABLE_COSTS[name]
        one = due(replace(plan, row=replace(plan.row, leaves_out=frozenset())), JANUARY)
        [found] = rules.sensitive_draws([one])
        assert any(found.counts), name
        if plan.row.codes != one.row.codes:
            with pytest.raises(ExchangeError, match="another domain"):
                draw.drawn(found, [1] * one.length)


def test_a_closed_epoch_drawn_again_with_what_came_late_is_refused() -> None:
    late = event(rules.FOOD)
    [before], [again] = (draw.counted([due(rules.NEEDS, APRIL)], from_agency(e)) for e in ([], [late]))
    noise = [1] * before.due.length
    released = Released().taking([draw.drawn(before, noise)])
    with pytest.raises(ReleaseDiffers):
        released.taking([draw.drawn(again, noise)])
