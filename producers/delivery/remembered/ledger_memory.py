"""What this vault remembers of the exchange's ledger, from the receipts of the gate.

A receipt names the last closed month and a digest of all figures drawn up to it. The vault is
outside of the exchange, so it notices what nothing in the exchange may show: that Kafka was put
back from an older copy, or that a month was drawn twice.

Rules kept: the vault remembers the furthest month. Nothing is held up: events are sent as ever, and
a person is told to call the operator. A receipt that names nothing says nothing. Only a person ends
a trouble that no later receipt ends, and names its month (`settle`).

Not promised: that a second draw is noticed once later months were closed; a receipt names only the
last one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from exchange.core.model.epochs import epoch_text
from exchange.core.model.ledger_head import LedgerHead
from producers.vault.store import Vault

NAME: Final = "ledger"
EPOCH_OCTETS: Final = 4
DIGEST_OCTETS: Final = 32
CALL: Final = "Call the operator. Your events are sent as ever. Once it is explained: `exchange edge settle {month}`."


class LedgerTrouble(StrEnum):
    """How the exchange's ledger contradicts what this vault remembers."""

    NONE = ""
    BEHIND = "behind"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class LedgerMemory:
    """The furthest head that a receipt named, and the trouble that is open."""

    head: LedgerHead = field(default_factory=LedgerHead)
    trouble: LedgerTrouble = LedgerTrouble.NONE

    @property
    def says(self) -> str:
        """The trouble for a person; empty where there is none."""
        month = epoch_text(self.head.epoch) if self.head.epoch else ""
        call = CALL.format(month=month)
        match self.trouble:
            case LedgerTrouble.BEHIND:
                return f"The exchange has lost months: its ledger ends before {month}, which was closed. {call}"
            case LedgerTrouble.DIFFERS:
                return f"The exchange drew figures twice: those up to {month} are not the ones it named before. {call}"
            case _:
                return ""


def after(memory: LedgerMemory, named: LedgerHead) -> LedgerMemory:
    """The memory after a receipt that names this head.

    A second draw stays known: no later receipt undoes it.
    """
    known = memory.head
    if named.epoch < known.epoch:
        return memory if memory.trouble else replace(memory, trouble=LedgerTrouble.BEHIND)
    if named.epoch == known.epoch and named.digest != known.digest:
        return replace(memory, trouble=LedgerTrouble.DIFFERS)
    settled = memory.trouble if memory.trouble is LedgerTrouble.DIFFERS else LedgerTrouble.NONE
    return LedgerMemory(known if settled else named, settled)


def memory_of(vault: Vault) -> LedgerMemory:
    """What a vault remembers."""
    row = vault.one("SELECT value FROM meta WHERE name = ?", (NAME,))
    if not row:
        return LedgerMemory()
    octets = bytes(row[0])
    epoch, rest = int.from_bytes(octets[:EPOCH_OCTETS], "big"), octets[EPOCH_OCTETS:]
    return LedgerMemory(LedgerHead(epoch, rest[:DIGEST_OCTETS]), LedgerTrouble(rest[DIGEST_OCTETS:].decode("ascii")))


def remember(vault: Vault, named: LedgerHead | None, say: Callable[[str], None]) -> None:
    """Take the head that a receipt names; `say` hears of a trouble that is open."""
    if named is None:
        return
    before = memory_of(vault)
    memory = after(before, named)
    if memory != before:
        octets = memory.head.epoch.to_bytes(EPOCH_OCTETS, "big") + memory.head.digest
        vault.set(NAME, octets + memory.trouble.encode("ascii"))
        vault.commit()
    if memory.trouble:
        say(memory.says)


def settle(vault: Vault, epoch: int) -> bool:
    """Forget the head and the trouble of this month; the next receipt teaches the vault anew.

    Returns whether there was such a trouble; otherwise nothing is changed.
    """
    memory = memory_of(vault)
    if not memory.trouble or memory.head.epoch != epoch:
        return False
    vault.run("DELETE FROM meta WHERE name = ?", (NAME,))
    vault.commit()
    return True
