"""Each period is counted in one epoch of each table, by what the log holds of it at the cut."""

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.admission.cap_rules import MARKS
from exchange.core.counting.tables import Tier
from exchange.core.model.epochs import epoch_of, epoch_text
from exchange.core.model.events import Event, Tally
from exchange.core.model.period import parse_period, period_text
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.draw import Reading, counted, merged, reading_of
from exchange.core.release.tiers import ARRIVED, block_of, due_epoch, is_due, periods_due
from tests.kits.caps_kit.histories import in_row
from tests.kits.caps_kit.laws import Sent
from tests.kits.draw_world import (
    ALL_PLANS,
    APRIL,
    JANUARY,
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
    text,
)
from tests.kits.sizes import examples

JUNE, JULY = epoch_of(2026, 6), epoch_of(2026, 7)
EPOCHS = (epoch_of(2026, 1), APRIL, JUNE, JULY, JANUARY)
PERIODS = range(parse_period("2002"), parse_period("2097"))
NOT_TALLIES = originals.filter(lambda one: not isinstance(one.body, Tally))
CASES_LATE = TABLE_COSTS["cases_too_late"]


# Which epoch counts a period


def counted_in(tier: Tier, period: int) -> str:
    """The epoch that counts a period, from the calendar's words."""
    year, _, quarter = period_text(period).partition("Q")
    after = {"1": f"{year}-04", "2": f"{year}-07", "3": f"{year}-10"}.get(quarter, f"{int(year) + 1}-01")
    match tier:
        case Tier.NATION_QUARTERLY:
            return after
        case Tier.NATION_YEARLY | Tier.STATE_YEARLY:
            return f"{int(year) + 1}-01"
        case Tier.NATION_LATE:
            then = {"01": "04", "04": "07", "07": "10"}
            return (f"{after[:4]}-{then[after[5:]]}" if after[5:] in then else f"{int(year) + 1}-01") if quarter else ""
        case _:
            return ""


@given(st.sampled_from([tier for tier in Tier if tier is not Tier.NATION_ARRIVALS]), st.sampled_from(PERIODS))
def test_each_period_is_counted_in_one_epoch_and_in_one_block_of_it(tier: Tier, period: int) -> None:
    epoch, expected, year = due_epoch(tier, period), counted_in(tier, period), 1900 + period // 5
    near = range(epoch_of(year, 1) - 12, epoch_of(year, 1) + 36)
    blocks = {e: block for e in near if (block := block_of(tier, e, period)) is not None}
    assert list(blocks) == ([] if epoch is None else [epoch])
    assert expected == ("" if epoch is None else epoch_text(epoch))
    for found, block in blocks.items():
        yearly = tier in {Tier.NATION_YEARLY, Tier.STATE_YEARLY}
        assert periods_due(tier, found)[block] == (period - period % 5 if yearly else period)


@given(st.sampled_from(Tier), st.integers(epoch_of(2001, 1), epoch_of(2099, 12)))
def test_the_blocks_of_an_epoch_are_the_periods_that_are_due_in_it(tier: Tier, epoch: int) -> None:
    found = periods_due(tier, epoch)
    assert is_due(tier, epoch) == bool(found)
    assert is_due(tier, epoch) == (
        tier is Tier.NATION_ARRIVALS
        or (tier in {Tier.NATION_QUARTERLY, Tier.NATION_LATE} and epoch_text(epoch)[5:] in {"01", "04", "07", "10"})
        or (tier in {Tier.NATION_YEARLY, Tier.STATE_YEARLY} and epoch_text(epoch)[5:] == "01")
    )
    for number, period in enumerate(found):
        assert block_of(tier, epoch, period) == number
        assert due_epoch(tier, period) == (None if period == ARRIVED else epoch)


@given(st.sampled_from(PERIODS), st.sampled_from(EPOCHS))
def test_an_event_arrives_in_any_month_whatever_its_period(period: int, epoch: int) -> None:
    assert block_of(Tier.NATION_ARRIVALS, epoch, period) == 0
    assert periods_due(Tier.NATION_ARRIVALS, epoch) == (ARRIVED,)
    assert due_epoch(Tier.NATION_ARRIVALS, period) is None


# What a draw counts


@given(histories(), st.sampled_from(EPOCHS))
@settings(max_examples=examples(250))
def test_a_draw_counts_what_the_rules_say_word_by_word(events: list[Event], epoch: int) -> None:
    for found in counted(all_due(epoch), from_agency(events)):
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


@given(NOT_TALLIES, st.sampled_from(EPOCHS))
@settings(max_examples=examples(150))
def test_an_event_is_in_one_cell_of_one_block_of_a_table_at_most(one: Event, epoch: int) -> None:
    for found in counted(all_due(epoch), from_agency([one])):
        cells = cells_of(found)
        block = block_of(found.due.row.tier, epoch, one.period)
        assert list(cells.values()) in ([], [1])
        assert {period for period, _, _ in cells} <= {
            text(periods_due(found.due.row.tier, epoch)[block]) if block is not None else ""
        }


def counted_once() -> None:
    """Of any table: every marked event of a period that begins in these years, in one epoch."""
    for plan in ALL_PLANS:
        body, late = in_row(plan.row, plan.rule, 0), plan.row.tier is Tier.NATION_LATE
        for period in ("2026Q4", "2026Q3", "2027Q1", *(() if late else ("2026",))):
            sent = [Sent(12 if late else 5, event(body, period=period))]
            if late:  # it came after its quarter was counted
                sent = [
                    Sent(
                        (due_epoch(Tier.NATION_QUARTERLY, parse_period(period)) or 0) - epoch_of(2026, 1) + 1,
                        sent[0].event,
                    )
                ]
            draws = life(plan, sent)
            assert [sum(found.counts) for found in draws if any(found.counts)] == [1], (plan.row.name, period)


def test_every_marked_event_is_counted_once_in_any_table() -> None:
    counted_once()


@given(st.lists(NOT_TALLIES, max_size=8), st.sampled_from(EPOCHS))
@settings(max_examples=examples(80))
def test_what_is_corrected_before_the_cut_leaves_nothing_but_its_arrival(events: list[Event], epoch: int) -> None:
    back = [correcting(one) for one in events]
    for found in counted(all_due(epoch), from_agency([*events, *back])):
        if found.due.row.tier is Tier.NATION_ARRIVALS:
            assert counted([found.due], from_agency(events)) == (found,)
        else:
            assert not any(found.counts)


# What comes after the cut


months = st.integers(0, 20)


@given(st.lists(st.tuples(months, originals, st.none() | st.integers(0, 6)), max_size=6))
@settings(max_examples=examples(60))
def test_what_comes_after_a_period_s_cut_is_in_no_release_but_those_of_cases_too_late(
    script: list[tuple[int, Event, int | None]],
) -> None:
    """Originals, each corrected some months later or not at all, over three years of draws."""
    sent = [Sent(month, one) for month, one, _ in script]
    sent += [Sent(month + later, correcting(one)) for month, one, later in script if later is not None]
    first = epoch_of(2026, 1)
    for plan in ALL_PLANS:
        if plan.row.tier in {Tier.NATION_ARRIVALS, Tier.NATION_LATE}:
            continue
        tier = plan.row.tier
        in_time = [one for one in sent if (due_epoch(tier, one.event.period) or 0) >= first + one.epoch]
        assert life(plan, sent) == life(plan, in_time)


@given(st.lists(st.tuples(months, NOT_TALLIES, st.none() | st.integers(0, 6)), max_size=8))
@settings(max_examples=examples(80))
def test_cases_too_late_are_what_the_log_holds_a_quarter_later_less_what_it_held(
    script: list[tuple[int, Event, int | None]],
) -> None:
    """For each quarter: N2 - N1, both counted by hand from the whole log at each cut."""
    cases = TABLE_COSTS["cases"]
    body = in_row(cases.row, cases.rule, 0)
    sent = [Sent(month, replace(one, body=body, cap=int(MARKS))) for month, one, _ in script]
    back = [(later, one) for (_, _, later), one in zip(script, sent, strict=True) if later is not None]
    sent += [Sent(one.epoch + later, correcting(one.event)) for later, one in back]
    first = epoch_of(2026, 1)
    for found in life(CASES_LATE, sent):
        [quarter], epoch = periods_due(Tier.NATION_LATE, found.due.epoch), found.due.epoch
        n1, n2 = (
            sum(
                by_hand(due(cases, epoch - 3), (one.event for one in sent if first + one.epoch <= cut)).get(cell, 0)
                for cell in [(text(quarter), "us", "")]
            )
            for cut in (epoch - 3, epoch)
        )
        assert found.counts == (n2 - n1,)


@given(st.lists(st.tuples(months, originals, st.none() | st.integers(0, 6)), max_size=8))
@settings(max_examples=examples(60))
def test_arrivals_are_counted_once_by_month_and_never_taken_back(
    script: list[tuple[int, Event, int | None]],
) -> None:
    sent = [Sent(month, one) for month, one, _ in script]
    back = [Sent(month + later, correcting(one)) for month, one, later in script if later is not None]
    for plan in (plan for plan in ALL_PLANS if plan.row.tier is Tier.NATION_ARRIVALS):
        draws = life(plan, [*sent, *back])
        assert plan.row.table is not None
        expected = Counter(
            one.epoch
            for one in sent
            if isinstance(one.event.body, plan.row.table.body) and one.event.cap & plan.row.bit
        )
        assert Counter({n: found.counts[0] for n, found in enumerate(draws) if any(found.counts)}) == expected


# Readings


def test_every_table_counts_by_one_reading() -> None:
    found = {reading: {p.row.tier for p in ALL_PLANS if reading_of(p.row.tier) is reading} for reading in Reading}
    assert found == {
        Reading.ALL: {Tier.NATION_QUARTERLY, Tier.NATION_YEARLY, Tier.STATE_YEARLY},
        Reading.SINCE_LAST: {Tier.NATION_ARRIVALS},
        Reading.SINCE_COUNTED: {Tier.NATION_LATE},
    }


@given(histories(), histories(), st.sampled_from(EPOCHS))
@settings(max_examples=examples(60))
def test_a_client_moves_a_draw_by_the_same_whatever_others_send(
    mine: list[Event], others: list[Event], epoch: int
) -> None:
    """Counts are linear: neighbours differ by exactly one client's part."""
    draws = (counted(all_due(epoch), from_agency(events)) for events in ([*mine, *others], mine, others))
    for both, alone, rest in zip(*draws, strict=True):
        assert [b - r for b, r in zip(both.counts, rest.counts, strict=True)] == list(alone.counts)
