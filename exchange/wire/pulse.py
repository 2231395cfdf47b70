"""Pulses and alerts: the state of each lane, and the problems that an operator should look at.

Both are written outside of transactions, because a Faust agent reads them (DESIGN §3). They hold
exact counts of restricted topics, so they are restricted themselves.
"""

from dataclasses import dataclass
from enum import StrEnum

from exchange.wire.message import message


@dataclass(frozen=True, slots=True)
class AgencyPulse:
    """The state of one agency's chain. `refused`: reason of the open refusal, or empty."""

    agency: str
    sequence: int
    refused: str
    heard_ms: int
    forked_ms: int = 0


@dataclass(frozen=True, slots=True)
class Pulse:
    """The state of a lane. Times in milliseconds; counts since the lane started.

    `commit_age_ms`: −1 before the first commit. `agencies`: those that changed.
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


class AlertKind(StrEnum):
    """The kind of problem."""

    STALLED = "stalled"
    FAILED = "failed"
    SILENT = "silent"
    REFUSED = "refused"
    FORKED = "forked"
    GAPPED = "gapped"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Alert:
    """A problem to look at. `subject`: `lane:gate-0` or `agency:code`. `says`: what to do next."""

    subject: str
    kind: AlertKind
    since_ms: int
    says: str


encode_pulse, decode_pulse = message("pulse", Pulse)
"""A value of `pulse`, under the lane's name."""
encode_alert, decode_alert = message("alert", Alert)
"""A value of `alerts`, under its subject."""
