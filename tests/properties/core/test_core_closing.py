"""Epochs close once, in order and paid for, and each reading begins at the cut that it should."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.errors import ClusterUnknown, RestoreUnfinished
from exchange.core.model.epochs import DAY_MS, begins_ms, ends_ms, epoch_at, epoch_of
from exchange.core.model.period import parse_period
from exchange.core.release.budget import RHO_TOTAL, TABLE_COSTS, TableCost
from exchange.core.release.closed_epochs import Closed, Moment, carried_out, refused_at, released, relocated
from exchange.core.release.closing import REFUSALS, CloseRefused, Draw, DrawTask, decide_close
from exchange.core.release.cuts import BEGINNING, Address, Cut, Relocation, moved
from exchange.core.release.disclosure import AGENCY_RELEASES
from exchange.core.release.draw import Reading, reading_of
from exchange.core.release.privacy_ledger import spent
from exchange.core.release.tiers import is_due, periods_due

START = epoch_of(2026, 1)
LATER_MS = begins_ms(epoch_of(2030, 1))
ALL = tuple(TABLE_COSTS.values())
PERIODS = list(range(parse_period("2025"), parse_period("2028Q4") + 1))
CASES, NEEDS, GENDER = TABLE_COSTS["cases"], TABLE_COSTS["needs_by_service"], TABLE_COSTS["cases_by_gender"]


@dataclass(frozen=True, slots=True)
class Command:
    """`ahead`: months past the last closed epoch; `grown`: the log's growth; `clock`: ms passed."""

    ahead: int
    grown: tuple[int, int]
    clock: int
    tables: tuple[str, ...]


some_tables = st.lists(st.sampled_from(list(TABLE_COSTS)), unique=True, max_size=8).map(tuple)
commands = st.lists(
    st.builds(
        Command,
        st.sampled_from([1, 1, 1, 1, 1, 0, -1, 2, 40]),
        st.tuples(st.integers(-1, 5), st.integers(0, 5)),
        st.sampled_from([*[32 * DAY_MS] * 5, 28 * DAY_MS, 1, 0, -1]),
        st.one_of(st.just(tuple(TABLE_COSTS)), some_tables),
    ),
    max_size=30,
)


def cut_at(offsets: tuple[int, ...]) -> Cut:
    """A cut where agency n, alone in partition n, has sent so many events."""
    heads = tuple((f"agency-{n}", offset) for n, offset in enumerate(offsets) if offset)
    return Cut(heads, offsets, "", offsets)


def after(closed: Closed, draw: Draw, position: int) -> Closed:
    """The state after a draw, as in the lane's records."""
    for one in draw.task.agencies:
        closed = released(closed, one.name, one.codes)
    return carried_out(
        closed,
        position,
        draw.task.moment,
        epoch=draw.task.epoch,
        cut=cut_at(draw.task.moment.ends),
        accounts=draw.accounts,
        shown=(),
        profiles=(),
    )


def closings(script: Sequence[Command]) -> tuple[Closed, list[Draw]]:
    """One lane's life, with the laws of every step."""
    closed, draws = Closed(), list[Draw]()
    at_ms, cut, registered = begins_ms(START), (0, 0), 0
    for position, command in enumerate(script, start=1):
        epoch = (closed.last_epoch or START - 1) + command.ahead
        at_ms, registered = at_ms + command.clock, registered + 1
        grown = (max(0, cut[0] + command.grown[0]), cut[1] + command.grown[1])
        before = closed
        decision = decide_close(
            closed, epoch, Moment(at_ms, grown, registered), [TABLE_COSTS[name] for name in command.tables]
        )
        if isinstance(decision, CloseRefused):
            assert decision.name in REFUSALS
            closed = refused_at(closed, position, at_ms)
            assert replace(closed, position=before.position, at_ms=before.at_ms) == before
        else:
            assert at_ms > ends_ms(epoch)
            assert closed.last_epoch in {None, epoch - 1}
            assert all(now >= then for now, then in zip(grown, closed.last_cut.offsets or (0, 0), strict=True))
            closed, cut = after(closed, decision, position), grown
            draws.append(decision)
        assert closed.at_ms >= before.at_ms
        for period in PERIODS:
            assert spent(before.ledger, period) <= spent(closed.ledger, period) <= RHO_TOTAL
    return closed, draws


@given(commands)
def test_epochs_are_closed_once_in_order_and_a_refusal_changes_nothing(script: list[Command]) -> None:
    closed, draws = closings(script)
    epochs = [draw.task.epoch for draw in draws]
    assert epochs == list(range(epochs[0], epochs[0] + len(epochs))) if epochs else not closed.cuts
    assert closed.position == len(script)


@given(commands)
def test_every_reading_begins_at_the_cut_that_it_should(script: list[Command]) -> None:
    """Cuts before a period begins are compared by the clock's text, not by epochs."""
    _, draws = closings(script)
    for n, draw in enumerate(draws):
        task, last = draw.task, draws[n - 1].task if n else None
        tiers = {one.row.tier for one in task.clients} | {one.tier for one in task.agencies}
        assert task.cuts.keys() <= {reading_of(tier) for tier in tiers}
        assert task.last == (cut_at(last.moment.ends) if last else BEGINNING)
        if Reading.SINCE_LAST in task.cuts:
            assert task.cuts[Reading.SINCE_LAST] == task.last
        counted = [cut_at(one.task.moment.ends) for one in draws[:n] if one.task.epoch == task.epoch - 3]
        late = any(reading_of(tier) is Reading.SINCE_COUNTED for tier in tiers)
        assert (
            [task.cuts[Reading.SINCE_COUNTED]] == counted
            if counted and late
            else Reading.SINCE_COUNTED not in task.cuts
        )
        periods = {p for tier in tiers if reading_of(tier) is Reading.ALL for p in periods_due(tier, task.epoch)}
        assert (Reading.ALL in task.cuts) == bool(periods)
        if periods:
            first = min(1900 * 12 + p // 5 * 12 + 3 * max(0, p % 5 - 1) for p in periods)
            early = [one.task for one in draws[:n] if one.task.moment.at_ms + DAY_MS < begins_ms(first)]
            assert task.cuts[Reading.ALL] == (cut_at(early[-1].moment.ends) if early else BEGINNING)
        assert all(task.lowest.total <= cut.total for cut in (task.last, *task.cuts.values()))


@given(commands)
def test_what_is_drawn_is_what_is_due_and_what_is_drawn_was_paid_for(script: list[Command]) -> None:
    for draw in closings(script)[1]:
        for one in draw.task.clients:
            assert is_due(one.row.tier, draw.task.epoch)
            assert draw.accounts[one.row.name] == one.account
            assert one.account.last_epoch == draw.task.epoch
        assert set(draw.task.agencies) == {one for one in AGENCY_RELEASES if is_due(one.tier, draw.task.epoch)}


# Single rules


def closing(closed: Closed, epoch: int, plans: Sequence[TableCost] = ALL, **moment: object) -> Draw | CloseRefused:
    given_ = {"at_ms": LATER_MS, "ends": (9, 9), "registered": 9, **moment}
    return decide_close(closed, epoch, Moment(**given_), tuple(plans))


def closed_up_to(epoch: int, plans: Sequence[TableCost] = ALL, start: int = START) -> Closed:
    closed = Closed()
    for one in range(start, epoch + 1):
        draw = closing(closed, one, plans)
        assert isinstance(draw, Draw)
        closed = after(closed, draw, one - start + 1)
    return closed


def refused(decision: Draw | CloseRefused) -> str:
    assert isinstance(decision, CloseRefused)
    return decision.name


@pytest.mark.parametrize(("asked", "reason"), [(START, "EpochClosed"), (START - 1, "EpochClosed")])
def test_an_epoch_is_closed_once(asked: int, reason: str) -> None:
    assert refused(closing(closed_up_to(START), asked)) == reason


def test_an_epoch_out_of_order_is_refused() -> None:
    assert refused(closing(closed_up_to(START), START + 2)) == "EpochOutOfOrder"


def test_the_first_epoch_may_be_any_past_month() -> None:
    for epoch in (epoch_of(2001, 1), START, epoch_of(2029, 12)):
        assert isinstance(closing(Closed(), epoch), Draw)
    assert refused(closing(Closed(), epoch_of(2030, 1))) == "EpochNotOver"


def test_a_month_is_over_when_its_last_millisecond_is() -> None:
    assert refused(closing(Closed(), START, at_ms=ends_ms(START))) == "EpochNotOver"
    assert isinstance(closing(Closed(), START, at_ms=ends_ms(START) + 1), Draw)


def test_a_clock_that_was_set_back_is_refused() -> None:
    assert refused(closing(closed_up_to(START), START + 1, at_ms=LATER_MS - 1)) == "ClockSetBack"
    assert isinstance(closing(closed_up_to(START), START + 1, at_ms=LATER_MS), Draw)
    again = refused_at(closed_up_to(START), 2, LATER_MS - 1)
    assert refused(closing(again, START + 1, at_ms=LATER_MS - 1)) == "ClockSetBack"


@pytest.mark.parametrize("behind", [{"ends": (9, 8)}, {"ends": (9,)}, {"ends": (9, 9, 9)}, {"registered": 8}])
def test_a_cut_behind_the_last_is_refused(behind: dict[str, object]) -> None:
    assert refused(closing(closed_up_to(START), START + 1, **behind)) == "CutBehind"
    assert isinstance(closing(closed_up_to(START), START + 1), Draw)


def test_a_ledger_of_another_cluster_closes_nothing_until_a_relocation_names_this_one() -> None:
    """Copied topics are no exchange: addresses of cuts hold on one cluster only."""
    here = replace(closed_up_to(START), cluster="old", cuts={START: Cut((("an-agency", 3),), (3,), "old", (4,))})
    begun = Relocation("old", "new", "digest", 0, finished=False)
    for cluster in ("new", "other"):
        with pytest.raises(ClusterUnknown, match=f"belongs to cluster old; this is cluster {cluster}"):
            closing(here, START + 1, cluster=cluster)
    for cluster in ("old", "new"):
        with pytest.raises(RestoreUnfinished):
            closing(relocated(here, begun), START + 1, cluster=cluster)
    ended = relocated(
        relocated(here, begun), replace(begun, finished=True, addresses=(Address(START, (1, 2), (1, 2)),))
    )
    draw = closing(ended, START + 1, cluster="new")
    assert isinstance(draw, Draw)
    assert draw.task.last == Cut((("an-agency", 3),), (1, 2), "new", (1, 2))
    with pytest.raises(ClusterUnknown):
        closing(ended, START + 1, cluster="old")


def test_a_cut_without_an_address_on_the_new_cluster_is_known_by_its_heads_alone() -> None:
    here = {START: Cut((("an-agency", 3),), (3,), "old", (4,))}
    there = moved(here, Relocation("old", "new", "digest", 0, finished=True))
    assert there == {START: Cut((("an-agency", 3),))}
    assert not there[START].is_at("new")


@pytest.mark.parametrize("epoch", [None, 0, -1, epoch_of(2001, 1) - 1, epoch_of(2099, 12) + 1, 2**40])
def test_what_names_no_epoch_is_no_command(epoch: int | None) -> None:
    assert refused(decide_close(Closed(), epoch, Moment(LATER_MS, (0, 0), 0))) == "CommandUnreadable"


def test_a_changed_client_table_is_refused_and_so_is_every_other_with_it() -> None:
    changed = replace(CASES, scale=CASES.scale + 1)
    assert refused(closing(closed_up_to(START + 2), START + 3, [NEEDS, changed])) == "TableChanged"


def test_a_changed_agency_table_is_refused() -> None:
    april = closed_up_to(START + 3)
    name = next(iter(april.domains))
    changed = replace(closed_up_to(START + 5), domains={**april.domains, name: (("another",),)})
    assert isinstance(closing(closed_up_to(START + 5), START + 6), Draw)
    assert refused(closing(changed, START + 6)) == "TableChanged"


def test_what_does_not_fit_the_budget_is_refused_as_a_whole() -> None:
    dear = replace(GENDER, scale=Fraction(1))
    assert dear.rho > RHO_TOTAL - CASES.rho
    closed = closed_up_to(START + 2, [CASES])
    assert refused(closing(closed, START + 3, [CASES, dear])) == "BudgetExhausted"


def test_a_table_added_later_counts_and_costs_the_periods_of_its_own_epochs_only() -> None:
    july = START + 6
    draw = closing(closed_up_to(july - 1, [CASES]), july, [CASES, GENDER])
    assert isinstance(draw, Draw)
    gender = draw.accounts["cases_by_gender"]
    assert (gender.first_epoch, gender.last_epoch) == (july, july)
    assert [gender.pays(parse_period(text)) for text in ("2026Q1", "2026Q2", "2026Q3", "2025")] == [
        False,
        True,
        False,
        False,
    ]
    assert [draw.accounts["cases"].pays(parse_period(text)) for text in ("2026Q1", "2026Q2")] == [True, True]


def at_cuts(epoch: int, when: Callable[[int], int]) -> DrawTask:
    """The task of an epoch after six months whose cuts held 1, 2, 3 … events, closed at `when`."""
    heads = {START + n: Cut((("an-agency", n + 1),), (n + 1,), "", (n + 1,)) for n in range(epoch - START)}
    closed = replace(closed_up_to(epoch - 1), cuts=heads, when={one: when(one) for one in heads})
    draw = closing(closed, epoch, ends=(99,))
    assert isinstance(draw, Draw)
    return draw.task


def test_readings_of_an_epoch_without_a_quarter_begin_at_the_last_cut() -> None:
    task = at_cuts(START + 5, lambda epoch: ends_ms(epoch) + 1)
    assert {reading: cut.total for reading, cut in task.cuts.items()} == {Reading.SINCE_LAST: 5}
    assert (task.lowest, task.agencies) == (task.last, ())


def test_a_quarter_is_looked_for_from_the_last_cut_that_was_taken_a_day_before_it_began() -> None:
    """July counts April's quarter: February's cut, taken in March, is the last before it."""
    for late_ms, expected in ((-DAY_MS - 1, 2), (-DAY_MS, 1)):
        task = at_cuts(
            START + 6,
            lambda epoch, ms=late_ms: begins_ms(START + 3) + ms if epoch == START + 1 else ends_ms(epoch) + DAY_MS,
        )
        assert {reading: cut.total for reading, cut in task.cuts.items()} == {
            Reading.ALL: expected,
            Reading.SINCE_LAST: 6,
            Reading.SINCE_COUNTED: 4,
        }
        assert task.lowest.total == expected
    assert at_cuts(START + 6, lambda _: LATER_MS).cuts[Reading.ALL] == BEGINNING


def test_in_january_the_whole_year_is_looked_for() -> None:
    task = at_cuts(START + 12, lambda epoch: ends_ms(epoch) + 1)
    assert {reading: cut.total for reading, cut in task.cuts.items()} == {
        Reading.ALL: 0,
        Reading.SINCE_LAST: 12,
        Reading.SINCE_COUNTED: 10,
    }


def test_cases_too_late_are_counted_only_where_their_quarter_was() -> None:
    """The first closed epoch is February's: January, which counts the last quarter, never was."""
    april = closing(closed_up_to(START + 2, start=START + 1), START + 3)
    assert isinstance(april, Draw)
    assert Reading.SINCE_COUNTED not in april.task.cuts
    assert "cases_too_late" in april.accounts


def test_for_how_many_clients_sizes_are_planned_is_settled_by_the_first_epoch() -> None:
    """A setting that changes later changes no figure's usability."""
    first = closing(Closed(), START, clients_a_year=9_000)
    assert isinstance(first, Draw)
    for later in (0, 9_000, 20_000):
        draw = closing(after(Closed(), first, 1), START + 1, clients_a_year=later)
        assert isinstance(draw, Draw)
        assert draw.task.clients_a_year == first.task.clients_a_year == 9_000


def test_a_year_pays_for_every_table_and_no_more() -> None:
    year = closed_up_to(START + 15)
    planned = sum((plan.rho for plan in ALL), Fraction(0))
    assert spent(year.ledger, parse_period("2026Q4")) == planned <= RHO_TOTAL
    assert set(year.ledger.accounts) == set(TABLE_COSTS)


@given(st.integers(epoch_of(2001, 1), epoch_of(2099, 12)), st.integers(0, 27 * 86_400_000))
def test_a_time_lies_in_the_month_that_begins_before_it(epoch: int, within_ms: int) -> None:
    assert epoch_at(begins_ms(epoch) + within_ms) == epoch == epoch_at(ends_ms(epoch))
    assert epoch_at(begins_ms(epoch) - 1) == epoch - 1
    assert ends_ms(epoch) + 1 == begins_ms(epoch + 1)
