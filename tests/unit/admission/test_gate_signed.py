"""The gate admits what an agency has signed, run by run, and judges nothing else.

Bad input is written to the inbox of one agency among two. The other agency is not touched.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from consumers.admission.gate_step import GateStep
from exchange.core.admission.gate import Refused
from exchange.core.admission.reasons import VALUE_OCTETS_MAX, Reason
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.chain import Head
from exchange.core.model.events import Correction, Heartbeat, Tally
from exchange.core.model.tally_tables import TallyTable
from exchange.wire.codec import decode
from exchange.wire.records import Receipt
from exchange.wire.topics import GATE_STATE
from tests.kits.step_world import FOOD, HARBOR, NEED, NORTH, NOW_MS, Q1, Agency, Rec, World


def strays(harbor: Agency) -> Iterator[tuple[str, Reason, Rec]]:
    """Records that this agency has not signed: nobody judges them."""
    good = harbor.event(NEED)
    yield "a well-formed event", Reason.NOT_SIGNED, harbor.record(good)
    yield "unknown schema id", Reason.NOT_SIGNED, harbor.record(b"\0\0\0\0\x63" + good[5:])
    yield "no schema id", Reason.UNREADABLE, harbor.record(b"not avro")
    yield "no value", Reason.UNREADABLE, harbor.record(None)
    yield "truncated", Reason.NOT_SIGNED, harbor.record(good[:-1])
    yield "tail bytes", Reason.NOT_SIGNED, harbor.record(good + b"Jane")
    yield "headers", Reason.HAS_HEADERS, harbor.record(good, headers=(("note", b"Jane"),))
    yield "another agency's key", Reason.WRONG_KEY, harbor.record(good, key=NORTH.encode())
    yield "oversized", Reason.OVERSIZED, harbor.record(good + b"Jane" + bytes(VALUE_OCTETS_MAX))
    yield "a sequence past 2^63", Reason.NOT_SIGNED, harbor.record(harbor.event(NEED, sequence=2**63))
    yield "the last sequence there is", Reason.NOT_SIGNED, harbor.record(harbor.event(NEED, sequence=2**64 - 1))
    yield "a gap up to 2^63", Reason.NOT_SIGNED, harbor.record(harbor.event(NEED, sequence=2**63 - 1))
    yield "a gap", Reason.NOT_SIGNED, harbor.record(harbor.event(NEED, sequence=harbor.sequence + 5))
    yield "another previous", Reason.NOT_SIGNED, harbor.record(harbor.event(NEED, previous=bytes(32)))
    yield "other bytes under a used sequence", Reason.NOT_SIGNED, harbor.record(harbor.event(FOOD, sequence=1))


def signed_records(harbor: Agency) -> Iterator[tuple[str, Reason, bytes]]:
    """The next record of the agency's own chain, when it is not what the gate admits."""
    good = harbor.event(NEED)
    yield "unknown schema id", Reason.UNKNOWN_SCHEMA, b"\0\0\0\0\x63" + good[5:]
    yield "another magic", Reason.UNREADABLE, b"\1" + good[1:]
    yield "truncated", Reason.UNREADABLE, good[:-1]
    yield "tail bytes", Reason.NOT_CANONICAL, good + b"Jane"
    yield "a period of 2100", Reason.OUT_OF_RANGE, harbor.event(NEED, period=1000)
    barrier = e.BarrierReported(v.Barrier.staff_turnover, v.Service.food)
    yield "an unsound body", Reason.UNSOUND, harbor.event(barrier)
    unknown = Correction(1, bytes(32), Q1, v.UsState.ca, 0, FOOD)
    yield "a correction of what was never sent", Reason.CORRECTS_UNKNOWN, harbor.event(unknown)
    yield "a tally of an agency of events", Reason.TALLY_NOT_ALLOWED, harbor.event(Tally(TallyTable.cases, (30,)))


STRAYS = [what for what, _, _ in strays(Agency(HARBOR))]
SIGNED = [what for what, _, _ in signed_records(Agency(HARBOR))]


@pytest.mark.parametrize("number", range(len(STRAYS)), ids=STRAYS)
def test_a_record_that_is_not_signed_is_not_judged_and_costs_nobody_anything(
    harbor: Agency, north: Agency, number: int
) -> None:
    """It stands before, between and behind the honest records of a run."""
    world = World([harbor, north])
    world.take(*harbor.run(harbor.say(NEED)))
    _, reason, record = list(strays(harbor))[number]
    record = replace(record, offset=2)
    harbor.offset = 3
    told = dict(world.receipts)
    outcome = world.take((harbor, record), (north, north.say(FOOD)), (north, north.beat()))
    assert world.receipts[HARBOR] == told[HARBOR], "nothing is decided before a heartbeat"
    assert not world.refusals
    run = [(harbor, harbor.say(FOOD)), *harbor.again(record), (harbor, harbor.say(NEED)), *harbor.again(record)]
    outcome = world.take(*run, (harbor, harbor.beat()))
    assert world.receipts[HARBOR] == Receipt(Head(5, harbor.previous))
    assert world.receipts[NORTH] == Receipt(Head(2, north.previous))
    assert [(refusal.reason, refusal.offset) for refusal in world.refusals] == [(reason, record.offset)]
    assert world.step.agencies[HARBOR].strays == 3
    written = b"".join(value or b"" for _, pairs in outcome.outputs for _, value in pairs)
    assert b"Jane" not in written
    assert [decode(value or b"").sequence for key, value in world.events if key == HARBOR.encode()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("number", range(len(SIGNED)), ids=SIGNED)
def test_bad_input_that_the_agency_signed_is_refused_reported_and_survived(
    harbor: Agency, north: Agency, number: int
) -> None:
    world = World([harbor, north])
    world.take(*harbor.run(harbor.say(NEED)))
    _, reason, value = list(signed_records(harbor))[number]
    bad, beat = harbor.sign(value)
    outcome = world.take((harbor, bad), (harbor, beat), *north.run(north.say(FOOD)))
    (refusal,) = world.refusals
    assert (refusal.sequence, refusal.reason, refusal.offset) == (3, reason, bad.offset)
    assert world.receipts[HARBOR].refused == Refused(3, reason)
    assert world.receipts[HARBOR].head.sequence == 2
    assert world.receipts[NORTH] == Receipt(Head(2, north.previous))
    written = b"".join(value or b"" for _, pairs in outcome.outputs for _, value in pairs)
    assert b"Jane" not in written
    assert world.step.agencies[HARBOR].skipped == 1, "the heartbeat behind it"
    world.take(*harbor.run(harbor.say(FOOD)))
    assert world.receipts[HARBOR] == Receipt(Head(4, harbor.previous))


def test_a_run_that_nobody_can_read_and_that_is_sent_again_stops_nobody(harbor: Agency, north: Agency) -> None:
    world = World([harbor, north])
    unreadable = [(harbor, record) for record in harbor.sign(harbor.event(NEED) + b"\0")]
    another = [(harbor, record) for record in harbor.sign(harbor.event(FOOD)[:-1])]
    again = harbor.again(*(record for _, record in unreadable))
    world.take(*unreadable)
    world.take(*again, *another, *north.run(north.say(NEED)))
    assert world.receipts[HARBOR] == Receipt(Head(), Refused(1, Reason.UNREADABLE))
    assert [one.reason for one in world.refusals] == [Reason.NOT_CANONICAL, Reason.UNREADABLE], "once each"
    assert world.receipts[NORTH] == Receipt(Head(2, north.previous))
    world.take(*harbor.run(harbor.say(NEED)))
    assert world.receipts[HARBOR] == Receipt(Head(2, harbor.previous))


def test_a_run_without_its_end_waits_and_is_read_again_after_a_restart(harbor: Agency) -> None:
    world = World([harbor])
    run = [harbor.say(NEED), harbor.say(FOOD)]
    outcome = world.take(*((harbor, record) for record in run))
    assert [partition.topic for partition, _ in outcome.outputs] == [GATE_STATE], "no receipt: nothing is decided"
    assert world.step.agencies[HARBOR].waiting == 2
    assert world.step.agencies[HARBOR].waiting_since_ms == NOW_MS
    world.restart()
    assert world.step.positions() == {harbor.inbox: None}
    world.take((harbor, harbor.beat()))
    assert len(world.events) == 3
    assert world.step.agencies[HARBOR].waiting == 0
    assert world.restored().positions() == {harbor.inbox: 3}


@pytest.mark.parametrize(
    ("wrong", "reason"), [({"key": 9}, Reason.UNKNOWN_KEY), ({"signature": bytes(64)}, Reason.BAD_SIGNATURE)]
)
def test_a_heartbeat_that_does_not_verify_closes_nothing_and_the_agency_learns_why(
    harbor: Agency, wrong: dict[str, object], reason: Reason
) -> None:
    world = World([harbor])
    event = harbor.say(NEED)
    beat = Heartbeat(v.Scheduled.yes, v.ReportingMinutes.minutes_0_5, 0, bytes(64))
    forged = harbor.record(harbor.event(replace(beat, **wrong)))  # type: ignore[arg-type]
    world.take((harbor, event), (harbor, forged), *harbor.again(forged))
    assert world.receipts[HARBOR] == Receipt(Head(), Refused(2, reason))
    assert [refusal.reason for refusal in world.refusals] == [reason], "once, however many come"
    assert not world.events
    world.take((harbor, harbor.beat()))
    assert world.receipts[HARBOR] == Receipt(Head(2, harbor.previous))


def test_a_heartbeat_of_another_agency_closes_nothing(harbor: Agency, north: Agency) -> None:
    world = World([harbor, north])
    event, beat = harbor.say(NEED), north.beat()
    world.take((harbor, event), (harbor, replace(beat, key=HARBOR.encode(), offset=1)))
    assert not world.events
    refused = world.receipts[HARBOR].refused
    assert refused
    assert refused.reason is Reason.BAD_SIGNATURE


def test_what_waits_for_a_key_is_admitted_once_the_key_is_registered(harbor: Agency) -> None:
    """The inbox is read again from its position: the agency need not send again."""
    keys = harbor.registration.keys
    harbor.registration = replace(harbor.registration, keys=())
    world = World([harbor])
    world.take(*harbor.run(harbor.say(NEED)))
    assert not world.events
    world.step._registry.put(replace(harbor.registration, keys=keys))
    assert world.step.positions() == {harbor.inbox: 0}
    world.take()
    assert len(world.events) == 2


def test_a_missing_record_is_a_gap_and_the_agency_sends_again(harbor: Agency) -> None:
    world = World([harbor])
    run = [harbor.say(NEED), harbor.say(FOOD), harbor.say(NEED), harbor.beat()]
    world.take((harbor, run[0]), (harbor, run[2]), (harbor, run[3]))
    assert world.receipts[HARBOR] == Receipt(Head(), Refused(3, Reason.GAP))
    world.take(*harbor.again(*run))
    assert world.receipts[HARBOR] == Receipt(Head(4, harbor.previous))
    assert [value for _, value in world.events] == [record.value for record in run]


def test_a_late_copy_of_a_refused_run_is_no_fork_even_after_a_restart(harbor: Agency) -> None:
    world = World([harbor])
    barrier = e.BarrierReported(v.Barrier.staff_turnover, v.Service.food)
    late = harbor.sign(harbor.event(barrier))
    world.take(*((harbor, record) for record in late))
    world.take(*harbor.run(harbor.say(NEED)))
    world.restart()
    world.take(*harbor.again(*late))
    assert world.receipts[HARBOR] == Receipt(Head(2, harbor.previous))
    assert [refusal.reason for refusal in world.refusals] == [Reason.UNSOUND]
    assert world.restored().positions() == {harbor.inbox: 6}


def test_how_long_records_wait_for_their_signature_outlives_a_restart_and_ends_with_it(harbor: Agency) -> None:
    """A record's own time is its month: by that alone, each restart would put off the alert."""
    times = iter(range(NOW_MS, NOW_MS + 10_000, 1_000))
    world = World([harbor], make_step=partial(GateStep, clock=lambda: next(times)))
    world.take((harbor, harbor.say(NEED)))
    for _ in range(3):
        world.restart()
        assert not world.take().outputs
        assert world.step.agencies[HARBOR].waiting_since_ms == NOW_MS
    world.take((harbor, harbor.beat()))
    assert world.step.agencies[HARBOR].waiting_since_ms == 0
    assert world.step.agencies[HARBOR].heard_ms > NOW_MS
    world.restart()
    assert world.step.agencies[HARBOR].waiting_since_ms == 0
    world.take((harbor, harbor.say(FOOD)))
    assert world.step.agencies[HARBOR].waiting_since_ms > NOW_MS


def test_another_run_that_the_agency_signed_is_a_fork_reported_once(harbor: Agency) -> None:
    """Two copies of one vault publish; the good copy goes on."""
    world = World([harbor])
    fork = harbor.sign(harbor.event(FOOD))
    harbor.offset = 0
    world.take(*harbor.run(harbor.say(NEED)))
    for _ in range(3):
        world.take(*harbor.again(*fork))
    assert world.receipts[HARBOR] == Receipt(Head(2, harbor.previous), Refused(2, Reason.FORKED))
    assert [refusal.reason for refusal in world.refusals] == [Reason.FORKED]
    assert world.step.agencies[HARBOR].forked_ms == NOW_MS
    world.take(*harbor.run(harbor.say(NEED)))
    assert world.receipts[HARBOR] == Receipt(Head(4, harbor.previous))


def test_a_run_of_more_events_than_one_heartbeat_may_close_is_refused_by_name(
    harbor: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.admission.inbox.RUN_EVENTS_MAX", 5)
    world = World([harbor])
    world.take(*harbor.run(*(harbor.say(NEED) for _ in range(5))))
    assert world.receipts[HARBOR] == Receipt(Head(), Refused(1, Reason.RUN_TOO_LONG))
    assert not world.events
