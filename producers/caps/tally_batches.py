"""What a vault remembers of its tallies.

Which are up to date, and which quarters have had their first batch.

There are two marks, each a quarter. Tallies before the first mark are counted, and their facts have
not changed since (triggers of the vault record changes). Quarters before the second mark have had
the one batch that counts in releases, whatever it held. The second mark moves only with complete
runs that close quarters: the first scheduled one after a fixed day, or one that was asked to. No
client's record or refusal can move it.
"""

from producers.vault.fact_store import TALLY
from producers.vault.lost_withdrawals import HELD_BACK
from producers.vault.schema import COUNT_ANEW, prefix_end
from producers.vault.store import Vault


def are_counted(vault: Vault, before: int) -> bool:
    """Whether all tallies before this period are counted and their facts unchanged since."""
    changed = vault.one("SELECT 1 FROM recount WHERE period < ? LIMIT 1", (before,))
    fallen = "SELECT 1 FROM fact WHERE key >= ? AND key < ? AND (refused IS NOT NULL OR want IS NULL) LIMIT 1"
    if changed or vault.one(fallen, (TALLY, prefix_end(TALLY))):  # by the exchange, or by another copy of this vault
        return False
    return vault.get("counted") == before.to_bytes(2, "big")


def count_anew(vault: Vault) -> bool:
    """Whether tallies were read back, and the next run that closes quarters counts them anew."""
    return vault.get("counted") == COUNT_ANEW


def were_counted(vault: Vault, before: int) -> None:
    """Note that the tallies of all periods before this one are counted now; 0: of none."""
    vault.run("DELETE FROM recount WHERE period < ?", (before,))
    vault.set("counted", before.to_bytes(2, "big"))


def first_batch_over(vault: Vault) -> int:
    """Quarters before this one have had their first batch of tallies."""
    return int.from_bytes(vault.get("tallied"), "big")


def end_first_batch(vault: Vault, before: int) -> None:
    """End the first batch of the quarters before this one, after a complete run that closes them.

    It does not end while the exchange refuses a tally.
    """
    refused = "SELECT 1 FROM fact WHERE key >= ? AND key < ? AND refused <> ? LIMIT 1"
    if vault.one(refused, (TALLY, prefix_end(TALLY), HELD_BACK)) is None:
        vault.set("tallied", max(before, first_batch_over(vault)).to_bytes(2, "big"))
