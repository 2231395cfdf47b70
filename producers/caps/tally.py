"""Tallies: totals that a tally_only agency sends instead of events about its clients.

There is one `Tally` for every quarter that is closed (from the first to the last quarter of the
kept facts), every state among these facts and every one-way client table. It has the table's full
domain, zeros included, and is counted by the same `exchange.core.counting.cells.increments` that
counts all other events. Only facts within their client's caps count, chosen like events
(`producers.caps.marking`), because nothing can be taken out of a tally later; facts without a
client do not count. There are tallies of quarters only: a year's tally and those of its quarters
exclude each other. A tally with a count of 1–10 is held back unless the agency's counsel agreed to
small counts.

A tally is a fact with a key of its own. So changed facts lead to its correction and a new tally in
the same way as for all other facts. Not promised: that a quarter is complete; a tally counts the
facts that are there when it is counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from exchange.core.admission.cap_rules import NONE, Cap
from exchange.core.admission.reasons import SMALL_COUNT_MAX
from exchange.core.counting.cells import increments
from exchange.core.counting.tables import TALLIED, tally_codes, tally_length
from exchange.core.model.events import Correctable, Event, Tally
from exchange.core.model.period import FIRST, LAST_YEAR, is_period, period_of, period_text, quarter_of, quarter_of_month
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.core.release.client_tables import needed
from producers.caps.marking import Marked, choose_tally_facts
from producers.caps.tally_batches import are_counted, count_anew, first_batch_over, were_counted
from producers.errors import QuarterNotClosable
from producers.vault.event_tail import (
    body_bytes,
    body_of,
    cap_of,
    decode_tail,
    encode_tail,
    period_of_tail,
    state_of_tail,
    with_cap,
)
from producers.vault.fact_store import TALLY, FactOutcome, FactStore
from producers.vault.read_back import tally_key
from producers.vault.store import Vault

CLOSES_AFTER_DAYS: Final = 15
_ANY_AGENCY: Final = "tally"
_ANY_STATE: Final = UsState.al
_NO_PREVIOUS: Final = bytes(32)
_TALLIED: Final = frozenset(TallyTable)
Place = tuple[TallyTable, int, UsState]


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A tally that was not sent, because it holds a small count. Never the value."""

    table: TallyTable
    period: int
    state: UsState

    def __str__(self) -> str:
        return f"{self.table}, {period_text(self.period)}, {self.state}"


@dataclass(frozen=True, slots=True)
class Tallied:
    """The result of counting: outcomes of tallies, those held back, and the facts with bits.

    `put_off`: tallies that waited to be sent, and that the run which closes their quarter counts
    anew.
    """

    outcomes: Counter[FactOutcome] = field(default_factory=Counter)
    held_back: tuple[HeldBack, ...] = ()
    facts: Marked = field(default_factory=Counter)
    put_off: int = 0


def current_quarter(today: date) -> int:
    """The quarter of a day."""
    return period_of(min(today.year, LAST_YEAR), quarter_of_month(today.month))


def due_before(today: date) -> int:
    """The quarters before this one are closed by the next scheduled run.

    A quarter is due `CLOSES_AFTER_DAYS` days after its end, when its last facts have been entered.
    """
    return current_quarter(today - timedelta(days=CLOSES_AFTER_DAYS))


def closes_before(legal_class: LegalClass, vault: Vault, today: date, *, scheduled: bool, asked: int | None) -> int:
    """The quarters before this one are closed after this run: those that were, and those it closes.

    A run by hand closes nothing but what it is asked to. Otherwise a client's refusal, or whatever
    else makes a person run the edge, would decide what is counted of all others. Raises
    QuarterNotClosable.
    """
    closed = first_batch_over(vault)
    if asked is None:
        return max(closed, due_before(today)) if scheduled else closed
    text = period_text(asked)
    if legal_class is not LegalClass.tally_only:
        raise QuarterNotClosable("Only an agency that shares totals only closes quarters.")
    if not quarter_of(asked) or asked >= current_quarter(today):
        raise QuarterNotClosable(f"{text} is no quarter that is over.")
    if asked < closed:
        raise QuarterNotClosable(f"{text} is closed already: its totals were counted once.")
    return asked + 1


def not_closed(fact_store: FactStore, open_quarter: int, today: date) -> list[int]:
    """The quarters from `open_quarter` on that are over and have facts: nobody has closed them."""
    return [period for period in fact_store.kept_periods() if open_quarter <= period < current_quarter(today)]


def quarters(first: int, last: int) -> Iterator[int]:
    """The quarters from first to last, both included."""
    return (period for period in range(first, last + 1) if quarter_of(period) and is_period(period))


def marked_facts(fact_store: FactStore) -> Marked:
    """The facts that are kept for tallies, with the bits that they would carry as events."""
    chosen = choose_tally_facts(fact_store.cap_key, fact_store.tally_facts())
    return Counter((schema, with_cap(tail, bits)) for schema, tail, bits in chosen)


def count(facts: Marked, open_quarter: int) -> dict[Place, list[int]]:
    """The counts of every tally of the quarters before `open_quarter`, from facts with cap bits."""
    counted: Counter[tuple[Place, str]] = Counter()
    closed: set[int] = set()
    states: set[UsState] = set()
    for (schema, tail), times in facts.items():
        period, state = period_of_tail(tail), state_of_tail(tail)
        states.add(state)
        if period >= open_quarter:
            continue
        closed.add(period)
        bits = cap_of(tail)
        for name, value, must in _counting(schema, body_bytes(tail)):
            if not must & ~bits:
                counted[(name, period, state), value] += times
    return {
        place: [counted[place, value] for value in tally_codes(TALLIED[place[0]])]
        for place in _places(quarters(min(closed), max(closed)) if closed else (), sorted(states))
    }


@lru_cache(maxsize=1 << 16)
def _counting(schema: int, body: bytes) -> tuple[tuple[TallyTable, str, Cap], ...]:
    """(table, value, bits that the event needs) of each tally that counts such a body."""
    decoded = body_of(schema, body)
    assert isinstance(decoded, Correctable)
    found = []
    for cell, n in increments(_ANY_AGENCY, Event(0, _NO_PREVIOUS, FIRST, _ANY_STATE, 0, decoded)):
        name, _, _, *value = cell.decode("ascii").split("|")  # a tally takes the place from the event
        if name in _TALLIED:
            assert n == 1
            found.append((TallyTable(name), "".join(value), needed(TALLIED[TallyTable(name)], decoded)))
    return tuple(found)


def _places(periods: Iterable[int], states: Iterable[UsState]) -> Iterator[Place]:
    states = tuple(states)
    return ((name, period, state) for period in periods for state in states for name in TallyTable)


def stage_tallies(
    vault: Vault, fact_store: FactStore, open_quarter: int, *, small_counts: bool, closes: bool
) -> Tallied:
    """Put the tallies of all quarters before `open_quarter` into the fact store.

    Sent ones that are now empty become zeros. Later ones that wait to be sent do so no more: the
    run that closes their quarter counts them anew.

    `closes`: whether this run closes quarters; no other counts anything after some were read back.

    Does nothing if they are there and nothing has changed. Tallies that are held back are counted
    each time, so that the run can report them.
    """
    if (small_counts and are_counted(vault, open_quarter)) or (count_anew(vault) and not closes):
        return Tallied()
    facts = marked_facts(fact_store)
    counted = count(facts, open_quarter)
    put_off = 0
    for key in _staged_before(fact_store):
        if key[1] < open_quarter:
            counted.setdefault(key, [0] * tally_length(TALLIED[key[0]]))
        elif fact_store.waits(tally_key(*key)):
            fact_store.withdraw(tally_key(*key))
            put_off += 1
    outcomes: Counter[FactOutcome] = Counter()
    held: list[HeldBack] = []
    for (name, period, state), counts in counted.items():
        place = tally_key(name, period, state)
        if not small_counts and any(0 < n <= SMALL_COUNT_MAX for n in counts):
            held.append(HeldBack(name, period, state))
            if fact_store.withdraw(place):
                outcomes[FactOutcome.RETRACTED] += 1
            continue
        outcomes[fact_store.put(place, period, encode_tail(period, state, NONE, Tally(name, tuple(counts))))] += 1
    were_counted(vault, open_quarter if small_counts else 0)  # without consent they are counted again each time
    return Tallied(outcomes, tuple(held), facts, put_off)


def _staged_before(fact_store: FactStore) -> Iterator[Place]:
    for key in fact_store.keys(TALLY):
        current = fact_store.current(key)
        if current is not None:
            event = decode_tail(*current)
            assert isinstance(event.body, Tally)
            yield event.body.table, event.period, event.state
