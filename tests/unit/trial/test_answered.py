"""The evaluators' questions beside the truth: by points made by hand, and by seeded noise."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from rich.console import Console

from exchange.cli.trial.question_tables import NEVER, NOT_YET, as_plain, question_tables, rows, summary
from exchange.core.counting.tables import Tier
from exchange.core.metrics.answers import JANUARY, PERIODS
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.questions import QUESTIONS, Precision, Question, Span
from exchange.core.metrics.table import BY_METRIC, Metric, points
from exchange.core.metrics.usability import Usability, by_population
from exchange.core.metrics.view import Origin
from exchange.core.picture.wording.statuses import FigureStatus
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release
from exchange.trial.demo.answered import Answered, answered
from exchange.trial.noiseless import holds, true_points, where
from exchange.trial.noiseless import noised as has_noise
from exchange.wire.planned_sizes import national_clients, planned_sizes
from tests.kits.release_world import due_epochs, noised, release, released

YEAR = PERIODS[Span.YEAR]
CASES = Question("cases", "2003", "cases", "cases", "", (), Span.YEAR, Precision(Fraction(1, 10)))
GENDER = Question(
    "gender", "2003", "gender", "gender_share", "", (), Span.YEAR, Precision(Fraction(1, 10), points=True)
)
PRACTICES = Question("practices", "2008", "practices", "practice_use_share", "", (), Span.YEAR, Precision(Fraction(0)))


def point(value: str | None, low: str | None, high: str | None, metric: str = "cases", code: str = "") -> MetricPoint:
    a, b, c = (None if n is None else Decimal(n) for n in (value, low, high))
    dimensions = (("gender", code),) if code else ()
    about = (Origin("cases" if metric != "practice_use_share" else "practices_by_practice_use", JANUARY),)
    return MetricPoint(
        metric, dimensions, YEAR, JANUARY, a, b, c, "clients", withheld=False, usable=True, computed_from=about
    )


POINT = point("100", "95", "105")


def ask(question: Question, *published: MetricPoint, truth: str | None = "104") -> Answered:
    known = (
        {} if truth is None else {where(one): replace(one, value=Decimal(truth), withheld=False) for one in published}
    )
    [found] = answered(published, known, JANUARY, [question])
    return found


# One figure


@pytest.mark.parametrize(
    ("published", "status", "inside", "answer"),
    [
        (POINT, FigureStatus.SHOWN, True, "met"),
        (point("100", "90", "110"), FigureStatus.SHOWN, True, "met"),
        (point("100", "89", "110"), FigureStatus.SHOWN, True, "too wide"),
        (point("100", "90", "103"), FigureStatus.SHOWN, False, "met"),
        (point("110", "105", "115"), FigureStatus.SHOWN, False, "met"),
        (point("100", None, "105"), FigureStatus.SHOWN, True, "too wide"),
        (replace(POINT, usable=False), FigureStatus.NOT_USABLE, None, "not usable"),
        (replace(point(None, None, None), withheld=True), FigureStatus.WITHHELD, None, "withheld"),
        (replace(point(None, None, None), withheld=True, usable=False), FigureStatus.NOT_USABLE, None, "not usable"),
        (point(None, None, None), FigureStatus.UNDEFINED, None, "undefined"),
    ],
)
def test_a_figure_is_judged_by_what_is_published_and_compared_where_it_may_be_read(
    published: MetricPoint, status: FigureStatus, inside: bool | None, answer: str
) -> None:
    found = ask(CASES, published)
    [figure] = found.figures
    assert (figure.status, figure.inside) == (status, inside)
    assert found.answer.met is figure.precise is (answer == "met")
    [(_, value, interval, truth, truth_is, word)] = rows(found)
    assert word == answer
    assert truth == "104"
    assert truth_is == {None: "", True: "inside", False: "outside"}[inside]
    assert bool(value) is bool(interval) is status.shows_number


def test_without_a_truth_nothing_is_inside_or_outside() -> None:
    found = ask(CASES, POINT, truth=None)
    assert [figure.inside for figure in found.figures] == [None]
    assert list(rows(found)) == [("cases", "100", "95–105", "", "", "met")]
    assert "intervals" not in summary([found])


def test_points_in_percentage_points_are_measured_as_they_are() -> None:
    found = ask(GENDER, point("0.3", "0.25", "0.4", "gender_share", "woman"))
    assert found.answer.half_width == Fraction(1, 10)
    assert found.answer.met


def test_the_rounding_of_a_figure_without_noise_is_no_width() -> None:
    assert ask(PRACTICES, point("0.2469", "0.2469", "0.2470", "practice_use_share"), truth="0.2469").answer.met
    assert not ask(replace(PRACTICES, metric="cases"), point("100", "100", "101")).answer.met


# Several figures, or none


def test_of_several_figures_those_that_may_be_read_come_first_and_the_others_are_counted() -> None:
    wide, near = point("0.3", "0.1", "0.5", "gender_share", "man"), point("0.3", "0.28", "0.3", "gender_share", "woman")
    hidden = [replace(point("0", "0", "1", "gender_share", code), usable=False) for code in ("other", "questioning")]
    found = ask(GENDER, wide, *hidden, near, truth="0.31")
    assert not found.answer.met
    assert list(rows(found)) == [
        ("gender", "", "", "", "", "not met: 1/4"),
        ("  woman", "0.3", "0.28–0.3", "0.31", "outside", "precise"),
        ("  man", "0.3", "0.1–0.5", "0.31", "inside", "too wide"),
        ("  2 others", "", "", "", "", "not usable"),
    ]
    assert summary([found]) == (
        "0 of 1 questions are met; 1 have figures that may be read; of 2 intervals, 1 hold the truth."
    )
    assert list(rows(ask(GENDER, *hidden)))[1:] == [("  2 figures", "", "", "", "", "not usable")]
    assert ask(replace(GENDER, least=1), wide, *hidden, near).answer.met


def test_other_periods_epochs_and_metrics_answer_nothing() -> None:
    others = [replace(POINT, period=PERIODS[Span.QUARTER]), replace(POINT, epoch=JANUARY - 1)]
    found = ask(CASES, *others, replace(POINT, metric="exits"))
    assert (found.figures, found.answer.met) == ((), False)
    assert list(rows(found)) == [("cases", "", "", "", "", NOT_YET)]
    [(*_, word)] = rows(ask(replace(CASES, metric="", missing="never asked"), POINT))
    assert word == NEVER


# All questions, on releases of a nation


def nation(metrics: Iterable[Metric]) -> list[Release]:
    """The releases of three years of the tables behind these metrics, of the planned sizes."""
    tables = dict.fromkeys(table for metric in metrics for table in metric.tables)
    return [_planned(name, epoch) for name in tables for epoch in due_epochs(name, JANUARY - 24, JANUARY)]


def _planned(name: str, epoch: int) -> Release:
    sizes, of_states = planned_sizes(national_clients()), DECLARED[name].tier is Tier.STATE_YEARLY
    shares = {str(state): share for state, share in by_population(1).items()} if of_states else {"us": Fraction(1)}

    def count(period: int, place: str, values: tuple[str, ...]) -> int:
        size = sizes.get((name, values), 100) * shares.get(place, Fraction(0))
        return round(size) if of_states or not period % 5 else round(size / 4)

    cost = TABLE_COSTS.get(name)
    return release(name, epoch, count, variance=cost.variance if cost else 0)


@pytest.fixture(scope="module")
def answers() -> list[Answered]:
    metrics = [BY_METRIC[name] for name in dict.fromkeys(one.metric for one in QUESTIONS if one.metric)]
    exact, rng = nation(metrics), np.random.default_rng(11)
    drawn = released(noised(one, rng) if one.clients else one for one in exact)
    usable = Usability(drawn, planned_sizes(national_clients())).usable
    truth = true_points(exact, [JANUARY], metrics)
    return list(answered(points(drawn, JANUARY, usable, metrics), truth, JANUARY))


def held(found: Iterable[Answered], moved: Decimal = Decimal(1)) -> float:
    """The part of the intervals with noise that hold so many times the truth."""
    judged = [
        holds(figure.point, figure.truth.value * moved)
        for one in found
        for figure in one.figures
        if figure.inside is not None and figure.truth and figure.truth.value is not None and has_noise(figure.point)
    ]
    assert len(judged) > 100
    return sum(judged) / len(judged)


def test_nine_of_ten_intervals_hold_the_truth_and_not_another(answers: list[Answered]) -> None:
    assert held(answers) >= 0.9
    assert held(answers, moved=Decimal("1.3")) < 0.9


@pytest.mark.parametrize("width", [80, 100])
def test_every_question_is_in_the_tables_and_no_line_is_too_wide(answers: list[Answered], width: int) -> None:
    console = Console(width=width, color_system=None, markup=False, highlight=False)
    with console.capture() as captured:
        console.print(*question_tables(answers), sep="")
    lines = captured.get().splitlines()
    first = [line.lstrip("│ ") for line in lines]
    assert max(map(len, lines)) <= width
    for question in QUESTIONS:
        assert any(line.startswith(" ".join(question.asks.split()[:2])) for line in first)
    assert summary(answers)[:20] in captured.get()
    assert re.search(r"\b0\.\d{4}–0\.\d{4}\b", captured.get())  # in one piece


def test_json_has_every_question_and_figure(answers: list[Answered]) -> None:
    plain = json.loads(json.dumps([as_plain(one) for one in answers]))
    assert [one["question"] for one in plain] == [question.name for question in QUESTIONS]
    for one, found in zip(plain, answers, strict=True):
        assert (one["met"], one["precise"]) == (found.answer.met, found.answer.precise)
        assert (one["why_none"] == "") is bool(found.figures)
        for figure, told in zip(found.figures, one["figures"], strict=True):
            assert (told["status"], told["truth_inside"]) == (figure.status, figure.inside)
    assert {one["question"] for one in plain if one["why_none"]} == {"labor_health_consequences"}
