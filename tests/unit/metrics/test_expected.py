"""Usable terms are known before the draw: from last year's releases, else from planned sizes."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.metrics.usability import Usability, Yearly, last_year
from exchange.core.metrics.view import ARRIVALS, Period, Sum
from exchange.core.model.epochs import epoch_of
from exchange.core.model.period import period_of
from exchange.core.release.client_tables import RELEASED_TABLES
from exchange.core.release.released import Release
from exchange.wire.planned_sizes import national_clients, planned_for, planned_sizes
from tests.kits.release_world import AFTER, APRIL, release, released, releases
from tools.derive.sizes import write

TABLE = "cases_by_age_group"
NEXT_APRIL, NEXT_AFTER = APRIL + 12, AFTER + 12
ADULTS = ("adult_18_26",)
NOTHING: Yearly = {}
PLENTY: Yearly = {(TABLE, ADULTS): 100_000}


def counting(first_year: int, later: int, last: int = NEXT_AFTER, first: int = APRIL) -> list[Release]:
    """So many in each period, by its year; none in records of a whole year."""

    def count(_: str, __: int, period: int, *___: object) -> int:
        if not period % 5:
            return 0
        return first_year if period < period_of(2027) else later

    return releases([TABLE], first, last, count, 64)


def usable(made: list[Release], planned: Yearly, period: Period) -> bool:
    return Usability(released(made), planned).usable((Sum(TABLE, period, ("us",), (ADULTS,)),))


def test_a_year_is_judged_by_the_year_before_it() -> None:
    period = period_of(2027, 1)
    assert usable(counting(2_000, 0), NOTHING, period)
    assert not usable(counting(0, 2_000), PLENTY, period)


@pytest.mark.parametrize("last", [NEXT_APRIL, NEXT_AFTER, NEXT_AFTER + 12])
def test_what_comes_later_changes_no_judgement(last: int) -> None:
    made = counting(900, 40, last)
    for epoch, period in ((APRIL, period_of(2026, 1)), (AFTER, period_of(2026)), (NEXT_APRIL, period_of(2027, 1))):
        until = [one for one in made if one.epoch <= epoch]
        for planned in (NOTHING, PLENTY):
            assert usable(made, planned, period) == usable(until, planned, period)


def test_the_first_year_is_judged_by_planned_sizes() -> None:
    made = counting(5_000, 5_000)
    for period in (period_of(2026, 1), period_of(2026, 4), period_of(2026)):
        assert not usable(made, NOTHING, period)
        assert usable(made, PLENTY, period)


def test_arrivals_are_judged_by_planned_sizes() -> None:
    asked = (Sum("arrivals_cases", ARRIVALS, ("us",), ((),)),)
    made = released(releases(["arrivals_cases"], APRIL, NEXT_AFTER, lambda *_: 5_000))
    assert not Usability(made, NOTHING).usable(asked)
    assert Usability(made, {("arrivals_cases", ()): 12_000}).usable(asked)
    assert not Usability(made, {("arrivals_cases", ()): 120}).usable(asked)  # ten a month


@pytest.mark.parametrize("missing", [epoch_of(2026, 4), AFTER])
def test_a_year_that_was_not_released_whole_predicts_nothing_of_the_next(missing: int) -> None:
    made = [one for one in counting(5_000, 5_000) if one.epoch != missing]
    assert last_year(released(made), 2027) == {}
    assert not usable(made, NOTHING, period_of(2027, 1))
    assert usable(made, PLENTY, period_of(2027, 1))


def test_last_years_size_is_the_whole_year_of_the_nation_and_never_less_than_nothing() -> None:
    assert last_year(released(counting(100, 7)), 2027)[TABLE, ADULTS] == 400
    made = releases([TABLE], APRIL, AFTER, lambda *_: -50, 64)
    assert last_year(released(made), 2027)[TABLE, ADULTS] == 0


def test_states_are_judged_by_the_nations_year_and_their_people() -> None:
    made = releases(["state_cases"], AFTER, NEXT_AFTER, lambda *_: 200, 64)
    judged = Usability(released(made), NOTHING)
    year = period_of(2027)
    assert judged.usable((Sum("state_cases", year, ("ca",), ((),)),))
    assert not judged.usable((Sum("state_cases", year, ("wy",), ((),)),))  # 200 do not make Wyoming large


def test_a_mean_is_judged_by_the_year_before_its_first() -> None:
    """The later of two years is judged by the earlier by itself, and not in a mean of both."""
    asked = tuple(Sum("state_cases", period_of(year), ("ca",), ((),)) for year in (2028, 2027))
    for before, between in ((200, 0), (0, 200)):
        made = [release("state_cases", epoch_of(2027, 1), lambda *_, n=before: n)]
        made += [release("state_cases", epoch_of(2028, 1), lambda *_, n=between: n)]
        assert Usability(released(made), NOTHING).usable(asked) is bool(before)


def test_the_draw_that_is_judged_has_no_say() -> None:
    flags = [
        [p.usable for p in points(every, NEXT_APRIL, Usability(every, NOTHING).usable, [BY_METRIC[TABLE]])]
        for every in (released(counting(300, n)) for n in (0, 20_000))
    ]
    assert flags[0] == flags[1]
    assert set(flags[0]) == {True}


# The planned sizes


def test_planned_sizes_grow_with_the_clients() -> None:
    half, whole = planned_sizes(1_000), planned_sizes(2_000)
    assert {cell: n * 2 for cell, n in half.items()} == dict(whole)
    assert whole["cases", ()] == pytest.approx(2_000, rel=0.01)


def test_the_first_release_says_for_how_many_clients_sizes_are_planned() -> None:
    made = counting(100, 100)
    assert planned_for(released(made)) == planned_sizes(national_clients())
    named = [replace(one, clients_a_year=1_000 + one.epoch - APRIL) for one in made]
    assert planned_for(released(named[::-1])) == planned_sizes(1_000)


def test_the_file_is_completed_and_what_is_in_it_never_changes(tmp_path) -> None:
    path = tmp_path / "sizes.json"
    before = {"cases": {"": 1}, "gone": {"x": 2}}
    path.write_text(json.dumps({"clients_a_year": 5, "events_a_year": before}))
    assert write(path, Fraction(1, 100))
    again = json.loads(path.read_text())
    sizes = again["events_a_year"]
    assert (again["clients_a_year"], {name: sizes[name] for name in before}) == (5, before)
    assert {row.name: set(sizes[row.name]) for row in RELEASED_TABLES} == {
        row.name: set(row.codes) for row in RELEASED_TABLES
    }
    assert not write(path)  # nothing is missing: no sample is drawn
