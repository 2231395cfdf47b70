"""The facts of a file beside those that the exchange has: new, changed, withdrawn, same.

A fact is one that an event states, so a `tally_only` agency's are its totals. What of a run waits
for a person is in none of these.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from exchange.core.admission.cap_rules import NONE
from exchange.core.model.events import Body, Correction, Heartbeat, Tally
from producers.vault.event_tail import decode_tail, same_fact, with_cap
from producers.vault.fact_store import UNCLAIMED
from producers.vault.schema import CORRECTION, EVENT, prefix_end
from producers.vault.store import Vault


class FactChange(StrEnum):
    """What the run does about a fact."""

    NEW = "new"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    SAME = "same"


_FACTS: Final = (
    "SELECT fact.schema, fact.want, fact.todo, fact.sent, fact.stated, fact.refused, chain.schema, chain.tail "
    "FROM fact LEFT JOIN chain ON fact.sent > 0 AND chain.sequence = fact.sent "
    "WHERE fact.kept = 0 AND NOT (fact.key >= ? AND fact.key < ?) AND (fact.todo > 0 OR fact.sent > 0)"
)
Sorted = Mapping[FactChange, Counter[tuple[int, bytes]]]


@dataclass(frozen=True, slots=True)
class CodeCompared:
    """One code of one field of a body, and how many facts with it are new, changed and so on."""

    body: str
    field: str
    code: str
    counts: Mapping[FactChange, int]

    def plain(self) -> dict[str, object]:
        """As JSON-able data."""
        return {
            "body": self.body,
            "field": self.field,
            "code": self.code,
            **{str(c): self.counts[c] for c in FactChange},
        }


@dataclass(frozen=True, slots=True)
class FactsCompared:
    """The facts of a run by body, and by each field and code.

    `again`: facts that are the same, and whose events are sent again because other events of their
    client came or went, so that other ones are within the caps.
    """

    bodies: Mapping[str, Mapping[FactChange, int]]
    codes: tuple[CodeCompared, ...]
    again: int

    def total(self, change: FactChange) -> int:
        """All facts of this change."""
        return sum(counts[change] for counts in self.bodies.values())

    def plain(self) -> dict[str, object]:
        """As JSON-able data."""
        total = {str(change): self.total(change) for change in FactChange}
        bodies = {body: {str(change): counts[change] for change in FactChange} for body, counts in self.bodies.items()}
        return {
            "facts": total,
            "sent_again": self.again,
            "bodies": bodies,
            "codes": [one.plain() for one in self.codes],
        }


def compare_facts(vault: Vault) -> FactsCompared:
    """Compare the facts of a vault, in which a run is prepared and nothing of it is sent."""
    run = int.from_bytes(vault.get("run"), "big")
    accepted = int.from_bytes(vault.get("accepted"), "big")
    found: dict[FactChange, Counter[tuple[int, bytes]]] = {change: Counter() for change in FactChange}
    again = 0
    for schema, want, todo, sent, stated, refused, its_schema, its_tail in vault.each(
        _FACTS, (UNCLAIMED, prefix_end(UNCLAIMED))
    ):
        if want is None:
            if todo == CORRECTION and its_tail is not None:
                found[FactChange.WITHDRAWN][its_schema, with_cap(its_tail, NONE)] += 1
        elif todo == CORRECTION:
            same = its_tail is not None and same_fact((its_schema, its_tail), (schema, want))
            again += same
            found[FactChange.SAME if same else FactChange.CHANGED][schema, want] += 1
        elif todo == EVENT or sent > accepted:
            found[FactChange.NEW][schema, want] += 1
        elif not refused and stated == run:
            found[FactChange.SAME][schema, want] += 1
    return FactsCompared(_by_body(found), tuple(_by_code(found)), again)


def _events(found: Sorted) -> Iterator[tuple[FactChange, Body, int]]:
    for change, counted in found.items():
        for (schema, tail), count in counted.items():
            body = decode_tail(schema, tail).body
            if not isinstance(body, (Heartbeat, Correction)):
                yield change, body, count


def _by_body(found: Sorted) -> dict[str, Counter[FactChange]]:
    bodies: dict[str, Counter[FactChange]] = {}
    for change, body, count in _events(found):
        bodies.setdefault(type(body).__name__, Counter())[change] += count
    return dict(sorted(bodies.items()))


def _by_code(found: Sorted) -> Iterator[CodeCompared]:
    codes: dict[tuple[str, int, str, str], Counter[FactChange]] = {}
    for change, body, count in _events(found):
        for place, one in enumerate(fields(body)):
            if not isinstance(body, Tally) or one.name == "table":
                key = (type(body).__name__, place, one.name, str(getattr(body, one.name)))
                codes.setdefault(key, Counter())[change] += count
    for (body_name, _, field, code), counts in sorted(codes.items()):
        yield CodeCompared(body_name, field, code, counts)
