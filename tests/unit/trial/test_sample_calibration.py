"""A national sample gives back the published figures through the tables that must answer them.

`make test` looks at a fifth of the nation, `make test-slow` at all of it.

Tolerances: shares of agencies are drawn to quota, so only rounding (under half a point of 288) and
agencies too small to show all they do move them: 1.5 points. Ranks are of counts whose neighbours
are five standard deviations apart and more. Means over 13,631 clients move by under 1 % from seed
to seed: 2 %. A fifth of the nation moves twice as much.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from exchange.core.metrics.usability import POPULATION
from exchange.core.model import vocabulary as v
from exchange.trial.sample import (
    FACTS_A_CLIENT,
    NATIONAL_AGENCIES,
    NATIONAL_CLIENTS_A_YEAR,
    SampleExchange,
    sample_exchange,
)
from schemas.lists import read_list

FIFTH = 54 / 288  # a whole number of agencies
POINTS, MEANS = 0.015, 0.02
FEMALE = {"woman", "transgender_woman"}
OVER_A_YEAR = {"months_12_to_24", "over_24_months"}


@pytest.fixture(scope="module", params=[FIFTH, pytest.param(1.0, marks=pytest.mark.slow)])
def scale(request: pytest.FixtureRequest) -> float:
    return float(request.param)


@pytest.fixture(scope="module")
def room(scale: float) -> float:
    """How much wider the tolerances are than those of the nation."""
    return scale**-0.5


@pytest.fixture(scope="module")
def nation(scale: float) -> SampleExchange:
    return sample_exchange(2003, scale=scale)


@pytest.fixture(scope="module")
def truth(nation: SampleExchange) -> dict[bytes, int]:
    return nation.truth()


def published(code: str) -> str:
    return next(row["published_figure"] for row in read_list("needs_assessment_figure") if row["code"] == code)


def percent(code: str) -> float:
    return int(published(code).rstrip("%")) / 100


def cells(truth: dict[bytes, int], table: str) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """(place, values, count) of a table's cells."""
    for cell, n in truth.items():
        name, _, place, *values = cell.decode().split("|")
        if name == table:
            yield place, tuple(values), n


def by_value(truth: dict[bytes, int], table: str, axis: int = 0) -> Counter[str]:
    total: Counter[str] = Counter()
    for _, values, n in cells(truth, table):
        total[values[axis]] += n
    return total


def agencies_with(truth: dict[bytes, int], table: str, codes: set[str]) -> set[str]:
    return {place for place, values, _ in cells(truth, table) if not codes or values[0] in codes}


def test_so_many_agencies_and_clients_as_the_nation_has(
    nation: SampleExchange, truth: dict[bytes, int], scale: float, room: float
) -> None:
    assert len(nation.agencies) == NATIONAL_AGENCIES * scale == 288 * scale
    opened = sum(n for _, _, n in cells(truth, "cases_by_agency"))
    assert opened == pytest.approx(NATIONAL_CLIENTS_A_YEAR * scale, rel=MEANS * room)


def test_about_fifty_facts_a_client(nation: SampleExchange, scale: float, room: float) -> None:
    of_clients = desk = 0
    for agency in nation.agencies:
        for fact in agency.facts():
            if fact.client:
                of_clients += 1
            else:
                desk += 1
    assert of_clients / NATIONAL_CLIENTS_A_YEAR / scale == pytest.approx(FACTS_A_CLIENT, rel=MEANS * room)
    assert desk / len(nation.agencies) / 4 == pytest.approx(11.5, rel=0.05)


def test_shares_of_agencies_that_served_women_sex_and_labor_trafficking(truth: dict[bytes, int], room: float) -> None:
    serving = agencies_with(truth, "cases_by_agency", set())
    women = agencies_with(truth, "cases_by_agency_and_gender", FEMALE)
    sex = agencies_with(truth, "cases_by_agency_and_trafficking_type", {"sex", "both"})
    labor = agencies_with(truth, "cases_by_agency_and_trafficking_type", {"labor", "both"})
    assert len(women) / len(serving) == pytest.approx(percent("share_female"), abs=POINTS * room)
    assert len(sex) / len(serving) == pytest.approx(percent("share_sex_trafficking"), abs=POINTS * room)
    assert len(labor) / len(serving) == pytest.approx(percent("share_labor_trafficking"), abs=POINTS * room)


def test_the_majority_of_agencies_has_twenty_clients_or_more(truth: dict[bytes, int]) -> None:
    sizes: Counter[str] = Counter()
    for place, _, n in cells(truth, "cases_by_agency"):
        sizes[place] += n
    assert sum(n >= 20 for n in sizes.values()) > len(sizes) / 2
    ranked = sorted(sizes.values(), reverse=True)
    assert ranked[0] > 10 * ranked[len(ranked) // 2], "a power law: the largest is far larger than the middle one"


def test_most_cases_last_over_twelve_months(truth: dict[bytes, int]) -> None:
    lasted = by_value(truth, "exits_by_duration_band")
    assert 0.5 < sum(lasted[band] for band in OVER_A_YEAR) / lasted.total() < 0.7


def test_the_needs_of_2003_rank_first_in_their_order(truth: dict[bytes, int]) -> None:
    wanted = published("needs_of_victims").split(", ")
    needs = by_value(truth, "needs_by_service")
    assert [code for code, _ in needs.most_common(len(wanted))] == wanted
    assert set(needs) == {code.value for code in v.Service} - {"not_applicable", *_missing()}, "and all others occur"


def test_trust_deportation_and_retaliation_lead_the_barriers(truth: dict[bytes, int]) -> None:
    barriers = by_value(truth, "barriers_by_barrier")
    barriers["fear_of_retaliation"] = barriers.pop("fear_of_retaliation_self") + barriers.pop(
        "fear_of_retaliation_family"
    )
    first = [code for code, _ in barriers.most_common(3)]
    assert sorted(first) == ["fear_of_deportation", "fear_of_retaliation", "lack_of_trust"]


def test_providers_are_six_years_in_position_on_average(truth: dict[bytes, int], room: float) -> None:
    """Years are completed years: 3 to 5 is from 3 to just under 6, and over 20 is taken as 25."""
    years = by_value(truth, "provider_years_by_agency_type", axis=1)
    middle = {code: (low + (28 if high is None else high) + 1) / 2 for code, (low, high) in v.YEARS_BAND_YEARS.items()}
    known = {code: n for code, n in years.items() if code in middle}
    mean = sum(middle[code] * n for code, n in known.items()) / sum(known.values())
    assert mean == pytest.approx(int(published("years_in_position")), abs=0.5 * room)


def test_agencies_are_spread_over_the_states_by_population(nation: SampleExchange) -> None:
    homes = Counter(agency.state for agency in nation.agencies)
    whole = sum(POPULATION.values())
    assert set(POPULATION) == {state for state in v.UsState if state not in {*_missing(), "not_applicable"}}
    for state, thousands in POPULATION.items():
        assert abs(homes[state] - thousands / whole * len(nation.agencies)) < 1


def test_every_agency_type_of_the_survey_takes_part(nation: SampleExchange) -> None:
    kinds = {agency.agency_type for agency in nation.agencies}
    assert {"legal", "health", "immigrant", "faith_based", "trafficking"} <= kinds


def _missing() -> set[str]:
    return {row["code"] for row in read_list("missing_reason")} - {"not_applicable"}
