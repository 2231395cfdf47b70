"""An event as a person reads it: one sentence, and whatever else it holds, by its labels.

Rules kept: everything that the event holds is in its words, and nothing else is.
"""

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Final

from exchange.core.counting.tables import TALLIED, domain
from exchange.core.model.events import Body, Event, Tally
from exchange.core.model.period import quarter_of, year_of
from exchange.core.picture.wording.phrases import QUARTERS, label_of, place
from exchange.core.words import number_of

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CaseOpened": "a client's case was opened. Age: {age_band}.",
        "TraffickingFacts": "a client's case showed trafficking of the type {trafficking_type}.",
        "NeedIdentified": "a client's need was identified: {service}.",
        "ServiceProvided": "a client got a service: {service}.",
        "NeedUnmet": "a client's need was not met: {service}. Reason: {unmet_reason}.",
        "BarrierReported": "a barrier stood between a client and a service: {barrier}.",
        "ReferralMade": "a client was referred for a service: {service}.",
        "ReferralResolved": "a client's referral came to a result: {referral_result}. Service: {service}.",
        "HealthObserved": "a client's health condition was recorded: {health_condition}.",
        "OutcomeAssessed": "an outcome for a client was assessed: {outcome_domain}, {outcome_direction}.",
        "CaseClosed": "a client's case was closed. Afterwards: {exit_destination}.",
        "ExploiterObserved": "a client's case showed the type of a trafficker: {trafficker_type}.",
        "FactorObserved": "a client's case showed a factor of risk or strength.",
        "ActivityHeld": "the agency held an activity: {activity}.",
        "PracticeShared": "the agency marked a practice: number {practice}, {practice_use}.",
        "CapacityReported": "the agency ran {places} places: {service}.",
        "FundingReceived": "the agency received funding: {funding_source}.",
        "ProviderSurveyed": "a provider answered about its work.",
        "AgencyProfiled": "the agency described itself: {agency_type}.",
    }
)
"""Body → its sentence, after the period and the place."""
WITHDRAWN: Final = "Withdrawn: "


def sentence_of_event(event: Event, *, withdrawn: bool = False) -> str:
    """Such as `In the first quarter of 2026, in California: a client's need was identified: …`."""
    before = WITHDRAWN if withdrawn else ""
    return f"{before}In {_period(event.period)}, in {place((('state', str(event.state)),))}: {_happened(event.body)}"


def _period(period: int) -> str:
    quarter, year = quarter_of(period), year_of(period)
    return f"the {QUARTERS[quarter - 1]} quarter of {year}" if quarter else f"the year {year}"


def _happened(body: Body) -> str:
    if isinstance(body, Tally):
        return _totals(body)
    labels = {one.name: _label(one.name, getattr(body, one.name)) for one in fields(body)}
    sentence = SENTENCES[type(body).__name__]
    said = sentence.format(**labels)
    others = [f"{_noun(name)}: {label}" for name, label in labels.items() if f"{{{name}}}" not in sentence]
    return f"{said} {'; '.join(others)}." if others else said


def _totals(tally: Tally) -> str:
    table = TALLIED[tally.table]
    axis = table.dimensions[0] if table.dimensions else None
    codes = domain(table, axis) if axis else ("all",)
    counts = [(code, count) for code, count in zip(codes, tally.counts, strict=True) if count]
    listed = "; ".join(f"{_label(axis.name, code) if axis else code}: {count:,}" for code, count in counts)
    zeros = number_of(len(codes) - len(counts), "total is 0", "totals are 0")
    return (
        f"the agency's totals of {_noun(str(tally.table))}: {listed or 'none above 0'}. {zeros[:1].upper()}{zeros[1:]}."
    )


def _label(name: str, value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"“{label_of(name, str(value))}”"


def _noun(name: str) -> str:
    return name.replace("_", " ")
