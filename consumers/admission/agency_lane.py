"""One agency at the gate: its state, the verdicts on its signed records, and its strays.

`Inbox` brings the records, run by run; here they are judged and counted, and become the records to
write. Refusals leave without their payload. A repeated refusal is counted, and kept only once.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exchange.core.admission.gate import (
    Accepted,
    AgencyState,
    Arrival,
    Refused,
    Skipped,
    Unreadable,
    Verdict,
    evolve,
    heartbeat_reason,
    judge,
)
from exchange.core.admission.plain import extend, may_send_plain
from exchange.core.admission.reasons import VALUE_OCTETS_MAX, Reason
from exchange.core.admission.runs import NO_EVENT, Stretch, is_repeated
from exchange.core.model.event_layout import HEAD
from exchange.core.model.events import Correction, Heartbeat, Tally
from exchange.engine.log import Pair, Record
from exchange.wire import records as m
from exchange.wire.codec import EventReader, schema_id_of


@dataclass(slots=True)
class Written:
    """The events and refusals to write, in order, and the state of tallies."""

    events: list[Pair] = field(default_factory=list)
    quarantine: list[Pair] = field(default_factory=list)
    tallies: list[tuple[str, Arrival]] = field(default_factory=list)

    def take(self) -> "Written":
        """What is there; from now on this is empty. Inboxes at work keep writing into it."""
        taken = Written(self.events, self.quarantine, self.tallies)
        self.events, self.quarantine, self.tallies = [], [], []
        return taken


@lru_cache(maxsize=4096)
def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature is valid."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


VerdictOf = Callable[[AgencyState, Arrival | Unreadable, bytes], Verdict]
"""(state, signed record, its value) → the verdict."""


def judge_by_rules(state: AgencyState, arrival: Arrival | Unreadable, _: bytes) -> Verdict:
    """The verdict on a signed record; the last argument is its value."""
    return judge(state, arrival, verify)


class RuledOut(NamedTuple):
    """In the place of a record that can be on no walk, whatever its bytes, which are not kept."""

    offset: int
    reason: Reason
    schema_id: int


Held = Record | RuledOut


def unfit(record: Record, key: bytes) -> RuledOut | None:
    """What is kept of a record that can be on no walk; None for any other record."""
    value = record.value or b""
    if record.headers:
        reason = Reason.HAS_HEADERS
    elif record.key != key:
        reason = Reason.WRONG_KEY
    elif len(value) > VALUE_OCTETS_MAX:
        reason = Reason.OVERSIZED
    elif len(value) <= HEAD:
        reason = Reason.UNREADABLE
    else:
        return None
    return RuledOut(record.offset, reason, schema_id_of(value))


def held_of(records: Sequence[Record], key: bytes) -> tuple[Sequence[Held], Sequence[bytes]]:
    """An agency's records as they are held, and the values that can be on a walk."""
    held = list[Held](records)
    values = [record.value or NO_EVENT for record in records]
    for place, record in enumerate(records):
        if record.key != key or record.headers or not HEAD < len(values[place]) <= VALUE_OCTETS_MAX:
            held[place], values[place] = unfit(record, key) or record, NO_EVENT
    return held, values


class AgencyLane:
    """One agency's state and verdicts, with the counts since the step was made.

    `now_ms`: the gate's clock at the newest batch: records themselves have only their month.
    `heard_ms`, `forked_ms`: when its last event and its last forked run came; 0 if none.
    `touched`: whether something changed since the last outcome.
    """

    def __init__(self, agency: str, reader: EventReader, verdict: VerdictOf = judge_by_rules) -> None:
        self.agency, self.key = agency, agency.encode("ascii")
        self.state = AgencyState(None)
        self.now_ms = self.heard_ms = self.forked_ms = 0
        self.accepted = self.duplicates = self.skipped = self.refused = self.strays = 0
        self.touched = False
        self._reader, self._verdict = reader, verdict

    def _signs(self, record: Record, written: Written) -> bool:
        """Whether a heartbeat verifies. If not, the agency learns why."""
        arrival, registration = self._reader.read(record.value), self.state.registration
        if isinstance(arrival, Unreadable) or not isinstance(arrival.body, Heartbeat) or registration is None:
            return False
        reason = heartbeat_reason(registration, arrival, arrival.body, verify)
        if reason is None:
            return True
        if self.state.refused is None and arrival.sequence > self.state.head.sequence:
            self._refuse(Refused(arrival.sequence, reason), record, written)
        return False

    def _judge(self, stretch: Stretch[Held], places: Sequence[int], written: Written) -> bool:
        """Judge records of the signed chain; returns whether all were accepted."""
        values, digests = [stretch.values[place] for place in places], [stretch.digests[place] for place in places]
        at = 0
        while at < len(places):
            end = self._end_of_plain(values, at)
            if end > at and extend(self.state, values[at:end], digests[at:end]):
                written.events += zip(repeat(self.key), values[at:end])
                self.accepted += end - at
                self.heard_ms = self.now_ms
                at = end
            elif self._accepts(values[at], digests[at], stretch.records[places[at]], written):
                at += 1
            else:
                return False
        return True

    def _end_of_plain(self, values: Sequence[bytes], begin: int) -> int:
        """Up to where all are plain events, and the agency may send them."""
        if self._verdict is not judge_by_rules or not may_send_plain(self.state.registration):
            return begin
        return self._reader.end_of_plain(values, begin)

    def _accepts(self, value: bytes, digest: bytes, record: Held, written: Written) -> bool:
        """Judge one record; returns whether it was accepted."""
        arrival = self._reader.read(value, digest)
        verdict = self._verdict(self.state, arrival, value)
        if isinstance(verdict, Skipped) and isinstance(arrival, Unreadable):
            # On a signed chain it is the next event, whatever was refused before.
            verdict = Refused(self.state.head.sequence + 1, arrival.reason)
        if not isinstance(verdict, Accepted):
            self._refuse_once(verdict, record, written)
            return False
        self.heard_ms = self.now_ms
        evolve(self.state, arrival, verdict)
        written.events.append((self.key, value))
        if isinstance(arrival, Arrival) and isinstance(arrival.body, Tally | Correction):
            written.tallies.append((self.agency, arrival))
        self.accepted += 1
        return True

    def _refuse_once(self, verdict: Verdict, record: Held, written: Written) -> None:
        """Refuse, unless the same refusal is open; a repeated one is counted and kept once."""
        assert isinstance(verdict, Refused)
        forked_again = (
            verdict.reason is Reason.FORKED and self.state.refused and (self.state.refused.reason is Reason.FORKED)
        )
        if verdict == self.state.refused or forked_again:
            self.refused += 1
            self.touched = True
        else:
            self._refuse(verdict, record, written)

    def _refuse(self, refused: Refused, record: Held, written: Written) -> None:
        self.refused += 1
        evolve(self.state, Unreadable(refused.reason), refused)
        self.touched = True
        self._quarantine(written, refused, record)

    def _count_strays(self, written: Written, places: Collection[int], stretch: Stretch[Held]) -> None:
        """Count records that are not signed; quarantine gets the first one of each reason."""
        first: dict[Reason, Held] = {}
        for place in places:
            value, record = stretch.values[place], stretch.records[place]
            if value and is_repeated(self.state, value, stretch.digests[place]):
                self.duplicates += 1
                continue
            self.strays += 1
            first.setdefault(record.reason if isinstance(record, RuledOut) else Reason.NOT_SIGNED, record)
        for reason, record in first.items():
            self._quarantine(written, Refused(self.state.head.sequence, reason), record)

    def _quarantine(self, written: Written, refused: Refused, record: Held) -> None:
        schema_id = record.schema_id if isinstance(record, RuledOut) else schema_id_of(record.value or b"")
        refusal = m.Refusal(refused.sequence, refused.reason, min(schema_id, 2**31 - 1), record.offset)
        written.quarantine.append((self.key, m.encode_refusal(refusal)))
