"""The part of a long run that one heartbeat signs, chosen so that nobody is parted.

The exchange may count between two signed parts. Where a correction were in one of them and its
successor in the next, it would count a client without the event that is changed, and there is no
later chance: each period is counted once. Marks move between a client's events (`caps.choice`), so
everything that waits about a client stays together, within the caps.

A part has clients that something is corrected about, in the order of the keyed hash of their first
correction. Facts without a client have nobody to be kept together with but their own successor.
Events of clients without a correction follow in parts of their own, in the order of all.

What it tells: that events in two parts are about two clients, if corrections are among them.
"""

from collections.abc import Iterator
from typing import Final

from exchange.core.admission.reasons import RUN_EVENTS_MAX
from producers.vault.schema import CORRECTION, TODO_IS
from producers.vault.store import Vault, batches, places

MEMBERS: Final = (
    "(SELECT fact.* FROM part CROSS JOIN fact ON fact.client = part.client "
    "UNION ALL SELECT fact.* FROM part CROSS JOIN fact ON fact.key = part.key)"
)
"""The facts of the part."""
_EVENTS: Final = "CASE WHEN todo = 2 AND want IS NOT NULL THEN 2 ELSE 1 END"
_FIRST: Final = f"SELECT key, client, {_EVENTS} FROM fact WHERE {TODO_IS} ORDER BY sort LIMIT ?"  # noqa: S608
_CORRECTIONS: Final = f"SELECT count(*) FROM fact WHERE {TODO_IS}"  # noqa: S608
_WAITING: Final = "SELECT count(*) FROM fact WHERE todo > 0"


def choose(vault: Vault, events: int) -> bool:
    """Choose the part of a signed run of at most so many events; returns whether there is one.

    There is none if nothing is corrected, if everything fits, or if all that is corrected is about
    clients of whom more waits than the exchange admits at once.
    """
    corrections = _number(vault, _CORRECTIONS, CORRECTION)
    if not corrections or corrections + _number(vault, _WAITING) <= events:
        return False
    members = list(_members(vault, events))
    vault.run("DELETE FROM part")
    vault.many("INSERT INTO part (client, key) VALUES (?, ?)", members)
    return bool(members)


def _number(vault: Vault, query: str, *values: int) -> int:
    row = vault.one(query, values)
    return int(row[0]) if row else 0


def waits(vault: Vault) -> bool:
    """Whether anything of the part is still to be chained."""
    return vault.one(f"SELECT 1 FROM {MEMBERS} WHERE todo > 0 LIMIT 1") is not None  # noqa: S608


def _members(vault: Vault, events: int) -> Iterator[tuple[int | None, bytes | None]]:
    """(client, key of a fact without one) of the part, as many as fit; at least one."""
    first = vault.all(_FIRST, (CORRECTION, events))
    clients = list(dict.fromkeys(client for _, client, _ in first if client is not None))
    sizes: dict[int, int] = {}
    for some in batches(clients):
        query = f"SELECT client, sum({_EVENTS}) FROM fact WHERE client IN ({places(some)}) AND todo > 0 GROUP BY client"  # noqa: S608
        sizes |= dict(vault.all(query, some))
    taken, seen = 0, set[int]()
    for key, client, own in first:
        if client in seen:
            continue
        size = own if client is None else sizes[client]
        if size >= RUN_EVENTS_MAX:
            continue
        if taken and taken + size > events:
            return
        taken += size
        if client is None:
            yield None, key
        else:
            seen.add(client)
            yield client, None
