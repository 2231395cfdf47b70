"""Markers of one client's period: one as lax as the laws allow, and ones that break the laws."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from exchange.core.admission.cap_rules import MARKS, NONE, RULES, Cap, CapRule
from exchange.core.counting.cells import grouped
from exchange.core.counting.tables import TALLIED, domain, tally_length
from exchange.core.model.events import Correctable, Correction, Event, Tally
from exchange.core.model.vocabulary import UsState
from exchange.core.release.client_tables import needed, tally_bits
from tests.kits.caps_kit.laws import Sent

BITS: Final = tuple(MARKS)


@dataclass
class Marker:
    """Marks everything that the laws allow, when asked to. Corrections have their events' marks.

    With `forgets`, its caps begin anew with each month; with `arrives_again`, arrivals may be given
    again once they were withdrawn; with `keeps`, corrections leave these marks where they were.
    """

    period: int
    forgets: bool = False
    arrives_again: bool = False
    keeps: Cap = NONE
    sent: list[Sent] = field(default_factory=list)
    standing: dict[CapRule, dict[int, str]] = field(default_factory=dict)
    """Of each rule: the places in `sent` of its marked events, and their keys."""
    live: list[int] = field(default_factory=list)
    """Places in `sent` of the facts that the source still has."""

    def add(self, epoch: int, state: UsState, body: Correctable, wanted: Cap) -> None:
        """The source records one more fact."""
        bits, place = NONE, len(self.sent)
        for bit in BITS:
            rules = [rule for rule in RULES if rule.bit is bit and rule.concerns(body)]
            if bit & wanted and rules and all(self._room(rule, body) for rule in rules):
                bits |= bit
                for rule in rules:
                    self.standing.setdefault(rule, {})[place] = rule.key(body)
        self.live.append(place)
        self._send(epoch, state, bits, body)

    def withdraw(self, epoch: int, which: int) -> None:
        """The source withdraws one fact."""
        if not self.live:
            return
        place = self.live.pop(which % len(self.live))
        event = self.sent[place].event
        for rule, held in self.standing.items():
            if not rule.ever or self.arrives_again:
                held.pop(place, None)
        assert isinstance(event.body, Correctable)
        restated = Correction(1, bytes(32), event.period, event.state, event.cap, event.body)
        self._send(epoch, event.state, Cap(event.cap) & ~self.keeps, restated)

    def next_epoch(self) -> None:
        """Another month begins."""
        if self.forgets:
            self.standing.clear()

    def _room(self, rule: CapRule, body: Correctable) -> bool:
        held = self.standing.get(rule, {})
        return len(held) < rule.most and not (rule.distinct and rule.key(body) in held.values())

    def _send(self, epoch: int, state: UsState, bits: Cap, body: Correctable | Correction) -> None:
        self.sent.append(Sent(epoch, Event(1, bytes(32), self.period, state, int(bits), body)))


def tallied(marked: Iterable[Sent], epoch: int) -> list[Sent]:
    """One client's part of the tallies of the marked events: a tally for each table and state."""
    events = [one.event for one in marked]
    found = []
    for name, table in TALLIED.items():
        codes = domain(table, table.dimensions[0]) if table.dimensions else ("",)
        for state in dict.fromkeys(event.state for event in events):
            counts = [0] * tally_length(table)
            for event in events:
                if event.state is not state or not isinstance(event.body, table.body):
                    continue
                value = ""
                if table.dimensions:
                    value = grouped(table.dimensions[0], str(getattr(event.body, table.dimensions[0].field)))
                must = needed(table, event.body)
                if value in codes and event.cap & must == must:
                    counts[codes.index(value)] += 1
            body = Tally(name, tuple(counts))
            period = events[0].period
            found.append(Sent(epoch, Event(1, bytes(32), period, state, int(tally_bits(table)), body)))
    return found
