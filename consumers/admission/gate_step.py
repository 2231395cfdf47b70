"""The gate step: inboxes in; `events`, receipts, quarantine and the gate's own state out.

One step serves the agencies of one partition of `events`. `exchange.core.admission.gate.judge`
decides; here records become arrivals and verdicts become bytes. Keys of the state topic:
`inbox|agency` (position and open refusal), `head|agency`, `block|agency|number`,
`tally|agency|table|period|state`; a reserved one, written last, for all of it (`kept_state`).
Refusals leave without their payload.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consumers.admission.kept_state import KeptState
from consumers.admission.registry import Registry
from exchange.core.admission.gate import (
    Accepted,
    AgencyState,
    Arrival,
    Duplicate,
    Refused,
    Skipped,
    Unreadable,
    evolve,
    judge,
)
from exchange.core.admission.reasons import Reason
from exchange.core.errors import StateDamaged
from exchange.core.model.chain import Head
from exchange.core.model.events import Correction, Tally
from exchange.core.model.period import parse_period, period_text
from exchange.core.model.tally_tables import TallyTable
from exchange.engine.lanes.lane import LaneLimits
from exchange.engine.lanes.step import Outcome, Tail
from exchange.engine.log import Pair, Partition, Record
from exchange.wire import records as m
from exchange.wire.codec import EventReader, schema_id_of
from exchange.wire.topics import EVENTS, GATE_STATE, QUARANTINE, inbox_of, receipts_of

RECORDS_MAX: Final = 5_000
"""Records judged at once: some 50 ms of CPU, so that the event loop is never blocked for long."""
BATCHES_MAX: Final = 10
"""Records of one transaction while the gate is behind. An agency gets one receipt for them."""


def limits(given: LaneLimits) -> LaneLimits:
    """The settings of a gate lane, which replace those given."""
    return replace(given, records_max=min(RECORDS_MAX, given.records_max), batches_max=BATCHES_MAX)


@dataclass(slots=True)
class AgencyLane:
    """One agency at the gate, with the counts since the step was made.

    `heard_ms`, `forked_ms`: append times of its last event and of its last forked record; 0 if
    none.
    """

    state: AgencyState
    position: int | None = None
    heard_ms: int = 0
    forked_ms: int = 0
    accepted: int = 0
    duplicates: int = 0
    skipped: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Written:
    """The records to write, by destination: all events and refusals, of others the newest."""

    events: list[Pair] = field(default_factory=list)
    quarantine: list[Pair] = field(default_factory=list)
    state: dict[bytes, bytes | None] = field(default_factory=dict)
    receipts: dict[str, Pair] = field(default_factory=dict)


class GateStep:
    """Judges the inboxes of one partition's agencies.

    Pure, but for the registry, which others update.
    """

    independent = True  # by the chain, a record read twice is a duplicate and a lost one a gap

    def __init__(self, partition: int, registry: Registry, reader: EventReader | None = None) -> None:
        self._partition = partition
        self._registry = registry
        self._reader = reader or EventReader()
        self.agencies: dict[str, AgencyLane] = {}
        self._sources: dict[Partition, str] = {}
        self._written = _Written()
        self._kept = KeptState(partition)

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Restore one record of `gate-state`."""
        if self._kept.restore(key, value):
            return
        kind, agency, *rest = key.decode("ascii").split("|")
        lane = self._lane(agency)
        if value is None and kind in ("inbox", "head", "block"):  # the rebuild deletes what `events` does not have
            _forget(lane, kind, rest)
        elif kind == "tally":
            table, period, state = rest
            tally = (TallyTable(table), parse_period(period), state)
            if value is None:
                lane.state.tallies.pop(tally, None)
            else:
                lane.state.tallies[tally] = m.decode_gate_tally(value)
        elif value is None:
            raise StateDamaged
        elif kind == "inbox":
            inbox = m.decode_gate_inbox(value)
            lane.position, lane.heard_ms, lane.forked_ms = inbox.position, inbox.heard_ms, inbox.forked_ms
            lane.state.refused = inbox.refused
        elif kind == "head":
            lane.state.head = m.decode_gate_head(value)
        elif kind == "block":
            lane.state.digests.blocks[int(rest[0])] = bytearray(m.decode_gate_block(value))
        else:
            raise StateDamaged

    def restored(self) -> None:
        """Check the state's digest, and every head against that of its sequence.

        Raises StateDamaged.
        """
        self._kept.check()
        for lane in self.agencies.values():
            head, digests = lane.state.head, lane.state.digests
            if head.sequence and not digests.holds(head.sequence, head.digest):
                raise StateDamaged

    def vouches_for(self) -> Mapping[Partition, int | None]:
        """The partition of `events` that this step writes, to its end."""
        return {Partition(EVENTS, self._partition): None}

    def compare(self, partition: Partition, tail: Tail) -> None:  # noqa: ARG002 - it is the only one
        """Refuse to admit on a state that is not of the same moment as `events`."""
        self._kept.compare(tail, {agency: lane.state for agency, lane in self.agencies.items()})

    def positions(self) -> Mapping[Partition, int | None]:
        """The inboxes of this partition's agencies; a new one is read from its beginning."""
        for registration in self._registry.of_partition(self._partition):
            self._lane(registration.agency).state.registration = registration
            self._sources[Partition(inbox_of(registration.agency), 0)] = registration.agency
        return {source: self.agencies[agency].position for source, agency in self._sources.items()}

    def apply(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        """Judge a batch, agency by agency."""
        for source, records in batch.items():
            agency = self._sources[source]
            self._judge_all(agency, self.agencies[agency], records)

    def outcome(self) -> Outcome:
        """Events, refusals, receipts and the gate's own state."""
        written, self._written = self._written, _Written()
        if not written.state:
            return Outcome([])
        outputs: list[tuple[Partition, Sequence[Pair]]] = [
            (Partition(EVENTS, self._partition), written.events),
            (Partition(QUARANTINE, self._partition), written.quarantine),
            *((Partition(receipts_of(agency), 0), [receipt]) for agency, receipt in written.receipts.items()),
            (Partition(GATE_STATE, self._partition), self._kept.closed(written.state, written.events)),
        ]
        return Outcome([(partition, pairs) for partition, pairs in outputs if pairs])

    def _judge_all(self, agency: str, lane: AgencyLane, records: Sequence[Record]) -> None:
        key, state, head_before, written = agency.encode("ascii"), lane.state, lane.state.head, self._written
        for record in records:
            arrival = self._arrival(key, record)
            verdict, refused = judge(state, arrival, verify), state.refused
            evolve(state, arrival, verdict)
            if isinstance(verdict, Accepted):
                lane.accepted += 1
                lane.heard_ms = record.timestamp
                written.events.append((key, record.value))
                if isinstance(arrival, Arrival) and isinstance(arrival.body, Tally | Correction):
                    written.state.update(_tally_change(agency, arrival, state))
            elif isinstance(verdict, Duplicate):
                lane.duplicates += 1
            elif isinstance(verdict, Skipped):
                lane.skipped += 1
            else:
                lane.refused += 1
                if verdict.reason is Reason.FORKED:
                    lane.forked_ms = record.timestamp
                if verdict != refused:  # a repeated refusal is counted, but kept only once
                    written.quarantine.append((key, _refusal(verdict, record)))
        lane.position = records[-1].offset + 1
        written.receipts[agency] = (key, _receipt(state))
        if state.head != head_before:
            written.state[b"head|" + key] = m.encode_gate_head(state.head)
        for number, digests in state.digests.take_changed():
            written.state[b"block|%b|%d" % (key, number)] = m.encode_gate_block(digests)
        inbox = m.GateInbox(lane.position, lane.heard_ms, lane.forked_ms, state.refused)
        written.state[b"inbox|" + key] = m.encode_gate_inbox(inbox)

    def _arrival(self, key: bytes, record: Record) -> Arrival | Unreadable:
        if record.headers:
            return Unreadable(Reason.HAS_HEADERS)
        if record.key != key:
            return Unreadable(Reason.WRONG_KEY)
        return self._reader.read(record.value)

    def _lane(self, agency: str) -> AgencyLane:
        lane = self.agencies.get(agency)
        if lane is None:
            lane = self.agencies[agency] = AgencyLane(AgencyState(None, Head()))
        return lane


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature is valid."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _tally_change(agency: str, arrival: Arrival, state: AgencyState) -> list[tuple[bytes, bytes | None]]:
    """The state to keep, after an accepted event, for the tally that it sends or retracts."""
    body = arrival.body.body if isinstance(arrival.body, Correction) else arrival.body
    if not isinstance(body, Tally):
        return []
    sequence = state.tallies.get((body.table, arrival.period, arrival.state))
    value = None if sequence is None else m.encode_gate_tally(sequence)
    return [(tally_key(agency, body.table, arrival.period, arrival.state), value)]


def tally_key(agency: str, table: TallyTable, period: int, state: str) -> bytes:
    """The key of a held tally."""
    return f"tally|{agency}|{table}|{period_text(period)}|{state}".encode("ascii")


def _forget(lane: AgencyLane, kind: str, rest: Sequence[str]) -> None:
    if kind == "inbox":
        lane.position, lane.heard_ms, lane.forked_ms, lane.state.refused = None, 0, 0, None
    elif kind == "head":
        lane.state.head = Head()
    else:
        lane.state.digests.blocks.pop(int(rest[0]), None)


def _refusal(verdict: Refused, record: Record) -> bytes:
    schema_id = schema_id_of(record.value or b"")
    return m.encode_refusal(m.Refusal(verdict.sequence, verdict.reason, min(schema_id, 2**31 - 1), record.offset))


def _receipt(state: AgencyState) -> bytes:
    return m.encode_receipt(m.Receipt(state.head, state.refused))
