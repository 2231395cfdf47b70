"""Records of the gate and the fold: registrations, receipts, refusals, their states."""

from dataclasses import dataclass
from typing import Annotated, Final

from exchange.core.admission.gate import Refused, Registration
from exchange.core.admission.reasons import Reason
from exchange.core.model.chain import Head
from exchange.core.model.field_types import Width
from exchange.core.model.ledger_head import LedgerHead
from exchange.wire.mapper import INLINE, as_record
from exchange.wire.message import message, single

NOTHING: Final = bytes(32)
"""In the place of a SHA-256: there is no record yet."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far the gate accepted an agency's chain, and the first record it refused since.

    `ledger`: the last closed epoch, with the digest of all figures up to it, so that agencies
    remember it; None while the gate is not sure.
    """

    head: Head
    refused: Refused | None = None
    ledger: LedgerHead | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused record without its payload. `schema_id`: -1 when it could not be read."""

    sequence: int
    reason: Reason
    schema_id: int
    offset: int


NEVER_READ: Final = -1
"""The position of an inbox of which nothing is decided yet."""


@dataclass(frozen=True, slots=True)
class GateInbox:
    """How far an inbox was read, and the refusal that its records are skipped for.

    `heard_ms`, `forked_ms`, `waiting_since_ms`: when a record was last admitted, or refused as
    forked, and since when records wait for their signature; milliseconds since 1970, or 0.
    `refused_runs`: short digests, one after the other.
    """

    position: int
    heard_ms: int
    forked_ms: int
    refused: Refused | None
    refused_runs: bytes = b""
    waiting_since_ms: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """How far a fold's counts reach. `digest`: of the counts, as a number below 2²⁵⁶.

    `newest`: SHA-256 of the last event counted; zeros before the first.
    """

    position: int
    digest: Annotated[int, Width(32)]
    fingerprint: str
    events: int
    newest: bytes = NOTHING


@dataclass(frozen=True, slots=True)
class GateWritten:
    """How much of a partition of `events` a state of the gate leaves behind.

    `newest`: SHA-256 of the last event written; zeros before the first. `digest`: of the state's
    other records, as a number below 2²⁵⁶. `registered`: records of `agencies` that the gate had
    read; 0: not known.
    """

    events: int
    newest: bytes
    digest: Annotated[int, Width(32)]
    registered: int = 0


encode_registration, decode_registration = message("registration", Registration, keys=as_record("number", "octets"))
"""A value of `agencies`."""
encode_receipt, decode_receipt = message("receipt", Receipt, head=INLINE)
"""A value of `receipts.<agency>`."""
encode_refusal, decode_refusal = message("refusal", Refusal)
"""A value of `quarantine`."""
encode_gate_inbox, decode_gate_inbox = message("gate_inbox", GateInbox)
"""A value of `gate-state` under `inbox|agency`."""
encode_gate_head, decode_gate_head = message("gate_head", Head)
"""A value of `gate-state` under `head|agency`."""
encode_gate_block, decode_gate_block = single("gate_block", "digests", bytes)
"""A value of `gate-state` under `block|agency|number`: the digests."""
encode_gate_tally, decode_gate_tally = single("gate_tally", "sequence", int)
"""A value of `gate-state` under `tally|agency|table|period|state`: the sequence."""
encode_gate_written, decode_gate_written = message("gate_written", GateWritten)
"""The value of the reserved key of `gate-state`."""
encode_position, decode_position = message("position", Position)
"""The value of the reserved key of `aggregates.<generation>`."""
