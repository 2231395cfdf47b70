"""Sensitive codes (schemas/vocabulary/README.md), which leave only if switched on, as a table.

Where the code itself is the fact, no event is made. A field that is off as a whole always becomes
`withheld_by_agency`, also where its code is missing, so that it tells nothing about anyone. Where
only some codes of a field are off, they become `not_collected` ("never asked, or the agency keeps
it to itself"): a code used for them alone would give them away. The edge applies this to every
source, before anything is kept for sending.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from exchange.core.counting.tables import NOT_APPLICABLE, field_type
from exchange.core.model import events as e

WITHHELD: Final = "withheld_by_agency"
KEPT_TO_ITSELF: Final = "not_collected"
HEALTH: Final = ("hiv", "pregnancy", "suicidality", "substance_use")
SERVICES: Final = ("immigration_relief", "substance_use")
SERVICE_IS_THE_FACT: Final = (e.NeedIdentified, e.ServiceProvided, e.NeedUnmet, e.ReferralMade, e.ReferralResolved)


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch on one field of one body; no `codes` means every code but `not_applicable`."""

    switch: str
    body: type[e.Correctable]
    field: str
    codes: tuple[str, ...] = ()
    is_the_fact: bool = False

    @property
    def instead(self) -> str:
        """The code that replaces a code that is off."""
        return KEPT_TO_ITSELF if self.codes else WITHHELD

    def concerns(self, body: e.Correctable) -> bool:
        """Whether the body holds a code that this switch is about."""
        code = getattr(body, self.field)
        return code in self.codes if self.codes else code != NOT_APPLICABLE


RULES: Final[tuple[Switch, ...]] = (
    Switch("foreign_national", e.CaseOpened, "foreign_national"),
    Switch("gender.transgender", e.CaseOpened, "gender", ("transgender_woman", "transgender_man")),
    Switch("control_method", e.TraffickingFacts, "control_method", is_the_fact=True),
    *(Switch(f"health_condition.{c}", e.HealthObserved, "health_condition", (c,), is_the_fact=True) for c in HEALTH),
    *(Switch(f"service.{s}", b, "service", (s,), is_the_fact=True) for s in SERVICES for b in SERVICE_IS_THE_FACT),
    *(Switch(f"service.{s}", e.BarrierReported, "service", (s,)) for s in SERVICES),
    # the same facts under other names
    Switch("service.substance_use", e.OutcomeAssessed, "outcome_domain", ("substance_use",), is_the_fact=True),
    Switch("service.substance_use", e.CaseClosed, "exit_destination", ("substance_use_facility",)),
    Switch("service.immigration_relief", e.NeedUnmet, "unmet_reason", ("ineligible_immigration",)),
)
SWITCHES: Final = frozenset(rule.switch for rule in RULES)


class Switches:
    """The switches of one agency."""

    def __init__(self, on: Iterable[str] = ()) -> None:
        off = [rule for rule in RULES if rule.switch not in set(on)]
        self._off = {rule.body: [r for r in off if r.body is rule.body] for rule in off}

    def apply(self, body: e.Correctable) -> e.Correctable | None:
        """The body with the codes that are off replaced; None when nothing of it may leave."""
        for rule in self._off.get(type(body), ()):
            if rule.concerns(body):
                if rule.is_the_fact:
                    return None
                withheld = {rule.field: field_type(rule.body, rule.field)(rule.instead)}
                body = replace(body, **withheld)  # type: ignore[arg-type]  # the rule's field is one of the body's
        return body
