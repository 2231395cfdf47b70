"""What a lost copy of a vault sent, as this vault takes it in.

An event belongs to no fact until one claims it. A tally is different: its table, period and state
name its fact, which states it from now on. So no tally is ever sent beside one that is not known.

Whether a tally is still right is known only when the facts behind it are read again. So after one
was read back, the next run that closes quarters counts all of them anew (`COUNT_ANEW`); a run by
hand, which may read any part of the sources, counts none until then.
"""

from typing import Final

from exchange.core.admission.cap_rules import NONE
from exchange.core.model.events import Tally
from exchange.core.model.period import period_text
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import UsState
from producers.vault.chain_row import ChainRow, Kind
from producers.vault.event_tail import with_cap
from producers.vault.fact_store import TALLY, UNCLAIMED, FactStore
from producers.vault.lost_withdrawals import note
from producers.vault.schema import COUNT_ANEW, NOTHING
from producers.vault.store import Vault

_NEW: Final = "INSERT OR IGNORE INTO fact (key, period, schema, want, sort, stated) VALUES (?, ?, ?, ?, ?, 0)"
_STATES: Final = "UPDATE fact SET schema = ?, want = ?, sort = ?, sent = ?, todo = ?, refused = NULL WHERE key = ?"
_STILL_WANTED: Final = (
    "todo > 0 OR (stated = ? AND NOT EXISTS (SELECT 1 FROM client WHERE client.id = fact.client AND held))"
)
_RETRACTED: Final = (
    f"UPDATE fact SET sent = 0, want = CASE WHEN {_STILL_WANTED} THEN want END, "  # noqa: S608
    f"todo = want IS NOT NULL AND ({_STILL_WANTED}) WHERE key = ? AND sent = ?"
)


def tally_key(table: TallyTable, period: int, state: UsState) -> bytes:
    """The key of a tally in the fact store."""
    return TALLY + f"{table}|{period_text(period)}|{state}".encode("ascii")


def stated_by(link: ChainRow) -> bytes | None:
    """The key of the fact that an event states which was read back; None unless it is a tally."""
    if link.kind is not Kind.EVENT or not isinstance(link.event.body, Tally):
        return None
    return tally_key(link.event.body.table, link.event.period, link.event.state)


def take_tally(vault: Vault, fact_store: FactStore, key: bytes, link: ChainRow) -> None:
    """Let the fact of this key state a tally that was read back."""
    want = with_cap(link.tail, NONE)
    sort = fact_store.sort(key, want)
    vault.run(_NEW, (key, link.event.period, link.schema, want, sort))
    vault.run(_STATES, (link.schema, want, sort, link.sequence, NOTHING, key))
    vault.set("counted", COUNT_ANEW)


def take_retraction(vault: Vault, sequence: int, retracted: ChainRow) -> None:
    """Take it that a correction of a lost copy has retracted the event of this row.

    What this run has read already waits, to claim what the copy sent. Else the current fact is
    known when it is read, or counted, again.
    """
    key = retracted.key
    if key is None or not key.startswith(UNCLAIMED):
        note(vault, sequence, retracted)
    if key is None:
        return
    if key.startswith(TALLY):
        vault.run(
            "UPDATE fact SET sent = 0, want = NULL, todo = 0 WHERE key = ? AND sent = ?", (key, retracted.sequence)
        )
        vault.set("counted", COUNT_ANEW)
    else:
        run = int.from_bytes(vault.get("run"), "big")
        vault.run(_RETRACTED, (run, run, key, retracted.sequence))
