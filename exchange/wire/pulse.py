"""Pulses and alerts: the state of each lane, and the problems that an operator should look at.

Both are written outside of transactions, because a Faust agent reads them (DESIGN §3). They hold
exact counts of restricted topics, so they are restricted themselves.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exchange.core.model.ledger_head import LedgerHead
from exchange.wire.codec import schema_id_of
from exchange.wire.message import MessageUnreadable, message
from exchange.wire.schemas import schemas

WORKER_KEY: Final = b"worker-"
"""How the key of each `WorkerPulse` begins; no lane is called so."""


@dataclass(frozen=True, slots=True)
class AgencyPulse:
    """The state of one agency's chain. `refused`: reason of the open refusal, or empty.

    `waiting`: records that no heartbeat has signed yet; `waiting_since_ms`: the first one's time.
    """

    agency: str
    sequence: int
    refused: str
    heard_ms: int
    forked_ms: int = 0
    waiting: int = 0
    waiting_since_ms: int = 0


@dataclass(frozen=True, slots=True)
class Pulse:
    """The state of a lane. Times in milliseconds; counts since the lane started.

    `commit_age_ms`: −1 before the first commit. `agencies`: those that changed. `stuck_ms`: time
    without progress in which the worker could work (`StallTimer`); −1 if not measured.
    """

    lane: str
    worker: str
    at_ms: int
    state: str
    position: int
    lag: int
    records: int
    transactions: int
    commit_age_ms: int
    refused: int
    duplicates: int
    skipped: int
    agencies: tuple[AgencyPulse, ...] = ()
    stuck_ms: int = -1


@dataclass(frozen=True, slots=True)
class WorkerPulse:
    """The state of a worker, with its lanes or without. Times in milliseconds since 1970.

    `ended`: whether this is its last pulse. `reason`: the named error that ended it; empty if it
    was stopped, or has not ended. `remembers`: the ledger's head in the witness of the worker's
    host; None: unknown. `refuses`: why that witness refuses the ledger of this cluster, or empty.
    """

    worker: str
    started_ms: int
    at_ms: int
    ended: bool = False
    reason: str = ""
    remembers: LedgerHead | None = None
    refuses: str = ""


class AlertKind(StrEnum):
    """The kind of problem."""

    STALLED = "stalled"
    FAILED = "failed"
    SILENT = "silent"
    REFUSED = "refused"
    FORKED = "forked"
    GAPPED = "gapped"
    NOT_SIGNED = "not signed"
    LEFT_OUT = "left out"
    NOT_RUNNING = "not running"
    CRASH_LOOP = "crash loop"
    UNREGISTERED = "unregistered"
    CUT_OFF = "cut off"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    FOREIGN_MEMBER = "foreign member"
    HELD = "held open"
    LEDGER = "ledger refused"


@dataclass(frozen=True, slots=True)
class Alert:
    """A problem to look at. `says`: what to do next.

    `subject`: `lane:gate-0`, `agency:code`, `topic:events`, `transaction:events-0`,
    `group:exchange-workers`, `ledger` or `workers`.
    """

    subject: str
    kind: AlertKind
    since_ms: int
    says: str


encode_pulse, decode_pulse = message("pulse", Pulse)
"""A value of `pulse`, under the lane's name."""
encode_worker_pulse, decode_worker_pulse = message("worker_pulse", WorkerPulse)
"""A value of `pulse`, under the worker's name."""
encode_alert, decode_alert = message("alert", Alert)
"""A value of `alerts`, under its subject."""


def decode_any_pulse(value: bytes) -> Pulse | WorkerPulse:
    """A value of `pulse`, of a lane or of a worker; raises MessageUnreadable."""
    schema = schemas().get(schema_id_of(value))
    if schema is None:
        raise MessageUnreadable
    return decode_worker_pulse(value) if schema.name == "worker_pulse" else decode_pulse(value)
