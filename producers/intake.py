"""What becomes of a fact: judged by the policy, put into the vault, counted in the report."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from exchange.core.model.events import About
from exchange.core.model.period import quarter_of
from producers.caps.policy import Leaves, Policy, SwitchedOff
from producers.delivery.report import Report
from producers.facts import ClientWithdrawn, Complete, Fact, NotWhole, Reading, RowIgnored, RowRefused, Taken
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

    def absent(self, complete: Sequence[Complete]) -> list[bytes]:
        """The keys of the facts that are gone where a source is complete."""
        found = self._fact_store.incomplete([one.key_prefix for one in complete])
        return [key for n, key, period in found if self._is_absent(complete[n], key, period)]

    def _is_absent(self, complete: Complete, key: bytes, period: int) -> bool:
        begun = period <= self._policy.newest
        return begun and _within(period, complete.first, complete.last) and not complete.spares(_own(key))

    def of_withdrawn(self, client: ClientWithdrawn) -> list[bytes]:
        """The keys of the facts that are gone with a client."""
        return [key for key in self._fact_store.of_client(client.client) if not client.spares(_own(key))]

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


def _own(key: bytes) -> str:
    """The source's own key of a fact."""
    return key.removeprefix(SOURCE).decode()


def _within(period: int, first: int, last: int) -> bool:
    """Whether a quarter, or a year with all its quarters, lies between two periods."""
    last += 0 if quarter_of(last) else 4
    return first <= period <= last if quarter_of(period) else first <= period + 1 and period + 4 <= last


def together(readings: Iterable[Reading]) -> Iterator[Reading | list[Complete]]:
    """The readings in their order, but what is complete together, behind facts of other keys."""
    complete: list[Complete] = []
    prefixes: defaultdict[int, set[str]] = defaultdict(set)
    for reading in readings:
        if isinstance(reading, Complete):
            complete.append(reading)
            prefixes[len(reading.key_prefix)].add(reading.key_prefix)
            continue
        if complete and _may_matter(reading, prefixes):
            yield complete
            complete = []
            prefixes.clear()
        yield reading
    if complete:
        yield complete


def _may_matter(reading: Reading, prefixes: Mapping[int, Collection[str]]) -> bool:
    """Whether a reading must come behind what is complete under these, by their length."""
    if isinstance(reading, Fact):
        return any(reading.key[:length] in some for length, some in prefixes.items())
    return not isinstance(reading, RowRefused | RowIgnored)
