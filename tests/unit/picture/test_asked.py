"""The figures of 2003 and the topics of 2008, each with what the exchange knows of it."""

from dataclasses import replace
from functools import cache

import pytest

from exchange.core.metrics.evidence_tables import EVIDENCE
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.model.period import period_of
from exchange.core.picture.asked.asked_and_known import StudyRow, TopicRow, study, topics
from exchange.core.picture.asked.live_figures import PeriodsMixed
from exchange.core.picture.asked.practices import practices
from exchange.core.picture.asked.study_figures import LIVE
from exchange.core.picture.asked.unanswered import UNRELEASED
from exchange.core.picture.wording.labels import STUDY_2003, TOPICS_2008
from exchange.core.picture.wording.statuses import FigureStatus
from exchange.core.release.catalogue import DECLARED
from schemas.lists import read_list
from tests.kits.release_world import AFTER, APRIL, everything, released, releases

YEAR = period_of(2026)


@cache
def of_2026() -> tuple[MetricPoint, ...]:
    made = releases(DECLARED, APRIL, AFTER, lambda *_: 60)
    return tuple(one for one in points(released(made), AFTER, everything) if one.period == YEAR)


def row(code: str) -> StudyRow:
    return next(one for one in study(of_2026()) if one.code == code)


def topic(code: str) -> TopicRow:
    return next(one for one in topics(of_2026()) if one.code == code)


def test_published_figures_stand_as_they_were_printed() -> None:
    printed = {one["code"]: one["published_figure"] for one in read_list("needs_assessment_figure")}
    assert {one.code: one.published for one in study(of_2026())} == printed
    assert row("share_female").published == "89%"
    assert row("services_provided").published == ""


def test_every_figure_of_the_study_has_live_ones_or_says_why_not() -> None:
    assert LIVE.keys() == {one.code for one in STUDY_2003}
    for one in study(of_2026()):
        assert one.remark.endswith(".")
        said_to_be = next(r["live_measure"] for r in read_list("needs_assessment_figure") if r["code"] == one.code)
        method = said_to_be.startswith(("Not computable", "Size of the report"))
        assert one.computable or method or one.missing, one.code
        assert not (one.computable and method), one.code


def test_live_figures_are_those_of_metrics_that_answer_the_question() -> None:
    beside = {"foreign_national_share", "reporting", "barriers_by_barrier_yearly_only", "unmet_need_share"}
    for one in study(of_2026()):
        for live in one.live:
            assert live.metric in beside or one.code in BY_METRIC[live.metric].answers, (one.code, live.metric)


def test_every_live_figure_of_a_full_year_has_a_number_and_a_sentence() -> None:
    for one in study(of_2026()):
        for live in one.live:
            assert live.status is FigureStatus.SHOWN, (one.code, live.metric, live.dimensions)
            assert "2026" in live.sentence
    needs = row("needs_of_victims")
    assert [live.label for live in needs.live][:2] == ["Housing or shelter, kind not stated", "Medical care"]
    assert len(needs.live) == 7


def test_a_figure_that_the_period_lacks_is_not_released_and_says_so() -> None:
    [live] = next(one for one in study([]) if one.code == "countries_of_origin").live
    assert live.status is FigureStatus.NOT_RELEASED
    assert live.sentence == "The nation: not released [x]. The period has no such figure."


def test_figures_of_two_periods_are_refused() -> None:
    point = of_2026()[0]
    with pytest.raises(PeriodsMixed):
        study([point, replace(point, period=period_of(2025))])


def test_what_is_missing_names_the_smallest_table() -> None:
    assert [one.name for one in row("share_female").missing] == ["agencies_serving"]
    assert {code for one in UNRELEASED for code in one.answers} <= {one.code for one in STUDY_2003} | {
        one.code for one in TOPICS_2008
    }


def test_the_brief_names_eleven_topics_and_two_before_them() -> None:
    found = topics(of_2026())
    assert sorted(one.number for one in found) == [0, 0, *range(1, 12)]
    assert [one.code for one in found] == [one["code"] for one in read_list("research_topic")]


def test_each_topic_has_live_figures_and_evidence_or_says_what_is_missing() -> None:
    for one in topics(of_2026()):
        assert (one.evidence is not None) == (one.code in EVIDENCE)
        assert (one.live and one.evidence) or one.missing, one.code
        assert all(live.point for live in one.live)
    assert [live.dimensions[0][1] for live in topic("protective_factors").live] == [
        "stable_housing",
        "supportive_peers",
        "case_manager",
    ]
    assert len(topic("demand_reduction_programs").live) > 1  # every size of audience
    assert "records with a known answer" in topic("financial_impact").evidence.sentence
    assert topic("labor_health_consequences").live == ()


def test_practices_have_numbers_links_and_the_three_released_counts() -> None:
    found = practices(of_2026())
    assert [one.number for one in found.catalogue] == list(range(1, len(found.catalogue) + 1))
    assert len({one.link for one in found.catalogue}) == len(found.catalogue)
    services = {one["code"] for one in read_list("service")}
    for one in found.catalogue:
        assert one.link.startswith("https://")
        assert one.service in services
        assert one.title
        assert one.by
        assert one.what_for
    assert [live.dimensions[0][1] for live in found.counts] == ["shared", "read", "adopted"]
    assert all(live.point for live in found.counts)
