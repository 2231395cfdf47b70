"""Usable sums are known before the draw: from last year's releases, else from planned sizes."""

import json

import pytest

from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.metrics.usability import Usability, last_year
from exchange.core.metrics.view import RUNNING, Sum
from exchange.core.model.period import period_of
from exchange.core.release.released import Release
from exchange.wire.planned_sizes import planned_sizes
from tests.kits.release_world import DECEMBER, JANUARY, MARCH, released, releases
from tools.derive.sizes import completed, write

TABLE = "cases_by_age_group"
NEXT_MARCH, NEXT_DECEMBER = MARCH + 12, DECEMBER + 12
ADULTS = ("adult_18_26",)
NOTHING: dict[tuple[str, tuple[str, ...]], int] = {}
PLENTY = {(TABLE, ADULTS): 100_000}


def counting(first_year: int, later: int, last: int = NEXT_DECEMBER, first: int = JANUARY) -> list[Release]:
    """So many in each release, by the year in which it was drawn."""
    return releases([TABLE], first, last, lambda _, epoch, *__: first_year if epoch <= DECEMBER else later, 64)


def usable(made: list[Release], planned, epoch: int, period: int | None) -> bool:
    return Usability(released(made), planned).as_of(epoch)(Sum(TABLE, period, ("us",), (ADULTS,)))


def test_a_year_is_judged_by_the_year_before_it() -> None:
    period = period_of(2027, 1)
    assert usable(counting(2_000, 0), NOTHING, NEXT_MARCH, period)
    assert not usable(counting(0, 2_000), PLENTY, NEXT_MARCH, period)


@pytest.mark.parametrize("last", [NEXT_MARCH, NEXT_DECEMBER, NEXT_DECEMBER + 12])
def test_what_comes_later_changes_no_judgement(last: int) -> None:
    made = counting(900, 40, last)
    for epoch, period in ((MARCH, period_of(2026, 1)), (NEXT_MARCH, period_of(2027, 1)), (NEXT_MARCH, RUNNING)):
        until = [one for one in made if one.epoch <= epoch]
        for planned in (NOTHING, PLENTY):
            assert usable(made, planned, epoch, period) == usable(until, planned, epoch, period)


def test_the_first_year_and_running_figures_are_judged_by_planned_sizes() -> None:
    made = counting(5_000, 5_000)
    for epoch, period in ((MARCH, period_of(2026, 1)), (NEXT_MARCH, period_of(2026)), (NEXT_MARCH, RUNNING)):
        assert not usable(made, NOTHING, epoch, period)
        assert usable(made, PLENTY, epoch, period)


def test_a_year_that_was_not_released_whole_predicts_nothing_of_the_next() -> None:
    made = counting(5_000, 5_000, first=JANUARY + 3)
    assert last_year(released(made), 2027) == {}
    assert not usable(made, NOTHING, NEXT_MARCH, period_of(2027, 1))
    assert usable(made, PLENTY, NEXT_MARCH, period_of(2027, 1))


def test_a_missing_release_of_last_year_leaves_the_planned_sizes() -> None:
    made = [one for one in counting(5_000, 5_000) if one.epoch != DECEMBER]
    assert last_year(released(made), 2027) == {}


def test_last_years_size_is_the_whole_year_of_the_nation_and_never_less_than_nothing() -> None:
    """Four quarters, each of which got its own and the next quarter's increments."""
    found = last_year(released(counting(100, 7)), 2027)
    assert found[TABLE, ADULTS] == 100 * (4 + 3 + 4)  # open quarters, quarters before, and what was sent for the year
    made = releases([TABLE], JANUARY, DECEMBER, lambda *_: -50, 64)
    assert last_year(released(made), 2027)[TABLE, ADULTS] == 0


def test_states_are_judged_by_the_nations_year_and_their_people() -> None:
    made = releases(["state_cases"], JANUARY, NEXT_DECEMBER, lambda *_: 200, 64)
    judged = Usability(released(made), NOTHING).as_of(NEXT_DECEMBER)
    year = period_of(2027)
    assert judged(Sum("state_cases", year, ("ca",), ((),)))
    assert not judged(Sum("state_cases", year, ("wy",), ((),)))  # a release of 200 does not make Wyoming large


def test_the_draw_that_is_judged_has_no_say() -> None:
    flags = [
        [p.usable for p in points(every, NEXT_MARCH, Usability(every, NOTHING).as_of(NEXT_MARCH), [BY_METRIC[TABLE]])]
        for every in (released(counting(300, n)) for n in (0, 20_000))
    ]
    assert flags[0] == flags[1]
    assert set(flags[0]) == {True, False}


# The planned sizes


def test_planned_sizes_grow_with_the_clients() -> None:
    half, whole = planned_sizes(1_000), planned_sizes(2_000)
    assert {cell: n * 2 for cell, n in half.items()} == dict(whole)
    assert whole["cases", ()] == pytest.approx(2_000, rel=0.01)


def test_the_file_is_complete_and_what_is_in_it_never_changes(tmp_path) -> None:
    assert completed({"cases": {"": 1}, "gone": {"x": 2}})["cases"] == {"": 1}
    assert completed({"gone": {"x": 2}})["gone"] == {"x": 2}
    path = tmp_path / "sizes.json"
    path.write_text(json.dumps({"clients_a_year": 5, "events_a_year": {"cases": {"": 1}}}))
    assert write(path)
    again = json.loads(path.read_text())
    assert (again["clients_a_year"], again["events_a_year"]["cases"]) == (5, {"": 1})
    assert not write(path)
