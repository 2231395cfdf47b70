"""Pulses and alerts: how lanes say that they are well, and what an operator is told when one is not.

Both are written outside of transactions, because a Faust agent reads them (DESIGN §3). They hold exact counts of
restricted topics, so they are restricted themselves.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from exchange.wire.records import Plain, decode_plain, encode_plain


@dataclass(frozen=True, slots=True)
class AgencyPulse:
    """How one agency's chain stands. `refused`: reason of the open refusal, or empty."""

    agency: str
    sequence: int
    refused: str
    heard_ms: int
    forked_ms: int = 0


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a lane is doing. Times in milliseconds; counts since the lane started; `agencies`: those that changed.

    `commit_age_ms` is −1 before the first commit.
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


def encode_pulse(pulse: Pulse) -> bytes:
    """A value of `pulse`, under the lane's name."""
    plain: Plain = {name: getattr(pulse, name) for name in Pulse.__slots__}
    plain["agencies"] = [{name: getattr(a, name) for name in AgencyPulse.__slots__} for a in pulse.agencies]
    return encode_plain("pulse", plain)


def decode_pulse(value: bytes) -> Pulse:
    """Of a value of `pulse`; raises MessageUnreadable."""
    plain = decode_plain("pulse", value)
    agencies = tuple(AgencyPulse(**a) for a in cast("list[dict[str, object]]", plain.pop("agencies")))  # type: ignore[arg-type]
    return Pulse(**plain, agencies=agencies)  # type: ignore[arg-type]  # names and types are the schema's


class AlertKind(StrEnum):
    """What an alert is about."""

    STALLED = "stalled"
    FAILED = "failed"
    SILENT = "silent"
    REFUSED = "refused"
    FORKED = "forked"
    GAPPED = "gapped"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something an operator should look at: `subject` is `lane:gate-0` or `agency:code`; `says` what to do next."""

    subject: str
    kind: AlertKind
    since_ms: int
    says: str


def encode_alert(alert: Alert) -> bytes:
    """A value of `alerts`, under its subject."""
    return encode_plain("alert", {name: getattr(alert, name) for name in Alert.__slots__})


def decode_alert(value: bytes) -> Alert:
    """Of a value of `alerts`; raises MessageUnreadable."""
    plain = decode_plain("alert", value)
    return Alert(
        cast("str", plain["subject"]),
        AlertKind(cast("str", plain["kind"])),
        cast("int", plain["since_ms"]),
        cast("str", plain["says"]),
    )
