"""Closing, drawing and publishing with one rule broken each: a named law notices every one of them.

The lane's own mutants (a redraw after a kill, a crash between spend and publish, a transaction
writing `releases`) are in `tests/simulation/test_release_mutants.py`; those of the counting in
`test_draw_mutants.py`; a table missing from the budget in `test_budget.py`.
"""

import inspect
from collections.abc import Callable
from functools import partial
from operator import ge

import pytest

from consumers.release import draw_task, event_slices, publisher_lane, release_lane
from exchange.core.errors import ExchangeError
from exchange.core.model import epochs
from exchange.core.release import closed_epochs, closing, cuts
from exchange.engine import reading
from exchange.wire import event_tails
from tests.kits.broken_rules import BrokenRule, Law, notices
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
        BrokenRule(closing, "_checked", "_1 != declared.codes", "_1 is None"),
        laws.test_a_changed_agency_table_is_refused,
    ),
    "a quarter looked for from the last cut, as arrivals are": (
        BrokenRule(closing, "_cut", "closed.cut_before(_1)", "closed.last_cut"),
        laws.test_a_quarter_is_looked_for_from_the_last_cut_that_was_taken_a_day_before_it_began,
    ),
    "the newest due period looked for, and not the earliest": (
        BrokenRule(closing, "_cut", "min(map(first_month, periods))", "max(map(first_month, periods))"),
        laws.test_in_january_the_whole_year_is_looked_for,
    ),
    "a quarter looked for too late": (
        BrokenRule(closed_epochs, "Closed.cut_before", "at_ms < begins", "at_ms <= begins"),
        laws.test_a_quarter_is_looked_for_from_the_last_cut_that_was_taken_a_day_before_it_began,
    ),
    "no day for clocks and time zones": (
        BrokenRule(closed_epochs, "Closed.cut_before", "_1 - DAY_MS", "_1"),
        laws.test_a_quarter_is_looked_for_from_the_last_cut_that_was_taken_a_day_before_it_began,
    ),
    "cases too late counted from the last cut": (
        BrokenRule(closing, "_cut", "reading is Reading.SINCE_LAST", "True"),
        laws.test_every_reading_begins_at_the_cut_that_it_should,
    ),
    "cases called too late whose quarter was never counted": (
        BrokenRule(closing, "_cut", "closed.cuts.get(_1)", "closed.cuts.get(_1, closed.last_cut)"),
        laws.test_cases_too_late_are_counted_only_where_their_quarter_was,
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
    "the last event before a cut counted again": (
        BrokenRule(draw_task, "EventBatch.behind", "self.sequences > _1", "self.sequences >= _1"),
        drawn.test_the_event_at_the_cut_is_of_the_next_draw,
    ),
    "an event that was written twice counted twice": (
        BrokenRule(cuts, "Grown.take", "sequence != heads.get(key, 0) + 1", "False"),
        partial(drawn.test_events_that_were_lost_or_written_twice_stop_the_draw, (1, 2, 2), "event 2 .* event 2"),
    ),
    "a log that lacks what the last epoch held": (
        BrokenRule(draw_task, "carry_out", "not cut.holds(task.last)", "False"),
        drawn.test_a_log_without_events_that_the_last_epoch_held_is_not_drawn_from,
    ),
    "a damaged record taken for a gap, and its bytes for a sequence": (
        BrokenRule(draw_task, "carry_out", "counts.take(batch)", "None"),
        partial(drawn.test_a_record_that_is_no_event_stops_the_draw_with_its_offset_and_without_its_value, 7),
    ),
    "a draw on a cluster that the ledger does not name": (
        BrokenRule(closed_epochs, "check_address", "closed.cluster and closed.cluster != cluster", "False"),
        laws.test_a_ledger_of_another_cluster_closes_nothing_until_a_relocation_names_this_one,
    ),
    "events that count alike counted once": (
        BrokenRule(draw_task, "DrawCounts._fold", "counted(_1, _2, _3)", "counted(_1, _2)"),
        drawn.test_events_count_alike_if_caps_period_and_state_are_the_same,
    ),
    "marks of another table counted by slices": (
        BrokenRule(event_slices, "BodySlices.add", "rows[:, _CAP] >> 1 & bit", "rows[:, _CAP]"),
        drawn.test_what_is_drawn_is_what_the_definition_counts_behind_each_reading_s_cut,
    ),
    "a cut that slices pass over": (
        BrokenRule(event_slices, "BodySlices.add", "behind[reading] & _1", "_1"),
        drawn.test_what_is_drawn_is_what_the_definition_counts_behind_each_reading_s_cut,
    ),
    "every block counted as the first": (
        BrokenRule(event_slices, "TableSlices.add", "blocks * len(self._places) + places", "places"),
        drawn.test_what_is_drawn_is_what_the_definition_counts_behind_each_reading_s_cut,
    ),
    "two fields taken for one": (
        BrokenRule(event_slices, "TableSlices._keys", "keys << _CODE_BITS | _1", "_1"),
        drawn.test_every_value_of_every_table_is_counted_where_it_belongs,
    ),
    "counted by slices and once more": (
        BrokenRule(event_slices, "SliceCounts.take", "others[places] = False", "None"),
        drawn.test_events_count_alike_if_caps_period_and_state_are_the_same,
    ),
    "a damaged row counted": (
        BrokenRule(event_slices, "BodySlices.sound", "sound &= known[rows[:, column]]", "None"),
        drawn.test_a_marked_event_with_a_byte_that_its_field_cannot_have_stops_the_draw,
    ),
    "a period that is none counted": (
        BrokenRule(event_slices, "BodySlices.sound", "periods.of(rows) != _NOWHERE", "rows[:, 0] == rows[:, 0]"),
        drawn.test_a_marked_event_with_a_byte_that_its_field_cannot_have_stops_the_draw,
    ),
    "what was folded away forgotten": (
        BrokenRule(draw_task, "DrawCounts._fold", "merged(_1, more)", "more"),
        drawn.test_what_is_held_until_it_is_counted_is_bounded_and_changes_nothing,
    ),
    "memory without a bound": (
        BrokenRule(draw_task, "DrawCounts._learn", "len(self._events) + len(new) > TAILS_MAX", "False"),
        drawn.test_what_is_held_until_it_is_counted_is_bounded_and_changes_nothing,
    ),
    "events of different periods, states or caps taken for alike": (
        BrokenRule(event_tails, "tail_of", "value[:PREFIX] + value[HEAD:]", "value[:PREFIX] + value[KIND:]"),
        drawn.test_events_count_alike_if_caps_period_and_state_are_the_same,
    ),
    "a correction that keeps its place in the chain": (
        BrokenRule(event_tails, "tail_of", "value[KIND:FIELDS] == _CORRECTION", "False"),
        drawn.test_the_event_of_a_tail_is_the_event_without_its_place_in_the_chain,
    ),
    "events about clients held for agency tables": (
        BrokenRule(draw_task, "DrawCounts._learn", "not is_about_a_client(event)", "True"),
        drawn.test_agencies_are_heard_so_far_and_since_the_last_cut_and_what_is_about_clients_is_left_out,
    ),
    "a profile taken again that an earlier epoch took": (
        BrokenRule(draw_task, "DrawCounts._hear", "since_last[place]", "True"),
        drawn.test_agencies_are_heard_so_far_and_since_the_last_cut_and_what_is_about_clients_is_left_out,
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
    notices(monkeypatch, law, broken, ExceptionGroup, ExchangeError, ge=ge)


def test_ordinary_random_numbers_for_opendp_are_noticed() -> None:
    """The drawing process imports its sampler from the one module with OpenDP, and no other."""
    from consumers.release import draw_process, noise

    assert "from consumers.release.noise import gaussian" in inspect.getsource(draw_process._draw)
    assert "noise" not in inspect.signature(draw_process.DrawInProcess).parameters
    assert noise.gaussian.__module__ == "consumers.release.noise"
    for module in (draw_process, draw_task, release_lane, publisher_lane):
        assert not {"random", "secrets", "numpy"} & set(vars(module))
