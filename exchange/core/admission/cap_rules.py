"""How much one client may add to any release: the bits of an event's `cap`, and their rules.

Unit: one client in one period at one agency. A period is a quarter, or the year of an agency that
reports no finer one. So every cap is counted within one period, never across the four quarters of a
year. With a cap on the year, removing one quarter of a client would let another quarter's event in,
and the difference would be twice the cap.

Laws. An edge keeps them over a client's whole history (every run, source and correction, a lost
vault included), and `exchange.core.release.sensitivity` depends on them. For each client, period
and rule:
1. At any time at most `most` marked events count, each with another key (`CapRule.key`). A
   withdrawn event counts no more.
2. At most `corrections` corrections carry the bit. Any further one goes without it: the event that
   it withdraws then counts in releases, and only there, for ever. The event that would take its
   place goes without the bit as well.
3. A correction carries no bit that the event it restates does not count with (`lawful`).
4. A `Tally` counts marked events only (`exchange.core.release.client_tables.needed`) and carries
   the bits of the releases it feeds. Its correction carries none, nor does a tally that comes after
   one.
5. An agency marks periods of one width only (`may_mark`): years, if its legal class is `year_only`,
   else quarters. So no client has marks in a quarter and in its year.

Events past a cap leave without the bit and are counted in every restricted table.

Bits 3 and 4 are free. Edges from before there were caps set all bits, `UNMARKED` among them. Such
an event is in no release: nobody could tell such an edge from one that keeps the caps, so it must
add nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from functools import cache
from typing import Final

from exchange.core.admission.soundness import FACTORS, FACTS
from exchange.core.counting.tables import GROUPINGS, NOT_APPLICABLE
from exchange.core.model import events as e
from exchange.core.model.period import quarter_of
from exchange.core.model.vocabulary import LegalClass


class Cap(IntFlag):
    """The bits of an event's `cap`, as the restricted log keeps them."""

    NATION = 1
    """Within its client's caps for the nation's releases."""
    STATE = 2
    """Within its client's caps for the states' releases."""
    PAST = 4
    """The first of its client in the period that is past a cap; counts clients over their caps."""
    UNMARKED = 32
    """No caps were applied: counts in no release."""


NONE: Final = Cap(0)
MARKS: Final = Cap.NATION | Cap.STATE | Cap.PAST
"""The bits that releases count with; each release has one."""
CORRECTIONS: Final = 1
"""Corrections with a bit, for each client, period and rule: c of the budget."""


@dataclass(frozen=True, slots=True)
class CapRule:
    """How many events of one client and period may carry a bit, among those that the rule covers.

    - `body`: None for every client body.
    - `strand`: the rule covers only bodies with one of these fields applicable. Empty: all bodies.
    - `distinct`: the `field` or `field>group` in which all marked events must differ. Empty: none.
    - `leaves_out`: codes of that field that never get the bit.
    """

    bit: Cap
    body: type[e.Correctable] | None
    most: int
    distinct: str = ""
    strand: tuple[str, ...] = ()
    leaves_out: frozenset[str] = frozenset()
    corrections: int = CORRECTIONS

    def concerns(self, body: e.Body) -> bool:
        """Whether the rule covers such a body."""
        if self.body is None:
            return body.about is e.About.CLIENT
        if not isinstance(body, self.body) or (self.leaves_out and getattr(body, self.field) in self.leaves_out):
            return False
        return not self.strand or any(getattr(body, field) != NOT_APPLICABLE for field in self.strand)

    @property
    def field(self) -> str:
        """The field in which marked events must differ."""
        return self.distinct.partition(">")[0]

    @property
    def group(self) -> str:
        """The field's grouping, if they must differ in that."""
        return self.distinct.partition(">")[2]

    def key(self, body: e.Body) -> str:
        """The code in which marked events must differ under this rule; empty: in none."""
        if not self.field:
            return ""
        code = str(getattr(body, self.field))
        return GROUPINGS[self.group][code] if self.group else code


SENSITIVE_SERVICES: Final = frozenset(
    (
        "immigration_relief",
        "victim_certification",
        "repatriation",
        "substance_use",
        "sexual_health",
        "prenatal_postnatal",
    )
)
"""Immigration, substance use, reproductive health: for the nation and the year only."""
_GROUP: Final = "service>service_group"

RULES: Final[tuple[CapRule, ...]] = (
    CapRule(Cap.NATION, e.CaseOpened, 1),
    CapRule(Cap.NATION, e.TraffickingFacts, 1, strand=FACTS),
    CapRule(Cap.NATION, e.TraffickingFacts, 2, "control_method", strand=("control_method",)),
    CapRule(Cap.NATION, e.NeedIdentified, 5, "service"),
    CapRule(Cap.NATION, e.ServiceProvided, 3, "service"),
    CapRule(Cap.NATION, e.NeedUnmet, 2, "service"),
    CapRule(Cap.NATION, e.BarrierReported, 2, "barrier"),
    CapRule(Cap.NATION, e.ReferralMade, 3, "service"),
    CapRule(Cap.NATION, e.ReferralResolved, 2, "service"),
    CapRule(Cap.NATION, e.HealthObserved, 2, "health_condition"),
    CapRule(Cap.NATION, e.OutcomeAssessed, 2, "outcome_domain"),
    CapRule(Cap.NATION, e.CaseClosed, 1),
    CapRule(Cap.NATION, e.ExploiterObserved, 2, "trafficker_type", strand=("trafficker_type",)),
    CapRule(Cap.NATION, e.ExploiterObserved, 1, strand=("buyer_or_beneficiary_type",)),
    *(CapRule(Cap.NATION, e.FactorObserved, 2, factor, strand=(factor,)) for factor in FACTORS),
    CapRule(Cap.STATE, e.CaseOpened, 1),
    CapRule(Cap.STATE, e.NeedIdentified, 3, _GROUP, leaves_out=SENSITIVE_SERVICES),
    CapRule(Cap.STATE, e.NeedUnmet, 2, _GROUP, leaves_out=SENSITIVE_SERVICES),
    CapRule(Cap.PAST, None, 1, corrections=0),
)


def rules_of(body: e.Body, bit: Cap | None = None) -> Iterator[CapRule]:
    """The rules that a body must all keep to carry the bit, or any bit.

    No rule: it never carries one.
    """
    return (rule for rule in RULES if rule.concerns(body) and bit in {None, rule.bit})


@cache
def effective(cap: int) -> Cap:
    """The bits that an event counts with in releases. Without caps applied: none."""
    return NONE if cap & Cap.UNMARKED else Cap(cap & MARKS)


def may_mark(legal_class: LegalClass, period: int) -> bool:
    """Whether events of such a period may carry bits at an agency of this class (law 5)."""
    return (legal_class is LegalClass.year_only) is not bool(quarter_of(period))


def counts(cap: int, bit: Cap) -> bool:
    """Whether an event, or a correction, with this `cap` is in releases of this bit."""
    return bool(effective(cap) & bit)


def lawful(correction: int, restated: int) -> bool:
    """Whether a correction with this `cap` withdraws no more than its event has added."""
    return not effective(correction) & ~effective(restated)
