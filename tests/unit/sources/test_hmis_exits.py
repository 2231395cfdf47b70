"""The end of a stay (Exit): CaseClosed, signs of trafficking, outcomes and counseling."""

import pytest

from exchange.core.admission.soundness import unsound
from exchange.core.model.events import CaseClosed, OutcomeAssessed, ServiceProvided, TraffickingFacts
from exchange.core.model.period import parse_period
from tests.kits.hmis_exports import bodies, fact_of, facts, only, readings, sample

NOT_KNOWN, DECLINED, NOT_COLLECTED = "not_known", "declined", "not_collected"


@pytest.mark.parametrize(
    ("status", "early", "destination", "reason"),
    [
        ("1", "", "422", "completed"),
        ("2", "", "422", "left_early"),
        ("2", "2", "422", "left_early"),
        ("3", "", "422", "involuntary"),
        ("3", "6", "422", "lost_contact"),
        ("", "", "422", NOT_COLLECTED),
        ("", "", "24", "deceased"),
        ("7", "", "422", NOT_KNOWN),
        ("3", "77", "422", "involuntary"),
    ],
)
def test_a_case_closes_for_the_reason_that_the_exit_gives(tmp_path, status, early, destination, reason):
    cells = {"ProjectCompletionStatus": status, "EarlyExitReason": early, "Destination": destination}
    assert only(readings(sample().change("Exit.csv", **cells), tmp_path), CaseClosed).exit_reason == reason


@pytest.mark.parametrize(
    ("code", "destination"),
    [
        ("435", "rental_subsidized"),
        ("118", "emergency_shelter"),
        ("8", NOT_KNOWN),
        ("9", DECLINED),
        ("99", NOT_COLLECTED),
        ("30", NOT_KNOWN),
        ("17", "other"),
        ("", NOT_COLLECTED),
    ],
)
def test_a_destination_is_read_by_its_code(tmp_path, code, destination):
    assert (
        only(readings(sample().change("Exit.csv", Destination=code), tmp_path), CaseClosed).exit_destination
        == destination
    )


def test_a_case_lasts_from_entry_to_exit_and_an_exit_before_the_entry_has_no_length(tmp_path):
    fact = fact_of(readings(sample(), tmp_path), CaseClosed)
    assert (fact.period, fact.body.duration_band) == (parse_period("2026Q3"), "months_6_to_12")
    assert (
        only(readings(sample().change("Exit.csv", ExitDate="2026-02-09"), tmp_path), CaseClosed).duration_band
        == NOT_KNOWN
    )


def trafficking(folder, written=None, **answers):
    found = readings((written or sample()).change("Exit.csv", **answers), folder)
    assert not [unsound(fact.body) for fact in facts(found) if unsound(fact.body)]
    return bodies(found, TraffickingFacts)


def test_trafficking_columns_that_are_all_empty_say_nothing(tmp_path):
    assert trafficking(tmp_path) == []


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ({"ExchangeForSex": "1"}, "sex"),
        ({"AskedOrForcedToExchangeForSex": "1", "ExchangeForSex": "0"}, "sex"),
        ({"WorkplaceViolenceThreats": "1"}, "labor"),
        ({"CoercedToContinueWork": "1.0"}, "labor"),
        ({"ExchangeForSex": "1", "CoercedToContinueWork": "1"}, "both"),
    ],
)
def test_a_sign_of_trafficking_is_possible_and_never_confirmed(tmp_path, answers, kind):
    (body,) = trafficking(tmp_path, **answers)
    assert (body.trafficking_type, body.trafficking_status, body.decision_maker) == (kind, "possible", "not_applicable")


@pytest.mark.parametrize("born", ["2008-08-20", "2009-06-15", ""])
@pytest.mark.parametrize("quality", ["1", "2", "99"])
def test_sex_in_exchange_alone_is_a_sign_only_of_somebody_surely_a_minor_at_the_exit(tmp_path, born, quality):
    written = sample().change("Client.csv", DOB=born, DOBDataQuality=quality)
    (body,) = trafficking(tmp_path, written, ExchangeForSex="1")
    surely = (born, quality) == ("2009-06-15", "1")
    assert body.trafficking_status == ("possible" if surely else NOT_KNOWN)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"ExchangeForSex": "0", "WorkplaceViolenceThreats": "0"}, NOT_KNOWN),
        ({"WorkplacePromiseDifference": "1", "WorkplaceViolenceThreats": "0"}, NOT_KNOWN),
        ({"ExchangeForSex": "9", "WorkplaceViolenceThreats": "99"}, DECLINED),
        ({"ExchangeForSex": "8", "WorkplaceViolenceThreats": "9"}, NOT_KNOWN),
        ({"ExchangeForSex": "99", "WorkplaceViolenceThreats": "99"}, NOT_COLLECTED),
        ({"CountOfExchangeForSex": "1"}, NOT_KNOWN),
        ({"ExchangeForSex": "x"}, NOT_KNOWN),
    ],
)
def test_answers_without_a_sign_leave_the_type_open_for_the_right_reason(tmp_path, answers, why):
    (body,) = trafficking(tmp_path, **answers)
    assert (body.trafficking_type, body.trafficking_status) == (why, why)


def outcomes(folder, **cells):
    found = readings(sample().without("HealthAndDV.csv").change("Exit.csv", **cells), folder)
    return [
        (b.outcome_domain, b.outcome_direction, b.reported_by, b.protective_factor)
        for b in bodies(found, OutcomeAssessed)
    ]


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [("116", "422", "improved"), ("101", "302", "improved"), ("422", "101", "worsened"), ("204", "313", "unchanged")],
)
def test_housing_moves_between_the_kinds_before_and_after(tmp_path, before, after, direction):
    found = readings(
        sample().change("Enrollment.csv", LivingSituation=before).change("Exit.csv", Destination=after), tmp_path
    )
    assert {b.outcome_direction for b in bodies(found, OutcomeAssessed) if b.outcome_domain == "housing"} == {direction}


@pytest.mark.parametrize("destination", ["8", "17", "24", "30", "99", "", "x"])
def test_where_a_place_is_not_known_nothing_is_recorded_about_housing(tmp_path, destination):
    assert outcomes(tmp_path, Destination=destination) == []


def test_safety_is_recorded_with_whom_it_was_asked_of(tmp_path):
    housing = ("housing", "improved", NOT_COLLECTED, "not_applicable")
    assert outcomes(tmp_path, DestinationSafeClient="1", DestinationSafeWorker="2") == [
        housing,
        ("safety", "attained", "survivor", "not_applicable"),
        ("safety", "worker_does_not_know", "worker", "not_applicable"),
    ]
    assert outcomes(tmp_path, DestinationSafeClient="9", DestinationSafeWorker="99") == [
        housing,
        ("safety", "declined", "survivor", "not_applicable"),
    ]


def test_each_connection_is_a_protective_factor_and_together_they_are_support(tmp_path):
    said = outcomes(tmp_path, PosAdultConnections="0", PosPeerConnections="1", PosCommunityConnections="2")[1:]
    assert said == [
        ("protective_factors", "not_attained", "worker", "trusted_adult"),
        ("protective_factors", "attained", "worker", "supportive_peers"),
        ("protective_factors", "worker_does_not_know", "worker", "community_ties"),
        ("social_support", "attained", "worker", "not_applicable"),
    ]
    none = outcomes(tmp_path, PosAdultConnections="0", PosPeerConnections="0", PosCommunityConnections="0")
    some = outcomes(tmp_path, PosAdultConnections="0")
    assert (none[-1][1], some[-1][1]) == ("not_attained", NOT_KNOWN)


@pytest.mark.parametrize(
    ("sessions", "units"), [("1", "units_1"), ("12", "units_6_20"), ("", NOT_COLLECTED), ("0", NOT_COLLECTED)]
)
def test_counseling_at_the_exit_is_mental_health_care_given(tmp_path, sessions, units):
    written = sample().without("Services.csv").change("Exit.csv", CounselingReceived="1", SessionCountAtExit=sessions)
    body = only(readings(written, tmp_path), ServiceProvided)
    assert (body.service, body.unit_band, body.funding_source) == ("mental_health", units, "fysb_rhy")
    assert not bodies(readings(written.change("Exit.csv", CounselingReceived="0"), tmp_path), ServiceProvided)
