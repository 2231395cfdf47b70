"""Each computable question of 2003 and 2008 is a metric's, or names the missing released table."""

import pytest

from exchange.core.counting.tables import BY_NAME, TABLES, Tier
from exchange.core.metrics.evidence_tables import EVIDENCE
from exchange.core.metrics.table import BY_METRIC, COUNTS, METRICS, Metric
from exchange.core.picture.asked.unanswered import UNRELEASED, Unreleased
from exchange.core.release.catalogue import COVERAGE, DECLARED, ON_TIME
from exchange.core.release.client_tables import RELEASED_TABLES
from schemas.lists import read_list
from tools.derive.purposes import questions_of

FIGURES = read_list("needs_assessment_figure")
TOPICS = [row["code"] for row in read_list("research_topic")]
COMPUTABLE = [
    row["code"]
    for row in FIGURES
    if row["event_kind"] != "none" and not row["live_measure"].startswith("Not computable")
]
ANSWERED = {code for metric in METRICS for code in metric.answers}
MISSING = {code for row in UNRELEASED for code in row.answers}


@pytest.mark.parametrize("code", [*COMPUTABLE, *TOPICS])
def test_a_computable_question_is_answered_or_names_what_is_missing(code: str) -> None:
    assert code in ANSWERED | MISSING


def test_nothing_answers_a_question_that_there_is_not() -> None:
    assert {*COMPUTABLE, *TOPICS} >= ANSWERED | MISSING


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_reads_released_tables_only_and_has_a_meaning(metric: Metric) -> None:
    assert set(metric.tables) <= set(DECLARED)
    assert metric.says.endswith(".")


def test_every_released_table_is_a_count() -> None:
    counted = {metric.name for metric in COUNTS}
    of_agencies = {table.name for table in TABLES if table.tier is not Tier.NEVER}
    assert counted == {one.name for one in RELEASED_TABLES} | {one.name for one in (*COVERAGE, ON_TIME)} | of_agencies
    assert len(counted) == len(COUNTS)


@pytest.mark.parametrize("row", UNRELEASED, ids=lambda row: row.name)
def test_what_is_missing_is_held_by_tables_that_are_never_released(row: Unreleased) -> None:
    assert row.never
    assert all(BY_NAME[table].tier is Tier.NEVER for table in row.never)
    assert row.smallest.startswith(("client table, nation, ", "agency table, quarterly"))
    assert row.name not in BY_METRIC


@pytest.mark.parametrize("topic", TOPICS)
def test_evidence_is_counted_in_tables_of_the_topic_and_no_event_twice(topic: str) -> None:
    if topic not in EVIDENCE:
        assert topic in MISSING
        return
    tables = [BY_NAME[name] for name in EVIDENCE[topic]]
    assert all(topic in questions_of(table.name) for table in tables)
    assert len({table.body for table in tables}) == len(tables)
    assert len({table.tier for table in tables}) == 1
