"""Release lanes and publishers on the simulated log, and their law under any crashes.

A worker is a process with a release lane and a publisher, under a supervisor that starts it again.
No group keeps them apart: every worker is a zombie to the others. Noise is the number of the draw
it belongs to, the same in every cell, so that any number shows its draw, and whether it was
counted exactly. The first closed month is February: its tables, and March's, are few.

The law, at any moment of the log:
1. no table and epoch is drawn twice in `draws`, and none at all without the ledger part that paid
   for it, nor the other way;
2. every record that was ever in `releases`, aborted ones too, is a committed draw, byte for byte,
   timed by its epoch;
3. every count less its noise is what the slow definition counts up to the epoch's cut: of all that
   came; for arrivals and cases too late, of what came after the earlier cut.
"""

import asyncio
import pickle
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from consumers.release.draw_task import Drawn, Noise, Report, carry_out
from consumers.release.draws_state import DrawsDamaged, DrawsState
from consumers.release.publisher_lane import PublisherLane
from consumers.release.release_lane import ReleaseLane
from consumers.release.witness_file import WitnessFiles
from exchange.core.errors import ExchangeError
from exchange.core.model.epochs import begins_ms, ends_ms, epoch_of
from exchange.core.model.events import Event, NeedIdentified
from exchange.core.model.vocabulary import Service
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.closing import DrawTask
from exchange.core.release.draw import Reading, counted, reading_of
from exchange.engine.errors import Fenced
from exchange.engine.lanes.progress import LaneProgress, LaneState
from exchange.engine.log import Log, Partition
from exchange.testing.memory_broker import MemoryBroker, Transaction
from exchange.testing.memory_log import MemoryLog
from exchange.testing.memory_partition import PartitionLog, StoredRecord
from exchange.wire.codec import decode, encode
from exchange.wire.public_records import decode_release
from exchange.wire.release_records import Asker, Close, encode_close
from exchange.wire.topics import AGENCIES, DRAWS, EPOCHS, EVENTS, PULSE, RELEASES
from tests.kits.draw_world import due, event
from tests.simulation.world.exchange_world import Process, World
from tests.simulation.world.network import Network
from tests.simulation.world.scenario import LawBroken

PARTITIONS = 2
OF_EPOCHS, OF_DRAWS, OF_RELEASES = (Partition(topic, 0) for topic in (EPOCHS, DRAWS, RELEASES))
START = epoch_of(2026, 2)
NOW_MS = begins_ms(epoch_of(2028, 1))
BROKERS_S = NOW_MS / 1000
"""The brokers' clock, in seconds, at the beginning."""
ONE = event(NeedIdentified(Service.food))
EARLIER = {Reading.ALL: None, Reading.SINCE_LAST: 1, Reading.SINCE_COUNTED: 3}
"""How many epochs ago the cut was taken behind which a table counts."""


class Numbered:
    """Noise that shows its call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, scale: Fraction, length: int) -> Sequence[int]:
        self.calls += 1
        return [self.calls * 1000] * length


@dataclass(frozen=True)
class DrawHere:
    """Draws on the caller's loop, because the log in memory cannot leave this process.

    The task is handed over as to a process of its own.
    """

    log: Log
    noise: Noise

    async def draw(self, task: DrawTask, report: Report) -> Drawn:
        return await carry_out(self.log, handed_over(task), self.noise, report)


def handed_over(task: DrawTask) -> DrawTask:
    """The task as another process gets it: none of its parts is the same object."""
    return pickle.loads(pickle.dumps(task))


@dataclass(frozen=True)
class BrokerCopy:
    logs: dict[Partition, PartitionLog]
    transactions: dict[str, Transaction]
    sequences: dict[Partition, int]


class ClosingWorld:
    def __init__(
        self,
        seed: int = 0,
        lane: type[ReleaseLane] = ReleaseLane,
        publisher: type[PublisherLane] = PublisherLane,
        drawer: type[DrawHere] = DrawHere,
        *,
        marker_delay_s: float = 0.01,
    ) -> None:
        self.world = World(seed)
        self.network = Network(self.world)
        self.broker = MemoryBroker(
            self.world.after, lambda: BROKERS_S + self.world.now, marker_delay_s=lambda: marker_delay_s
        )
        for topic in (AGENCIES, EPOCHS, DRAWS, RELEASES, PULSE):
            self.broker.create(topic)
        self.broker.create(EVENTS, PARTITIONS)
        self.lane, self.publisher, self.drawer, self.noise = lane, publisher, drawer, Numbered()
        self.state = TemporaryDirectory(prefix="exchange-witness-")
        self.now_ms = NOW_MS
        self.ended: list[BaseException] = []
        self.ever_public: set[tuple[bytes, bytes]] = set()
        self.progress: dict[str, LaneProgress] = {}
        self.workers = 0
        self._producer = self.broker.new_producer()
        self._sequences: dict[Partition, int] = {}
        self.sent: dict[bytes, int] = {}

    # What happens

    def append(self, partition: Partition, *values: bytes, key: bytes = b"an-agency") -> None:
        sequence = self._sequences.get(partition, 0)
        self._sequences[partition] = sequence + len(values)
        self.broker.produce(self._producer, sequence, partition, [(key, value) for value in values])

    def send(self, *events: Event, partition: int = 0, agency: str = "") -> None:
        """The next events of an agency; each partition has one of its own."""
        key = (agency or f"agency-of-{partition}").encode()
        first = self.sent.get(key, 0) + 1
        self.sent[key] = first + len(events) - 1
        numbered = (encode(replace(one, sequence=n)) for n, one in enumerate(events, start=first))
        self.append(Partition(EVENTS, partition), *numbered, key=key)

    def close(self, *epochs: int) -> None:
        self.append(OF_EPOCHS, *(encode_close(Close(epoch, Asker.OPERATOR, 0)) for epoch in epochs))

    def hold(self, partition: Partition, seconds: float) -> None:
        """A foreign transaction, open for so long. It comes to nothing."""
        somebody = self.broker.take_over(f"somebody {self.broker.new_producer()}")
        self.broker.add(somebody, partition, timeout_s=seconds)
        self.broker.produce_in(somebody, 0, partition, [(b"foreign", b"")])

    def witness(self, host: str = "host") -> WitnessFiles:
        """The witness files of a host."""
        return WitnessFiles(Path(self.state.name) / host)

    def worker(self, *, again: bool = True, host: str = "host") -> Process:
        """A new worker.

        One that ends by an error that another life may mend is started again, as a supervisor does.
        """
        self.workers += 1
        process = self.world.process(f"worker-{self.workers}")
        log = MemoryLog(self.broker, lambda: self.network.connect(process))

        async def keep(life_of: type[ReleaseLane] | type[PublisherLane]) -> None:
            while True:
                if life_of is PublisherLane:
                    life: ReleaseLane | PublisherLane = self.publisher(log, self.witness(host), hook=self._hear)
                else:
                    life = self.lane(
                        log,
                        PARTITIONS,
                        self.drawer(log, self.noise),
                        self.witness(host),
                        clock=lambda: self.now_ms,
                        hook=self._hear,
                    )
                try:
                    await life.run()
                except (ExchangeError, asyncio.CancelledError) as error:
                    self.ended.append(error)
                    if not again or not isinstance(error, Fenced):
                        return
                await asyncio.sleep(0.5)

        process.spawn(keep(ReleaseLane))
        process.spawn(keep(PublisherLane))
        return process

    def copied(self) -> BrokerCopy:
        """A backup of the whole broker."""
        return BrokerCopy(deepcopy(self.broker.logs), deepcopy(self.broker.transactions), dict(self._sequences))

    def put_back(self, copy: BrokerCopy) -> None:
        """Put the whole broker back. What was public stays known."""
        self.ever_public.update((record.key or b"", record.value or b"") for record in self.releases())
        self.broker.logs, self.broker.transactions = deepcopy(copy.logs), deepcopy(copy.transactions)
        self._sequences = dict(copy.sequences)

    def check_public(self) -> None:
        """The law across copies: no figure was ever public with two draws."""
        self.ever_public.update((record.key or b"", record.value or b"") for record in self.releases())
        keys = [key for key, _ in self.ever_public]
        if len(keys) > len(set(keys)):
            raise LawBroken("two draws of one table and epoch were public")

    def run(self, seconds: float) -> None:
        self.world.run_until(self.world.now + seconds)

    def end(self) -> None:
        for process in self.world.processes:
            process.struck_at.clear()
        self.world.end()
        self.state.cleanup()
        assert not self.world.unhandled

    def halted(self) -> dict[str, str]:
        """The lanes whose last report is a failure, with the error."""
        return {step: last.error for step, last in self.progress.items() if last.state is LaneState.FAILED}

    def _hear(self, progress: LaneProgress) -> None:
        self.progress[progress.step] = progress

    # The state of the log

    def closings(self) -> DrawsState:
        found = DrawsState(keeps=True)
        try:
            for record in self.broker.committed(OF_DRAWS):
                found.take(record)
        except DrawsDamaged as error:
            raise LawBroken(str(error)) from None
        return found

    def releases(self) -> list[StoredRecord]:
        """What a reader of default isolation finds: all that was ever written."""
        return [e.record for e in self.broker.log(OF_RELEASES).entries if e.record.key is not None]

    def published(self) -> set[bytes]:
        return {record.key for record in self.releases() if record.key}

    def outcomes(self) -> dict[int, str]:
        return {offset: spent.refused or str(spent.epoch) for offset, spent in self.closings().commands.items()}

    # The law

    def check(self) -> DrawsState:
        closings = self.closings()
        self._check_draws(closings)
        drawn = {part.key: part for part in closings.parts}
        for record in self.releases():
            part = drawn.get(record.key or b"")
            if part is None or record.value != part.value or record.headers or record.timestamp != ends_ms(part.epoch):
                raise LawBroken(f"what is public was never drawn: {record.key!r}")
        return closings

    def settled(self) -> DrawsState:
        """The law, and that everything was done."""
        closings = self.check()
        commands = len(self.broker.committed(OF_EPOCHS))
        if closings.closed.position != commands or len(closings.commands) != commands:
            raise LawBroken("a command was not handled, or twice")
        if self.published() != {part.key for part in closings.parts}:
            raise LawBroken("not everything that was drawn is public")
        return closings

    def _check_draws(self, closings: DrawsState) -> None:
        keys = [part.key for part in closings.parts]
        if len(set(keys)) < len(keys):
            raise LawBroken("drawn twice")
        paid = set()
        before: dict[str, int] = {}
        for spent in closings.commands.values():
            for name, account in spent.accounts:
                if before.get(name) != account.last_epoch:
                    paid.add(f"{name}|{account.last_epoch // 12}-{account.last_epoch % 12 + 1:02}".encode())
                    before[name] = account.last_epoch
        clients = {part.key for part in closings.parts if decode_release(part.value).clients}
        if clients != paid:
            raise LawBroken(f"drawn and not paid, or paid and not drawn: {sorted(clients ^ paid)}")
        closed = [spent.epoch for spent in closings.commands.values() if not spent.refused]
        if closed != sorted(set(closed)):
            raise LawBroken("closed twice or out of order")
        for part in closings.parts:
            self._check_exact(closings, part.value)

    def _check_exact(self, closings: DrawsState, value: bytes) -> None:
        release = decode_release(value)
        if not release.clients:
            return
        cuts = closings.closed.cuts
        end, earlier = cuts[release.epoch].offsets, EARLIER[reading_of(release.tier)]
        begun = {None: (0,) * PARTITIONS, 1: (0,) * PARTITIONS, 3: end}  # before the first epoch
        before = cuts.get(release.epoch - earlier) if earlier else None
        start = before.offsets if before else begun[earlier]
        read = [
            ((record.key or b"").decode(), decode(record.value))
            for p in range(PARTITIONS)
            for record in self.broker.committed(Partition(EVENTS, p))
            if start[p] <= record.offset < end[p] and record.value is not None
        ]
        [exact] = counted([due(TABLE_COSTS[release.table], release.epoch)], read)
        noise = {(a or 0) - b for a, b in zip(release.counts, exact.counts, strict=True)}
        if len(noise) != 1 or noise.pop() % 1000:
            raise LawBroken(f"{release.table}: not what the log held of its periods")


def prepared(world: ClosingWorld) -> Process:
    """A worker that has one epoch to close."""
    world.send(ONE, ONE)
    world.close(START)
    return world.worker()
