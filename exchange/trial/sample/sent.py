"""An honest edge's events for a sample agency, also as chained value bytes for benchmarks.

It is independent of the real edge, except for the choice within a client's caps
(`producers.caps.choice`): tests compare the real edge with it. Heartbeats are left out, except in a
`SignedChain`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Final

from exchange.core.admission.cap_rules import NONE, Cap
from exchange.core.counting.tables import TALLIED, Table, tally_codes
from exchange.core.model.event_layout import KIND, head_octets, middle_octets
from exchange.core.model.events import About, Correctable, Event, Tally
from exchange.core.model.period import FIRST
from exchange.core.model.vocabulary import AGE_GROUP, UsState
from exchange.core.release.client_tables import needed, tally_bits
from exchange.trial.sample_key import SampleKey
from exchange.wire.codec import encode
from exchange.wire.schemas import newest
from producers.caps.choice import Present, Ranks, choose
from producers.facts import Fact, Where
from producers.vault.fact_store import SOURCE

_NOWHERE: Final = Where("", 0)


Marks = Mapping[str, Cap]
"""Key of a fact → its bits; facts without bits are left out."""


def marks_of(facts: Iterable[Fact], cap_key: bytes) -> Marks:
    """The bits that an edge with this key gives these facts, if it learns of all at once."""
    units: dict[tuple[str, int], list[Present]] = defaultdict(list)
    for fact in facts:
        if fact.client:
            units[fact.client, fact.period].append(Present(SOURCE + fact.key.encode(), fact.body))
    return {
        key.removeprefix(SOURCE).decode(): bits
        for (client, period), present in units.items()
        for key, bits in choose(Ranks.of(cap_key, client.encode(), period), present).items()
        if bits
    }


def with_tallies(facts: Iterable[Fact], closed: tuple[int, ...], marks: Marks) -> Iterator[Fact]:
    """The facts about the agency; a `Tally` for each table, closed period and state of clients.

    A tally counts the facts that have, by `marks`, every bit of the releases that it reaches.
    """
    bodies: Counter[tuple[int, UsState, Correctable, Cap]] = Counter()
    for fact in facts:
        if fact.body.about is About.AGENCY:
            yield fact
        elif fact.period in closed:
            bodies[fact.period, fact.state, fact.body, marks.get(fact.key, NONE)] += 1
    counts: Counter[tuple[int, UsState, str, str]] = Counter()
    for (period, state, body, bits), n in bodies.items():
        for name, table in TALLIED.items():
            if isinstance(body, table.body) and not needed(table, body) & ~bits:
                counts[period, state, name, _value(table, body)] += n
    for period, state in sorted({(period, state) for period, state, _, _ in bodies}):
        for name, table in TALLIED.items():
            tally = Tally(name, tuple(counts[period, state, name, code] for code in tally_codes(table)))
            yield Fact(f"tally.{name}.{period}.{state}", period, state, tally, "", _NOWHERE)


def _value(table: Table, body: Correctable) -> str:
    """The value of a one-way table; for an age band, which no table shows, its group."""
    if not table.dimensions:
        return ""
    value = str(getattr(body, table.dimensions[0].field))
    return AGE_GROUP[value] if table.dimensions[0].group == "age_group" else value


def chained_values(agency: str, facts: Iterable[Fact], marks: Marks | None = None) -> Iterator[bytes]:
    """The facts as one agency's chain of value bytes from sequence 1, as in its inbox.

    Events have the bits of `marks`; without `marks`, no event about a client is in a release.
    Tallies have bits of their own. This is fast, because equal bodies are encoded once. The first
    `previous`, random in a real vault, is the SHA-256 of the code.
    """
    prefix, previous = newest("event").prefix, sha256(agency.encode("ascii")).digest()
    for sequence, fact in enumerate(facts, start=1):
        cap = cap_of(fact, marks or {})
        head, middle = head_octets(prefix, sequence, previous), middle_octets(fact.period, fact.state, cap)
        value = head + middle + _body_octets(fact.body)
        previous = sha256(value).digest()
        yield value


class SignedChain:
    """One agency's chain of value bytes, run by run, each closed by a heartbeat.

    Events have the bits of `marks`.
    """

    def __init__(self, agency: str, facts: Iterable[Fact], marks: Marks | None = None) -> None:
        self.key = SampleKey(agency)
        self._facts, self._marks = iter(facts), marks or {}
        self._sequence, self._previous = 0, sha256(agency.encode("ascii")).digest()

    def take(self, count: int) -> list[bytes]:
        """The next `count` events, the last of them a heartbeat; fewer where facts run out."""
        values = [
            self._link(fact.period, fact.state, _body_octets(fact.body), cap_of(fact, self._marks))
            for fact in islice(self._facts, count - 1)
        ]
        if not values and count > 1:
            return []
        beat = self.key.heartbeat(self._sequence + 1, self._previous)
        octets = encode(Event(0, bytes(32), FIRST, UsState.al, NONE, beat))[KIND:]
        return [*values, self._link(FIRST, UsState.al, octets)]

    def _link(self, period: int, state: UsState, body: bytes, cap: Cap = NONE) -> bytes:
        self._sequence += 1
        head = head_octets(newest("event").prefix, self._sequence, self._previous)
        value = head + middle_octets(period, state, cap) + body
        self._previous = sha256(value).digest()
        return value


def cap_of(fact: Fact, marks: Marks) -> Cap:
    """The bits of a fact, or of a tally of an agency that agreed to small counts, as it leaves."""
    return tally_bits(TALLIED[fact.body.table]) if isinstance(fact.body, Tally) else marks.get(fact.key, NONE)


@lru_cache(maxsize=1 << 16)
def _body_octets(body: Correctable) -> bytes:
    return encode(Event(0, bytes(32), FIRST, UsState.al, NONE, body))[KIND:]
