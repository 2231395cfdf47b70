"""The laws of marks, as a reader of the log checks them: on one client's period at one agency.

`Sent` is all that a marker under test must give: the events in the order of the agency's chain, and
when each arrived. Written from the declared rules alone.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from exchange.core.admission.cap_rules import NONE, RULES, CapRule
from exchange.core.model.events import Body, Correction, Event, Tally


@dataclass(frozen=True, slots=True)
class Sent:
    """An event, and the month in which it arrived, counted from January 2026."""

    epoch: int
    event: Event


def broken_law(sent: Sequence[Sent], rules: tuple[CapRule, ...] = RULES) -> str:
    """The law that the bits of one client's period break, in words; empty when they keep all."""
    standing: dict[CapRule, Counter[str]] = {rule: Counter() for rule in rules}
    ever: Counter[CapRule] = Counter()
    for one in sent:
        body, cap = one.event.body, one.event.cap
        back = isinstance(body, Correction)
        of: Body = body.body if isinstance(body, Correction) else body
        if isinstance(body, Correction) and cap != (NONE if isinstance(of, Tally) else body.cap):
            return "2: a correction has other marks than its event"
        for rule in rules:
            if not cap & rule.bit or not rule.concerns(of):
                continue
            now, key = standing[rule], rule.key(of)
            now[key] += -1 if back else 1
            ever[rule] += not back
            if now[key] < 0:
                return "1: marks are taken back that no event has"
            if now.total() > rule.most or (rule.distinct and now[key] > 1):
                return "1: more events stand than the cap allows"
            if rule.ever and ever[rule] > rule.most:
                return "1: a client arrives again"
    return ""
