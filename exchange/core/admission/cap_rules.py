"""How much one client may add to any release: the bits of an event's `cap`, and their rules.

Unit: one client in one period at one agency. A period is a quarter, or the year of an agency that
reports no finer one. So every cap is counted within one period, never across the four quarters of a
year. With a cap on the year, removing one quarter of a client would let another quarter's event in,
and the difference would be twice the cap.

Laws. An edge keeps them over a client's whole history (every run, source and correction, a lost
vault included), and `exchange.core.release.sensitivity` depends on them. For each client, period
and rule:
1. At every moment at most `most` marked events count, each with another key (`CapRule.key`). A
   withdrawn event counts no more. Of a rule that holds for `ever`, at most one event is ever sent
   with the bit, withdrawn or not.
2. A correction carries exactly the marks of the event that it restates (`lawful`). So what is
   withdrawn before a period is counted leaves nothing, and taking back costs nothing.
3. A `Tally` counts marked events only (`exchange.core.release.client_tables.needed`) and carries
   the bits of the releases it feeds. Its correction carries none, nor does a tally that comes after
   one: a cut could fall between the two, and one client's late fact would move everybody in it.
4. An agency marks periods of one width only (`may_mark`): years, if its legal class is `year_only`,
   else quarters. So no client has marks in a quarter and in its year.

Events past a cap leave without the bit and are counted in every restricted table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
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
    """On one event of a client with an event past a cap; counts clients over their caps."""
    ONE = 8
    """The one event of its client that counts where several could share a cell."""
    ARRIVAL = 16
    """The one event of its client that ever counts by month of arrival."""


NONE: Final = Cap(0)
MARKS: Final = Cap.NATION | Cap.STATE | Cap.PAST | Cap.ONE | Cap.ARRIVAL
"""Every bit; each release counts with one of them."""


@dataclass(frozen=True, slots=True)
class CapRule:
    """How many events of one client and period may carry a bit, among those that the rule covers.

    - `body`: None for every client body.
    - `strand`: the rule covers only bodies with one of these fields applicable. Empty: all bodies.
    - `distinct`: the `field` or `field>group` in which all marked events must differ. Empty: none.
    - `leaves_out`: codes of that field that never get the bit.
    - `choice`: rules of one bit with the same choice admit the same keys, chosen among the keys of
      all events under any of them. So a ratio's two ends are about the same services.
    """

    bit: Cap
    body: type[e.Correctable] | None
    most: int
    distinct: str = ""
    strand: tuple[str, ...] = ()
    leaves_out: frozenset[str] = frozenset()
    choice: str = ""

    @property
    def ever(self) -> bool:
        """Whether an event that was withdrawn still holds its place."""
        return self.bit is Cap.ARRIVAL

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

_NEEDS: Final = "needs"

RULES: Final[tuple[CapRule, ...]] = (
    CapRule(Cap.NATION, e.CaseOpened, 1),
    CapRule(Cap.NATION, e.TraffickingFacts, 1, strand=FACTS),
    CapRule(Cap.NATION, e.TraffickingFacts, 2, "control_method", strand=("control_method",)),
    CapRule(Cap.NATION, e.NeedIdentified, 5, "service", choice=_NEEDS),
    CapRule(Cap.NATION, e.NeedUnmet, 5, "service", choice=_NEEDS),
    CapRule(Cap.NATION, e.ServiceProvided, 3, "service"),
    CapRule(Cap.NATION, e.BarrierReported, 1, "barrier"),
    CapRule(Cap.NATION, e.ReferralMade, 2, "service"),
    CapRule(Cap.NATION, e.HealthObserved, 2, "health_condition"),
    CapRule(Cap.NATION, e.OutcomeAssessed, 2, "outcome_domain"),
    CapRule(Cap.NATION, e.CaseClosed, 1),
    CapRule(Cap.NATION, e.ExploiterObserved, 2, "trafficker_type", strand=("trafficker_type",)),
    CapRule(Cap.NATION, e.ExploiterObserved, 1, strand=("buyer_or_beneficiary_type",)),
    *(CapRule(Cap.NATION, e.FactorObserved, 1, factor, strand=(factor,)) for factor in FACTORS),
    CapRule(Cap.ONE, e.ServiceProvided, 1),
    CapRule(Cap.ONE, e.NeedUnmet, 1),
    CapRule(Cap.ONE, e.ReferralResolved, 1),
    CapRule(Cap.ONE, e.OutcomeAssessed, 1),
    CapRule(Cap.STATE, e.CaseOpened, 1),
    CapRule(Cap.STATE, e.NeedIdentified, 4, _GROUP, leaves_out=SENSITIVE_SERVICES, choice=_NEEDS),
    CapRule(Cap.STATE, e.NeedUnmet, 4, _GROUP, leaves_out=SENSITIVE_SERVICES, choice=_NEEDS),
    CapRule(Cap.ARRIVAL, e.CaseOpened, 1),
    CapRule(Cap.ARRIVAL, e.NeedIdentified, 1),
    CapRule(Cap.ARRIVAL, e.ServiceProvided, 1),
    CapRule(Cap.ARRIVAL, e.NeedUnmet, 1),
    CapRule(Cap.PAST, None, 1),
)


def rules_of(body: e.Body, bit: Cap | None = None) -> Iterator[CapRule]:
    """The rules that a body must all keep to carry the bit, or any bit.

    No rule: it never carries one.
    """
    return (rule for rule in RULES if rule.concerns(body) and bit in {None, rule.bit})


def may_mark(legal_class: LegalClass, period: int) -> bool:
    """Whether events of such a period may carry bits at an agency of this class (law 4)."""
    return (legal_class is LegalClass.year_only) is not bool(quarter_of(period))


def lawful(correction: int, restated: int) -> bool:
    """Whether a correction with this `cap` takes back exactly the marks of its event.

    A `Tally` has none to take back: give NONE for it.
    """
    return correction == restated
