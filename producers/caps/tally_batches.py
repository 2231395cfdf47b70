"""What a vault remembers of its tallies: which stand as counted, and which quarters have had their first batch.

Two marks, each a quarter: tallies before the first are counted, and what they count has not changed since (triggers of the
vault say so); quarters before the second have had the one batch that counts in releases, whatever it held. The second moves
with complete runs, so with the calendar, and with nothing that a client's record could change.
"""

from producers.vault.fact_store import TALLY, behind
from producers.vault.store import Vault


def are_counted(vault: Vault, before: int) -> bool:
    """Whether the tallies of all periods before this one were counted and stand, and what they count is as it was."""
    changed = vault.one("SELECT 1 FROM recount WHERE period < ? LIMIT 1", (before,))
    fallen = "SELECT 1 FROM fact WHERE key >= ? AND key < ? AND (refused IS NOT NULL OR want IS NULL) LIMIT 1"
    if changed or vault.one(fallen, (TALLY, behind(TALLY))):  # by the exchange, or by another copy of this vault
        return False
    return vault.get("counted") == before.to_bytes(2, "big")


def were_counted(vault: Vault, before: int) -> None:
    """The tallies of all periods before this one are counted now; 0: of none."""
    vault.run("DELETE FROM recount WHERE period < ?", (before,))
    vault.set("counted", before.to_bytes(2, "big"))


def first_batch_over(vault: Vault) -> int:
    """The tallies of quarters before this one have had their first batch."""
    return int.from_bytes(vault.get("tallied"), "big")


def end_first_batch(vault: Vault, before: int) -> None:
    """A run is complete: quarters before this one have had their first batch, unless the exchange refused some of it."""
    refused = "SELECT 1 FROM fact WHERE key >= ? AND key < ? AND refused IS NOT NULL LIMIT 1"
    if vault.one(refused, (TALLY, behind(TALLY))) is None:
        vault.set("tallied", max(before, first_batch_over(vault)).to_bytes(2, "big"))
