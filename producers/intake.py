"""What becomes of a fact: judged by the policy, put into the vault, counted in the report."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from exchange.core.model.events import About
from producers.caps.policy import Leaves, Policy, SwitchedOff
from producers.delivery.report import Report
from producers.facts import Fact, NotWhole, Reading, RowIgnored, RowRefused, Taken
from producers.vault.event_tail import decode_tail
from producers.vault.fact_store import SOURCE, FactOutcome, FactStore
from producers.vault.unsettled import GoneBy

STATE: Final = "state"
"""The one field of a fact outside its body that a source may not have read."""


class FactIntake:
    """Takes facts into one vault, by one policy, and counts them in one report."""

    def __init__(self, policy: Policy, fact_store: FactStore, report: Report) -> None:
        self._policy, self._fact_store, self._report = policy, fact_store, report

    def take(self, fact: Fact) -> FactOutcome:
        """Put a fact under its key, if the policy lets it leave or count."""
        key = SOURCE + fact.key.encode()
        fact = self._as_known(key, fact) if fact.unread else fact
        judged = self._policy.judge(fact.period, fact.state, fact.body)
        if isinstance(judged, Leaves):
            outcome = self._fact_store.put(
                key, fact.period, judged.tail, client=fact.client, for_tally=judged.for_tally
            )
            self._report.kept += judged.for_tally
            self._report.unnamed += fact.body.about is About.CLIENT and not fact.client
        elif isinstance(judged, SwitchedOff):
            self._report.ignored[judged.why] += 1
            gone = self._fact_store.take_back(key, GoneBy.SWITCHED_OFF)
            outcome = FactOutcome.RETRACTED if gone else FactOutcome.IGNORED
        else:
            refused = RowRefused(fact.where, judged.column, judged.rule, record=fact.key, period=fact.period)
            self._report.refuse(refused)
            outcome = FactOutcome.REFUSED
        return self.count(outcome)

    def _as_known(self, key: bytes, fact: Fact) -> Fact:
        """The fact, in which the fields that the source could not read keep their known codes."""
        known = self._fact_store.current(key)
        event = None if known is None else decode_tail(*known)
        if event is None or type(event.body) is not type(fact.body):
            return fact
        kept = {name: getattr(event.body, name) for name in fact.unread if name != STATE}
        state = event.state if STATE in fact.unread else fact.state
        return replace(fact, state=state, body=replace(fact.body, **kept))

    @contextmanager
    def looked_ahead(self, readings: Iterable[Reading]) -> Iterator[None]:
        """A block that takes these readings: the vault looks up their facts all at once."""
        facts = [(SOURCE + one.key.encode(), one.client) for one in readings if isinstance(one, Fact)]
        self._fact_store.look_ahead(facts)
        try:
            yield
        finally:
            self._fact_store.look_ahead(())

    def leave(self, reading: RowRefused | RowIgnored | Taken | NotWhole) -> None:
        """Count a row that became no fact, or note what the source states about itself."""
        match reading:
            case RowRefused():
                self._report.refuse(reading)
                self.count(FactOutcome.REFUSED)
            case RowIgnored():
                self._report.ignored[reading.why] += 1
                self.count(FactOutcome.IGNORED)
            case Taken():
                self._report.taken.append(reading.words)
            case NotWhole():
                self._report.not_whole[reading.why] += 1

    def count(self, outcome: FactOutcome, times: int = 1) -> FactOutcome:
        """Count an outcome, and return it."""
        self._report.outcomes[outcome] += times
        return outcome
