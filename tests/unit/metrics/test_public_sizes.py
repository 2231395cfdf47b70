"""A sum's use follows from the calendar, the declared noise and public sizes; all noise counts."""

from fractions import Fraction

import pytest

from exchange.core.counting.cells import SEPARATOR
from exchange.core.counting.tables import Tier
from exchange.core.metrics.planning import budget_lines, expected
from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.metrics.usability import increments_of, months_counted, spread, usable_sums
from exchange.core.metrics.view import RUNNING, Period, Sum, View
from exchange.core.model.epochs import epoch_of
from exchange.core.model.period import period_of
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import DECLARED
from exchange.wire.planned_sizes import national_clients, planned_sizes
from tests.kits.release_world import DECEMBER, JANUARY, MARCH, released, releases

FEBRUARY = JANUARY + 1
QUARTER, YEAR = period_of(2026, 1), period_of(2026)
SIZES = spread({("cases", ()): 12_000, ("state_cases", ()): 12_000, ("cases_by_age_group", ("under_18",)): 4_000})


@pytest.mark.parametrize("name", [name for name, one in DECLARED.items() if one.bit])
@pytest.mark.parametrize("since", [JANUARY, FEBRUARY])
def test_the_noise_reckoned_is_the_noise_there_is(name: str, since: int) -> None:
    variance = TABLE_COSTS[name].variance
    made = releases([name], since, DECEMBER + 12, lambda *_: 100, variance)
    for epoch in {release.epoch for release in made}:
        view = View(released(made), epoch)
        for period in view.periods(name):
            estimate = view.estimate([Sum(name, period, view.places(name), view.values(name))])
            assert estimate is not None
            cells = len(view.places(name)) * len(view.values(name))
            assert estimate.variance == cells * variance * increments_of(DECLARED[name].tier, since, epoch, period)


def test_the_starts_of_tables_are_those_of_their_first_releases() -> None:
    made = [
        *releases(["cases"], FEBRUARY, DECEMBER, lambda *_: 1),
        *releases(["state_cases"], JANUARY, DECEMBER, lambda *_: 1),
    ]
    assert released(made).starts() == {"cases": FEBRUARY, "state_cases": JANUARY}
    assert "cases" not in released(made[1:]).starts()


@pytest.mark.parametrize(
    ("since", "epoch", "period", "passed"),
    [
        (JANUARY, JANUARY, QUARTER, 1),
        (JANUARY, MARCH, QUARTER, 3),
        (JANUARY, DECEMBER, QUARTER, 3),
        (FEBRUARY, MARCH, QUARTER, 2),
        (FEBRUARY, DECEMBER, YEAR, 11),
        (JANUARY, MARCH, YEAR, 3),
        (JANUARY, MARCH, period_of(2025), 0),
        (JANUARY, DECEMBER + 12, RUNNING, 24),
    ],
)
def test_what_is_expected_is_for_the_months_that_passed_and_were_counted(
    since: int, epoch: int, period: Period, passed: int
) -> None:
    assert months_counted(since, epoch, period) == passed


def test_a_sum_is_usable_when_what_is_expected_outweighs_all_its_noise() -> None:
    """The quarter is one increment when it closes, and two with the next quarter's late events."""
    since = {"cases_by_age_group": JANUARY}
    asked = Sum("cases_by_age_group", QUARTER, ("us",), (("under_18",),))
    assert TABLE_COSTS["cases_by_age_group"].scale == Fraction(1324, 16)
    assert usable_sums(SIZES, since, MARCH)(asked)
    assert usable_sums(SIZES, since, MARCH + 3)(asked)
    few = spread({("cases_by_age_group", ("under_18",)): 1_200})
    assert usable_sums(few, since, MARCH)(asked)  # 300 expected, 82.75 of noise
    assert not usable_sums(few, since, MARCH + 3)(asked)  # and 117 once late events are added


def test_what_nobody_knows_is_not_usable_and_what_is_exact_is() -> None:
    since = {"cases_by_age_group": JANUARY, "places_by_service": JANUARY}
    judge = usable_sums(SIZES, since, MARCH)
    assert not judge(Sum("cases_by_age_group", QUARTER, ("us",), (("not_known",),)))
    assert not judge(Sum("cases", QUARTER, ("us",), ((),)))  # never released
    assert not judge(Sum("of_another_version", QUARTER, ("us",), ((),)))
    assert judge(Sum("places_by_service", QUARTER, ("us",), (("legal",),)))
    assert not judge(Sum("cases_by_age_group", period_of(2024), ("us",), (("under_18",),)))


def test_states_are_usable_where_most_people_live_and_divisions_more_than_states() -> None:
    judge = usable_sums(SIZES, {"state_cases": JANUARY}, DECEMBER)
    assert judge(Sum("state_cases", YEAR, ("ca",), ((),)))
    assert not judge(Sum("state_cases", YEAR, ("wy",), ((),)))
    assert not judge(Sum("state_cases", YEAR, ("not_known",), ((),)))
    mountain = ("az", "co", "id", "mt", "nv", "nm", "ut", "wy")
    assert judge(Sum("state_cases", YEAR, mountain, ((),)))
    few = usable_sums(spread({("state_cases", ()): 2_000}), {"state_cases": JANUARY}, DECEMBER)
    assert not few(Sum("state_cases", YEAR, mountain, ((),)))  # 149 expected; 22.25 of noise eight times over are 63


@pytest.mark.parametrize(
    "name", [name for name, plan in TABLE_COSTS.items() if plan.row.tier is not Tier.NATION_MONTHLY]
)
def test_a_first_release_is_judged_as_the_budget_planned_it(name: str) -> None:
    """Of the open quarter, or year: one increment a cell."""
    plan, yearly = TABLE_COSTS[name], planned_sizes(national_clients())
    row = plan.row
    quarterly = row.tier is Tier.NATION_QUARTERLY
    judge = usable_sums(spread(yearly), {name: JANUARY}, MARCH if quarterly else DECEMBER)
    for (place, code), size in expected(plan, yearly, Fraction(1, 4 if quarterly else 1)).items():
        values = values_of(name, code)
        planned = size >= 11 and (Fraction(3, 10) * size) ** 2 >= plan.variance
        assert judge(Sum(name, QUARTER if quarterly else YEAR, (place,), (values,))) == planned


@pytest.mark.parametrize("name", sorted(TABLE_COSTS))
@pytest.mark.parametrize("later", [0, 12])
def test_a_year_is_planned_with_all_the_noise_that_its_figure_has(name: str, later: int) -> None:
    """Every release adds noise to a year: for its quarters, the whole year and late events."""
    plan, yearly, epoch = TABLE_COSTS[name], planned_sizes(national_clients()), DECEMBER + later
    view = View(released(releases([name], JANUARY, epoch, lambda *_: 100, plan.variance)), epoch)
    passed = 0
    for (place, code), size in expected(plan, yearly, Fraction(1)).items():
        estimate = view.estimate([Sum(name, YEAR, (place,), (values_of(name, code),))])
        assert estimate is not None
        passed += size >= 11 and (Fraction(3, 10) * size) ** 2 >= estimate.variance
    line = next(line for line in budget_lines(yearly) if line.table == name)
    assert (line.usable_a_year_on if later else line.usable_in_a_year) == passed


def values_of(name: str, value: str) -> tuple[str, ...]:
    """A released value, the codes of its dimensions joined, as sums have it."""
    return tuple(value.split(SEPARATOR)) if DECLARED[name].dimensions else ()


def test_points_are_usable_whatever_the_draw_and_only_by_what_was_public() -> None:
    found = []
    for count in (5, 5_000):
        made = released(releases(["cases_by_age_group"], JANUARY, epoch_of(2026, 6), lambda *_, n=count: n))
        judge = usable_sums(SIZES, made.starts(), MARCH)
        found.append([p.usable for p in points(made, MARCH, judge, [BY_METRIC["cases_by_age_group"]])])
    assert found[0] == found[1]
    assert set(found[0]) == {True, False}
