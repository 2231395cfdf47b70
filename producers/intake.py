"""What becomes of a fact: judged by the policy, put into the vault, counted in the report."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from exchange.core.model.events import About
from producers.caps.policy import Leaves, Policy, SwitchedOff
from producers.delivery.report import Report
from producers.facts import Fact, Reading, RowIgnored, RowRefused
from producers.vault.fact_store import SOURCE, FactOutcome, FactStore


class FactIntake:
    """Takes facts into one vault, by one policy, and counts them in one report."""

    def __init__(self, policy: Policy, fact_store: FactStore, report: Report) -> None:
        self._policy, self._fact_store, self._report = policy, fact_store, report

    def take(self, fact: Fact) -> FactOutcome:
        """Put a fact under its key, if the policy lets it leave or count."""
        judged = self._policy.judge(fact.period, fact.state, fact.body)
        key = SOURCE + fact.key.encode()
        if isinstance(judged, Leaves):
            outcome = self._fact_store.put(
                key, fact.period, judged.tail, client=fact.client, for_tally=judged.for_tally
            )
            self._report.kept += judged.for_tally
            self._report.unnamed += fact.body.about is About.CLIENT and not fact.client
        elif isinstance(judged, SwitchedOff):
            self._report.ignored[judged.why] += 1
            outcome = FactOutcome.RETRACTED if self._fact_store.withdraw(key) else FactOutcome.IGNORED
        else:
            self._report.refuse(RowRefused(fact.where, judged.column, judged.rule))
            outcome = FactOutcome.REFUSED
        return self.count(outcome)

    @contextmanager
    def looked_ahead(self, readings: Iterable[Reading]) -> Iterator[None]:
        """A block that takes these readings: the vault looks up their facts all at once."""
        facts = [(SOURCE + one.key.encode(), one.client) for one in readings if isinstance(one, Fact)]
        self._fact_store.look_ahead(facts)
        try:
            yield
        finally:
            self._fact_store.look_ahead(())

    def leave(self, row: RowRefused | RowIgnored) -> None:
        """Count a row that the source refused, or that is not for the exchange."""
        if isinstance(row, RowRefused):
            self._report.refuse(row)
            self.count(FactOutcome.REFUSED)
        else:
            self._report.ignored[row.why] += 1
            self.count(FactOutcome.IGNORED)

    def count(self, outcome: FactOutcome, times: int = 1) -> FactOutcome:
        """Count an outcome, and return it."""
        self._report.outcomes[outcome] += times
        return outcome
