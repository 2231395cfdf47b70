"""The rows of HealthAndDV: how ratings moved over a stay, and pregnancies."""

import pytest

from exchange.core.model.events import HealthObserved, OutcomeAssessed
from exchange.core.model.period import parse_period
from tests.kits.hmis_exports import STAY, bodies, facts, readings, sample

NOT_KNOWN = "not_known"


def health(folder, first=None, last=None, **changed):
    written = sample().change("HealthAndDV.csv", 0, **(first or {})).change("HealthAndDV.csv", 1, **(last or {}))
    found = readings(written, folder, **changed)
    said = [b for f in facts(found) if f.where.file == "HealthAndDV.csv" and isinstance(b := f.body, OutcomeAssessed)]
    return {body.outcome_domain: body.outcome_direction for body in said}


def test_two_ratings_of_a_stay_make_an_outcome_and_1_is_best(tmp_path):
    last = {"GeneralHealthStatus": "1", "DentalHealthStatus": "5", "MentalHealthStatus": "2"}
    assert health(tmp_path, last=last) == {
        "physical_health": "improved",
        "dental_health": "worsened",
        "mental_health": "unchanged",
    }


@pytest.mark.parametrize("missing", ["", "8", "9", "99", "7"])
def test_a_rating_without_its_other_one_is_no_outcome(tmp_path, missing):
    assert set(health(tmp_path, last={"GeneralHealthStatus": missing})) == {"dental_health", "mental_health"}
    assert set(health(tmp_path, first={"DentalHealthStatus": missing})) == {"physical_health", "mental_health"}


@pytest.mark.parametrize("stage", ["2", "5", "", "1"])
def test_only_entry_and_exit_are_compared(tmp_path, stage):
    assert health(tmp_path, last={"DataCollectionStage": stage}) == {}


def test_ratings_that_run_backwards_in_time_have_no_direction(tmp_path):
    assert set(health(tmp_path, last={"InformationDate": "2026-02-09"}).values()) == {NOT_KNOWN}


def test_the_first_entry_and_the_last_exit_are_compared(tmp_path):
    written = sample().change("HealthAndDV.csv", 1, GeneralHealthStatus="1")
    extra = {"GeneralHealthStatus": "5", "DataCollectionStage": "3"}
    written.add("HealthAndDV.csv", **STAY, HealthAndDVID="H3", InformationDate="2026-08-19", **extra)
    found = readings(written, tmp_path)
    assert "improved" in {
        b.outcome_direction for b in bodies(found, OutcomeAssessed) if b.outcome_domain == "physical_health"
    }


def test_a_pregnancy_is_recorded_once_a_stay_from_the_first_row_that_has_it(tmp_path):
    for answers, told in ((("1", "1"), "2026Q1"), (("0", "1"), "2026Q3"), (("1", "0"), "2026Q1")):
        written = (
            sample()
            .change("HealthAndDV.csv", 0, PregnancyStatus=answers[0])
            .change("HealthAndDV.csv", 1, PregnancyStatus=answers[1])
        )
        (fact,) = [fact for fact in facts(readings(written, tmp_path)) if isinstance(fact.body, HealthObserved)]
        assert (fact.body.health_condition, fact.period) == ("pregnancy", parse_period(told))


@pytest.mark.parametrize("answer", ["0", "8", "9", "99", ""])
def test_only_a_yes_is_a_pregnancy(tmp_path, answer):
    assert not bodies(readings(sample().change("HealthAndDV.csv", PregnancyStatus=answer), tmp_path), HealthObserved)
