"""The lanes, beside the bare loop that they are compared with; and the gate's latency."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from statistics import median

from consumers.admission import gate_step
from consumers.admission.enrolment import Enrolment, register
from consumers.admission.gate_step import GateStep
from consumers.admission.registry import read_registry
from consumers.counting import fold_step
from consumers.counting.fold_step import FoldStep
from exchange.core.counting.generation import GENERATION
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.gc_tuning import relax_collector
from exchange.engine.kafka.admin import administer
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.lanes.lane import Lane, LaneLimits
from exchange.engine.lanes.progress import LaneProgress, LaneState
from exchange.engine.log import Partition, Record
from exchange.settings import Settings
from exchange.trial.sample import SignedChain
from exchange.trial.sample_key import KEY_NUMBER
from exchange.wire.topics import EVENTS, GATE_STATE, aggregates_of, inbox_of
from tests.bench.load import Size

BUSY = LaneLimits(stall_after_s=120)  # on a busy machine a lane may wait long for its turn
GATE, FOLD = gate_step.limits(BUSY), fold_step.limits(BUSY)
PROMPT = "bench-prompt"
PAUSE_S = 0.07
"""Between two heartbeats, so that they meet the gate at different moments."""
Took = tuple[int, float, float, str]
"""Events, seconds, CPU seconds, a note."""


async def bare(settings: Settings, size: Size) -> Took:
    """Read `events` with aiokafka's getmany and throw the records away."""
    log = KafkaLog(settings.client("bench"))
    reader = await log.reader()
    source = Partition(EVENTS, 0)
    end = (await reader.end_offsets([source]))[source]
    reader.assign([source])
    reader.seek(source, 0)
    clock, cpu, events = time.perf_counter(), time.process_time(), 0
    while await reader.position(source) < end:
        for records in (await reader.getmany(timeout_s=0.5, records_max=20_000)).values():
            events += len(records)
    took = time.perf_counter() - clock, time.process_time() - cpu
    await reader.close()
    await log.close()
    return events, *took, "getmany, records thrown away"


async def bare_relaxed(settings: Settings, size: Size) -> Took:
    """The bare loop with the garbage collector as workers have it: the fairer half of the ratio."""
    relax_collector()
    return await bare(settings, size)


async def _lane(lane: Lane, log: KafkaLog, events: int, written: Callable[[], int] | None = None) -> Took:
    """Run a lane until so many events are committed. `written`: of them, where it reads ahead."""
    relax_collector()
    clock, cpu = time.perf_counter(), time.process_time()
    running = asyncio.create_task(lane.run())
    started = clock
    while not _committed(lane, events, written):
        if running.done():
            running.result()
        if lane.progress.state is not LaneState.RUNNING:
            started = time.perf_counter()
        await asyncio.sleep(0.005)
    took = time.perf_counter() - clock, time.process_time() - cpu
    note = f"{lane.progress.transactions} transactions, running after {started - clock:.2f} s"
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await log.close()
    return events, *took, note


def _committed(lane: Lane, events: int, written: Callable[[], int] | None) -> bool:
    if written is None:
        return lane.progress.records >= events
    return written() >= events and lane._commit is not None and lane._commit.done()


class TimedGateStep(GateStep):
    """A gate step that knows the longest of its turns, in which nothing else of a worker runs."""

    longest_s = 0.0

    def apply(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        """Take its turn."""
        began = time.perf_counter()
        super().apply(batch)
        self.longest_s = max(self.longest_s, time.perf_counter() - began)


async def gate(settings: Settings, size: Size) -> Took:
    """Inboxes to events: decode, canonical check, chain, receipts, state, exactly once."""
    log = KafkaLog(settings.client("bench"))
    step = TimedGateStep(0, await read_registry(log))
    lane = Lane(log, "gate", 0, lambda: step, Partition(GATE_STATE, 0), limits=GATE)
    events, seconds, cpu, note = await _lane(lane, log, size.events, lambda: step.written)
    return events, seconds, cpu, f"{note}, longest `apply` {step.longest_s * 1e3:.0f} ms"


async def latency(settings: Settings, size: Size) -> Took:
    """From the sending of a heartbeat to its event in `events`, one at a time, on a live gate."""
    relax_collector()
    log = KafkaLog(settings.client("bench"))
    chain = SignedChain(PROMPT, [])
    async with administer(settings.client("bench")) as admin:
        enrolment = Enrolment(PROMPT, LegalClass.individual, chain.key.public, KEY_NUMBER)
        await register(log, admin, enrolment, replication=1)
    registry, events = await read_registry(log), Partition(EVENTS, 0)
    ready = asyncio.Event()

    def look(progress: LaneProgress) -> None:
        if progress.lag == 0:
            ready.set()

    lane = Lane(log, "gate", 0, lambda: GateStep(0, registry), Partition(GATE_STATE, 0), limits=GATE, hook=look)
    gating = asyncio.create_task(lane.run())
    reader, producer, waits = await log.reader(), await log.producer(), list[float]()
    await ready.wait()
    reader.assign([events])
    reader.seek(events, (await reader.stable_offsets([events]))[events])
    cpu = time.process_time()
    for _ in range(size.events):
        (beat,) = chain.take(1)
        clock = time.perf_counter()
        await producer.send(Partition(inbox_of(PROMPT), 0), [(PROMPT.encode(), beat)])
        while not await reader.getmany(timeout_s=5.0, records_max=1):
            gating.done() and gating.result()
        waits.append(time.perf_counter() - clock)
        await asyncio.sleep(PAUSE_S)
    gating.cancel()
    with suppress(asyncio.CancelledError):
        await gating
    cpu = time.process_time() - cpu
    await asyncio.gather(reader.close(), producer.close())
    await log.close()
    note = f"one heartbeat takes {median(waits) * 1e3:.0f} ms to `events`, the slowest {max(waits) * 1e3:.0f} ms"
    return size.events, sum(waits), cpu, note


async def fold(settings: Settings, size: Size) -> Took:
    """Events to the counts of all tables, exactly once."""
    log = KafkaLog(settings.client("bench"))
    lane = Lane(log, "fold", 0, lambda: FoldStep(0), Partition(aggregates_of(GENERATION), 0), limits=FOLD)
    return await _lane(lane, log, size.events)
