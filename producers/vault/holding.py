"""A hold, on a client's facts: those that wait are dropped; sent ones stay, or are withdrawn."""

from typing import Final

from exchange.core.admission.cap_rules import NONE
from producers.vault.event_tail import with_cap
from producers.vault.lost_withdrawals import forget
from producers.vault.schema import CORRECTION
from producers.vault.store import Vault

CHANGED: Final = "holds_changed"
"""The vault's own value: one byte once a hold was made or ended since the last backup."""


def changed_since_backup(vault: Vault) -> bool:
    """Whether a hold was made or ended that no backup knows."""
    row = vault.one("SELECT value FROM meta WHERE name = ?", (CHANGED,))
    return row is not None and bool(row[0])


def hold(vault: Vault, client: int, *, retract: bool) -> int:
    """Drop what waits about the client of this number, who is held now.

    `retract`: also withdraw what was sent; returns the number of these facts.
    """
    forget(vault, client)
    vault.set(CHANGED, b"\1")
    if retract:
        withdraw = (
            "UPDATE fact SET want = NULL, refused = NULL, todo = CASE WHEN sent > 0 THEN 2 ELSE 0 END WHERE client = ?"
        )
        vault.run(withdraw, (client,))
        return len(vault.all("SELECT 1 FROM fact WHERE client = ? AND todo = ?", (client, CORRECTION)))
    # Waiting facts are dropped; changed ones stay as sent; withdrawn ones are still retracted.
    vault.run("UPDATE fact SET want = NULL, todo = 0, refused = NULL WHERE client = ? AND sent = 0", (client,))
    changed = vault.all(
        "SELECT fact.key, chain.schema, chain.tail FROM fact JOIN chain ON chain.sequence = fact.sent "
        "WHERE fact.client = ? AND todo = ? AND want IS NOT NULL",
        (client, CORRECTION),
    )
    as_sent = ((schema, with_cap(tail, NONE), key) for key, schema, tail in changed)
    vault.many("UPDATE fact SET schema = ?, want = ?, todo = 0 WHERE key = ?", as_sent)
    return 0


def unhold(vault: Vault, client: int) -> None:
    """Choose anew the marks about the client of this number, who is no longer held."""
    forget(vault, client)
    vault.set(CHANGED, b"\1")
    vault.run("UPDATE client SET anew = 1 WHERE id = ?", (client,))
