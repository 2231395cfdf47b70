"""Every record that is not an event, as a frozen value and back: registrations, receipts, refusals, states, pulse, alerts.

Wire format as of events: magic, pinned id, Avro. `decode_x` raises MessageUnreadable for bytes that are not an x. These
records are written by the exchange itself (or its operator), so they are not held to canonical form.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import cast

import fastavro

from exchange.core.admission.gate import Reason, Refused, Registration, Status
from exchange.core.errors import ExchangeError
from exchange.core.model.chain import Head
from exchange.core.model.event_layout import PREFIX
from exchange.core.model.vocabulary import LegalClass
from exchange.wire.codec import schema_id_of
from exchange.wire.schemas import newest, schemas

Plain = dict[str, object]


class MessageUnreadable(ExchangeError):
    """A record of the exchange is not of the schema that its topic holds."""

    hint = "Something else wrote to the topic: check its rights with `exchange topics check`."


def encode_plain(name: str, plain: Plain) -> bytes:
    """A value of the newest version of a schema."""
    schema = newest(name)
    out = BytesIO()
    out.write(schema.prefix)
    fastavro.schemaless_writer(out, schema.parsed, plain)
    return out.getvalue()


def decode_plain(name: str, value: bytes) -> Plain:
    """What a value of any version of a schema says to the newest; raises MessageUnreadable."""
    schema = schemas().get(schema_id_of(value))
    if schema is None or schema.name != name:
        raise MessageUnreadable
    try:
        return cast("Plain", fastavro.schemaless_reader(BytesIO(value[PREFIX:]), schema.parsed, newest(name).parsed))
    except Exception:  # noqa: BLE001 - fastavro raises anything on foreign bytes, and quotes them
        raise MessageUnreadable from None


def _int(plain: Plain, field: str) -> int:
    return cast("int", plain[field])


def _refused(plain: Plain) -> Refused | None:
    refused = cast("Plain | None", plain["refused"])
    return None if refused is None else Refused(_int(refused, "sequence"), Reason(cast("str", refused["reason"])))


def _plain_refused(refused: Refused | None) -> Plain | None:
    return None if refused is None else {"sequence": refused.sequence, "reason": refused.reason}


def encode_registration(registration: Registration) -> bytes:
    """A value of `agencies`."""
    keys = [{"number": number, "octets": octets} for number, octets in registration.keys]
    return encode_plain(
        "registration",
        {
            "agency": registration.agency,
            "legal_class": registration.legal_class,
            "small_counts": registration.small_counts,
            "partition": registration.partition,
            "keys": keys,
            "status": registration.status,
        },
    )


def decode_registration(value: bytes) -> Registration:
    """Of a value of `agencies`."""
    plain = decode_plain("registration", value)
    keys = cast("list[Plain]", plain["keys"])
    return Registration(
        cast("str", plain["agency"]),
        LegalClass(cast("str", plain["legal_class"])),
        cast("bool", plain["small_counts"]),
        _int(plain, "partition"),
        tuple((_int(key, "number"), cast("bytes", key["octets"])) for key in keys),
        Status(cast("str", plain["status"])),
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far the gate accepted an agency's chain, and the first record it refused since."""

    head: Head
    refused: Refused | None = None


def encode_receipt(receipt: Receipt) -> bytes:
    """A value of `receipts.<agency>`."""
    plain = {"sequence": receipt.head.sequence, "digest": receipt.head.digest}
    return encode_plain("receipt", {**plain, "refused": _plain_refused(receipt.refused)})


def decode_receipt(value: bytes) -> Receipt:
    """Of a value of `receipts.<agency>`."""
    plain = decode_plain("receipt", value)
    return Receipt(Head(_int(plain, "sequence"), cast("bytes", plain["digest"])), _refused(plain))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused record without its payload. `schema_id`: -1 when it could not be read."""

    sequence: int
    reason: Reason
    schema_id: int
    offset: int


def encode_refusal(refusal: Refusal) -> bytes:
    """A value of `quarantine`."""
    return encode_plain(
        "refusal",
        {
            "sequence": refusal.sequence,
            "reason": refusal.reason,
            "schema_id": refusal.schema_id,
            "offset": refusal.offset,
        },
    )


def decode_refusal(value: bytes) -> Refusal:
    """Of a value of `quarantine`."""
    plain = decode_plain("refusal", value)
    reason = Reason(cast("str", plain["reason"]))
    return Refusal(_int(plain, "sequence"), reason, _int(plain, "schema_id"), _int(plain, "offset"))


@dataclass(frozen=True, slots=True)
class GateInbox:
    """How far an inbox was read, and the refusal that its records are skipped for.

    `heard_ms`, `forked_ms`: when a record was last admitted, or refused as forked, milliseconds since 1970, or 0.
    """

    position: int
    heard_ms: int
    forked_ms: int
    refused: Refused | None


def encode_gate_inbox(inbox: GateInbox) -> bytes:
    """A value of `gate-state` under `inbox|agency`."""
    plain: Plain = {name: getattr(inbox, name) for name in ("position", "heard_ms", "forked_ms")}
    return encode_plain("gate_inbox", {**plain, "refused": _plain_refused(inbox.refused)})


def decode_gate_inbox(value: bytes) -> GateInbox:
    """Of a value of `gate-state` under `inbox|agency`."""
    plain = decode_plain("gate_inbox", value)
    position, heard_ms, forked_ms = (_int(plain, name) for name in ("position", "heard_ms", "forked_ms"))
    return GateInbox(position, heard_ms, forked_ms, _refused(plain))


def encode_gate_head(head: Head) -> bytes:
    """A value of `gate-state` under `head|agency`."""
    return encode_plain("gate_head", {"sequence": head.sequence, "digest": head.digest})


def decode_gate_head(value: bytes) -> Head:
    """Of a value of `gate-state` under `head|agency`."""
    plain = decode_plain("gate_head", value)
    return Head(_int(plain, "sequence"), cast("bytes", plain["digest"]))


def encode_gate_block(digests: bytes) -> bytes:
    """A value of `gate-state` under `block|agency|number`."""
    return encode_plain("gate_block", {"digests": digests})


def decode_gate_block(value: bytes) -> bytes:
    """Of a value of `gate-state` under `block|agency|number`."""
    return cast("bytes", decode_plain("gate_block", value)["digests"])


def encode_gate_tally(sequence: int) -> bytes:
    """A value of `gate-state` under `tally|agency|table|period|state`."""
    return encode_plain("gate_tally", {"sequence": sequence})


def decode_gate_tally(value: bytes) -> int:
    """Of a value of `gate-state` under `tally|agency|table|period|state`."""
    return _int(decode_plain("gate_tally", value), "sequence")


@dataclass(frozen=True, slots=True)
class Position:
    """How far a fold's counts reach. `digest`: of the counts, as a number below 2²⁵⁶."""

    position: int
    digest: int
    fingerprint: str
    events: int


def encode_position(position: Position) -> bytes:
    """The value of the reserved key of `aggregates.<generation>`."""
    return encode_plain(
        "position",
        {
            "position": position.position,
            "digest": position.digest.to_bytes(32, "big"),
            "fingerprint": position.fingerprint,
            "events": position.events,
        },
    )


def decode_position(value: bytes) -> Position:
    """Of the value of the reserved key of `aggregates.<generation>`."""
    plain = decode_plain("position", value)
    digest = int.from_bytes(cast("bytes", plain["digest"]), "big")
    return Position(_int(plain, "position"), digest, cast("str", plain["fingerprint"]), _int(plain, "events"))
