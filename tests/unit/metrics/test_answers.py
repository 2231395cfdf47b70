"""The evaluators' questions: asked about figures that exist, and answered as points would be."""

from dataclasses import replace
from fractions import Fraction
from math import sqrt

import pytest

from exchange.core.metrics.answers import JANUARY, PERIODS, Asked, PlannedReleases, answers
from exchange.core.metrics.estimates import Exact
from exchange.core.metrics.questions import COMMON_GROUPS, QUESTIONS, Precision, Question, Span
from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.metrics.usability import Yearly, by_population
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.released import Release
from exchange.wire.planned_sizes import national_clients, planned_sizes
from schemas.lists import read_list
from tests.kits.release_world import everything, of, release, released

NATION = planned_sizes(national_clients())
PLANNED_NATION = PlannedReleases(NATION)
BY_NAME = {question.name: question for question in QUESTIONS}
CASES = Question("cases", "2003", "cases", "cases", "", (), Span.QUARTER, Precision(Fraction(1, 10)))


def width(question: Question, sizes: Yearly, noise: Fraction = Fraction(1)) -> Exact | None:
    [found] = Asked(question, PlannedReleases(sizes)).half_widths(noise)
    return found


# The table


def test_names_are_given_once_and_every_research_topic_has_a_row() -> None:
    assert len(BY_NAME) == len(QUESTIONS)
    assert {row["code"] for row in read_list("research_topic")} <= BY_NAME.keys()


@pytest.mark.parametrize("name", [name for name, question in BY_NAME.items() if question.metric])
def test_a_question_asks_for_a_figure_of_each_of_its_codes(name: str) -> None:
    question = BY_NAME[name]
    figures = len(Asked(question, PLANNED_NATION).half_widths())
    assert figures >= max(1, len(question.codes), question.least)
    if question.precision.most:  # not about agencies, whose tables may have a second dimension
        assert not question.codes or figures == len(question.codes)


def test_common_groups_have_a_tenth_of_the_needs_and_no_others_have() -> None:
    needs = {values[0]: size for (table, values), size in NATION.items() if table == "state_needs_by_service_group"}
    common = {group for group, size in needs.items() if 10 * size >= sum(needs.values())}
    assert common == set(COMMON_GROUPS)


def test_states_are_fifty_and_one() -> None:
    assert len(BY_NAME["states"].codes) == 51


# Answers


def test_the_half_width_of_a_count_is_that_of_the_normal() -> None:
    found = width(CASES, {("cases", ()): 4_000})
    assert found is not None
    assert float(found) == pytest.approx(1.959964 * float(TABLE_COSTS["cases"].scale) / 1_000, rel=1e-5)


def test_a_year_has_the_noise_of_five_draws_and_a_mean_that_of_a_third() -> None:
    quarter, year = (width(replace(CASES, span=span), {("cases", ()): 4_000}) for span in Span)
    assert quarter is not None
    assert year is not None
    assert float(year / quarter) == pytest.approx(sqrt(5) / 4, rel=1e-5)
    one, three = (Asked(BY_NAME[name], PLANNED_NATION).half_widths() for name in ("states", "states_mean"))
    for alone, mean in zip(one, three, strict=True):
        if alone is not None and alone < 1 and mean is not None:
            assert float(mean / alone) == pytest.approx(1 / sqrt(3), rel=1e-3)


@pytest.mark.parametrize("name", ["need_housing_quarter", "in_30_days", "unmet_housing", "over_12_months"])
def test_a_half_width_is_that_of_the_point_which_such_releases_have(name: str) -> None:
    """Against points that are derived from releases of the same sizes, with their rounding."""
    question = BY_NAME[name]
    metric = BY_METRIC[question.metric]
    made = [one for table in metric.tables for one in _planned(table)]
    found = points(released(made), JANUARY, everything, [metric])
    wanted = {question.dimension: question.codes[0]} if question.dimension else {}
    [point] = [
        p for p in of(found, **wanted) if p.period == PERIODS[question.span] and question.about(dict(p.dimensions))
    ]
    assert point.value is not None
    assert point.low is not None
    assert point.high is not None
    wide = max(point.high - point.value, point.value - point.low)
    [expected] = Asked(question, PLANNED_NATION).half_widths()
    assert expected is not None
    assert float(wide if question.precision.points else wide / point.value) == pytest.approx(float(expected), abs=2e-4)


def _planned(table: str) -> list[Release]:
    """The releases of a year: quarters of the planned size, and no records of a whole year."""
    of_states = table.startswith("state")
    shares = {str(state): share for state, share in by_population(1).items()} if of_states else {"us": Fraction(1)}

    def count(period: int, place: str, values: tuple[str, ...]) -> int:
        size = NATION[table, values] * shares.get(place, Fraction(0))
        return round(size) if of_states else round(size / 4) if period % 5 else 0

    epochs = [JANUARY] if of_states else [JANUARY - 9, JANUARY - 6, JANUARY - 3, JANUARY]
    return [release(table, epoch, count, variance=TABLE_COSTS[table].variance) for epoch in epochs]


def test_figures_of_agencies_have_no_noise() -> None:
    for name in ("demand_reduction_programs", "best_practices"):
        [found] = answers(NATION, [BY_NAME[name]])
        assert (found.met, found.half_width) == (True, 0)


def test_as_many_figures_as_are_asked_for_decide() -> None:
    [states] = answers(NATION, [BY_NAME["states"]])
    some = replace(BY_NAME["states"], least=states.precise)
    [met] = answers(NATION, [some])
    [more] = answers(NATION, [replace(some, least=states.precise + 1)])
    assert (met.met, more.met) == (True, False)
    assert met.half_width is not None
    assert met.half_width <= some.precision.most
    assert more.half_width is None or more.half_width > some.precision.most


def test_what_nobody_releases_says_why() -> None:
    [found] = answers(NATION, [BY_NAME["labor_health_consequences"]])
    assert not found.met
    assert found.question.missing


@pytest.mark.parametrize("name", ["need_mental_health_quarter", "unmet_support", "states"])
def test_the_part_that_a_question_would_need_meets_it_and_a_little_less_does_not(name: str) -> None:
    sizes = {cell: Fraction(size, 4) for cell, size in NATION.items()}  # a smaller nation meets none of them
    [found] = answers(sizes, [BY_NAME[name]])
    assert not found.met
    assert found.costs
    asked = Asked(BY_NAME[name], PlannedReleases(sizes))
    for cost in found.costs:
        assert asked.answer(Fraction(cost.part, cost.needed + 1)).met
        assert not asked.answer(Fraction(cost.part, cost.needed) * Fraction(102, 100)).met


def test_more_clients_answer_no_question_worse() -> None:
    asked = [question for question in QUESTIONS if question.metric]
    few, many = (
        [Asked(question, planned).answer() for question in asked]
        for planned in (PlannedReleases(planned_sizes(n)) for n in (4_000, 40_000))
    )
    for one, other in zip(few, many, strict=True):
        assert other.precise >= one.precise
    assert sum(one.met for one in few) < sum(other.met for other in many)
