"""The one entry for agency tables: its record suffices, replay is equal, clients are ignored."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.counting.tables import MISSING_CODES
from exchange.core.errors import NotDue
from exchange.core.model import vocabulary as v
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import AgencyProfiled, CapacityReported, Event, NeedIdentified
from exchange.core.release.agency_tables import AgencyTable, Made, PastEpochs, agency_releases
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.cuts import BEGINNING
from exchange.core.release.disclosure import AGENCY_RELEASES, Disclosed, contributors, releases
from exchange.wire.release_records import Spent, decode_spent, encode_spent
from tests.kits.draw_world import event
from tests.kits.sizes import examples
from tests.kits.strategies import events as any_event
from tests.unit.release.test_reporting import beat

MARCH, JUNE = epoch_of(2026, 3), epoch_of(2026, 6)
NAMES = "abcdef"
Arrivals = list[tuple[str, Event]]
arrivals = st.lists(st.tuples(st.sampled_from(NAMES), any_event), max_size=40)


def close(epoch: int, arrived: Arrivals, kept: PastEpochs, *, first: bool = False) -> Made:
    tables = [AgencyTable(one, epoch - 2, first) for one in AGENCY_RELEASES]
    return agency_releases(epoch, tables, {epoch - 2: arrived}, NAMES, kept, versions=("a test",))


def places(period: str) -> Arrivals:
    return [(name, event(CapacityReported(v.Service.legal, 10), 0, period)) for name in NAMES]


@given(arrivals, arrivals)
@settings(max_examples=examples(60))
def test_the_recorded_changes_are_all_that_changed_and_survive_their_record(one: Arrivals, two: Arrivals) -> None:
    kept = PastEpochs()
    for epoch, arrived in ((MARCH, [*one, *places("2026Q1")]), (JUNE, [*two, *places("2026Q2")])):
        made = close(epoch, arrived, kept, first=epoch == MARCH)
        spent = decode_spent(encode_spent(Spent(1, epoch, 0, 0, "", 0, BEGINNING, (), made.shown, made.profiles)))
        assert (spent.shown, spent.reported) == (made.shown, made.profiles)
        kept = kept.after(spent.shown, spent.reported)
        assert kept == made.kept
    assert any(kept.shown.held.values())


@given(arrivals)
@settings(max_examples=examples(30))
def test_every_agency_table_is_released_once_and_by_its_rule(arrived: Arrivals) -> None:
    made = close(MARCH, arrived, PastEpochs(), first=True).releases
    assert [one.table for one in made] == [one.name for one in AGENCY_RELEASES]
    assert all((one.since, one.epoch, one.first, one.versions) == (MARCH - 2, MARCH, True, ("a test",)) for one in made)
    of_events = [
        contributors(one, MARCH, MARCH - 2, arrived, first=True) for one in AGENCY_RELEASES if not one.snapshot
    ]
    expected, _ = releases(of_events, Disclosed(), ("a test",))
    assert made[: len(expected)] == expected


def test_what_clients_are_served_changes_nothing() -> None:
    served = [(name, event(NeedIdentified(v.Service.food), 1)) for name in NAMES]
    assert close(MARCH, [*served, *places("2026Q1")], PastEpochs()) == close(MARCH, places("2026Q1"), PastEpochs())


def test_a_run_by_hand_changes_nothing() -> None:
    """It may follow from one client's arrival, and agency tables are exact."""
    scheduled = places("2026Q1") + [beat(name) for name in NAMES]
    before = close(MARCH, scheduled, PastEpochs(), first=True)
    minutes = {one.table: one for one in before.releases}["heartbeats_by_reporting_minutes"]
    assert sum(n or 0 for n in minutes.increments) == len(NAMES)
    for by_hand in (v.Scheduled.no, v.Scheduled.not_known):
        assert close(MARCH, [*scheduled, beat("a", by_hand), beat("b", by_hand)], PastEpochs(), first=True) == before


def test_runs_whose_minutes_nobody_stated_are_in_no_figure_of_minutes() -> None:
    stated = [beat(name) for name in NAMES]
    before = close(MARCH, stated, PastEpochs(), first=True)
    unstated = [minutes for minutes in v.ReportingMinutes if minutes in MISSING_CODES]
    assert v.ReportingMinutes.not_collected in unstated  # what the edge sends by itself
    more = [beat(name, minutes=minutes) for minutes in unstated for name in NAMES]
    assert close(MARCH, [*stated, *more], PastEpochs(), first=True) == before
    table = {one.table: one for one in before.releases}["heartbeats_by_reporting_minutes"]
    assert MISSING_CODES.isdisjoint(table.codes[0])


def test_what_was_shown_before_decides_what_is_shown_now() -> None:
    """One agency fewer than in the quarter before: their difference would be its number."""
    before = close(MARCH, places("2026Q1"), PastEpochs(), first=True)
    fewer = [pair for pair in places("2026Q2") if pair[0] != "a"]
    table = DECLARED["places_by_service"]
    legal = table.codes[0].index("legal")
    by_name = {one.table: one for one in close(JUNE, fewer, before.kept).releases}
    assert by_name[table.name].increments[legal] is None
    forgotten = {one.table: one for one in close(JUNE, fewer, PastEpochs()).releases}
    assert forgotten[table.name].increments[legal] == 50


def test_a_table_that_came_later_is_counted_from_its_own_cut() -> None:
    old, new = DECLARED["places_by_service"], DECLARED["provider_support_needed"]
    tables = [AgencyTable(old, MARCH - 2, first=False), AgencyTable(new, MARCH, first=True)]
    said = ("a", event(AgencyProfiled(v.AgencyType.legal, v.ReportingMode.events), 0))
    arrived = {MARCH - 2: [said, *places("2026Q1")], MARCH: places("2026Q1")[:1]}
    made = agency_releases(MARCH, tables, arrived, NAMES, PastEpochs())
    one, other = made.releases
    assert made.kept.profiles.of("a") == ("pacific", "legal")  # sent before the later cut
    assert (one.since, one.first, other.since, other.first) == (MARCH - 2, False, MARCH, True)
    with pytest.raises(KeyError):
        agency_releases(MARCH, tables, {MARCH - 2: []}, NAMES, PastEpochs())


def test_agency_tables_are_not_drawn_between_quarters() -> None:
    with pytest.raises(NotDue):
        close(MARCH + 1, [], PastEpochs())
