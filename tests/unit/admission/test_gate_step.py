"""The gate as a lane's step: bytes in, bytes out.

What was written restores to the same step, at every point.

Bad input is written to the inbox of one agency among two: refused, counted, named in receipt and
quarantine without its payload; the other agency is not touched; the agency repairs and goes on.
"""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from exchange.core.admission.gate import Status
from exchange.core.admission.reasons import VALUE_OCTETS_MAX, Reason
from exchange.core.counting.counts import fold
from exchange.core.errors import StateDamaged
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import ALL_CAPS, Correction, Heartbeat, Tally
from exchange.core.model.tally_tables import TallyTable
from exchange.wire.codec import decode
from exchange.wire.records import Receipt
from tests.unit.admission.step_world import FOOD, HARBOR, NEED, NORTH, Q1, Agency, Rec, World


@pytest.fixture
def harbor() -> Agency:
    return Agency(HARBOR)


@pytest.fixture
def north() -> Agency:
    return Agency(NORTH)


def bad_records(harbor: Agency) -> Iterator[tuple[str, Reason, Rec]]:
    """All ways in which a record is no event of this agency's chain; none advances the agency."""
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
    """Restarts after every batch or never: the same bytes, for good, bad and repeated records."""
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


def test_several_batches_before_one_outcome_leave_what_one_by_one_leaves(harbor: Agency, north: Agency) -> None:
    """A gate with a backlog merges batches: events in order, and the newest of everything else."""
    said = [
        (harbor, harbor.say(NEED)),
        (north, north.say(FOOD)),
        (harbor, harbor.record(b"no event")),
        (harbor, harbor.say(FOOD)),
    ]
    apart, together = World([harbor, north]), World([harbor, north])
    for one in said:
        apart.take(one)
    for agency, record in said[:-1]:
        together.step.apply({agency.inbox: [record]})
    together.take(said[-1])
    assert together.events == apart.events
    assert together.state == apart.state
    assert together.receipts == apart.receipts
    assert together.refusals == apart.refusals


def test_a_retracted_tally_may_be_sent_again_though_the_gate_was_started_again() -> None:
    totals = Agency(HARBOR, v.LegalClass.tally_only, small_counts=True)
    world = World([totals])
    tally = Tally(TallyTable.cases, (3,))
    world.take((totals, totals.say(tally)))
    sent = decode(world.events[-1][1] or b"")
    world.take((totals, totals.say(Correction(1, sent.previous, sent.period, sent.state, sent.cap, tally))))
    world.step = world.restored()
    world.take((totals, totals.say(tally)))
    assert [decode(value or b"").sequence for _, value in world.events] == [1, 2, 3]
    assert not world.refusals


def test_that_a_tally_has_counted_in_releases_is_known_after_a_restart_too() -> None:
    totals = Agency(HARBOR, v.LegalClass.tally_only, small_counts=True)
    world, tally = World([totals]), Tally(TallyTable.cases, (3,))
    for cap in (1, 0):
        world.take((totals, totals.say(tally, cap=cap)))
        sent = decode(world.events[-1][1] or b"")
        back = Correction(sent.sequence, sent.previous, sent.period, sent.state, sent.cap, tally)
        world.take((totals, totals.say(back, cap=0)))
        world.step = world.restored()
    assert len(world.events) == 4
    world.take((totals, totals.say(tally, cap=1)))
    assert [refusal.reason for refusal in world.refusals] == [Reason.UNSOUND]


def test_the_same_refusal_again_is_counted_and_kept_once() -> None:
    """One faulty record sent without end must not fill the quarantine, which is kept for ever."""
    totals = Agency(HARBOR, v.LegalClass.tally_only)
    world, faulty = World([totals]), totals.event(NEED)
    for _ in range(50):
        world.take((totals, totals.record(faulty)))
    assert [refusal.reason for refusal in world.refusals] == [Reason.LEGAL_CLASS]
    assert world.step.agencies[HARBOR].refused == 50
