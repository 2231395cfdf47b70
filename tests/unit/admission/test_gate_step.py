"""The gate as a lane's step: bytes in, bytes out.

What was written restores to the same step, at every point. The runs of an agency and records that
nobody signed are in `test_gate_signed.py`.
"""

import random
from collections.abc import Callable
from contextlib import nullcontext

import pytest

from consumers.admission.gate_step import GateStep
from consumers.admission.kept_state import GateStateDamaged, RegistryBehind
from consumers.admission.registry import Registry
from exchange.core.admission.gate import Status
from exchange.core.admission.reasons import Reason
from exchange.core.counting.counts import fold
from exchange.core.errors import StateDamaged
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import Correction, Tally
from exchange.core.model.ledger_head import LedgerHead
from exchange.core.model.tally_tables import TallyTable
from exchange.engine.lanes.step import Tail
from exchange.engine.log import Partition
from exchange.wire.codec import decode
from exchange.wire.topics import EVENTS, POSITION_KEY
from tests.kits.step_world import FOOD, HARBOR, NEED, NORTH, Q1, Agency, Rec, World
from tests.unit.admission.test_gate_signed import strays

FOREIGN = [
    (b"foreign", b"x"),
    (b"head|harbor-light", b"x"),
    (b"block|harbor-light", b""),
    (b"\xff|x", b"x"),
    (POSITION_KEY, b"x"),
    (b"tally|harbor-light|needs|2026|ca", b"x"),
]
"""Records of `gate-state` that no gate wrote."""


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
    world.take(*((agency, record) for record in agency.sign(agency.event(body))))
    assert [refusal.reason for refusal in world.refusals] == [reason]
    assert not world.events


def test_a_second_tally_waits_for_the_first_to_be_retracted() -> None:
    agency = Agency(HARBOR, v.LegalClass.tally_only)
    world = World([agency])
    first = agency.say(Tally(TallyTable.cases, (30,)))
    world.take(*agency.run(first))
    second = Tally(TallyTable.cases, (40,))
    world.take(*((agency, record) for record in agency.sign(agency.event(second))))
    assert world.refusals[0].reason is Reason.TALLY_REPEATED
    original = decode(first.value or b"")
    world.restart()  # what is held survives a restart
    correction = Correction(1, original.previous, original.period, original.state, original.cap, original.body)  # type: ignore[arg-type]
    world.take(*agency.run(agency.say(correction), agency.say(second)))
    assert world.receipts[HARBOR].head.sequence == 5
    assert world.receipts[HARBOR].refused is None
    counts = fold((HARBOR, decode(value)) for _, value in world.events if value)
    assert counts[b"state_cases|2026Q1|ca"] == 40


def test_an_event_admitted_twice_goes_on_once(harbor: Agency) -> None:
    world = World([harbor])
    run = [harbor.say(NEED), harbor.say(FOOD), harbor.beat()]
    world.take(*((harbor, record) for record in run), *harbor.again(*run))
    assert [value for _, value in world.events] == [record.value for record in run]
    assert not world.refusals
    assert world.step.agencies[HARBOR].duplicates == 3
    assert world.restored().positions() == {harbor.inbox: 6}


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
            world.restart()
    return world


def _some_record(rng: random.Random, agency: Agency) -> Rec:
    chance = rng.random()
    if chance < 0.15:
        return rng.choice([record for _, _, record in strays(agency)])
    if chance < 0.3:
        return agency.beat()
    if agency.registration.legal_class is v.LegalClass.tally_only:
        return agency.say(Tally(rng.choice(list(TallyTable)[:1]), (rng.randrange(3),)), period=Q1 + rng.randrange(4))
    return agency.say(rng.choice([NEED, FOOD]))


def test_a_damaged_gate_state_is_noticed(harbor: Agency) -> None:
    world = World([harbor])
    world.take(*harbor.run(harbor.say(NEED)))
    del world.state[b"block|harbor-light|0"]
    with pytest.raises(StateDamaged):
        world.restored()


@pytest.mark.parametrize("records", [0, 4, 5, 6])
def test_a_registry_with_fewer_records_than_the_gate_had_read_admits_nothing(harbor: Agency, records: int) -> None:
    world = World([harbor])
    world.step._registry.records = 5
    world.take(*harbor.run(harbor.say(NEED)))
    step = world.restored()
    step._registry.records = records
    tail = Tail(0, harbor.record(world.events[-1][1]))
    with nullcontext() if records >= 5 else pytest.raises(RegistryBehind, match=f"holds {records} records"):
        step.compare(Partition(EVENTS, 0), tail)


@pytest.mark.parametrize(("key", "value"), FOREIGN)
def test_what_no_gate_wrote_is_refused_with_its_mend(harbor: Agency, key: bytes, value: bytes) -> None:
    step = World([harbor]).step
    step.restore(key, value)
    with pytest.raises(GateStateDamaged, match=r"no gate wrote.*gate rebuild"):
        step.restored()


@pytest.mark.parametrize(("key", "value"), FOREIGN)
def test_what_no_gate_wrote_and_the_rebuild_deleted_is_passed_over_until_it_is_compacted(
    harbor: Agency, key: bytes, value: bytes
) -> None:
    world = World([harbor])
    world.take(*harbor.run(harbor.say(NEED)))
    step = world.make_step(0, Registry())
    step.restore(key, value)
    for written, kept in ({key: None} | world.state).items():  # what the rebuild writes
        step.restore(written, kept)
    step.restored()


def test_a_foreign_key_that_the_rebuild_deleted_is_passed_over(harbor: Agency) -> None:
    World([harbor]).step.restore(b"foreign", None)


def test_several_batches_before_one_outcome_leave_what_one_by_one_leaves(harbor: Agency, north: Agency) -> None:
    """A gate with a backlog merges batches: events in order, and the newest of everything else."""
    said = [
        (harbor, harbor.say(NEED)),
        (north, north.say(FOOD)),
        (harbor, harbor.beat()),
        (harbor, harbor.record(b"no event")),
        (north, north.beat()),
        (harbor, harbor.say(FOOD)),
        (harbor, harbor.beat()),
    ]
    apart, together = World([harbor, north]), World([harbor, north])
    for one in said:
        apart.take(one)
    for one in said[:-1]:
        together.arrive(one)
        together.step.apply(together.batch())
    together.take(said[-1])
    assert len(apart.events) == 6
    assert together.events == apart.events
    assert together.state == apart.state
    assert together.receipts == apart.receipts
    assert together.refusals == apart.refusals


def test_a_retracted_tally_may_be_sent_again_though_the_gate_was_started_again() -> None:
    totals = Agency(HARBOR, v.LegalClass.tally_only, small_counts=True)
    world = World([totals])
    tally = Tally(TallyTable.cases, (3,))
    world.take(*totals.run(totals.say(tally)))
    sent = decode(world.events[0][1] or b"")
    correction = Correction(1, sent.previous, sent.period, sent.state, sent.cap, tally)
    world.take(*totals.run(totals.say(correction)))
    world.restart()
    world.take(*totals.run(totals.say(tally)))
    assert [decode(value or b"").sequence for _, value in world.events] == [1, 2, 3, 4, 5, 6]
    assert not world.refusals


def test_that_a_tally_has_counted_in_releases_is_known_after_a_restart_too() -> None:
    totals = Agency(HARBOR, v.LegalClass.tally_only, small_counts=True)
    world, tally = World([totals]), Tally(TallyTable.cases, (3,))
    for cap in (1, 0):
        world.take(*totals.run(totals.say(tally, cap=cap)))
        sent = decode(world.events[-2][1] or b"")
        back = Correction(sent.sequence, sent.previous, sent.period, sent.state, sent.cap, tally)
        world.take(*totals.run(totals.say(back, cap=0)))
        world.restart()
    assert len(world.events) == 8
    world.take(*totals.run(totals.say(tally, cap=1)))
    assert [refusal.reason for refusal in world.refusals] == [Reason.UNSOUND]


def test_the_same_refusal_again_is_counted_and_kept_once() -> None:
    """One faulty run sent without end must not fill the quarantine, which is kept for ever."""
    totals = Agency(HARBOR, v.LegalClass.tally_only)
    world, faulty = World([totals]), totals.sign(totals.event(NEED))
    for _ in range(50):
        world.take(*totals.again(*faulty))
    assert [refusal.reason for refusal in world.refusals] == [Reason.LEGAL_CLASS]
    assert world.step.agencies[HARBOR].refused == 50


def test_receipts_name_the_ledgers_head_as_it_is_known_since_the_gate_restored() -> None:
    heads = [None, LedgerHead(24_312, b"h" * 32)]
    asked: list[str] = []

    def since_now() -> Callable[[], LedgerHead | None]:
        asked.append("restored")
        return lambda: heads[0]

    def make_step(number: int, registry: Registry) -> GateStep:
        step = GateStep(number, registry)
        step.head_from_now_on = since_now
        return step

    agency = Agency(HARBOR)
    world = World([agency], make_step=make_step)
    assert asked == ["restored"]
    for head in heads:
        heads[0] = head
        world.take(*agency.run(agency.say(NEED)))
        assert world.receipts[HARBOR].ledger == head
