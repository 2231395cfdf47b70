"""Which codes an input can state at all: a 0 for a code that its format lacks would be false.

HMIS has no code for dental care, so an export shows nothing about who got it. A code that the input
holds somewhere can be stated, whatever the format.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Final

from exchange.core.model import vocabulary as v
from producers.reports.counted_facts import CountedFacts
from producers.reports.measures import Measure
from producers.sources.hmis.reading.codes import load_codes
from producers.sources.hmis.rules.enrollment import HOUSED_AT_ENTRY

Stated = Mapping[str, frozenset[str]]


class InputFormat(StrEnum):
    """The format of what a report is counted from, where it limits what can be known."""

    HMIS = "HMIS"
    HTCDS = "HTCDS"
    OTHER = "other"


HTCDS: Final[Stated] = {"exit_reason": frozenset({v.ExitReason.transferred})}
"""HTCDS has a date of closing only where the person was referred on."""


@cache
def _hmis() -> Stated:
    codes = load_codes()
    services = {*codes.services.values(), *HOUSED_AT_ENTRY.values(), v.Service.long_term_housing}
    reasons = {*codes.completion.codes.values(), *codes.early_exit.codes.values(), v.ExitReason.deceased}
    unmet = {*codes.unmet_by_event.codes.values(), *codes.unmet_by_result.codes.values()}
    return {
        "service": frozenset(services),
        "exit_reason": frozenset(reasons),
        "exit_destination": frozenset(codes.destination.codes.values()),
        "referral_source": frozenset(codes.referral_source.codes.values()),
        "unmet_reason": frozenset(unmet),
        "gender": frozenset(codes.gender_of_sex.codes.values()),
        "trafficking_status": frozenset({v.TraffickingStatus.possible}),
        "funding_source": frozenset(codes.funding.codes.values()),
    }


def lacks_code(measure: Measure, of: InputFormat, facts: CountedFacts) -> bool:
    """Whether the format has no code at all by which this could be stated."""
    stated = _hmis() if of is InputFormat.HMIS else HTCDS if of is InputFormat.HTCDS else {}
    return any(
        name in stated and not wanted & stated[name] and not any(facts.has_code(body, name, one) for one in wanted)
        for body, name, wanted in measure.wants
    )
