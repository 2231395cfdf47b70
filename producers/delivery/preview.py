"""What would leave, seen before it leaves: every different event once, with the bits of its caps and how many of it.

Order, keys and clients are not shown because they never leave; heartbeats are not shown because they say nothing of the
records.
"""

from collections import Counter
from dataclasses import dataclass

from exchange.core.admission.cap_rules import NONE
from exchange.core.model.events import Event
from producers.caps.marking import Caps, Marked
from producers.vault.event_tail import decode_tail, with_cap
from producers.vault.fact_store import CORRECTION
from producers.vault.store import Vault


@dataclass(frozen=True, slots=True)
class Leaving:
    """So many events that say this; `retracts`: they take back what was said, with whatever bits."""

    event: Event
    count: int
    retracts: bool = False


def what_leaves(vault: Vault, caps: Caps) -> list[Leaving]:
    """Everything that is still to be sent, chained or not; its bits are decided."""
    old = (
        "SELECT chain.schema, chain.tail FROM fact JOIN chain ON chain.sequence = fact.sent WHERE fact.todo = ? "
        "ORDER BY fact.key"
    )
    waiting = "SELECT schema, tail FROM chain WHERE kind = 0 AND key IS NOT NULL AND sequence > ?"
    taking_back = (
        "SELECT said.schema, said.tail FROM chain JOIN chain AS said ON said.sequence = chain.target "
        "WHERE chain.kind = 1 AND chain.sequence > ?"
    )
    accepted = int.from_bytes(vault.get("accepted"), "big")
    gone = Counter(
        (schema, with_cap(tail, NONE))
        for schema, tail in (*vault.all(taking_back, (accepted,)), *vault.all(old, (CORRECTION,)))
    )
    chained: Marked = Counter((schema, tail) for schema, tail in vault.all(waiting, (accepted,)))
    return [
        *(Leaving(decode_tail(*said), count) for said, count in chained.items()),
        *(Leaving(decode_tail(*said), count, retracts=True) for said, count in gone.items()),
        *(Leaving(decode_tail(*said), count) for said, count in to_be_chained(vault, caps).items()),
    ]


def to_be_chained(vault: Vault, caps: Caps) -> Marked:
    """What is to be sent and not chained yet, with its bits."""
    new = "SELECT key, schema, want FROM fact WHERE todo > 0 AND want IS NOT NULL ORDER BY schema, want"
    return Counter((schema, with_cap(want, caps.of_event(key))) for key, schema, want in vault.all(new))
