"""Coverage counts each registered agency once a table and singles out nobody.

An agency counts as publishing only by a scheduled heartbeat.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.errors import NotDue
from exchange.core.model import vocabulary as v
from exchange.core.model.epochs import quarter_of_epoch
from exchange.core.model.events import AgencyProfiled, Event, Heartbeat, NeedIdentified
from exchange.core.model.period import parse_period, quarter_before
from exchange.core.release import disclosure
from exchange.core.release.agency_tables import Heard, Made, PastEpochs, agency_releases
from exchange.core.release.catalogue import COVERAGE, KINDS, ON_TIME, TIMELINESS
from exchange.core.release.coverage import Members, Profiles, coverage
from exchange.core.release.disclosure import contributors
from exchange.core.release.released import Release
from tests.kits.draw_world import APRIL, JANUARY, correcting, event
from tests.kits.sizes import examples
from tests.kits.strategies import events as any_event

NATION, BY_DIVISION, BY_KIND = COVERAGE
Arrivals = list[tuple[str, Event]]
PACIFIC, MOUNTAIN = v.UsState.ca, v.UsState.ut


def beat(
    agency: str,
    scheduled: v.Scheduled = v.Scheduled.yes,
    minutes: v.ReportingMinutes = v.ReportingMinutes.minutes_6_15,
    period: str = "2026Q1",
    on_time: v.OnTime = v.OnTime.yes,
) -> tuple[str, Event]:
    return agency, event(Heartbeat(scheduled, minutes, 1, bytes(64), on_time), 0, period)


def profile(agency: str, state: v.UsState, kind: v.AgencyType = v.AgencyType.legal) -> tuple[str, Event]:
    return agency, event(AgencyProfiled(kind, v.ReportingMode.events), 0, state=state)


def quarter(number: int, arrived: Arrivals, registered: Collection[str], kept: PastEpochs = PastEpochs()) -> Made:  # noqa: B008 - a value
    """The tables of coverage of a quarter of 2026, given what arrived and is about it."""
    epoch = APRIL + 3 * number
    period = quarter_before(quarter_of_epoch(epoch))
    heard = [(agency, replace(one, period=period)) for agency, one in arrived]
    return agency_releases(epoch, (*COVERAGE, ON_TIME), Heard(heard, heard), registered, kept)


def cells(release: Release) -> dict[tuple[str, ...], int]:
    """What is shown for the closing quarter."""
    names = [
        (*others, p)
        for others in ([(c,) for c in release.codes[0]] if len(release.codes) > 1 else [()])
        for p in release.codes[-1]
    ]
    return {name: n for name, n in zip(names, release.of(release.periods[0]), strict=True) if n is not None}


def many(state: v.UsState, names: str, kind: v.AgencyType = v.AgencyType.legal) -> Arrivals:
    return [profile(name, state, kind) for name in names]


# Who is counted


def test_known_agencies_are_publishing_or_silent_by_where_and_what_they_are() -> None:
    arrived = [*many(PACIFIC, "abcdef"), *many(MOUNTAIN, "ghi", v.AgencyType.health), *map(beat, "abcghi")]
    nation, division, kind, _ = (cells(one) for one in quarter(0, arrived, "abcdefghi").releases)
    assert nation == {("publishing",): 6, ("silent",): 3}
    assert division == {("pacific", "publishing"): 3, ("pacific", "silent"): 3, ("mountain", "publishing"): 3}
    assert kind == {("legal", "publishing"): 3, ("legal", "silent"): 3, ("health", "publishing"): 3}


def test_nothing_but_a_scheduled_heartbeat_makes_an_agency_publishing() -> None:
    """An event, or a run by hand, may follow from one client's arrival."""
    by_hand = [beat(name, scheduled) for name in "abc" for scheduled in v.Scheduled if scheduled != v.Scheduled.yes]
    served = [(name, event(NeedIdentified(v.Service.food), 1)) for name in "abc"]
    [nation, *_] = quarter(0, [*by_hand, *served], "abc").releases
    assert cells(nation) == {("silent",): 3}


def test_who_is_not_registered_at_the_close_is_not_known_and_who_was_never_heard_from_is() -> None:
    [nation, *_] = quarter(0, list(map(beat, "abcxyz")), "abcdef").releases
    assert cells(nation) == {("publishing",): 3, ("silent",): 3}


def test_the_last_profile_that_counts_places_an_agency() -> None:
    there, here = profile("a", PACIFIC), profile("a", MOUNTAIN)
    back = ("a", correcting(here[1]))
    assert Profiles().taking([there, here]).of("a") == ("mountain", "legal")
    assert Profiles().taking([there, here, back]).of("a") == ("pacific", "legal")
    assert Profiles().taking([here, there, back]).of("a") == ("pacific", "legal")
    assert Profiles().taking([here, back]).of("a") == Profiles().of("a") == ("unknown", "not_known")


def test_a_profile_reported_again_and_again_takes_no_more_room_and_is_withdrawn_as_often() -> None:
    there, here = profile("a", PACIFIC), profile("a", MOUNTAIN)
    back = ("a", correcting(here[1]))
    often = Profiles().taking([there, *[here] * 40])
    assert often.held == {"a": (("pacific", "legal", 1), ("mountain", "legal", 40))}
    assert often.taking([back] * 39).of("a") == ("mountain", "legal")
    assert often.taking([back] * 40).of("a") == ("pacific", "legal")
    assert often.taking([back] * 41) == often.taking([back] * 40)


def test_a_profile_of_not_applicable_reports_nothing() -> None:
    arrived = [profile("a", v.UsState.not_applicable, v.AgencyType.not_applicable)]
    assert Profiles().taking(arrived).of("a") == ("unknown", "not_known")


@given(st.lists(st.tuples(st.sampled_from("abcde"), any_event), max_size=30), st.sets(st.sampled_from("abcdefg")))
@settings(max_examples=examples(60))
def test_each_registered_agency_is_in_one_cell_of_each_table(arrived: Arrivals, registered: set[str]) -> None:
    members = Members(registered, Profiles().taking(arrived)).heard_from(arrived, parse_period("2026Q1"))
    for declared in (*COVERAGE, ON_TIME):
        found = coverage(declared, APRIL, members)
        expected = registered & members.heard if declared == ON_TIME else registered
        assert Counter(a for amounts in found.amounts for a in amounts) == Counter(expected)
        assert all(n == 1 for amounts in found.amounts for n in amounts.values())


def test_every_place_and_kind_has_its_cells() -> None:
    for division in v.DIVISION.values():
        assert (division in BY_DIVISION.codes[0]) == (division != "not_applicable")
    assert set(KINDS) == set(map(str, v.AgencyType)) - {"not_applicable"}


def test_who_publishes_is_late_if_one_scheduled_run_of_the_quarter_was() -> None:
    beats = [*map(beat, "abcdef"), *(beat(name, on_time=v.OnTime.no) for name in "abc")]
    by_hand = [beat(name, v.Scheduled.no, on_time=v.OnTime.no) for name in "def"]
    [*_, timely] = quarter(0, [*beats, *by_hand], "abcdefghi").releases
    assert cells(timely) == {(TIMELINESS[0],): 3, (TIMELINESS[1],): 3}


# When


def test_a_heartbeat_is_of_its_own_quarter_whenever_it_came() -> None:
    beats = [beat(name, period=text) for name, text in zip("abc", ("2026Q1", "2025Q4", "2026"), strict=True)]
    assert Members("abc", Profiles()).heard_from(beats, parse_period("2026Q1")).heard == {"a"}


def test_coverage_is_of_the_quarter_and_that_of_the_year_s_own_records_is_nothing() -> None:
    january = quarter(3, list(map(beat, "abc")), "abcdef")
    for release in january.releases:
        assert (release.epoch, len(release.periods)) == (JANUARY, 2)
        assert set(release.of(release.periods[1])) == {0}
        assert not release.variance
    assert cells(january.releases[0]) == {("publishing",): 3, ("silent",): 3}


def test_an_agency_is_heard_from_in_each_quarter_anew() -> None:
    one = quarter(0, list(map(beat, "abcdef")), "abcdef")
    two = quarter(1, list(map(beat, "abc")), "abcdef", one.kept)
    assert [cells(made.releases[0]) for made in (one, two)] == [
        {("publishing",): 6},
        {("publishing",): 3, ("silent",): 3},
    ]


def test_coverage_is_drawn_in_the_month_after_a_quarter_and_not_from_what_was_reported() -> None:
    with pytest.raises(NotDue):
        coverage(NATION, APRIL + 1, Members("abc", Profiles()))
    with pytest.raises(ValueError, match="reporting"):
        contributors(NATION, APRIL, [])


# Nobody is singled out: not by a cell, not by tables together, not by epochs together


def test_what_one_table_hides_the_others_do_not_tell() -> None:
    """Seven in one division and one in another: eight less seven would be that one."""
    arrived = [*many(PACIFIC, "abcdefg"), *many(MOUNTAIN, "h"), *map(beat, "abcdefgh")]
    nation, division, kind, _ = (cells(one) for one in quarter(0, arrived, "abcdefgh").releases)
    assert nation == {("publishing",): 8}
    assert division == {}
    assert kind == {("legal", "publishing"): 8}


def test_what_was_shown_and_what_another_table_shows_now_do_not_single_out_who_joined() -> None:
    """The kind is hidden because one joined; other kinds and the nation would still reveal it."""
    at_first = [*many(PACIFIC, "abc"), *many(PACIFIC, "def", v.AgencyType.health), *map(beat, "abcdef")]
    one = quarter(0, at_first, "abcdef")
    assert cells(one.releases[2]) == {("legal", "publishing"): 3, ("health", "publishing"): 3}
    joined = [*many(MOUNTAIN, "g"), *many(MOUNTAIN, "xyz", v.AgencyType.ngo), *map(beat, "abcdefgxyz")]
    two = quarter(1, joined, "abcdefgxyz", one.kept)
    assert cells(two.releases[0]) == {("publishing",): 10}
    shown = cells(two.releases[2])
    assert ("legal", "publishing") not in shown
    assert len(shown) < 2  # one of the other two is hidden with it


def rows_of(made: Iterable[Made]) -> list[set[str]]:
    """The agencies in each number that was ever shown."""
    return [{agency for agency, _ in shown.amounts} for one in made for shown in one.shown]


def recovered(rows: Sequence[set[str]], names: str) -> bool:
    """Whether the sums reveal some agency's count, alone or to somebody who knows one other."""
    matrix = np.array([[name in row for name in names] for row in rows], float).reshape(-1, len(names))
    for insider in (None, *range(len(names))):
        told = matrix if insider is None else np.vstack([matrix, np.eye(len(names))[insider]])
        rank = np.linalg.matrix_rank(told) if len(told) else 0
        for n in set(range(len(names))) - {insider}:
            if np.linalg.matrix_rank(np.vstack([told, np.eye(len(names))[n]])) == rank:
                return True
    return False


NAMES = "abcdefghijkl"
worlds = st.tuples(
    st.lists(
        st.tuples(st.sampled_from([PACIFIC, MOUNTAIN]), st.sampled_from(list(v.AgencyType)[:2])),
        min_size=12,
        max_size=12,
    ),
    st.lists(st.sets(st.sampled_from(NAMES)), min_size=1, max_size=4),
)
World = tuple[list[tuple[v.UsState, v.AgencyType]], list[set[str]]]


def closed(world: World) -> list[Made]:
    """The quarters of a world: the agencies' places and kinds, and the silent ones per quarter."""
    profiles, silent = world
    found, kept = [], PastEpochs()
    for n, names in enumerate(silent):
        said = [profile(name, *one) for name, one in zip(NAMES, profiles, strict=True)] if not n else []
        found.append(quarter(n, [*said, *map(beat, sorted(set(NAMES) - names))], NAMES, kept))
        kept = found[-1].kept
    return found


@given(worlds)
@settings(max_examples=examples(60))
def test_nobody_s_presence_follows_from_all_tables_and_epochs_not_even_for_another_agency(world: World) -> None:
    assert not recovered(rows_of(closed(world)), NAMES)


def nobody_alone() -> None:
    test_what_one_table_hides_the_others_do_not_tell()
    test_what_was_shown_and_what_another_table_shows_now_do_not_single_out_who_joined()


def test_the_adversary_has_teeth_and_tables_that_are_looked_at_one_by_one_are_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world: World = ([(PACIFIC, v.AgencyType.legal)] * 11 + [(MOUNTAIN, v.AgencyType.legal)], [set()])
    assert not recovered(rows_of(closed(world)), NAMES)
    nobody_alone()
    monkeypatch.setattr(disclosure, "_together", lambda now, may, past: may)
    assert recovered(rows_of(closed(world)), NAMES)
    with pytest.raises(AssertionError):
        nobody_alone()


@pytest.mark.parametrize("size", [3, 40])
def test_an_exchange_whose_agencies_stay_as_they_are_is_shown_whole_every_quarter(size: int) -> None:
    names = [f"{letter}{n}" for letter in "ps" for n in range(size)]
    arrived = [profile(name, PACIFIC) for name in names]
    beats = [beat(name) for name in names if name[0] == "p"]
    made = quarter(0, [*arrived, *beats], names)
    for n in range(1, 9):
        again = quarter(n, beats, names, made.kept)
        assert [r.of(r.periods[0]) for r in again.releases] == [r.of(r.periods[0]) for r in made.releases]
        made = again
    assert cells(made.releases[1]) == {("pacific", "publishing"): size, ("pacific", "silent"): size}
