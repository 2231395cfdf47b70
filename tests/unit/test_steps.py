"""The gate and the fold as lane steps: bytes in, bytes out. What was written restores to the same step, at every point.

Bad input is written to the inbox of one agency among two: refused, counted, named in receipt and quarantine without its
payload; the other agency is not touched; the agency repairs and goes on.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consumers.fold import FoldStep
from consumers.gate import GateStep
from consumers.registry import Registry
from exchange.core import events as e
from exchange.core import vocabulary as v
from exchange.core.chain import digest_of, heartbeat_message
from exchange.core.errors import StateDamaged
from exchange.core.events import ALL_CAPS, Correction, Event, Heartbeat, Tally
from exchange.core.fingerprint import GENERATION
from exchange.core.fold import fold
from exchange.core.gate import VALUE_OCTETS_MAX, Reason, Registration, Status
from exchange.core.period import period_of
from exchange.core.table_names import TallyTable
from exchange.engine.log import Pair, Partition
from exchange.engine.step import Outcome
from exchange.wire.codec import HEAD, decode, encode
from exchange.wire.messages import Receipt, Refusal, decode_position, decode_receipt, decode_refusal
from exchange.wire.topics import EVENTS, GATE_STATE, POSITION_KEY, QUARANTINE, aggregates_of, inbox_of, receipts_of

Q1 = period_of(2026, 1)
NEED, FOOD = e.NeedIdentified(v.Service.housing), e.NeedIdentified(v.Service.food)
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
        event = Event(self.sequence + 1, self.previous, Q1, v.UsState.ca, ALL_CAPS, body)
        return encode(replace(event, **changed))  # type: ignore[arg-type]

    def say(self, body: e.Body, **changed: object) -> Rec:
        value = self.event(body, **changed)
        self.sequence, self.previous = self.sequence + 1, digest_of(value)
        return self.record(value)

    def beat(self) -> Rec:
        message = heartbeat_message(self.code, self.sequence + 1, self.previous)
        return self.say(Heartbeat(v.Scheduled.yes, v.ReportingMinutes.minutes_0_5, 0, self.signing.sign(message)))

    def record(self, value: bytes | None, key: bytes | None = None, **extra: object) -> Rec:
        record = Rec(key or self.code.encode(), value, self.offset, **extra)  # type: ignore[arg-type]
        self.offset += 1
        return record

    @property
    def inbox(self) -> Partition:
        return Partition(inbox_of(self.code), 0)


@dataclass
class World:
    """A gate with what it has written, compacted as Kafka would."""

    agencies: Sequence[Agency]
    state: dict[bytes, bytes | None] = field(default_factory=dict)
    events: list[Pair] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.step = self.restored()

    def restored(self) -> GateStep:
        registry = Registry()
        for agency in self.agencies:
            registry.put(agency.registration)
        step = GateStep(0, registry)
        for key, value in self.state.items():
            step.restore(key, value)
        step.restored()
        step.positions()
        return step

    def take(self, *records: tuple[Agency, Rec]) -> Outcome:
        batch: dict[Partition, list[Rec]] = {}
        for agency, record in records:
            batch.setdefault(agency.inbox, []).append(record)
        self.step.apply(batch)
        outcome = self.step.outcome()
        assert outcome.outputs[-1][0] == Partition(GATE_STATE, 0), "positions go last"
        for (topic, _), pairs in outcome.outputs:
            if topic == EVENTS:
                self.events += pairs
            elif topic == GATE_STATE:
                self.state.update(dict(pairs))  # type: ignore[arg-type]
            elif topic == QUARANTINE:
                self.refusals += [decode_refusal(value) for _, value in pairs if value]
            else:
                for key, value in pairs:
                    assert topic == receipts_of(key.decode())  # type: ignore[union-attr]
                    self.receipts[key.decode()] = decode_receipt(value)  # type: ignore[union-attr, arg-type]
        return outcome


@pytest.fixture
def harbor() -> Agency:
    return Agency(HARBOR)


@pytest.fixture
def north() -> Agency:
    return Agency(NORTH)


def bad_records(harbor: Agency) -> Iterator[tuple[str, Reason, Rec]]:
    """Every way in which a record is no event of this agency's chain; none of them moves the agency on."""
    good = harbor.event(NEED)
    yield "unknown schema id", Reason.UNKNOWN_SCHEMA, harbor.record(b"\0\0\0\0\x63" + good[5:])
    yield "no schema id", Reason.UNREADABLE, harbor.record(b"not avro")
    yield "no value", Reason.UNREADABLE, harbor.record(None)
    yield "truncated", Reason.UNREADABLE, harbor.record(good[:-1])
    yield "tail bytes", Reason.NOT_CANONICAL, harbor.record(good + b"Jane")
    yield "headers", Reason.HAS_HEADERS, harbor.record(good, headers=(("note", b"Jane"),))
    yield "another agency's key", Reason.WRONG_KEY, harbor.record(good, key=NORTH.encode())
    yield "oversized", Reason.OVERSIZED, harbor.record(good + bytes(VALUE_OCTETS_MAX))
    yield "a period of 2100", Reason.OUT_OF_RANGE, harbor.record(harbor.event(NEED, period=1000))
    yield "a sequence past 2^63", Reason.OUT_OF_RANGE, harbor.record(harbor.event(NEED, sequence=2**63))
    yield "the last sequence there is", Reason.OUT_OF_RANGE, harbor.record(harbor.event(NEED, sequence=2**64 - 1))
    yield "a gap up to 2^63", Reason.GAP, harbor.record(harbor.event(NEED, sequence=2**63 - 1))
    yield "a gap", Reason.GAP, harbor.record(harbor.event(NEED, sequence=harbor.sequence + 5))
    yield "another previous", Reason.WRONG_PREVIOUS, harbor.record(harbor.event(NEED, previous=bytes(32)))
    forked = harbor.event(FOOD, sequence=1)
    yield "a fork", Reason.FORKED, harbor.record(forked)
    barrier = e.BarrierReported(v.Barrier.staff_turnover, v.Service.food)
    yield "an unsound body", Reason.UNSOUND, harbor.record(harbor.event(barrier))
    unknown = Correction(1, bytes(32), Q1, v.UsState.ca, ALL_CAPS, FOOD)
    yield "a correction of what was never sent", Reason.CORRECTS_UNKNOWN, harbor.record(harbor.event(unknown))
    tally = Tally(TallyTable.cases, (30,))
    yield "a tally of an agency of events", Reason.TALLY_NOT_ALLOWED, harbor.record(harbor.event(tally))
    beat = Heartbeat(v.Scheduled.yes, v.ReportingMinutes.minutes_0_5, 0, bytes(64))
    yield "a bad signature", Reason.BAD_SIGNATURE, harbor.record(harbor.event(beat))
    yield "an unknown key", Reason.UNKNOWN_KEY, harbor.record(harbor.event(replace(beat, key=9)))


CASES = [(what, reason) for what, reason, _ in bad_records(Agency(HARBOR))]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[what for what, _ in CASES])
def test_bad_input_is_refused_told_and_survived(harbor: Agency, north: Agency, number: int) -> None:
    world = World([harbor, north])
    world.take((harbor, harbor.say(NEED)), (north, north.say(NEED)))
    _, reason, record = list(bad_records(harbor))[number]
    behind = Rec(HARBOR.encode(), b"anything that stands behind", 99)
    outcome = world.take((harbor, record), (harbor, behind), (north, north.say(FOOD)))
    (refusal,) = world.refusals
    assert refusal.reason is reason
    told = world.receipts[HARBOR].refused
    assert told is not None
    assert (told.sequence, told.reason) == (refusal.sequence, reason)
    assert world.receipts[HARBOR].head.sequence == 1
    assert world.receipts[NORTH] == Receipt(type(world.receipts[NORTH].head)(2, north.previous))
    assert [key for key, _ in world.events] == [HARBOR.encode(), NORTH.encode(), NORTH.encode()]
    written = b"".join(value or b"" for _, pairs in outcome.outputs for _, value in pairs)
    assert b"Jane" not in written
    assert b"anything" not in written
    harbor.offset = 100
    world.take((harbor, harbor.say(FOOD)))
    assert world.receipts[HARBOR].refused is None
    assert world.receipts[HARBOR].head.sequence == 2


@pytest.mark.parametrize(
    ("agency", "body", "reason"),
    [
        (Agency(HARBOR, v.LegalClass.tally_only), NEED, Reason.LEGAL_CLASS),
        (Agency(HARBOR, v.LegalClass.year_only), NEED, Reason.YEAR_ONLY),
        (Agency(HARBOR, v.LegalClass.tally_only), Tally(TallyTable.cases, (3,)), Reason.SMALL_COUNT),
        (Agency(HARBOR, status=Status.SUSPENDED), NEED, Reason.SUSPENDED),
    ],
)
def test_the_gate_repeats_the_refusals_of_the_edge(agency: Agency, body: e.Body, reason: Reason) -> None:
    world = World([agency])
    world.take((agency, agency.record(agency.event(body))))
    assert [refusal.reason for refusal in world.refusals] == [reason]
    assert not world.events


def test_a_second_tally_waits_for_the_first_to_be_retracted() -> None:
    agency = Agency(HARBOR, v.LegalClass.tally_only)
    world = World([agency])
    first = agency.say(Tally(TallyTable.cases, (30,)))
    world.take((agency, first))
    second = Tally(TallyTable.cases, (40,))
    world.take((agency, agency.record(agency.event(second))))
    assert world.refusals[0].reason is Reason.TALLY_REPEATED
    original = decode(first.value or b"")
    world.step = world.restored()  # what is held survives a restart
    correction = Correction(1, original.previous, original.period, original.state, original.cap, original.body)  # type: ignore[arg-type]
    world.take((agency, agency.say(correction)), (agency, agency.say(second)))
    assert world.receipts[HARBOR].head.sequence == 3
    assert world.receipts[HARBOR].refused is None
    counts = fold((HARBOR, decode(value)) for _, value in world.events if value)
    assert counts[b"state_cases|2026Q1|ca"] == 40


def test_an_event_admitted_twice_goes_on_once(harbor: Agency) -> None:
    world = World([harbor])
    first, second = harbor.say(NEED), harbor.say(FOOD)
    world.take(
        (harbor, first), (harbor, second), (harbor, replace(first, offset=2)), (harbor, replace(second, offset=3))
    )
    assert [value for _, value in world.events] == [first.value, second.value]
    assert not world.refusals


@pytest.mark.parametrize("seed", range(20))
def test_a_gate_restored_from_what_it_wrote_is_the_same_gate(seed: int) -> None:
    """Restarted after every batch or never: the same bytes come out, of good records, bad ones and repeated ones."""
    steady, restarted = _run(seed, restart=False), _run(seed, restart=True)
    assert steady.events == restarted.events
    assert steady.refusals == restarted.refusals
    assert steady.receipts == restarted.receipts
    assert steady.state == restarted.state


def _run(seed: int, *, restart: bool) -> World:
    rng = random.Random(seed)
    agencies = [Agency(HARBOR), Agency(NORTH, v.LegalClass.tally_only, small_counts=True)]
    world = World(agencies)
    for _ in range(12):
        batch = []
        for agency in agencies:
            batch += [(agency, _some_record(rng, agency)) for _ in range(rng.randrange(4))]
        if batch:
            world.take(*batch)
        if restart:
            world.step = world.restored()
    return world


def _some_record(rng: random.Random, agency: Agency) -> Rec:
    chance = rng.random()
    if chance < 0.15:
        return rng.choice([record for _, _, record in bad_records(agency)])
    if chance < 0.3:
        return agency.beat()
    if agency.registration.legal_class is v.LegalClass.tally_only:
        return agency.say(Tally(rng.choice(list(TallyTable)[:1]), (rng.randrange(3),)), period=Q1 + rng.randrange(4))
    return agency.say(rng.choice([NEED, FOOD]))


def test_a_damaged_gate_state_is_noticed(harbor: Agency) -> None:
    world = World([harbor])
    world.take((harbor, harbor.say(NEED)))
    del world.state[b"block|harbor-light|0"]
    with pytest.raises(StateDamaged):
        world.restored()


# The fold


def folded(step: FoldStep, values: Sequence[bytes], offset: int = 0) -> dict[bytes, bytes | None]:
    records = [Rec(HARBOR.encode(), value, offset + n) for n, value in enumerate(values)]
    step.apply({Partition(EVENTS, 0): records})
    outcome = step.outcome()
    ((partition, pairs),) = outcome.outputs
    assert partition == Partition(aggregates_of(GENERATION), 0)
    assert pairs[-1][0] == POSITION_KEY, "the position goes last"
    return dict(pairs)  # type: ignore[arg-type]


def test_a_fold_restored_from_what_it_wrote_goes_on_the_same(harbor: Agency) -> None:
    steady, state, values = FoldStep(0), {}, [harbor.say(body).value or b"" for body in (NEED, FOOD, NEED, FOOD, FOOD)]
    for offset, value in enumerate(values):
        restarted = FoldStep(0)
        for key, count in state.items():
            restarted.restore(key, count)
        restarted.restored()
        assert restarted.positions() == {Partition(EVENTS, 0): offset}
        written = folded(restarted, [value], offset)
        assert written == folded(steady, [value], offset)
        state.update(written)
    assert decode_position(state[POSITION_KEY] or b"").events == 5
    cells = {key: int(count or 0) for key, count in state.items() if key != POSITION_KEY}
    assert cells == fold((HARBOR, decode(value)) for value in values)


def test_a_correction_takes_its_cells_away_and_leaves_tombstones(harbor: Agency) -> None:
    step, first = FoldStep(0), harbor.say(NEED).value or b""
    state = folded(step, [first])
    original = decode(first)
    correction = Correction(1, original.previous, Q1, v.UsState.ca, ALL_CAPS, NEED)
    state.update(folded(step, [harbor.say(correction).value or b""], 1))
    assert all(value is None for key, value in state.items() if key != POSITION_KEY)


def test_one_changed_count_is_noticed_at_the_next_start(harbor: Agency) -> None:
    state = folded(FoldStep(0), [harbor.say(NEED).value or b""])
    step = FoldStep(0)
    for key, value in state.items():
        step.restore(key, b"2" if key == b"needs_by_service|2026Q1|ca|housing" else value)
    with pytest.raises(StateDamaged):
        step.restored()


def test_bytes_that_are_no_event_stop_the_fold_at_their_offset(harbor: Agency) -> None:
    from exchange.engine.errors import CannotApply

    good = harbor.say(NEED).value or b""
    with pytest.raises(CannotApply, match="events-0 offset 1"):
        folded(FoldStep(0), [good, good[:HEAD] + b"\xff" * 6])
