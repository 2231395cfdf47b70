"""What the gate asks of a body: that the agency may send it, and that its fields agree."""

from dataclasses import fields

import pytest

from exchange.core.admission.gate import ACCEPTED, AgencyState
from exchange.core.admission.reasons import Reason
from exchange.core.admission.soundness import unsound
from exchange.core.model import events as e
from exchange.core.model.events import Correctable
from exchange.core.model.vocabulary import LegalClass
from tests.kits.gate_world import (
    INDIVIDUAL,
    NEED,
    PROFILE,
    Q1,
    TALLY,
    TOTALS,
    YEAR,
    YEAR_ONLY,
    Chain,
    given,
    made,
    registration,
    then_refused,
    when,
)


@pytest.mark.parametrize("body", [b for b in e.CORRECTABLE if b.about is e.About.CLIENT])
def test_an_agency_that_may_share_totals_only_sends_no_client_body(body: type[Correctable]) -> None:
    then_refused(AgencyState(TOTALS), Chain().next(made(body)), Reason.LEGAL_CLASS)


@pytest.mark.parametrize("code", ["not_known", "declined", "not_applicable"])
def test_a_legal_class_that_is_not_known_is_the_strictest(code: str) -> None:
    then_refused(AgencyState(registration(LegalClass(code))), Chain().next(NEED), Reason.LEGAL_CLASS)


def test_an_agency_that_may_share_totals_only_still_reports_about_itself() -> None:
    given(Chain(), [PROFILE, TALLY], TOTALS)


def test_an_agency_that_gives_years_gives_no_quarter_of_a_client() -> None:
    chain = Chain()
    state = AgencyState(YEAR_ONLY)
    then_refused(state, chain.peek(NEED, Q1), Reason.YEAR_ONLY)
    assert when(state, chain.next(NEED, YEAR)) == ACCEPTED
    assert when(state, chain.next(PROFILE, Q1)) == ACCEPTED


NONE = "not_applicable"
UNSOUND = {
    "no factor": made(e.FactorObserved, NONE),
    "two factors": made(e.FactorObserved, NONE, societal_factor="anonymity", economic_factor="debt"),
    "a provider's barrier as a person's": made(e.BarrierReported, barrier="lack_of_funding"),
    "a person's barrier as a provider's": made(e.ProviderSurveyed, NONE, barrier="lack_of_trust"),
    "a person's barrier as support": made(e.ProviderSurveyed, NONE, support_needed="shame"),
    "no answer": made(e.ProviderSurveyed, NONE, agency_type="ngo"),
    "two answers": made(e.ProviderSurveyed, NONE, barrier="coordination", years_band="years_3_5"),
    "resiliency in another domain": made(e.OutcomeAssessed, NONE, outcome_domain="housing", resiliency_factor="hope"),
    "protection in another domain": made(
        e.OutcomeAssessed, NONE, outcome_domain="resiliency", protective_factor="stable_housing"
    ),
    "facts of nothing": made(e.TraffickingFacts, NONE),
    "facts without a type": made(e.TraffickingFacts, NONE, labor_sector="mining"),
    "facts and a control method": made(
        e.TraffickingFacts, NONE, trafficking_type="labor", control_method="debt_bondage"
    ),
}
SOUND = {
    "one factor": made(e.FactorObserved, NONE, economic_factor="debt"),
    "a person's barrier": made(e.BarrierReported, barrier="lack_of_trust"),
    "a barrier that is not known": made(e.BarrierReported, barrier="not_known"),
    "a provider's barrier": made(e.ProviderSurveyed, NONE, barrier="lack_of_funding"),
    "years": made(e.ProviderSurveyed, NONE, years_band="years_3_5"),
    "resiliency": made(e.OutcomeAssessed, NONE, outcome_domain="resiliency", resiliency_factor="hope"),
    "protection": made(e.OutcomeAssessed, NONE, outcome_domain="protective_factors", protective_factor="steady_income"),
    "facts": made(e.TraffickingFacts, NONE, trafficking_type="sex"),
    "facts that were declined": made(e.TraffickingFacts, NONE, trafficking_type="declined"),
    "a control method": made(e.TraffickingFacts, NONE, control_method="debt_bondage"),
}


@pytest.mark.parametrize("what", UNSOUND)
def test_a_body_that_contradicts_itself_is_refused(what: str) -> None:
    then_refused(AgencyState(INDIVIDUAL), Chain().next(UNSOUND[what]), Reason.UNSOUND)


@pytest.mark.parametrize("what", SOUND)
def test_its_sound_neighbours_are_accepted(what: str) -> None:
    given(Chain(), [SOUND[what]])


def test_no_rule_holds_a_value() -> None:
    for body in UNSOUND.values():
        rule = unsound(body)
        assert rule
        assert not any(
            str(getattr(body, f.name)) in rule.split() for f in fields(body) if getattr(body, f.name) != NONE
        )
