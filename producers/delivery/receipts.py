"""The meaning of a receipt for this vault.

A pure decision, so that every case can be seen and tested.

Rules kept: events count as delivered only when the receipt's digest is the vault's own at that
sequence. The edge acts on a refusal only when it is certainly about the event that is at its
sequence now; a receipt may be old, and the gate may have met the same refused bytes twice. It is
certain, because

- the gate refuses for such a reason only an event that extends its head, so the refused event came
  after that very digest;
- after one digest this vault ever puts at most one event that is not a heartbeat, and after a
  refusal always a heartbeat (`Outbox.repair`, and `Mark` where the vault does not know what was
  refused);
- a heartbeat is never refused for such a reason.

`Forked` comes before everything else: nothing is ever chained over it. `Sending` can read the inbox
and decides whether it is really a fork: a batch of a closed connection may still arrive, long after
its events were unchained.
"""

from dataclasses import dataclass
from typing import Final

from exchange.core.admission.reasons import Reason
from exchange.wire.records import Receipt
from producers.vault.chain_row import Kind

REPAIRABLE: Final = frozenset(
    {
        Reason.OUT_OF_RANGE,
        Reason.LEGAL_CLASS,
        Reason.YEAR_ONLY,
        Reason.MARKED_ELSEWHERE,
        Reason.UNSOUND,
        Reason.SMALL_COUNT,
        Reason.TALLY_REPEATED,
        Reason.TALLY_OVERLAPS,
        Reason.TALLY_NOT_ALLOWED,
        Reason.CORRECTS_UNKNOWN,
        Reason.CORRECTS_RETRACTED,
    }
)
"""The event itself is wrong: without it the chain goes on."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Everything up to this sequence is accepted."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Repair:
    """The event at this sequence is refused for good."""

    sequence: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Mark:
    """An unknown event was refused after the end of the vault: a heartbeat goes there first."""


@dataclass(frozen=True, slots=True)
class Resend:
    """The gate waits for the event after this sequence. `reason`: why it waits."""

    sequence: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Replay:
    """The exchange holds events that this vault does not know: the vault is an older copy."""


@dataclass(frozen=True, slots=True)
class Fork:
    """The exchange met two different events under one sequence."""


Meaning = Delivered | Repair | Mark | Resend | Replay | Fork


def meaning_of(  # noqa: PLR0911 - one return a meaning
    receipt: Receipt, own_digest: bytes | None, next_kind: Kind | None
) -> Meaning:
    """What to do. `own_digest`: the vault's at the receipt's sequence.

    `next_kind`: the kind of the next event, if any.
    """
    head, refused = receipt.head, receipt.refused
    if refused is not None and refused.reason is Reason.FORKED:
        return Fork()
    if head.sequence and own_digest != head.digest:
        return Replay()
    if refused is None:
        return Delivered(head.sequence)
    if refused.reason not in REPAIRABLE:
        return Resend(head.sequence, refused.reason)
    if next_kind is None:
        return Mark()
    if next_kind is Kind.HEARTBEAT or refused.sequence != head.sequence + 1:
        return Delivered(head.sequence)
    return Repair(refused.sequence, refused.reason)
