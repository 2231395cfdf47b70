"""A term's use follows from the declared noise and public sizes; all of its noise counts."""

from fractions import Fraction

import pytest

from exchange.core.counting.cells import SEPARATOR
from exchange.core.counting.tables import Tier
from exchange.core.metrics.planning import budget_lines, expected
from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.metrics.usability import Usability, Yearly, variance_of
from exchange.core.metrics.view import ARRIVALS, Period, Sum, View
from exchange.core.model.period import period_of
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Released
from exchange.wire.planned_sizes import national_clients, planned_sizes
from tests.kits.release_world import AFTER, APRIL, released, releases

QUARTER, YEAR = period_of(2026, 1), period_of(2026)
SIZES: Yearly = {
    ("cases", ()): 12_000,
    ("state_cases", ()): 12_000,
    ("cases_by_age_group", ("under_18",)): 4_000,
    ("arrivals_cases", ()): 12_000,
}


def judged(one: Sum, sizes: Yearly = SIZES) -> bool:
    return Usability(Released(), sizes).usable((one,))


@pytest.mark.parametrize("name", sorted(TABLE_COSTS))
def test_the_noise_reckoned_is_the_noise_there_is(name: str) -> None:
    made = releases([name], APRIL, AFTER + 12, lambda *_: 100, TABLE_COSTS[name].variance)
    for epoch in {release.epoch for release in made}:
        view = View(released(made), epoch)
        for period in view.periods(name):
            asked = Sum(name, period, view.places(name), view.values(name))
            estimate = view.estimate([asked])
            assert estimate is not None
            assert estimate.variance == variance_of(asked)


@pytest.mark.parametrize(
    ("table", "period", "part"),
    [("cases", QUARTER, 4), ("cases", YEAR, 1), ("state_cases", YEAR, 1), ("arrivals_cases", ARRIVALS, 12)],
)
def test_what_is_expected_is_the_part_of_the_year_that_the_period_is(table: str, period: Period, part: int) -> None:
    asked = Sum(table, period, ("us",), ((),))
    least = next(n for n in range(1, 100_000) if 9 * n**2 >= 100 * variance_of(asked) and n >= 11)
    assert judged(asked, {(table, ()): least * part})
    assert not judged(asked, {(table, ()): (least - 1) * part})


def test_a_term_is_judged_as_a_whole() -> None:
    one = Sum("cases_by_age_group", QUARTER, ("us",), (("under_18",),))
    other = Sum("cases", QUARTER, ("us",), ((),))
    sizes: Yearly = {("cases_by_age_group", ("under_18",)): 0, ("cases", ()): 40_000}
    assert not Usability(Released(), sizes).usable((one,))
    assert Usability(Released(), sizes).usable((one, other))


def test_what_nobody_knows_is_not_usable_and_what_is_exact_is() -> None:
    assert not judged(Sum("cases_by_age_group", QUARTER, ("us",), (("not_known",),)))
    assert not judged(Sum("of_another_version", QUARTER, ("us",), ((),)))
    assert judged(Sum("places_by_service", QUARTER, ("us",), (("legal",),)))


def test_states_are_usable_where_most_people_live_and_divisions_more_than_states() -> None:
    def states(*names: str, cases: int = 12_000) -> bool:
        return judged(Sum("state_cases", YEAR, names, ((),)), {("state_cases", ()): cases})

    mountain = ("az", "co", "id", "mt", "nv", "nm", "ut", "wy")
    assert states("ca")
    assert not states("wy")
    assert not states("not_known")
    assert states(*mountain)
    assert not states(*mountain, cases=1_500)


@pytest.mark.parametrize("name", sorted(TABLE_COSTS))
def test_the_budget_plans_a_release_and_a_year_as_they_are_judged(name: str) -> None:
    row, yearly = TABLE_COSTS[name].row, planned_sizes(national_clients())
    line = next(line for line in budget_lines(yearly) if line.table == name)
    quarterly = row.tier in {Tier.NATION_QUARTERLY, Tier.NATION_LATE}
    first = ARRIVALS if row.tier is Tier.NATION_ARRIVALS else QUARTER if quarterly else YEAR

    def usable(period: Period) -> int:
        cells = expected(TABLE_COSTS[name], yearly, Fraction(1))
        return sum(judged(Sum(name, period, (p,), (values_of(name, code),)), yearly) for p, code in cells)

    assert line.usable == usable(first)
    assert line.usable_in_a_year == (usable(YEAR) if row.tier not in {Tier.NATION_LATE, Tier.NATION_ARRIVALS} else 0)


def values_of(name: str, value: str) -> tuple[str, ...]:
    """A released value, the codes of its dimensions joined, as sums have it."""
    return tuple(value.split(SEPARATOR)) if DECLARED[name].dimensions else ()


def test_points_are_usable_whatever_the_draw_and_only_by_what_was_public() -> None:
    found = []
    for count in (5, 5_000):
        made = released(releases(["cases_by_age_group"], APRIL, AFTER, lambda *_, n=count: n))
        judge = Usability(made, SIZES).usable
        found.append([p.usable for p in points(made, APRIL, judge, [BY_METRIC["cases_by_age_group"]])])
    assert found[0] == found[1]
    assert set(found[0]) == {True, False}
