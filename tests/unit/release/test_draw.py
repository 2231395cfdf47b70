"""A draw's counted events, their periods, and the release that is made from it."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from exchange.core.admission.cap_rules import MARKS, Cap
from exchange.core.counting.tables import Tier
from exchange.core.errors import NoiseUnfit, NotDue, TableChanged
from exchange.core.model import vocabulary as v
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import CapacityReported, CaseOpened, Event, NeedIdentified, Tally
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import UsState
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.client_tables import SENSITIVE
from exchange.core.release.draw import Counted, Due, counted, drawn, dues, merged, plans_due
from exchange.core.release.privacy_ledger import Ledger, spend
from exchange.core.release.released import ReleaseUnsound
from exchange.core.release.tiers import is_due, periods_due
from tests.kits.caps_kit.histories import in_row
from tests.kits.draw_world import APRIL, JANUARY, all_due, cells_of, correcting, due, event, from_agency

FOOD = NeedIdentified(v.Service.food)
NEEDS = TABLE_COSTS["needs_by_service"]
ONE_FOOD = {("2026Q1", "us", "food"): 1}


def needs(events: list[Event], epoch: int = APRIL) -> dict[tuple[str, str, str], int]:
    [found] = counted([due(NEEDS, epoch)], from_agency(events))
    return cells_of(found)


# What counts


def test_an_event_without_the_bit_is_in_no_release() -> None:
    for cap in (0, Cap.STATE, Cap.PAST, MARKS & ~Cap.NATION):
        assert needs([event(FOOD, cap)]) == {}
    assert needs([event(FOOD, Cap.NATION)]) == ONE_FOOD


def test_a_correction_takes_back_what_its_event_added_and_one_with_other_marks_nothing() -> None:
    one = event(FOOD, Cap.NATION)
    assert needs([one, correcting(one)]) == {}
    for unlawful in (0, Cap.STATE, Cap.NATION | Cap.STATE):
        assert needs([one, correcting(one, unlawful)]) == ONE_FOOD
    for unmarked in (0, Cap.STATE):
        assert needs([correcting(event(FOOD, unmarked), Cap.NATION)]) == {}


def test_counts_are_negative_where_more_went_than_came() -> None:
    gone = [correcting(event(FOOD)), correcting(event(FOOD)), event(FOOD)]
    [found] = counted([due(NEEDS, APRIL)], from_agency(gone))
    assert (min(found.counts), sum(found.counts)) == (-1, -1)
    assert drawn(found, [0] * len(found.counts)).counts == found.counts


def test_a_tally_feeds_every_release_of_its_codes_but_arrivals_and_its_correction_none() -> None:
    counts = tuple(range(len(v.Service) - 1))
    one = event(Tally(TallyTable("needs_by_service"), counts), int(MARKS), "2026Q4")
    found = {f.due.row.name: cells_of(f) for f in counted(all_due(JANUARY), from_agency([one]))}
    moved = {name for name, cells in found.items() if cells}
    assert moved == {"needs_by_service", "needs_by_service_yearly_only", "state_needs_by_service_group"}
    nation, rest = (sum(found[name].values()) for name in sorted(moved)[:2])
    assert nation + rest == sum(counts)
    assert sum(found["state_needs_by_service_group"].values()) == nation
    assert {place for _, place, _ in found["state_needs_by_service_group"]} == {"ca"}
    for cap in (0, int(MARKS)):
        assert not any(cells_of(f) for f in counted(all_due(JANUARY), from_agency([correcting(one, cap)])))


def test_agencies_own_bodies_are_in_no_client_table() -> None:
    one = event(CapacityReported(v.Service.food, 7), period="2026Q4")
    assert not any(cells_of(found) for found in counted(all_due(JANUARY), from_agency([one])))


def test_no_sensitive_code_moves_what_is_finer_than_the_nation_and_the_year() -> None:
    """Neither its own cell nor, in a group of the states, its group's."""
    for found in sensitive_draws(all_due(JANUARY)):
        assert not any(found.counts), found.due.row.name


def sensitive_draws(due_now: list[Due]) -> Iterator[Counted]:
    for one in due_now:
        row = one.row
        fields = [d.field for d in row.dimensions if d.field in SENSITIVE]
        if row.tier is Tier.NATION_YEARLY or not fields:
            continue
        like, [field] = in_row(row, one.plan.rule, 0), fields
        codes = [type(getattr(like, field))(code) for code in SENSITIVE[field]]
        some = [event(replace(like, **{field: code}), period="2026Q4") for code in codes]
        yield from counted([one], from_agency(some))


def test_a_release_over_a_sensitive_code_is_refused() -> None:
    wider = replace(NEEDS, row=replace(NEEDS.row, leaves_out=frozenset()))
    [found] = counted([due(wider, APRIL)], [])
    with pytest.raises(ReleaseUnsound, match="another domain"):
        drawn(found, [0] * len(found.counts))


# When and where


def test_an_event_counts_in_the_epoch_of_its_period_and_in_no_other() -> None:
    others = [event(FOOD, period=period) for period in ("2025Q4", "2025", "2026", "2026Q2", "2019Q1")]
    assert needs([*others, event(FOOD)]) == ONE_FOOD
    year = [event(FOOD, period="2026"), event(FOOD, period="2026Q4"), event(FOOD), event(FOOD, period="2027Q1")]
    assert needs(year, JANUARY) == {("2026Q4", "us", "food"): 1, ("2026", "us", "food"): 1}


def test_the_states_of_a_yearly_release_are_those_of_the_events_and_no_place_is_made_up() -> None:
    plan = TABLE_COSTS["state_cases"]
    opened = in_row(plan.row, plan.rule, 0)
    assert isinstance(opened, CaseOpened)
    states = (UsState.wy, UsState.not_known, UsState.not_applicable)
    some = [event(opened, state=state, period="2026Q3") for state in states]
    [found] = counted([due(plan, JANUARY)], from_agency(some))
    assert cells_of(found) == {("2026", "wy", ""): 1, ("2026", "not_known", ""): 1}


# From a ledger to a release


def test_tables_are_drawn_when_they_are_due_and_only_once_paid_for() -> None:
    ledger, seen = Ledger(), list[Due]()
    for epoch in range(epoch_of(2026, 1), JANUARY + 1):
        ledger = spend(ledger, epoch, plans_due(epoch))
        seen += dues(ledger)
    for name, plan in TABLE_COSTS.items():
        expected = [e for e in range(epoch_of(2026, 1), JANUARY + 1) if is_due(plan.row.tier, e)]
        assert [one.epoch for one in seen if one.row.name == name] == expected
    assert dues(Ledger()) == ()
    with pytest.raises(TableChanged):
        Due(replace(NEEDS, scale=Fraction(1)), due(NEEDS, APRIL).account)
    with pytest.raises(NotDue):
        due(NEEDS, APRIL + 1)


def test_noise_is_added_once_to_every_number() -> None:
    [found] = counted([due(NEEDS, APRIL)], from_agency([event(FOOD)] * 40))
    noise = list(range(-100, len(found.counts) - 100))
    release = drawn(found, noise)
    assert [(n or 0) - x for n, x in zip(release.counts, noise, strict=True)] == list(found.counts)
    assert release.bit is Cap.NATION
    assert (release.variance, release.rho) == (NEEDS.scale**2, NEEDS.rho)


@pytest.mark.parametrize("length", [0, 1, -1])
def test_noise_of_another_length_is_refused(length: int) -> None:
    [found] = counted([due(NEEDS, APRIL)], [])
    with pytest.raises(NoiseUnfit):
        drawn(found, [1] * (found.due.length + length if length else 0))


def test_counts_of_different_draws_are_not_added() -> None:
    april, january = (counted([due(NEEDS, epoch)], []) for epoch in (APRIL, JANUARY))
    with pytest.raises(ValueError, match="different draws"):
        merged(april, january)


def test_a_release_of_any_table_has_a_number_for_each_period_and_cell() -> None:
    for one in all_due(JANUARY):
        [found] = counted([one], [])
        release = drawn(found, [1] * one.length)
        assert release.periods == periods_due(one.row.tier, JANUARY)
        assert one.length == len(release.counts) == len(release.periods) * one.row.cells
