"""The gate's state against `events`: what is lost, older or of another log is refused by name.

The real steps on lanes, on virtual time. After the mend that the error names, everything is exact.
"""

import asyncio
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace

import pytest

from consumers.admission.gate_rebuild import Rebuilt, rebuild_partition
from consumers.admission.gate_step import GateStep
from consumers.admission.kept_state import EventsCutOff, GateStateBehind
from consumers.admission.registry import Registry, follow_registry
from consumers.counting.fold_step import CountedOtherEvents, FoldStep
from exchange.core.admission.gate import Status
from exchange.core.admission.reasons import Reason
from exchange.core.counting.counts import fold
from exchange.core.counting.generation import GENERATION
from exchange.core.errors import ExchangeError, SequenceBroken
from exchange.core.model.event_layout import sequence_of
from exchange.core.model.events import BarrierReported, Correction
from exchange.core.model.vocabulary import Barrier, Service
from exchange.engine.errors import Fenced, TransactionOpen
from exchange.engine.lanes.lane import Lane
from exchange.engine.lanes.step import Step
from exchange.engine.log import Partition
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.wire.codec import decode
from exchange.wire.records import decode_refusal, encode_registration
from exchange.wire.topics import AGENCIES, EVENTS, GATE_STATE, POSITION_KEY, QUARANTINE, aggregates_of, receipts_of
from tests.kits.step_world import FOOD, HARBOR, NEED, NORTH, Agency
from tests.simulation.world.exchange_world import Process, World
from tests.simulation.world.network import Network

LOG, STATE, COUNTS = (Partition(topic, 0) for topic in (EVENTS, GATE_STATE, aggregates_of(GENERATION)))


class Gate:
    """A gate and a fold of one partition, the inboxes of two agencies, and the law about both."""

    def __init__(self) -> None:
        self.world = World(0)
        self.network = Network(self.world)
        self.broker = MemoryBroker(self.world.after, lambda: self.world.now, marker_delay_s=lambda: 0.01)
        self.agencies = [Agency(HARBOR), Agency(NORTH)]
        for topic in (AGENCIES, EVENTS, GATE_STATE, QUARANTINE, COUNTS.topic):
            self.broker.create(topic)
        for one in self.agencies:
            self.broker.create(one.inbox.topic)
            self.broker.create(receipts_of(one.code))
            self.broker.append(Partition(AGENCIES, 0), (one.code.encode(), encode_registration(one.registration)))
        self.ended: list[BaseException] = []
        self.workers = 0

    def send(self, *bodies: object, agencies: slice = slice(None)) -> None:
        """A run of each agency: some events and its heartbeat."""
        for one in self.agencies[agencies]:
            for record in (*(one.say(body) for body in bodies), one.beat()):  # type: ignore[arg-type]
                self.broker.append(one.inbox, (record.key, record.value))

    def worker(self) -> Process:
        self.workers += 1
        process = self.world.process(f"worker-{self.workers}")
        log = MemoryLog(self.broker, lambda: self.network.connect(process))
        registry = Registry()
        for one in self.agencies:
            registry.put(one.registration)
        makers: dict[str, tuple[Callable[[], Step], Partition]] = {
            "gate": (lambda: GateStep(0, registry), STATE),
            "fold": (lambda: FoldStep(0), COUNTS),
        }

        async def run(name: str, make: Callable[[], Step], state: Partition) -> None:
            try:
                await Lane(log, name, 0, make, state).run()
            except (ExchangeError, asyncio.CancelledError) as error:
                self.ended.append(error)

        for name, (make, state) in makers.items():
            process.spawn(run(name, make, state))
        return process

    def run(self, seconds: float = 10.0) -> None:
        self.world.run_until(self.world.now + seconds)

    def worked(self, *bodies: object, agencies: slice = slice(None)) -> None:
        """A run that is admitted and counted by a worker of its own."""
        self.send(*bodies, agencies=agencies)
        worker = self.worker()
        self.run()
        assert not self.ended
        self.world.kill(worker)

    def rebuilt(self) -> Rebuilt:
        process = self.world.process("operator")
        log = MemoryLog(self.broker, lambda: self.network.connect(process))
        task = process.spawn(rebuild_partition(log, 0, [one.code for one in self.agencies]))
        self.run(60)
        return task.result()

    def refused(self, error: type[ExchangeError], *says: str) -> None:
        """A worker refuses to work: nothing is written to `events`."""
        before = self.broker.log(LOG).end
        worker = self.worker()
        self.run()
        assert [type(one) for one in self.ended] == [error]
        assert all(text in str(self.ended[0]) for text in says)
        assert self.broker.log(LOG).end == before
        self.ended.clear()
        self.world.kill(worker)

    def check(self) -> None:
        """Every chain is in `events` once, and the counts are those of an independent count."""
        records = self.broker.committed(LOG)
        for one in self.agencies:
            found = [sequence_of(r.value or b"") for r in records if r.key == one.code.encode()]
            assert found == list(range(1, one.sequence + 1))
        counts = {r.key: int(r.value or b"0") for r in self.broker.committed(COUNTS) if r.key != POSITION_KEY}
        truth = fold(((r.key or b"").decode(), decode(r.value or b"")) for r in records)
        assert {cell: n for cell, n in counts.items() if n} == {cell: n for cell, n in truth.items() if n}

    def goes_on(self) -> None:
        """The next worker takes everything that waits and what comes, exactly."""
        worker = self.worker()
        self.run()
        self.send(NEED)
        self.run()
        assert not self.ended
        self.world.kill(worker)
        self.check()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.world.end()
    assert not gate.world.unhandled


def put_back(gate: Gate, partition: Partition) -> Callable[[], None]:
    """A copy of a partition, and the way to put it back."""
    kept = deepcopy(gate.broker.log(partition))
    return lambda: gate.broker.logs.update({partition: kept})


def emptied(gate: Gate, partition: Partition) -> None:
    gate.broker.delete(partition.topic)
    gate.broker.create(partition.topic)


def test_a_gate_state_put_back_from_an_older_copy_is_refused_and_rebuilt(gate: Gate) -> None:
    gate.worked(NEED, FOOD)
    restore = put_back(gate, STATE)
    gate.worked(FOOD)
    restore()
    gate.refused(GateStateBehind, "gate-state-0", "events-0", "`exchange gate rebuild`")
    done = gate.rebuilt()
    assert (done.events, done.agencies, done.inboxes_from_beginning) == (10, 2, 0)
    gate.goes_on()


@pytest.mark.parametrize("how", ["emptied", "its beginning deleted", "a key deleted"])
def test_a_lost_gate_state_is_refused_and_rebuilt(gate: Gate, how: str) -> None:
    gate.worked(NEED, FOOD)
    first = gate.broker.log(STATE).end
    gate.worked(NEED, agencies=slice(1))
    if how == "emptied":
        emptied(gate, STATE)
    elif how == "its beginning deleted":
        gate.broker.delete_before(STATE, first)
    else:
        log = gate.broker.log(STATE)
        log.entries = [entry for entry in log.entries if entry.record.key != b"head|north-star"]
    gate.send(FOOD)
    gate.refused(GateStateBehind, "gate-state-0", "`exchange gate rebuild`")
    gate.rebuilt()
    gate.goes_on()


@pytest.mark.parametrize("how", ["emptied", "put back", "its beginning deleted"])
def test_events_that_were_cut_off_are_refused_by_name(gate: Gate, how: str) -> None:
    gate.worked(NEED)
    restore = put_back(gate, LOG)
    gate.worked(FOOD)
    if how == "put back":
        restore()
    elif how == "emptied":
        emptied(gate, LOG)
    else:
        gate.broker.delete_before(LOG, 2)
    worker = gate.worker()
    gate.run()
    assert {type(one) for one in gate.ended} == {EventsCutOff, CountedOtherEvents}
    assert all("events-0" in str(one) for one in gate.ended)
    gate.world.kill(worker)


def test_counts_of_other_events_are_refused_though_their_position_is_inside(gate: Gate) -> None:
    gate.worked(NEED)
    counted = put_back(gate, COUNTS)
    emptied(gate, LOG)
    emptied(gate, STATE)
    emptied(gate, COUNTS)
    for one in gate.agencies:
        emptied(gate, one.inbox)
    gate.agencies = [Agency(HARBOR), Agency(NORTH)]
    gate.worked(FOOD, FOOD, FOOD)
    counted()
    gate.refused(CountedOtherEvents, aggregates_of(GENERATION), "events-0")


@pytest.mark.parametrize("how", ["emptied", "put back"])
def test_lost_and_older_counts_are_counted_again(gate: Gate, how: str) -> None:
    gate.worked(NEED)
    restore = put_back(gate, COUNTS)
    gate.worked(FOOD, FOOD)
    if how == "emptied":
        emptied(gate, COUNTS)
    else:
        restore()
    gate.goes_on()


def test_after_a_rebuild_what_was_corrected_stays_so_and_old_events_can_be_corrected(gate: Gate) -> None:
    def correction(one: Agency, sequence: int) -> Correction:
        record = next(r for r in gate.broker.committed(one.inbox) if sequence_of(r.value or b"") == sequence)
        sent = decode(record.value or b"")
        return Correction(sequence, sent.previous, sent.period, sent.state, sent.cap, sent.body)  # type: ignore[arg-type]

    gate.worked(NEED, FOOD)
    for one in gate.agencies:
        for record in (one.say(correction(one, 1)), one.beat()):
            gate.broker.append(one.inbox, (record.key, record.value))
    gate.worked()
    emptied(gate, STATE)
    gate.rebuilt()
    for one in gate.agencies:
        for record in (one.say(correction(one, 2)), one.beat()):
            gate.broker.append(one.inbox, (record.key, record.value))
    gate.goes_on()
    assert not gate.broker.committed(Partition(QUARANTINE, 0))


def test_after_a_rebuild_an_event_that_was_refused_and_repaired_is_no_fork(gate: Gate) -> None:
    gate.worked(NEED)
    one = gate.agencies[0]
    for record in one.sign(one.event(BarrierReported(Barrier.staff_turnover, Service.food))):
        gate.broker.append(one.inbox, (record.key, record.value))
    gate.worked(FOOD)
    refusals = Partition(QUARANTINE, 0)
    assert [decode_refusal(r.value or b"").reason for r in gate.broker.committed(refusals)] == [Reason.UNSOUND]
    emptied(gate, STATE)
    gate.rebuilt()
    gate.goes_on()
    assert len(gate.broker.committed(refusals)) == 1


def test_a_run_that_is_refused_in_its_middle_leaves_an_end_that_no_heartbeat_signs(gate: Gate) -> None:
    """So a replay that finds one does not fail."""
    one = gate.agencies[0]
    before = one.say(NEED)
    for record in (before, *one.sign(one.event(BarrierReported(Barrier.staff_turnover, Service.food)))):
        gate.broker.append(one.inbox, (record.key, record.value))
    gate.worked(agencies=slice(0, 0))
    assert [record.value for record in gate.broker.committed(LOG)] == [before.value]
    gate.goes_on()


@pytest.mark.parametrize("whole", [True, False])
def test_after_a_rebuild_no_copy_of_a_refused_run_is_a_fork(gate: Gate, *, whole: bool) -> None:
    """Neither a late one, nor the run itself in an inbox that is read from its beginning."""
    gate.worked(NEED)
    one = gate.agencies[0]
    run = one.sign(one.event(BarrierReported(Barrier.staff_turnover, Service.food)))
    for record in run:
        gate.broker.append(one.inbox, (record.key, record.value))
    gate.worked(FOOD)
    gate.worked(FOOD)
    if not whole:
        del gate.broker.log(one.inbox).entries[-1]  # the head
    emptied(gate, STATE)
    assert gate.rebuilt().inboxes_from_beginning == (0 if whole else 1)
    for record in run:
        gate.broker.append(one.inbox, (record.key, record.value))
    gate.goes_on()
    reasons = [decode_refusal(r.value or b"").reason for r in gate.broker.committed(Partition(QUARANTINE, 0))]
    assert reasons == [Reason.UNSOUND]


def test_an_inbox_without_the_newest_event_is_read_from_its_beginning(gate: Gate) -> None:
    gate.worked(NEED)
    gate.broker.delete_before(gate.agencies[0].inbox, 2)
    emptied(gate, STATE)
    assert gate.rebuilt().inboxes_from_beginning == 1
    gate.goes_on()


def test_a_rebuild_fences_a_worker_that_runs_and_a_second_one_changes_nothing(gate: Gate) -> None:
    gate.send(NEED)
    worker = gate.worker()
    gate.run()
    first = gate.rebuilt()
    gate.send(FOOD)
    gate.run()
    assert [type(one) for one in gate.ended] == [Fenced]
    gate.ended.clear()
    gate.world.kill(worker)
    assert gate.rebuilt() == first
    gate.goes_on()


def test_a_rebuild_that_is_interrupted_leaves_a_state_that_is_refused(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.worked(NEED)
    gate.worked(FOOD)
    monkeypatch.setattr("consumers.admission.gate_rebuild.PAIRS_MAX", 1)
    process = gate.world.process("operator")
    log = MemoryLog(gate.broker, lambda: gate.network.connect(process))
    before = gate.broker.log(STATE).end
    process.spawn(rebuild_partition(log, 0, [one.code for one in gate.agencies]))
    while gate.broker.log(STATE).end < before + 4:
        gate.run(0.01)
    gate.world.kill(process)
    gate.refused(GateStateBehind, "gate-state-0")
    gate.rebuilt()
    gate.goes_on()


def test_a_chain_that_is_there_twice_is_named_and_nothing_is_written(gate: Gate) -> None:
    gate.worked(NEED)
    twice = gate.broker.committed(LOG)[0]
    gate.broker.append(LOG, (twice.key, twice.value))
    before = gate.broker.log(STATE).end
    with pytest.raises(SequenceBroken, match=r"events-0 offset \d+: event 1 of [a-z-]+ does not follow event 2"):
        gate.rebuilt()
    assert gate.broker.log(STATE).end == before


@pytest.mark.parametrize(("seconds", "ends"), [(20, False), (100, True)])
def test_nobody_judges_by_a_registry_that_a_foreign_transaction_hides_for_long(
    gate: Gate, seconds: float, ends: bool
) -> None:
    """A suspension may stand behind it. One that ends soon only delays what comes."""
    process = gate.world.process("worker")
    log = MemoryLog(gate.broker, lambda: gate.network.connect(process))
    registry = Registry()
    following = process.spawn(follow_registry(log, registry, asyncio.Event()))
    gate.run()
    somebody = gate.broker.take_over("somebody")
    gate.broker.add(somebody, Partition(AGENCIES, 0), timeout_s=seconds)
    gate.broker.produce_in(somebody, 0, Partition(AGENCIES, 0), [(b"foreign", b"")])
    suspended = replace(gate.agencies[0].registration, status=Status.SUSPENDED)
    gate.broker.append(Partition(AGENCIES, 0), (HARBOR.encode(), encode_registration(suspended)))
    gate.run(60)
    if ends:
        assert isinstance(following.exception(), TransactionOpen)
        assert "agencies-0 is not decided from offset 2" in str(following.exception())
    else:
        assert not following.done()
        assert registry.active() == {NORTH}
