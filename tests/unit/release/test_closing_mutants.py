"""Closing, drawing and publishing with one rule broken each: a named law notices every one of them.

The lane's own mutants (a redraw after a kill, a crash between spend and publish, a transaction
writing `releases`) are in `tests/simulation/test_release_mutants.py`; those of the counting (a late
event reopening a closed epoch among them) in `test_draw_mutants.py`; a table missing from the
budget in `test_budget.py`.
"""

import inspect
from collections.abc import Callable
from functools import partial

import pytest

from consumers.release import draw_task, publisher_lane, release_lane
from exchange.core.model import epochs
from exchange.core.release import closed_epochs, closing, cuts
from exchange.engine import reading
from tests.kits.broken_rules import BrokenRule, Law, break_rule, kept
from tests.properties import test_drawing as drawn
from tests.properties.core import test_core_closing as laws
from tests.simulation import test_publish as published
from tests.simulation import test_release as lanes
from tests.simulation.world import closing_world


def in_a_world(test: Callable[[closing_world.ClosingWorld], None]) -> Law:
    def law() -> None:
        world = closing_world.ClosingWorld()
        try:
            test(world)
        finally:
            world.end()

    return law


def closed_once() -> None:
    laws.test_an_epoch_is_closed_once(laws.START, "EpochClosed")


def cut_behind() -> None:
    attempts: list[dict[str, object]] = [{"ends": (9, 8)}, {"ends": (9,)}, {"registered": 8}]
    for behind in attempts:
        laws.test_a_cut_behind_the_last_is_refused(behind)


MUTANTS: dict[str, tuple[BrokenRule, Law]] = {
    "an epoch closed twice": (BrokenRule(closing, "_may_close", "epoch <= last", "epoch < last"), closed_once),
    "<= for < at the end of a month": (
        BrokenRule(closing, "_may_close", "_1 <= ends_ms(epoch)", "_1 < ends_ms(epoch)"),
        laws.test_a_month_is_over_when_its_last_millisecond_is,
    ),
    "a month that is not over": (
        BrokenRule(closing, "_may_close", "raise EpochNotOver", "pass"),
        laws.test_the_first_epoch_may_be_any_past_month,
    ),
    "a clock set back": (
        BrokenRule(closing, "_may_close", "moment.at_ms < closed.at_ms", "False"),
        laws.test_a_clock_that_was_set_back_is_refused,
    ),
    "a clock set back once, then believed": (
        BrokenRule(closed_epochs, "refused_at", "max(closed.at_ms, at_ms)", "at_ms"),
        laws.test_a_clock_that_was_set_back_is_refused,
    ),
    "a cut behind the last": (
        BrokenRule(closing, "_ends_before", "any", "all"),
        cut_behind,
    ),
    "registrations behind the last": (
        BrokenRule(closing, "_may_close", "moment.registered < closed.registered", "False"),
        cut_behind,
    ),
    "a changed agency table": (
        BrokenRule(closing, "_agency_due", "_1 != declared.codes", "_1 is None"),
        laws.test_a_changed_agency_table_is_refused,
    ),
    "a table added later that is filled up from the past": (
        BrokenRule(closing, "_with_accounts", "Account(_1, _2, epoch, _3)", "Account(_1, _2, 0, _3)"),
        laws.test_a_table_added_later_counts_and_costs_only_periods_that_begin_then,
    ),
    "a table counted from the last epoch's cut, not from its own": (
        BrokenRule(
            closed_epochs,
            "Closed.cut_before",
            "self.cuts.get(_1, BEGINNING)",
            "self.last_cut",
        ),
        laws.test_a_quarterly_table_is_counted_from_the_cut_of_its_own_last_quarter,
    ),
    "<= for < at the cut": (
        BrokenRule(
            reading,
            "read_before",
            "[_1 for r in records if r.offset < cut]",
            "[_1 for r in records if r.offset <= cut]",
        ),
        drawn.test_the_event_at_the_cut_is_of_the_next_draw,
    ),
    "the first event behind the head left out": (
        BrokenRule(
            draw_task, "EventBatch.of_interest", "sequence > starts.get(_1, 0)", "sequence > starts.get(_1, 0) + 1"
        ),
        drawn.test_tables_of_different_cadence_are_counted_from_their_own_cuts,
    ),
    "what waited for its period left out": (
        BrokenRule(draw_task, "EventBatch.of_interest", "octets in early and sequence > begins.get(_1, 0)", "False"),
        in_a_world(lanes.test_what_came_before_its_period_was_closed_waits_and_counts_once),
    ),
    "what was counted already counted with what waited": (
        BrokenRule(draw_task, "_waits", "first_month(_1) >= since", "True"),
        in_a_world(lanes.test_what_came_before_its_period_was_closed_waits_and_counts_once),
    ),
    "whoever was heard from heard again": (
        BrokenRule(draw_task, "_waits", "isinstance(_1, AgencyProfiled | Heartbeat)", "False"),
        drawn.test_who_was_heard_from_and_what_agencies_are_does_not_wait,
    ),
    "what waited looked for too late": (
        BrokenRule(closed_epochs, "Closed.early_before", "at_ms < begins", "at_ms <= begins"),
        laws.test_what_waits_is_looked_for_from_the_last_cut_before_its_period_began,
    ),
    "an event that was written twice counted twice": (
        BrokenRule(cuts, "Grown.take", "sequence != heads.get(key, 0) + 1", "False"),
        partial(drawn.test_events_that_were_lost_or_written_twice_stop_the_draw, (1, 2, 2), "event 2 .* event 2"),
    ),
    "a draw on a cluster that the ledger does not name": (
        BrokenRule(closed_epochs, "check_address", "closed.cluster and closed.cluster != cluster", "False"),
        laws.test_a_ledger_of_another_cluster_closes_nothing_until_a_relocation_names_this_one,
    ),
    "events that count alike counted once": (
        BrokenRule(draw_task, "TableCounts.take", "counted(_1, _2, alike.values())", "counted(_1, _2)"),
        drawn.test_tables_of_different_cadence_are_counted_from_their_own_cuts,
    ),
    "events of different caps taken for alike": (
        BrokenRule(draw_task, "_counting", "_1[HEAD:]", "_1[HEAD + 4 :]"),
        drawn.test_events_that_differ_in_caps_period_or_state_do_not_count_alike,
    ),
    "another release under a key goes unnoticed": (
        BrokenRule(publisher_lane, "compared", "record.value != part.value", "False"),
        in_a_world(published.test_a_publisher_that_finds_another_draw_stops_and_adds_nothing),
    ),
    "the time of the draw told": (
        BrokenRule(publisher_lane, "PublisherLane._publish", "ends_ms(epoch)", "None"),
        in_a_world(lanes.test_a_closed_epoch_is_drawn_recorded_and_published),
    ),
    "a month of another length": (
        BrokenRule(epochs, "ends_ms", "_1 - 1", "_1 - 86_400_000"),
        laws.test_a_time_lies_in_the_month_that_begins_before_it,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[name]
    kept(law)
    break_rule(monkeypatch, broken)
    with pytest.raises((AssertionError, pytest.fail.Exception, ExceptionGroup)):
        law()


def test_ordinary_random_numbers_for_opendp_are_noticed() -> None:
    """The drawing process imports its sampler from the one module with OpenDP, and no other."""
    from consumers.release import draw_process, noise

    assert "from consumers.release.noise import gaussian" in inspect.getsource(draw_process._draw)
    assert "noise" not in inspect.signature(draw_process.DrawInProcess).parameters
    assert noise.gaussian.__module__ == "consumers.release.noise"
    for module in (draw_process, draw_task, release_lane, publisher_lane):
        assert not {"random", "secrets", "numpy"} & set(vars(module))
