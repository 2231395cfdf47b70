"""A whole exchange in miniature under faults, and the law it must obey when the dust settles.

Agencies write to inboxes; workers, each a process of its own under a supervisor, own the lanes
`gate-p` (Forward) and `fold-p` (Count) through one group. Faults strike for fifty seconds, then
everything is healed. The law: every inbox's committed records are in the events exactly once and
in order, and the counts equal one independent count of them.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from exchange.core.errors import ExchangeError
from exchange.engine.lanes.lane import Lane, LaneLimits
from exchange.engine.lanes.ownership import Ownership
from exchange.engine.lanes.progress import LaneProgress, LaneState
from exchange.engine.log import Partition
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.testing.memory_partition import ABORTED
from tests.simulation.world.exchange_world import Process, World
from tests.simulation.world.faults import Fault, plan, strike
from tests.simulation.world.group import Group, MemoryMembership
from tests.simulation.world.network import Network
from tests.simulation.world.steps import REGISTRY, Count, Forward, inbox

PARTITIONS = 2
SURVIVABLE = ("LaneStalled", "LaneGaveUp", "GroupLost")
"""What a worker may end with: its supervisor starts it again. Anything else is a defect or a broken
law."""


class LawBroken(AssertionError):
    """What the simulation is for."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of a scenario."""

    agencies_until_s: float = 40.0
    publish_until_s: float = 45.0
    healed_at_s: float = 60.0
    settled_after_s: float = 120.0
    """How long the law may take to hold, once all is healed."""
    afterglow_s: float = 20.0
    """How long the law must continue to hold."""


FULL = Timing()
BRIEF = Timing(agencies_until_s=2.0, publish_until_s=5.0, healed_at_s=16.0, settled_after_s=60.0, afterglow_s=4.0)


@dataclass(frozen=True, slots=True)
class Engine:
    """What runs: the real thing, or a mutant of one part."""

    lane: type[Lane] = Lane
    ownership: type[Ownership] = Ownership
    log: type[MemoryLog] = MemoryLog


@dataclass(slots=True)
class Report:
    """What happened, for tests that look closer than the law."""

    exits: list[str] = field(default_factory=list)
    fenced: int = 0
    restarts: int = 0
    generations: int = 0
    events: int = 0
    trace: Sequence[str] = ()
    settled_s: float = 0.0


class Scenario:
    def __init__(
        self, seed: int, faults: Sequence[Fault], engine: Engine, *, workers: int = 2, timing: Timing = FULL
    ) -> None:
        self.timing = timing
        self.world = World(seed)
        self.random = Random(f"scenario {seed}")
        self.network = Network(self.world)
        marker_delay_s, records_max = self.random.choice(((0.001, 1), (0.02, 4), (0.02, 20), (0.5, 20), (0.5, 500)))
        self.broker = MemoryBroker(
            self.world.after,
            lambda: self.world.now,
            marker_delay_s=lambda: self.world.random.random() * marker_delay_s,
        )
        self.group = Group(self.world, PARTITIONS)
        self.engine = engine
        self.limits = LaneLimits(records_max=records_max, batches_max=self.random.choice((1, 4)))
        self.report = Report()
        self.broken: list[str] = []
        self.staff: dict[int, Process] = {}
        self._hired = 0
        self.states = [*self.broker.create("gate-state", PARTITIONS), *self.broker.create("aggregates", PARTITIONS)]
        self.events = self.broker.create("events", PARTITIONS)
        self.broker.create(REGISTRY.topic)
        self.agencies: dict[bytes, int] = {}
        self.group.start()
        for _ in range(workers):
            self.hire()
        self._schedule_agencies()
        for fault in faults:
            self.world.at(fault.at_s, lambda fault=fault: strike(self, fault))
        self.world.at(timing.healed_at_s, self._heal)

    # Agencies

    def _schedule_agencies(self) -> None:
        for number in range(self.random.randrange(2, 6)):
            agency = b"a%d" % number
            start = 0.0 if number < 2 else self.random.uniform(0.0, self.timing.agencies_until_s)
            self.world.at(start, lambda agency=agency, number=number: self._register(agency, number % PARTITIONS))
            for sequence in range(self.random.randrange(1, 80)):
                at = self.random.uniform(start, self.timing.publish_until_s)
                self.world.at(at, lambda agency=agency, n=sequence: self._publish(agency, n))

    def _register(self, agency: bytes, partition: int) -> None:
        self.agencies[agency] = partition
        self.broker.create(inbox(agency).topic)
        self._write(REGISTRY, agency, b"%d" % partition)

    def _publish(self, agency: bytes, number: int) -> None:
        cell = b"cell%d" % self.random.randrange(5)
        if self.random.random() < 0.1:
            self._write_in_vain(inbox(agency), agency, cell)
        for copy in range(self.random.choice((1, 1, 1, 12))):
            self._write(inbox(agency), agency, b"%s/%s/%d/%d" % (cell, agency, number, copy))

    def _write(self, partition: Partition, key: bytes, value: bytes) -> None:
        self.broker.append(partition, (key, value))

    def _write_in_vain(self, partition: Partition, key: bytes, value: bytes) -> None:
        tid = f"edge {self.broker.new_producer()}"
        writer = self.broker.take_over(tid)
        self.broker.add(writer, partition)
        self.broker.produce_in(writer, 0, partition, [(key, value)])
        self.broker.end(writer, ABORTED)

    def hold(self, partition: Partition, length_s: float) -> None:
        """A foreign transaction, open for so long or until all is healed. It comes to nothing."""
        writer = self.broker.take_over(f"somebody {self.broker.new_producer()}")
        self.broker.add(writer, partition, timeout_s=min(length_s, self.timing.healed_at_s - self.world.now))
        self.broker.produce_in(writer, 0, partition, [(b"foreign", b"")])

    # Workers

    def hire(self) -> None:
        self._hired += 1
        self._start(self._hired)

    def kill(self, worker: int, again_after_s: float) -> None:
        """SIGKILL; its supervisor starts it again."""
        process = self.staff[worker]
        run = int(process.name.rpartition(".")[2])
        self.world.kill(process)
        self.world.after(again_after_s, lambda: worker in self.staff and self._start(worker, run + 1))

    def freeze(self, worker: int, length_s: float) -> None:
        """SIGSTOP, and SIGCONT after a while."""
        process = self.staff[worker]
        process.frozen = True
        self.world.note("frozen", process.name)
        self.world.after(length_s, lambda: setattr(process, "frozen", False))

    def _start(self, worker: int, run: int = 1) -> None:
        process = self.staff[worker] = self.world.process(f"worker{worker}.{run}")
        process.spawn(self._work(worker, run, process))

    async def _work(self, worker: int, run: int, process: Process) -> None:
        log = self.engine.log(self.broker, lambda: self.network.connect(process))
        membership = MemoryMembership(self.group, lambda: self.network.connect(process), process.name)

        fenced: dict[str, int] = {}

        def see(progress: LaneProgress) -> None:
            self._see(progress, fenced, ownership.generation)

        def gate(p: int) -> Lane:
            state = Partition("gate-state", p)
            step = lambda: Forward(p, Partition("events", p), state)  # noqa: E731
            return self.engine.lane(log, "gate", p, step, state, limits=self.limits, hook=see)

        def fold(p: int) -> Lane:
            state = Partition("aggregates", p)
            step = lambda: Count(Partition("events", p), state)  # noqa: E731
            return self.engine.lane(log, "fold", p, step, state, limits=self.limits, hook=see)

        ownership = self.engine.ownership(membership, [gate, fold])
        try:
            await ownership.run()
        except Exception as error:  # noqa: BLE001 (whatever ends a worker is looked at)
            self._ended(error)
        self.world.after(1.0, lambda: worker in self.staff and self._start(worker, run + 1))

    def _ended(self, error: Exception) -> None:
        name = type(error).__name__
        self.world.note("a worker ended:", name, error)
        self.report.exits.append(name)
        if name not in SURVIVABLE:
            self.broken.append(f"{name}: {error}" if isinstance(error, ExchangeError) else repr(error))

    def _see(self, progress: LaneProgress, fenced: dict[str, int], generation: int) -> None:
        """Count the lanes' exits, and check that a fenced lane waits for a new generation."""
        if progress.state in (LaneState.FENCED, LaneState.BACKING_OFF):
            self.world.note(progress.lane, progress.state, progress.error)
        if progress.state is LaneState.FENCED:
            fenced[progress.lane] = generation
        elif progress.state is LaneState.STARTING and fenced.get(progress.lane) == generation:
            self.broken.append(f"{progress.lane} was fenced and started again without a new generation")
        self.report.fenced += progress.state is LaneState.FENCED
        self.report.restarts += progress.state is LaneState.BACKING_OFF

    def _heal(self) -> None:
        self.network.heal()
        for process in self.staff.values():
            process.frozen = False
        self.world.note("healed")

    # The law

    def run(self) -> Report:
        """Until the law holds, and a while longer. Raises `LawBroken`."""
        try:
            timing, world = self.timing, self.world
            world.run_until(timing.healed_at_s)
            while self.difference() and world.now < timing.healed_at_s + timing.settled_after_s and not self.broken:
                world.run_until(world.now + 1.0)
            self.report.settled_s = world.now - timing.healed_at_s
            if not self.difference():
                world.run_until(world.now + timing.afterglow_s)
            problems = [*self.broken, *self.difference(), *self.world.unhandled]
        finally:
            self.report.trace = list(self.world.trace)
            self.report.generations = self.group.generation
            self.report.events = sum(len(self.broker.committed(p)) for p in self.events)
            self.staff.clear()  # nobody is started any more
            self.world.end()
        if problems:
            raise LawBroken("\n".join(problems))
        return self.report

    def difference(self) -> list[str]:
        """What is not yet, or not any more, as the law has it."""
        found = []
        expected: list[Counter[bytes]] = [Counter() for _ in range(PARTITIONS)]
        for agency, partition in self.agencies.items():
            sent = [r.value or b"" for r in self.broker.committed(inbox(agency))]
            events = self.broker.committed(self.events[partition])
            arrived = [r.value or b"" for r in events if r.key == agency]
            expected[partition].update(value.partition(b"/")[0] for value in sent)
            if arrived != sent:
                lost, double = Counter(sent) - Counter(arrived), Counter(arrived) - Counter(sent)
                found.append(
                    f"{agency!r}: {lost.total()} lost, {double.total()} duplicated of {len(sent)}, or disordered"
                )
        for partition in range(PARTITIONS):
            counted = Counter(
                {
                    record.key: int(record.value or b"0")
                    for record in self.broker.committed(Partition("aggregates", partition))
                    if not (record.key or b"").startswith(b"\xff")
                }
            )
            if counted != expected[partition]:
                found.append(
                    f"aggregates-{partition}: {(expected[partition] - counted).total()} lost,"
                    f" {(counted - expected[partition]).total()} duplicated of {expected[partition].total()}"
                )
        return found


def simulate(
    seed: int,
    faults: Sequence[Fault] | None = None,
    engine: Engine | None = None,
    *,
    workers: int = 2,
    timing: Timing = FULL,
    prepare: Callable[[Scenario], None] = lambda _: None,
) -> Report:
    """One run.

    The error of a run that fails names its seed and its faults: the same again shows the same.
    """
    struck = plan(seed) if faults is None else faults
    scenario = Scenario(seed, struck, engine or Engine(), workers=workers, timing=timing)
    prepare(scenario)
    try:
        return scenario.run()
    except LawBroken as broken:
        if target := os.environ.get("SIMULATION_TRACE"):
            Path(target).write_text("\n".join(scenario.report.trace))
        raise LawBroken(f"seed {seed}, faults {struck}\n{broken}") from None
