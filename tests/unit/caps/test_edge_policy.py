"""What may leave, and in which form: legal class, switches, ranges, for every body of a source."""

from dataclasses import fields, replace
from typing import get_type_hints

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import CORRECTABLE, About
from exchange.core.model.period import parse_period
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import LegalClass, UsState
from producers.caps.policy import IN_THE_FUTURE, SWITCHED_OFF, Leaves, Policy, Unfit
from producers.edge_phrases import code_rule, list_of
from producers.switches import RULES, SWITCHES, WITHHELD, Switches
from producers.vault.event_tail import decode_tail, newest_id
from schemas.lists import list_names

Q1 = parse_period("2026Q1")
NOT_APPLICABLE = "not_applicable"
OPENED = e.CaseOpened(
    v.Gender.transgender_woman, v.AgeBand.age_18_20, v.ForeignNational.yes, v.ReferralSource.self_referral
)
METHOD = e.TraffickingFacts(
    v.TraffickingType.not_applicable,
    v.TraffickingStatus.not_applicable,
    v.DecisionMaker.not_applicable,
    v.ExploitationType.not_applicable,
    v.SexExploitationType.not_applicable,
    v.LaborSector.not_applicable,
    v.RecruitmentMethod.not_applicable,
    v.ControlMethod.debt_bondage,
)


def left(policy: Policy, body: e.Correctable, period: int = Q1) -> e.Body:
    judged = policy.judge(period, UsState.ca, body)
    assert isinstance(judged, Leaves)
    return decode_tail(newest_id(), judged.tail).body


def health(code: str) -> e.HealthObserved:
    return e.HealthObserved(
        v.HealthCondition(code),
        v.TraffickingType.not_known,
        v.LaborSector.not_applicable,
        v.DurationBand.not_known,
        v.AgeBand.not_known,
    )


def test_the_switches_are_those_of_the_vocabulary() -> None:
    assert {
        "foreign_national",
        "control_method",
        "health_condition.hiv",
        "health_condition.pregnancy",
        "health_condition.suicidality",
        "health_condition.substance_use",
        "service.immigration_relief",
        "service.substance_use",
        "gender.transgender",
    } == SWITCHES


def test_every_rule_names_a_field_and_codes_that_exist() -> None:
    for rule in RULES:
        kind = get_type_hints(rule.body)[rule.field]
        assert {WITHHELD, *rule.codes} <= {str(member) for member in kind}


def test_every_client_body_with_a_service_has_its_rule() -> None:
    with_service = {b for b in CORRECTABLE if b.about is About.CLIENT and "service" in {f.name for f in fields(b)}}
    for code in ("immigration_relief", "substance_use"):
        assert {rule.body for rule in RULES if rule.codes == (code,) and rule.field == "service"} == with_service


def test_some_codes_off_look_like_an_answer_never_collected_a_whole_field_off_is_withheld() -> None:
    said = left(Policy(LegalClass.individual), OPENED)
    assert said == replace(OPENED, gender=v.Gender.not_collected, foreign_national=v.ForeignNational(WITHHELD))


def test_on_means_as_it_is() -> None:
    assert left(Policy(LegalClass.individual, ("foreign_national", "gender.transgender")), OPENED) == OPENED


def test_one_switch_leaves_the_others_off() -> None:
    said = left(Policy(LegalClass.individual, ("foreign_national",)), OPENED)
    assert said == replace(OPENED, gender=v.Gender.not_collected)


@pytest.mark.parametrize(
    ("switch", "body"),
    [
        ("control_method", METHOD),
        ("service.immigration_relief", e.NeedIdentified(v.Service.immigration_relief)),
        ("service.substance_use", e.ReferralMade(v.Service.substance_use, v.AgencyType.health)),
        *((f"health_condition.{c}", health(c)) for c in ("hiv", "pregnancy", "suicidality", "substance_use")),
    ],
)
def test_off_means_not_made_where_the_code_is_the_fact(switch: str, body: e.Correctable) -> None:
    assert Policy(LegalClass.individual).judge(Q1, UsState.ca, body) is SWITCHED_OFF
    assert left(Policy(LegalClass.individual, (switch,)), body) == body


def test_what_is_about_the_agency_is_never_withheld() -> None:
    places = e.CapacityReported(v.Service.substance_use, 12)
    assert left(Policy(LegalClass.tally_only), places) == places


def test_no_sensitive_code_leaves_while_everything_is_off() -> None:
    """Every code of every field of every client body, one at a time."""
    policy, off = Policy(LegalClass.individual), Switches()
    tried = 0
    for body in (OPENED, METHOD, health("injury"), e.NeedIdentified(v.Service.food), barrier()):
        for field in fields(body):
            for code in get_type_hints(type(body))[field.name]:
                judged = policy.judge(Q1, UsState.ca, replace(body, **{field.name: code}))
                if isinstance(judged, Leaves):
                    said = decode_tail(newest_id(), judged.tail).body
                    assert isinstance(said, e.Correctable)
                    assert off.apply(said) == said
                    assert not any(rule.concerns(said) and rule.codes for rule in RULES if rule.body is type(said))
                    tried += 1
    assert tried > 100


def barrier() -> e.BarrierReported:
    return e.BarrierReported(v.Barrier.language, v.Service.immigration_relief)


def test_a_barrier_stays_and_its_service_is_not_sent() -> None:
    assert left(Policy(LegalClass.individual), barrier()) == replace(barrier(), service=v.Service.not_collected)


def test_what_is_sent_instead_of_some_codes_is_sent_for_others_too() -> None:
    """A code that only sensitive answers turn into would give them away."""
    never_asked = replace(OPENED, gender=v.Gender.not_collected)
    policy = Policy(LegalClass.individual)
    assert left(policy, never_asked) == left(policy, OPENED)
    asked = replace(OPENED, foreign_national=v.ForeignNational.not_collected)
    assert left(policy, asked) == left(policy, OPENED)


@pytest.mark.parametrize(
    ("number", "fits"), [(0, True), (2**32 - 1, True), (2**32, False), (-1, False), ("12", False), (1.5, False)]
)
def test_a_number_must_fit_its_width(number: object, fits: bool) -> None:
    judged = Policy(LegalClass.individual).judge(
        Q1,
        UsState.ca,
        e.CapacityReported(v.Service.food, number),  # type: ignore[arg-type]
    )
    assert isinstance(judged, Leaves) == fits
    if not fits:
        assert isinstance(judged, Unfit)
        assert judged.column == "places"
        assert str(number) not in judged.rule.replace("0 to 4294967295", "")


def test_every_list_that_a_rule_names_can_be_shown() -> None:
    hints = [kind for body in CORRECTABLE for kind in get_type_hints(body).values()]
    named = {list_of(kind) for kind in hints if isinstance(kind, type) and kind.__module__ == v.__name__}
    assert named <= set(list_names())
    assert len(named) > 20


def test_a_code_that_is_no_code_is_refused_without_being_repeated() -> None:
    judged = Policy(LegalClass.individual).judge(Q1, UsState.ca, e.NeedIdentified("planted"))  # type: ignore[arg-type]
    assert judged == Unfit("service", code_rule(v.Service))


@pytest.mark.parametrize("period", [0, 499, 1000, -1])
def test_a_period_outside_its_range_is_refused(period: int) -> None:
    judged = Policy(LegalClass.individual).judge(period, UsState.ca, e.NeedIdentified(v.Service.food))
    assert isinstance(judged, Unfit)
    assert judged.column == "period"


@pytest.mark.parametrize(
    ("period", "begun"),
    [("2026Q3", True), ("2026Q4", False), ("2026", True), ("2027", False), ("2027Q1", False), ("2025", True)],
)
def test_only_what_has_begun_can_have_happened(period: str, begun: bool) -> None:
    policy = Policy(LegalClass.individual, newest=parse_period("2026Q3"))
    judged = policy.judge(parse_period(period), UsState.ca, e.NeedIdentified(v.Service.food))
    assert (judged is not IN_THE_FUTURE) == isinstance(judged, Leaves) == begun


def test_a_source_may_not_say_a_tally() -> None:
    tally = e.Tally(TallyTable.cases, (12,))
    assert isinstance(Policy(LegalClass.tally_only).judge(Q1, UsState.ca, tally), Unfit)


def test_a_tally_only_agency_keeps_client_facts_and_counts_by_quarter() -> None:
    policy = Policy(LegalClass.tally_only)
    judged = policy.judge(Q1, UsState.ca, OPENED)
    assert isinstance(judged, Leaves)
    assert judged.for_tally
    assert isinstance(policy.judge(parse_period("2026"), UsState.ca, OPENED), Unfit)


def test_only_a_tally_only_agency_keeps_anything_back() -> None:
    for legal_class in (LegalClass.individual, LegalClass.year_only):
        judged = Policy(legal_class).judge(Q1, UsState.ca, OPENED)
        assert isinstance(judged, Leaves)
        assert not judged.for_tally
