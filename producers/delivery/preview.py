"""A preview of the events that would leave.

Every different event once, with its cap bits and its count.

Order, keys and clients are not shown, because they never leave. Heartbeats are not shown, because
they hold nothing from the records.
"""

from collections import Counter, deque
from dataclasses import dataclass

from exchange.core.admission.cap_rules import NONE
from exchange.core.model.events import Event
from producers.caps.marking import Caps, Marked
from producers.vault.event_tail import decode_tail, with_cap
from producers.vault.schema import CORRECTION, TODO_IS
from producers.vault.store import Vault


@dataclass(frozen=True, slots=True)
class Leaving:
    """`count` equal events.

    `retracts`: their corrections would leave, with whatever bits, not the events.
    """

    event: Event
    count: int
    retracts: bool = False


def what_leaves(vault: Vault, caps: Caps) -> tuple[list[Leaving], Marked]:
    """All events that are still to be sent, and of them those that are not chained yet."""
    deque(caps.decide(), maxlen=0)
    to_chain = _to_be_chained(vault, caps)
    old = (
        "SELECT chain.schema, chain.tail FROM fact JOIN chain ON chain.sequence = fact.sent "  # noqa: S608
        f"WHERE {TODO_IS} ORDER BY fact.key"
    )
    waiting = "SELECT schema, tail FROM chain WHERE kind = 0 AND key IS NOT NULL AND sequence > ?"
    retracting = (
        "SELECT target.schema, target.tail FROM chain JOIN chain AS target ON target.sequence = chain.target "
        "WHERE chain.kind = 1 AND chain.sequence > ?"
    )
    accepted = int.from_bytes(vault.get("accepted"), "big")
    retracted = Counter(
        (schema, with_cap(tail, NONE))
        for schema, tail in (*vault.all(retracting, (accepted,)), *vault.all(old, (CORRECTION,)))
    )
    chained: Marked = Counter((schema, tail) for schema, tail in vault.all(waiting, (accepted,)))
    return [
        *(Leaving(decode_tail(*fact), count) for fact, count in chained.items()),
        *(Leaving(decode_tail(*fact), count, retracts=True) for fact, count in retracted.items()),
        *(Leaving(decode_tail(*fact), count) for fact, count in to_chain.items()),
    ], to_chain


def _to_be_chained(vault: Vault, caps: Caps) -> Marked:
    new = "SELECT key, schema, want FROM fact NOT INDEXED WHERE todo > 0 AND want IS NOT NULL"
    marked = Counter((schema, want, caps.of_event(key)) for key, schema, want in vault.each(new))
    return Counter({(schema, with_cap(want, cap)): marked[schema, want, cap] for schema, want, cap in sorted(marked)})
