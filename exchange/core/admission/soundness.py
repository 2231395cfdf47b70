"""Rules that tie the fields of one body together. The edge and the gate both apply them.

A multi-select answer is one event for each code, and single-valued fields go in a body that is sent
once, so nothing is multiplied. `TraffickingFacts` is either the facts (no control method) or one
control method (no facts). `FactorObserved` names exactly one factor. `ProviderSurveyed` gives
exactly one answer. An `OutcomeAssessed` names a factor only in that factor's domain.
"""

from collections.abc import Iterable

from exchange.core.counting.tables import NOT_APPLICABLE, TALLIED, tally_length
from exchange.core.model import events as e
from exchange.core.model.vocabulary import BARRIER_SIDE, OutcomeDomain

FACTS = (
    "trafficking_type",
    "trafficking_status",
    "decision_maker",
    "exploitation_type",
    "sex_exploitation_type",
    "labor_sector",
    "recruitment_method",
)
FACTORS = ("societal_factor", "economic_factor", "protective_factor", "resiliency_factor")
ANSWERS = ("barrier", "support_needed", "years_band")
_RULED = frozenset(
    (
        e.TraffickingFacts,
        e.FactorObserved,
        e.ProviderSurveyed,
        e.OutcomeAssessed,
        e.BarrierReported,
        e.Tally,
        e.Correction,
    )
)
"""The bodies that a rule is about; asked first, because most events have another."""


def _applicable(body: e.Body, names: Iterable[str]) -> list[str]:
    return [name for name in names if getattr(body, name) != NOT_APPLICABLE]


def unsound(body: e.Body) -> str:  # noqa: PLR0911 - one return a kind
    """The rule that the body breaks, in words without a value; empty if it is sound."""
    if type(body) not in _RULED:
        return ""
    match body:
        case e.TraffickingFacts():
            return _unsound_facts(body)
        case e.FactorObserved() if len(_applicable(body, FACTORS)) != 1:
            return "exactly one of the four factors applies, the others are not_applicable"
        case e.ProviderSurveyed():
            return _unsound_survey(body)
        case e.OutcomeAssessed():
            return _unsound_outcome(body)
        case e.BarrierReported() if BARRIER_SIDE.get(body.barrier) == "provider":
            return "a person's barrier; the provider's go in ProviderSurveyed"
        case e.Tally() if len(body.counts) != tally_length(TALLIED[body.table]):
            return "a tally has one count for each value of its table's domain"
        case e.Correction():
            return unsound(body.body)
        case _:
            return ""


def _unsound_facts(body: e.TraffickingFacts) -> str:
    facts = _applicable(body, FACTS)
    if body.control_method == NOT_APPLICABLE:
        return (
            ""
            if body.trafficking_type != NOT_APPLICABLE
            else "the facts need a trafficking type, or its missing reason"
        )
    return "one control method stands alone, the other fields are not_applicable" if facts else ""


def _unsound_survey(body: e.ProviderSurveyed) -> str:
    if len(_applicable(body, ANSWERS)) != 1:
        return "exactly one answer a survey event, the others are not_applicable"
    sides = {BARRIER_SIDE.get(b) for b in (body.barrier, body.support_needed) if b != NOT_APPLICABLE}
    return "a provider's barriers only; a person's go in BarrierReported" if "person" in sides else ""


def _unsound_outcome(body: e.OutcomeAssessed) -> str:
    if body.resiliency_factor != NOT_APPLICABLE and body.outcome_domain != OutcomeDomain.resiliency:
        return "a resiliency factor goes with the domain resiliency"
    if body.protective_factor != NOT_APPLICABLE and body.outcome_domain != OutcomeDomain.protective_factors:
        return "a protective factor goes with the domain protective_factors"
    return ""
