"""Closing, drawing and publishing with one rule broken each: a named law notices every one of them.

The lane's own mutants (a redraw after a kill, a crash between spend and publish, a transaction writing `releases`) are in
`tests/simulation/test_release_mutants.py`; those of the counting (a late event reopening a closed epoch among them) in
`test_draw_mutants.py`; a table missing from the budget in `test_budget.py`.
"""

import inspect
import textwrap
from collections.abc import Callable
from types import ModuleType

import pytest

from consumers.release import draw_task, publisher_lane, release_lane
from exchange.core.model import epochs
from exchange.core.release import closing
from tests.properties import test_drawing as drawn
from tests.properties.core import test_core_closing as laws
from tests.simulation import test_publish as published
from tests.simulation import test_release as lanes
from tests.simulation.world import closing_world

Law = Callable[[], None]
USERS = (laws, drawn, lanes, published, closing_world, closing, draw_task, publisher_lane, release_lane)


def break_rule(patch: pytest.MonkeyPatch, module: ModuleType, name: str, rule: str, broken: str) -> None:
    """Put another text in the place of a function or method; the text must stand there once."""
    *owners, function = name.split(".")
    owner = getattr(module, owners[0]) if owners else module
    source = textwrap.dedent(inspect.getsource(getattr(owner, function)))
    assert source.count(rule) == 1
    made: dict[str, object] = {}
    exec(source.replace(rule, broken), vars(module) | {"__name__": module.__name__}, made)
    patch.setattr(owner, function, made[function])
    for user in USERS:
        if not owners and user is not module and hasattr(user, function):
            patch.setattr(user, function, made[function])


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
    for behind in ({"cut": (9, 8)}, {"cut": (9,)}, {"registered": 8}):
        laws.test_a_cut_behind_the_last_is_refused(behind)


MUTANTS: dict[str, tuple[tuple[ModuleType, str, str, str], Law]] = {
    "an epoch closed twice": ((closing, "_may_close", "epoch <= last", "epoch < last"), closed_once),
    "<= for < at the end of a month": (
        (closing, "_may_close", "moment.at_ms <= ends_ms(epoch)", "moment.at_ms < ends_ms(epoch)"),
        laws.test_a_month_is_over_when_its_last_millisecond_is,
    ),
    "a month that is not over": (
        (closing, "_may_close", "        raise EpochNotOver", "        pass"),
        laws.test_the_first_epoch_may_be_any_past_month,
    ),
    "a clock set back": (
        (closing, "_may_close", "moment.at_ms < closed.at_ms", "False"),
        laws.test_a_clock_that_was_set_back_is_refused,
    ),
    "a clock set back once, then believed": (
        (closing, "refused_at", "max(closed.at_ms, at_ms)", "at_ms"),
        laws.test_a_clock_that_was_set_back_is_refused,
    ),
    "a cut behind the last": (
        (closing, "_behind", "any(now < then", "all(now < then"),
        cut_behind,
    ),
    "registrations behind the last": (
        (closing, "_may_close", "moment.registered < closed.registered or ", ""),
        cut_behind,
    ),
    "a changed agency table": (
        (closing, "_agency_due", "!= declared.codes", "is None"),
        laws.test_a_changed_agency_table_is_refused,
    ),
    "a table added later that is filled up from the past": (
        (closing, "_opened", "Account(p.rho, p.terms, epoch, epoch)", "Account(p.rho, p.terms, 0, epoch)"),
        laws.test_a_table_added_later_counts_and_costs_only_periods_that_begin_then,
    ),
    "a table counted from the last epoch's cut, not from its own": (
        (
            closing,
            "Closed.cut_before",
            "self.cuts.get(since - 1, (0,) * partitions)",
            "self.last_cut or (0,) * partitions",
        ),
        laws.test_a_quarterly_table_is_counted_from_the_cut_of_its_own_last_quarter,
    ),
    "<= for < at the cut": (
        (draw_task, "before", "r.offset < cut]", "r.offset <= cut]"),
        drawn.test_the_event_at_the_cut_is_of_the_next_draw,
    ),
    "> for >= at the cut before": (
        (draw_task, "EventBatch.of_interest", "offset >= start", "offset > start"),
        drawn.test_tables_of_different_cadence_are_counted_from_their_own_cuts,
    ),
    "what waited for its period left out": (
        (draw_task, "EventBatch.of_interest", " or (offset >= begins and octets in early)", ""),
        in_a_world(lanes.test_what_came_before_its_period_was_closed_waits_and_counts_once),
    ),
    "what was counted already counted with what waited": (
        (draw_task, "_waits", "first_month(event.period) >= since", "True"),
        in_a_world(lanes.test_what_came_before_its_period_was_closed_waits_and_counts_once),
    ),
    "whoever was heard from heard again": (
        (draw_task, "_waits", "isinstance(_restated(event), AgencyProfiled | Heartbeat)", "False"),
        drawn.test_who_was_heard_from_and_what_agencies_are_does_not_wait,
    ),
    "what waited looked for too late": (
        (closing, "Closed.early_before", "at_ms < begins", "at_ms <= begins"),
        laws.test_what_waits_is_looked_for_from_the_last_cut_before_its_period_began,
    ),
    "events that count alike counted once": (
        (draw_task, "TableCounts.take", ", alike.values()", ""),
        drawn.test_tables_of_different_cadence_are_counted_from_their_own_cuts,
    ),
    "events of different caps taken for alike": (
        (draw_task, "_counting", "record.value[HEAD:]", "record.value[HEAD + 4 :]"),
        drawn.test_events_that_differ_in_caps_period_or_state_do_not_count_alike,
    ),
    "another release under a key goes unnoticed": (
        (publisher_lane, "compared", "record.value != part.value or ", ""),
        in_a_world(published.test_a_publisher_that_finds_another_draw_stops_and_adds_nothing),
    ),
    "the time of the draw told": (
        (publisher_lane, "PublisherLane._publish", "timestamp_ms=ends_ms(epoch)", "timestamp_ms=None"),
        in_a_world(lanes.test_a_closed_epoch_is_drawn_recorded_and_published),
    ),
    "a month of another length": (
        (epochs, "ends_ms", "- 1", "- 86_400_000"),
        laws.test_a_time_lies_in_the_month_that_begins_before_it,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, law = MUTANTS[name]
    law()
    break_rule(monkeypatch, *change)
    with pytest.raises((AssertionError, pytest.fail.Exception, ExceptionGroup)):
        law()


def test_ordinary_random_numbers_for_opendp_are_noticed() -> None:
    """The process that draws imports its sampler from the one place where OpenDP is, and is given no other."""
    from consumers.release import draw_process, noise

    assert "from consumers.release.noise import gaussian" in inspect.getsource(draw_process._served)
    assert "noise" not in inspect.signature(draw_process.DrawInProcess).parameters
    assert noise.gaussian.__module__ == "consumers.release.noise"
    for module in (draw_process, draw_task, release_lane, publisher_lane):
        assert not {"random", "secrets", "numpy"} & set(vars(module))
