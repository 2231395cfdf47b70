"""What an honest edge sends for a sample agency, and the same as chained value bytes for benchmarks.

Independent of the real edge: it is what tests compare the real one with. Heartbeats are left out, because only an edge
with a key can sign them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Final

from exchange.core.events import ALL_CAPS, About, AgencyProfiled, Correctable, Event, Tally
from exchange.core.period import FIRST
from exchange.core.tables import TALLIED, Table, domain
from exchange.core.vocabulary import AGE_GROUP, AgencyType, ReportingMode, UsState
from exchange.wire.codec import HEAD, encode
from exchange.wire.schemas import newest
from producers.facts import Fact, Where

_NOWHERE: Final = Where("", 0)
_BODY: Final = HEAD + 4
_ANY_BODY: Final = AgencyProfiled(AgencyType.other, ReportingMode.events)


def with_tallies(facts: Iterable[Fact], closed: tuple[int, ...]) -> Iterator[Fact]:
    """The facts about the agency, then one `Tally` for each table, closed period and state that the clients were in."""
    bodies: Counter[tuple[int, UsState, Correctable]] = Counter()
    for fact in facts:
        if fact.body.about is About.AGENCY:
            yield fact
        elif fact.period in closed:
            bodies[fact.period, fact.state, fact.body] += 1
    counts: Counter[tuple[int, UsState, str, str]] = Counter()
    for (period, state, body), n in bodies.items():
        for name, table in TALLIED.items():
            if isinstance(body, table.body):
                counts[period, state, name, _value(table, body)] += n
    for period, state in sorted({(period, state) for period, state, _ in bodies}):
        for name, table in TALLIED.items():
            values = domain(table, table.dimensions[0]) if table.dimensions else ("",)
            tally = Tally(name, tuple(counts[period, state, name, value] for value in values))
            yield Fact(f"tally.{name}.{period}.{state}", period, state, tally, "", _NOWHERE)


def _value(table: Table, body: Correctable) -> str:
    """The value of a one-way table; of age bands, which no table shows, the group."""
    if not table.dimensions:
        return ""
    value = str(getattr(body, table.dimensions[0].field))
    return AGE_GROUP[value] if table.dimensions[0].group == "age_group" else value


def chained_values(agency: str, facts: Iterable[Fact]) -> Iterator[bytes]:
    """The value bytes of the facts as one agency's chain, from sequence 1: what its inbox, and `events`, would hold.

    Fast, because equal bodies are encoded once. The first `previous`, random in a real vault, is the SHA-256 of the code.
    """
    prefix, previous = newest("event").prefix, sha256(agency.encode("ascii")).digest()
    for sequence, fact in enumerate(facts, start=1):
        place, body = _place_bytes(fact.period, fact.state), _body_bytes(fact.body)
        value = b"%b%b%b%b%b" % (prefix, sequence.to_bytes(8, "big"), previous, place, body)
        previous = sha256(value).digest()
        yield value


@lru_cache(maxsize=1 << 16)
def _body_bytes(body: Correctable) -> bytes:
    return encode(Event(0, bytes(32), FIRST, UsState.al, ALL_CAPS, body))[_BODY:]


@lru_cache(maxsize=1 << 16)
def _place_bytes(period: int, state: UsState) -> bytes:
    """Period, state and caps: the four bytes between head and body, whatever the body."""
    return encode(Event(0, bytes(32), period, state, ALL_CAPS, _ANY_BODY))[HEAD:_BODY]
