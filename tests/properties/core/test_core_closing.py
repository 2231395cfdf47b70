"""Epochs close once, in order and paid for; each table draws each arrival once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.counting.tables import Tier
from exchange.core.errors import ClusterUnknown, RestoreUnfinished
from exchange.core.model.epochs import DAY_MS, begins_ms, ends_ms, epoch_at, epoch_of
from exchange.core.model.period import parse_period
from exchange.core.release.budget import RHO_TOTAL, TABLE_COSTS, TableCost
from exchange.core.release.closed_epochs import Closed, Moment, carried_out, refused_at, released, relocated
from exchange.core.release.closing import REFUSALS, CloseRefused, Draw, decide_close
from exchange.core.release.cuts import BEGINNING, Address, Cut, Relocation, moved
from exchange.core.release.disclosure import AGENCY_RELEASES
from exchange.core.release.privacy_ledger import EVERY_PERIOD, spent
from exchange.core.release.tiers import MONTHS_BETWEEN, is_due

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
        st.sampled_from([1, 1, 1, 0, -1, 10**9]),
        st.one_of(st.just(tuple(TABLE_COSTS)), some_tables),
    ),
    max_size=30,
)


def cut_at(offsets: tuple[int, ...]) -> Cut:
    """A cut with an address and, as far as the law of closing goes, anything inside."""
    return Cut((), offsets, "", offsets)


def after(closed: Closed, draw: Draw, position: int) -> Closed:
    """The state after a draw, as in the lane's records."""
    for one in draw.task.agencies:
        closed = released(closed, one.declared.name, draw.task.epoch, one.declared.codes)
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
    at_ms, cut, registered = LATER_MS, (0, 0), 0
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
def test_every_table_is_counted_from_its_own_last_cut_without_gap_or_overlap(script: list[Command]) -> None:
    _, draws = closings(script)
    ends: dict[str, Draw] = {}
    for draw in draws:
        for name, since, first in (
            *((one.row.name, one.since, one.first) for one in draw.task.clients),
            *((one.declared.name, one.since, one.first) for one in draw.task.agencies),
        ):
            assert first == (name not in ends)
            if not first:
                assert since == ends[name].task.epoch + 1
                assert draw.task.starts[since] == cut_at(ends[name].task.moment.ends)
            ends[name] = draw


@given(commands)
def test_what_is_drawn_is_what_is_due_and_what_is_drawn_was_paid_for(script: list[Command]) -> None:
    for command_draw in closings(script)[1]:
        for one in command_draw.task.clients:
            assert is_due(one.row.tier, command_draw.task.epoch)
            assert command_draw.accounts[one.row.name] == one.account
            assert one.account.last_epoch == command_draw.task.epoch
        assert {one.declared.name for one in command_draw.task.agencies} == {
            one.name for one in AGENCY_RELEASES if is_due(one.tier, command_draw.task.epoch)
        }


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
    assert refused(closing(closed_up_to(START), START + 1, [NEEDS, changed])) == "TableChanged"


def test_a_changed_agency_table_is_refused() -> None:
    march = closed_up_to(START + 2)
    name = next(iter(march.agency_tables))
    other = replace(march, domains={**march.domains, name: (("another",),)})
    assert isinstance(closing(closed_up_to(START + 4), START + 5), Draw)
    changed = replace(closed_up_to(START + 4), domains=other.domains)
    assert refused(closing(changed, START + 5)) == "TableChanged"


def test_what_does_not_fit_the_budget_is_refused_as_a_whole() -> None:
    dear = replace(GENDER, squared_l2=GENDER.squared_l2 * 200)
    assert dear.rho > RHO_TOTAL - CASES.rho
    closed = closed_up_to(START + 1, [CASES])
    assert refused(closing(closed, START + 2, [CASES, dear])) == "BudgetExhausted"


def test_a_table_added_later_counts_and_costs_only_periods_that_begin_then() -> None:
    june = START + 5
    before = closed_up_to(june - 1, [CASES])
    draw = closing(before, june, [CASES, GENDER])
    assert isinstance(draw, Draw)
    [gender] = [one for one in draw.task.clients if one.row.name == "cases_by_gender"]
    assert (gender.since, gender.first, gender.account.periods_from) == (june, True, june)
    assert draw.task.starts[june] == before.last_cut
    assert not gender.account.covers(parse_period("2026Q2"))
    assert draw.accounts["cases"].periods_from == EVERY_PERIOD


def test_a_table_that_was_never_due_before_is_counted_from_the_first_month_on() -> None:
    draw = closing(closed_up_to(START + 1), START + 2)
    assert isinstance(draw, Draw)
    assert {one.since for one in draw.task.clients if one.row.tier is Tier.NATION_QUARTERLY} == {START}
    assert draw.task.starts[START] == BEGINNING
    assert {one.account.periods_from for one in draw.task.clients} == {EVERY_PERIOD}


def test_a_quarterly_table_is_counted_from_the_cut_of_its_own_last_quarter() -> None:
    june = replace(closed_up_to(START + 4), cuts={START + n: cut_at((n + 1, n + 1)) for n in range(5)})
    draw = closing(june, START + 5)
    assert isinstance(draw, Draw)
    since = {one.row.tier: one.since for one in draw.task.clients}
    assert since == {Tier.NATION_MONTHLY: START + 5, Tier.NATION_QUARTERLY: START + 3}
    assert draw.task.starts == {START + 5: cut_at((5, 5)), START + 3: cut_at((3, 3))}


def test_what_waits_is_looked_for_from_the_last_cut_before_its_period_began() -> None:
    """March closes in May; later events about April's quarter lie between the last two cuts."""
    promptly = {START: ends_ms(START) + 1, START + 1: begins_ms(START + 3) - DAY_MS - 1}
    for when, expected in (
        (promptly, cut_at((2, 2))),
        ({**promptly, START + 1: begins_ms(START + 3) - DAY_MS}, cut_at((1, 1))),
        (dict.fromkeys(promptly, begins_ms(START + 4)), BEGINNING),
    ):
        late = when | dict.fromkeys(range(START + 2, START + 5), LATER_MS)
        june = replace(closed_up_to(START + 4), cuts={START + n: cut_at((n + 1, n + 1)) for n in range(5)}, when=late)
        draw = closing(june, START + 5)
        assert isinstance(draw, Draw)
        assert draw.task.early == {START + 5: cut_at((5, 5)), START + 3: expected}


def test_a_year_pays_for_every_table_and_no_more() -> None:
    year = closed_up_to(START + 11)
    planned = sum((plan.rho for plan in ALL), Fraction(0))
    assert spent(year.ledger, parse_period("2026Q4")) == planned <= RHO_TOTAL
    assert set(year.ledger.accounts) == set(TABLE_COSTS)
    assert all(is_due(plan.row.tier, START + 11) for plan in ALL if MONTHS_BETWEEN[plan.row.tier] > 1)


@given(st.integers(epoch_of(2001, 1), epoch_of(2099, 12)), st.integers(0, 27 * 86_400_000))
def test_a_time_lies_in_the_month_that_begins_before_it(epoch: int, within_ms: int) -> None:
    assert epoch_at(begins_ms(epoch) + within_ms) == epoch == epoch_at(ends_ms(epoch))
    assert epoch_at(begins_ms(epoch) - 1) == epoch - 1
    assert ends_ms(epoch) + 1 == begins_ms(epoch + 1)
