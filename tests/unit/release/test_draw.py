"""A draw's counted events, their buckets and cuts, and the release that is made from it."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from exchange.core.admission.cap_rules import Cap
from exchange.core.counting.tables import Tier
from exchange.core.errors import NoiseUnfit, NotDue, TableChanged
from exchange.core.model import vocabulary as v
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import CapacityReported, CaseOpened, Event, NeedIdentified, Tally
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import UsState
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.client_tables import SENSITIVE
from exchange.core.release.draw import Due, Increments, counted, drawn, dues, merged, plans_due
from exchange.core.release.privacy_ledger import Ledger, spend
from exchange.core.release.released import ReleaseUnsound
from exchange.core.release.tiers import BUCKETS, MONTHS_BETWEEN, Bucket
from tests.kits.caps_kit.histories import in_row
from tests.kits.draw_world import (
    ALL_PLANS,
    DECEMBER,
    MARCH,
    all_due,
    cells_of,
    correcting,
    due,
    event,
    from_agency,
)

APRIL, JUNE = epoch_of(2026, 4), epoch_of(2026, 6)
FOOD = NeedIdentified(v.Service.food)
NEEDS = TABLE_COSTS["needs_by_service"]


def needs(events: list[Event], epoch: int = MARCH) -> dict[tuple[str, str, str], int]:
    [found] = counted([due(NEEDS, epoch)], from_agency(events))
    return cells_of(found)


# What counts


def test_an_event_without_the_bit_is_in_no_release() -> None:
    for cap in (0, Cap.STATE, Cap.PAST, Cap.UNMARKED, 63):
        assert needs([event(FOOD, cap)]) == {}
    assert needs([event(FOOD, Cap.NATION)]) == {("quarter", "us", "food"): 1}


def test_a_correction_counts_with_its_own_bits() -> None:
    one = event(FOOD, Cap.NATION)
    assert needs([one, correcting(one, 0)]) == {("quarter", "us", "food"): 1}
    assert needs([one, correcting(one, Cap.NATION)]) == {}
    assert needs([correcting(one, Cap.NATION)]) == {("quarter", "us", "food"): -1}


def test_a_correction_takes_back_no_more_than_was_added() -> None:
    for unmarked in (0, Cap.STATE, 63):
        assert needs([correcting(event(FOOD, unmarked), Cap.NATION)]) == {}


def test_increments_are_negative_where_more_went_than_came() -> None:
    gone = [correcting(event(FOOD)), correcting(event(FOOD)), event(FOOD)]
    [found] = counted([due(NEEDS, MARCH)], from_agency(gone))
    assert (min(found.counts), sum(found.counts)) == (-1, -1)
    assert drawn(found, [0] * len(found.counts)).increments == found.counts


def test_a_tally_feeds_every_release_of_its_codes_and_its_correction_none() -> None:
    counts = tuple(range(len(v.Service) - 1))
    one = event(Tally(TallyTable("needs_by_service"), counts), Cap.NATION | Cap.STATE)
    found = {f.due.row.name: cells_of(f) for f in counted(all_due(DECEMBER), from_agency([one]))}
    moved = {name for name, cells in found.items() if cells}
    assert moved == {"needs_by_service", "needs_by_service_yearly_only", "state_needs_by_service_group"}
    nation, rest = (sum(found[name].values()) for name in sorted(moved)[:2])
    assert nation + rest == sum(counts)
    assert sum(found["state_needs_by_service_group"].values()) == nation
    assert {place for _, place, _ in found["state_needs_by_service_group"]} == {"ca"}
    assert not any(cells_of(f) for f in counted(all_due(DECEMBER), from_agency([correcting(one)])))


def test_agencies_own_bodies_are_in_no_client_table() -> None:
    one = event(CapacityReported(v.Service.food, 7))
    assert not any(cells_of(found) for found in counted(all_due(DECEMBER), from_agency([one])))


def test_no_sensitive_code_moves_what_is_finer_than_the_nation_and_the_year() -> None:
    """Neither its own cell nor, in a group of the states, its group's."""
    for found in sensitive_draws(all_due(DECEMBER)):
        assert not any(found.counts), found.due.row.name


def sensitive_draws(due_now: list[Due]) -> Iterator[Increments]:
    for one in due_now:
        row = one.row
        fields = [d.field for d in row.dimensions if d.field in SENSITIVE]
        if row.tier is Tier.NATION_YEARLY or not fields:
            continue
        like, [field] = in_row(row, one.plan.rule, 0), fields
        codes = [type(getattr(like, field))(code) for code in SENSITIVE[field]]
        yield from counted([one], from_agency([event(replace(like, **{field: code})) for code in codes]))


def test_a_release_over_a_sensitive_code_is_refused() -> None:
    wider = replace(NEEDS, row=replace(NEEDS.row, leaves_out=frozenset()))
    [found] = counted([due(wider, MARCH)], [])
    with pytest.raises(ReleaseUnsound, match="another domain"):
        drawn(found, [0] * len(found.counts))


# When


def test_a_late_event_goes_to_its_bucket_of_the_epoch_in_which_it_arrives() -> None:
    """A closed epoch is never opened again."""
    late = [event(FOOD, period="2026Q1"), event(FOOD, period="2025Q4"), event(FOOD, period="2025")]
    assert needs(late, JUNE) == {
        ("quarter before", "us", "food"): 1,
        ("earlier", "us", "food"): 1,
        ("year before", "us", "food"): 1,
    }
    assert needs([event(FOOD, period="2019Q2"), event(FOOD, period="2019")], JUNE) == {("earlier", "us", "food"): 2}


def test_a_period_that_has_not_begun_counts_nowhere() -> None:
    ahead = [event(FOOD, period="2026Q2"), event(FOOD, period="2027")]
    assert needs(ahead, MARCH) == {}
    assert needs(ahead, APRIL) == {("quarter", "us", "food"): 1}


def test_the_correction_of_what_was_in_no_release_takes_one_away_all_the_same() -> None:
    """A bias that is known and small, not a breach: it moves no more than a correction may."""
    early = event(FOOD, period="2026Q2")
    assert needs([early], MARCH) == {}
    assert needs([correcting(early)], JUNE) == {("quarter", "us", "food"): -1}


def test_a_table_that_was_added_later_counts_no_period_that_it_does_not_pay_for() -> None:
    added = due(NEEDS, JUNE, periods_from=APRIL)
    events = [event(FOOD, period=period) for period in ("2026Q1", "2026", "2026Q2")]
    [found] = counted([added], from_agency(events))
    assert cells_of(found) == {("quarter", "us", "food"): 1}


def test_the_states_of_a_yearly_release_are_those_of_the_events_and_no_place_is_made_up() -> None:
    closed = TABLE_COSTS["state_cases"]
    opened = in_row(closed.row, closed.rule, 0)
    assert isinstance(opened, CaseOpened)
    some = [
        event(opened, state=state, period="2026Q3") for state in (UsState.wy, UsState.not_known, UsState.not_applicable)
    ]
    [found] = counted([due(closed, DECEMBER)], from_agency(some))
    assert cells_of(found) == {("year", "wy", ""): 1, ("year", "not_known", ""): 1}


# From a ledger to a view


def test_tables_are_drawn_when_they_are_due_from_the_cut_of_the_draw_before() -> None:
    ledger = Ledger()
    seen: list[Due] = []
    for epoch in range(epoch_of(2026, 1), DECEMBER + 13):
        after = spend(ledger, epoch, plans_due(epoch))
        seen += dues(ledger, after, since=epoch_of(2026, 1))
        ledger = after
    for name, plan in TABLE_COSTS.items():
        mine = [one for one in seen if one.row.name == name]
        every = MONTHS_BETWEEN[plan.row.tier]
        assert [one.epoch for one in mine] == list(range(epoch_of(2026, every), DECEMBER + 13, every))
        assert [one.since for one in mine] == [epoch_of(2026, 1), *(one.epoch + 1 for one in mine[:-1])]
        assert [one.first for one in mine] == [True] + [False] * (len(mine) - 1)


def test_nothing_is_drawn_that_was_not_paid_for_or_is_not_due() -> None:
    paid = due(NEEDS, MARCH).account
    with pytest.raises(TableChanged):
        Due(replace(NEEDS, scale=Fraction(1)), paid, MARCH, first=True)
    with pytest.raises(NotDue):
        due(TABLE_COSTS["exits_by_reason"], APRIL)
    assert dues(Ledger(), Ledger(), since=MARCH) == ()


def test_noise_is_added_once_to_every_number() -> None:
    [found] = counted([due(NEEDS, MARCH)], from_agency([event(FOOD)] * 40))
    noise = list(range(-100, len(found.counts) - 100))
    release = drawn(found, noise, ("a sampler",))
    assert [(n or 0) - x for n, x in zip(release.increments, noise, strict=True)] == list(found.counts)
    assert (release.bit, release.variance, release.versions) == (Cap.NATION, NEEDS.variance, ("a sampler",))
    assert release.variance == NEEDS.scale**2


@pytest.mark.parametrize("length", [0, 1, -1])
def test_noise_of_another_length_is_refused(length: int) -> None:
    [found] = counted([due(NEEDS, MARCH)], [])
    with pytest.raises(NoiseUnfit):
        drawn(found, [1] * (found.due.length + length if length else 0))


def test_increments_of_different_draws_are_not_added() -> None:
    march, june = (counted([due(NEEDS, epoch)], []) for epoch in (MARCH, JUNE))
    with pytest.raises(ValueError, match="different draws"):
        merged(march, june)


def test_buckets_of_a_draw_are_those_of_its_release() -> None:
    for plan in ALL_PLANS:
        one = due(plan, DECEMBER)
        [found] = counted([one], [])
        assert one.length == len(drawn(found, [1] * one.length).increments)
        assert (Bucket.QUARTER in BUCKETS[plan.row.tier]) == (
            plan.row.tier in {Tier.NATION_MONTHLY, Tier.NATION_QUARTERLY}
        )
