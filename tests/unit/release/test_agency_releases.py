"""The one entry for agency tables: its record suffices, replay is equal, clients are ignored."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.counting.tables import MISSING_CODES
from exchange.core.errors import NotDue
from exchange.core.model import vocabulary as v
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import AgencyProfiled, CapacityReported, Event, NeedIdentified
from exchange.core.release.agency_tables import Heard, Made, PastEpochs, agency_releases
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.cuts import BEGINNING
from exchange.core.release.disclosure import AGENCY_RELEASES, Disclosed, contributors, releases
from exchange.wire.release_records import Spent, decode_spent, encode_spent
from tests.kits.draw_world import APRIL, event
from tests.kits.sizes import examples
from tests.kits.strategies import events as any_event
from tests.unit.release.test_reporting import beat

JULY = epoch_of(2026, 7)
NAMES = "abcdef"
LEGAL = DECLARED["places_by_service"].codes[0].index("legal")
Arrivals = list[tuple[str, Event]]
arrivals = st.lists(st.tuples(st.sampled_from(NAMES), any_event), max_size=40)


def close(epoch: int, arrived: Arrivals, kept: PastEpochs = PastEpochs()) -> Made:  # noqa: B008 - a value
    return agency_releases(epoch, AGENCY_RELEASES, Heard(arrived, arrived), NAMES, kept)


def places(period: str) -> Arrivals:
    return [(name, event(CapacityReported(v.Service.legal, 10), 0, period)) for name in NAMES]


@given(arrivals, arrivals)
@settings(max_examples=examples(60))
def test_the_recorded_changes_are_all_that_changed_and_survive_their_record(one: Arrivals, two: Arrivals) -> None:
    kept = PastEpochs()
    for epoch, arrived in ((APRIL, [*one, *places("2026Q1")]), (JULY, [*two, *places("2026Q2")])):
        made = close(epoch, arrived, kept)
        spent = decode_spent(
            encode_spent(Spent(1, epoch, 0, 0, "", 0, BEGINNING, (), shown=made.shown, reported=made.profiles))
        )
        assert (spent.shown, spent.reported) == (made.shown, made.profiles)
        kept = kept.after(spent.shown, spent.reported)
        assert kept == made.kept
    assert any(kept.shown.held.values())


@given(arrivals)
@settings(max_examples=examples(30))
def test_every_agency_table_is_released_once_and_by_its_rule(arrived: Arrivals) -> None:
    made = close(APRIL, arrived).releases
    assert [one.table for one in made] == [one.name for one in AGENCY_RELEASES]
    assert all(one.epoch == APRIL for one in made)
    of_events = [contributors(one, APRIL, arrived) for one in AGENCY_RELEASES if not one.snapshot]
    expected, _ = releases(of_events, Disclosed())
    assert made[: len(expected)] == expected


def test_what_clients_are_served_changes_nothing() -> None:
    served = [(name, event(NeedIdentified(v.Service.food), 1)) for name in NAMES]
    assert close(APRIL, [*served, *places("2026Q1")]) == close(APRIL, places("2026Q1"))


def test_a_run_by_hand_changes_nothing() -> None:
    """It may follow from one client's arrival, and agency tables are exact."""
    scheduled = places("2026Q1") + [beat(name) for name in NAMES]
    before = close(APRIL, scheduled)
    minutes = {one.table: one for one in before.releases}["heartbeats_by_reporting_minutes"]
    assert sum(n or 0 for n in minutes.counts) == len(NAMES)
    for by_hand in (v.Scheduled.no, v.Scheduled.not_known):
        assert close(APRIL, [*scheduled, beat("a", by_hand), beat("b", by_hand)]) == before


def test_runs_whose_minutes_nobody_stated_are_in_no_figure_of_minutes() -> None:
    stated = [beat(name) for name in NAMES]
    before = close(APRIL, stated)
    unstated = [minutes for minutes in v.ReportingMinutes if minutes in MISSING_CODES]
    assert v.ReportingMinutes.not_collected in unstated  # what the edge sends by itself
    more = [beat(name, minutes=minutes) for minutes in unstated for name in NAMES]
    assert close(APRIL, [*stated, *more]) == before
    table = {one.table: one for one in before.releases}["heartbeats_by_reporting_minutes"]
    assert MISSING_CODES.isdisjoint(table.codes[0])


def test_what_was_shown_before_decides_what_is_shown_now() -> None:
    """One agency fewer than in the quarter before: their difference would be its number."""
    before = close(APRIL, places("2026Q1"))
    fewer = [pair for pair in places("2026Q2") if pair[0] != "a"]
    by_name = {one.table: one for one in close(JULY, fewer, before.kept).releases}
    assert by_name["places_by_service"].counts[LEGAL] is None
    forgotten = {one.table: one for one in close(JULY, fewer).releases}
    assert forgotten["places_by_service"].counts[LEGAL] == 50


def test_profiles_are_taken_when_they_come_and_reports_of_a_period_whenever_they_came() -> None:
    """An epoch without a quarter has no tables, and keeps the profiles all the same."""
    said = ("a", event(AgencyProfiled(v.AgencyType.legal, v.ReportingMode.events), 0))
    march = agency_releases(APRIL - 1, (), Heard((), [said]), NAMES, PastEpochs())
    assert (march.releases, march.kept.profiles.of("a")) == ((), ("pacific", "legal"))
    again = close(APRIL, [*places("2026Q1"), said], march.kept)
    once = agency_releases(APRIL, AGENCY_RELEASES, Heard([said, *places("2026Q1")], ()), NAMES, march.kept)
    assert again.kept.profiles.held != once.kept.profiles.held == march.kept.profiles.held
    assert {one.table: one for one in once.releases}["places_by_service"].counts[LEGAL] == 60


def test_agency_tables_are_not_drawn_between_quarters() -> None:
    with pytest.raises(NotDue):
        close(APRIL + 1, [])
