"""Agencies that chain bytes, their inboxes, and a gate step with its output, for tests of steps."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consumers.admission.gate_step import GateStep
from consumers.admission.registry import Registry
from exchange.core.admission.gate import Registration
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.chain import digest_of, heartbeat_message
from exchange.core.model.events import Event, Heartbeat
from exchange.core.model.period import period_of
from exchange.engine.lanes.step import Outcome
from exchange.engine.log import Pair, Partition
from exchange.wire.codec import encode
from exchange.wire.records import Receipt, Refusal, decode_receipt, decode_refusal
from exchange.wire.topics import EVENTS, GATE_STATE, QUARANTINE, inbox_of, receipts_of

Q1 = period_of(2026, 1)
NEED, FOOD = e.NeedIdentified(v.Service.housing), e.NeedIdentified(v.Service.food)
NOW_MS = 1_769_000_000_123
"""The gate's clock; a record has only its month."""
HARBOR, NORTH = "harbor-light", "north-star"


@dataclass(frozen=True)
class Rec:
    key: bytes | None
    value: bytes | None
    offset: int
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 1_767_225_600_000


class Agency:
    """One agency that chains bytes, and its inbox."""

    def __init__(self, code: str, legal_class: v.LegalClass = v.LegalClass.individual, **extra: object) -> None:
        self.code = code
        self.signing = Ed25519PrivateKey.from_private_bytes(code.encode().ljust(32, b"."))
        key = self.signing.public_key().public_bytes_raw()
        self.registration = Registration(code, legal_class, False, 0, ((0, key),))
        self.registration = replace(self.registration, **extra)  # type: ignore[arg-type]
        self.sequence, self.previous, self.offset = 0, b"\7" * 32, 0

    def event(self, body: e.Body, **changed: object) -> bytes:
        event = Event(self.sequence + 1, self.previous, Q1, v.UsState.ca, 0, body)
        return encode(replace(event, **changed))  # type: ignore[arg-type]

    def say(self, body: e.Body, **changed: object) -> Rec:
        value = self.event(body, **changed)
        self.sequence, self.previous = self.sequence + 1, digest_of(value)
        return self.record(value)

    def beat(self) -> Rec:
        beat = Heartbeat(v.Scheduled.yes, v.ReportingMinutes.minutes_0_5, 0, bytes(64))
        message = heartbeat_message(self.code, self.sequence + 1, self.previous, Q1, "ca", beat)
        return self.say(replace(beat, signature=self.signing.sign(message)))

    def sign(self, value: bytes) -> tuple[Rec, Rec]:
        """The record of these bytes as the next in the chain, whatever they are, and a heartbeat.

        The chain itself stays where it was, as if both were unchained.
        """
        before = self.sequence, self.previous
        self.sequence, self.previous = self.sequence + 1, digest_of(value)
        signed = self.record(value), self.beat()
        self.sequence, self.previous = before
        return signed

    def record(self, value: bytes | None, key: bytes | None = None, **extra: object) -> Rec:
        record = Rec(key or self.code.encode(), value, self.offset, **extra)  # type: ignore[arg-type]
        self.offset += 1
        return record

    def again(self, *records: Rec) -> list[tuple["Agency", Rec]]:
        """The same records once more, at the end of the inbox."""
        return [(self, self.record(one.value, one.key, headers=one.headers)) for one in records]

    def run(self, *records: Rec) -> list[tuple["Agency", Rec]]:
        """These records and a heartbeat behind them."""
        return [(self, one) for one in (*records, self.beat())]

    @property
    def inbox(self) -> Partition:
        return Partition(inbox_of(self.code), 0)


def at_a_fixed_time(partition: int, registry: Registry) -> GateStep:
    """A gate step whose clock stands still."""
    return GateStep(partition, registry, clock=lambda: NOW_MS)


@dataclass
class World:
    """A gate with its inboxes and all that it has written, compacted as Kafka would."""

    agencies: Sequence[Agency]
    state: dict[bytes, bytes | None] = field(default_factory=dict)
    events: list[Pair] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    inboxes: dict[Partition, list[Rec]] = field(default_factory=dict)
    make_step: Callable[[int, Registry], GateStep] = at_a_fixed_time

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new step with what was written; what it has not decided is read again."""
        self.step = self.restored()
        self.at = {source: at or 0 for source, at in self.step.positions().items()}

    def restored(self) -> GateStep:
        registry = Registry()
        for agency in self.agencies:
            registry.put(agency.registration)
        step = self.make_step(0, registry)
        for key, value in self.state.items():
            step.restore(key, value)
        step.restored()
        step.positions()
        return step

    def take(self, *records: tuple[Agency, Rec]) -> Outcome:
        """These records arrive, and the gate reads to the end."""
        self.arrive(*records)
        self.step.apply(self.batch())
        self.seek()
        while self.step.busy or self.unread:
            self.step.apply(self.batch())
            self.seek()
        return self.commit()

    def arrive(self, *records: tuple[Agency, Rec]) -> None:
        for agency, record in records:
            self.inboxes.setdefault(agency.inbox, []).append(record)

    @property
    def unread(self) -> bool:
        return any(records[-1].offset >= self.at[source] for source, records in self.inboxes.items())

    def batch(self, records_max: int = 5_000) -> dict[Partition, list[Rec]]:
        """The next records of all inboxes."""
        found = {}
        for source, records in self.inboxes.items():
            first = bisect_left(records, self.at[source], key=lambda record: record.offset)
            if batch := records[first : first + records_max]:
                found[source] = batch
                self.at[source] = batch[-1].offset + 1
                records_max -= len(batch)
        return found

    def seek(self) -> None:
        self.at.update(self.step.seeks())

    def commit(self) -> Outcome:
        """What the step has to write is written."""
        outcome = self.step.outcome()
        if outcome.outputs:
            assert outcome.outputs[-1][0] == Partition(GATE_STATE, 0), "positions go last"
        for (topic, _), pairs in outcome.outputs:
            if topic == EVENTS:
                self.events += pairs
            elif topic == GATE_STATE:
                self.state.update(dict(pairs))
            elif topic == QUARANTINE:
                self.refusals += [decode_refusal(value) for _, value in pairs if value]
            else:
                for key, value in pairs:
                    assert topic == receipts_of(key.decode())
                    self.receipts[key.decode()] = decode_receipt(value)
        return outcome
