"""What would leave, seen before it leaves: every different event once, with how many of it.

Order, keys and clients are not shown because they never leave; heartbeats are not shown because they say nothing of the
records.
"""

from dataclasses import dataclass

from exchange.core.events import Event
from producers.ledger import CORRECTION
from producers.tails import said_by
from producers.vault import Vault


@dataclass(frozen=True, slots=True)
class Leaving:
    """So many events that say this; `retracts`: they take back what was said."""

    event: Event
    count: int
    retracts: bool = False


def what_leaves(vault: Vault) -> list[Leaving]:
    """Everything that is still to be sent, chained or not."""
    new = "SELECT schema, want, count(*) FROM fact WHERE todo > 0 AND want IS NOT NULL GROUP BY schema, want"
    old = (
        "SELECT chain.schema, chain.tail, count(*) FROM fact JOIN chain ON chain.sequence = fact.sent "
        "WHERE fact.todo = ? GROUP BY chain.schema, chain.tail"
    )
    waiting = (
        "SELECT schema, tail, count(*) FROM chain "
        "WHERE kind = 0 AND key IS NOT NULL AND sequence > ? GROUP BY schema, tail"
    )
    taking_back = (
        "SELECT said.schema, said.tail, count(*) FROM chain JOIN chain AS said ON said.sequence = chain.target "
        "WHERE chain.kind = 1 AND chain.sequence > ? GROUP BY said.schema, said.tail"
    )
    accepted = int.from_bytes(vault.get("accepted"), "big")
    return [
        *(Leaving(said_by(schema, tail), count) for schema, tail, count in vault.all(waiting, (accepted,))),
        *(
            Leaving(said_by(schema, tail), count, retracts=True)
            for schema, tail, count in (*vault.all(taking_back, (accepted,)), *vault.all(old, (CORRECTION,)))
        ),
        *(Leaving(said_by(schema, tail), count) for schema, tail, count in vault.all(new)),
    ]
