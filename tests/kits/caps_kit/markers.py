"""Markers of one client's period: one as lax as the laws allow, and ones that break the laws."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from exchange.core.admission.cap_rules import NONE, RULES, Cap, CapRule, effective
from exchange.core.counting.cells import grouped
from exchange.core.counting.tables import TALLIED, domain, tally_length
from exchange.core.model.events import Correctable, Correction, Event, Tally
from exchange.core.model.vocabulary import UsState
from exchange.core.release.client_tables import needed, tally_bits
from tests.kits.caps_kit.contribution import Sent

BITS: Final = (Cap.NATION, Cap.STATE, Cap.PAST)


@dataclass
class Marker:
    """Marks everything that the laws allow, when asked to.

    With `forgets`, its caps begin anew with each epoch, batch or run.
    """

    period: int
    forgets: bool = False
    corrects_freely: bool = False
    rules: tuple[CapRule, ...] = RULES
    sent: list[Sent] = field(default_factory=list)
    current: dict[CapRule, dict[str, int]] = field(default_factory=dict)
    used: dict[CapRule, int] = field(default_factory=dict)
    live: list[int] = field(default_factory=list)
    """Places in `sent` of the facts that the source still has."""

    def add(self, epoch: int, state: UsState, body: Correctable, wanted: Cap) -> None:
        """The source records one more fact."""
        bits = NONE
        for bit in BITS:
            rules = [rule for rule in self.rules if rule.bit is bit and rule.concerns(body)]
            if bit & wanted and rules and all(self._room(rule, body) for rule in rules):
                bits |= bit
                for rule in rules:
                    self.current.setdefault(rule, {})[self._key(rule, body)] = len(self.sent)
        self.live.append(len(self.sent))
        self._send(epoch, state, bits, body)

    def withdraw(self, epoch: int, which: int, wanted: Cap) -> None:
        """The source withdraws one fact; if its bits are not withdrawn, it stays in releases."""
        if not self.live:
            return
        place = self.live.pop(which % len(self.live))
        event = self.sent[place].event
        bits = NONE
        for bit in BITS:
            rules = [rule for rule in self.rules if rule.bit is bit and rule.concerns(event.body)]
            may = self.corrects_freely or all(self.used.get(rule, 0) < rule.corrections for rule in rules)
            if bit & wanted & effective(event.cap) and may:
                bits |= bit
                for rule in rules:
                    self.used[rule] = self.used.get(rule, 0) + 1
                    held = self.current.get(rule, {})
                    self.current[rule] = {key: n for key, n in held.items() if n != place}
        assert isinstance(event.body, Correctable)
        restated = Correction(1, bytes(32), event.period, event.state, event.cap, event.body)
        self._send(epoch, event.state, bits, restated)

    def next_epoch(self) -> None:
        """Another month begins."""
        if self.forgets:
            self.current.clear()
            self.used.clear()

    def _room(self, rule: CapRule, body: Correctable) -> bool:
        held = self.current.get(rule, {})
        return len(held) < rule.most and self._key(rule, body) not in held

    def _key(self, rule: CapRule, body: Correctable) -> str:
        return rule.key(body) if rule.distinct else str(len(self.sent))

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
                if value in codes and effective(event.cap) & must == must:
                    counts[codes.index(value)] += 1
            body = Tally(name, tuple(counts))
            period = events[0].period
            found.append(Sent(epoch, Event(1, bytes(32), period, state, int(tally_bits(table)), body)))
    return found
