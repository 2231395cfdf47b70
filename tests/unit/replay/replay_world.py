"""A small exchange in memory for replay and export: transactions, some aborted, and a live fold."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from hashlib import sha256

from consumers.counting.fold_step import FoldStep
from exchange.core.counting.counts import Counts
from exchange.core.counting.generation import GENERATION
from exchange.core.counting.tables import TALLIED, field_type, is_number, tally_length
from exchange.core.model.event_layout import HEAD, PREFIX, head_octets
from exchange.core.model.events import CORRECTABLE, Correctable, Correction, Event, Heartbeat
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import UsState
from exchange.engine.log import Log, Pair, Partition, Reader, Record, Writer
from exchange.testing.connection import DirectConnection
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.wire.codec import encode
from exchange.wire.records import Position, decode_position, encode_position
from exchange.wire.topics import EVENTS, POSITION_KEY, aggregates_of

AGGREGATES = aggregates_of(GENERATION)
STATES = (UsState.ny, UsState.ca)
PERIODS = (period_of(2026, 1), period_of(2026, 2))


def random_body(rng: random.Random) -> Correctable:
    """Few codes a field, so that cells repeat."""
    body = rng.choice(CORRECTABLE)
    if body.__name__ == "Tally":
        table = rng.choice(sorted(TALLIED))
        return body(table, tuple(rng.randrange(3) for _ in range(tally_length(TALLIED[table]))))
    values = {}
    for name in (f.name for f in fields(body)):
        values[name] = rng.randrange(9) if is_number(body, name) else rng.choice(list(field_type(body, name))[:3])
    return body(**values)


def random_pairs(rng: random.Random, count: int, agencies: int = 3) -> list[Pair]:
    """(agency, event) with corrections, tallies, heartbeats; corrections restate earlier events."""
    sent: list[list[Event]] = [[] for _ in range(agencies)]
    pairs: list[Pair] = []
    for _ in range(count):
        number = rng.randrange(agencies)
        mine = sent[number]
        sequence, previous = len(pairs) + 1, rng.randbytes(32)
        if mine and rng.random() < 0.2:
            old = mine.pop(rng.randrange(len(mine)))
            body = Correction(old.sequence, old.previous, old.period, old.state, old.cap, old.body)
            event = Event(sequence, previous, old.period, old.state, 63, body)
        elif rng.random() < 0.05:
            said = [rng.choice(list(field_type(Heartbeat, n))) for n in ("scheduled", "reporting_minutes")]
            event = Event(sequence, previous, PERIODS[0], STATES[0], 63, Heartbeat(*said, 1, bytes(64)))
        else:
            event = Event(sequence, previous, rng.choice(PERIODS), rng.choice(STATES), 63, random_body(rng))
            mine.append(event)
        pairs.append((b"agency-%d" % number, encode(event)))
    return pairs


def placed(pairs: Sequence[Pair], partition: int) -> list[Pair]:
    """The same of agencies that have all their events in this partition."""
    return [(b"%b-of-%d" % (key or b"", partition), value) for key, value in pairs]


@dataclass(frozen=True)
class FoldOutput:
    """The live fold's output after some transaction: the bytes of a compacted partition."""

    written: dict[bytes, bytes]

    @property
    def position(self) -> Position:
        return decode_position(self.written[POSITION_KEY])

    @property
    def cells(self) -> dict[bytes, int]:
        return {key: int(value) for key, value in self.written.items() if key != POSITION_KEY}


@dataclass
class World:
    """`events` and `aggregates` of some partitions, on the in-memory log."""

    partitions: int = 1
    log: MemoryLog = field(init=False)
    broker: MemoryBroker = field(init=False)
    steps: dict[int, FoldStep] = field(default_factory=dict)
    writers: dict[str, Writer] = field(default_factory=dict)
    heads: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def after(delay_s: float, call: Callable[[], object]) -> None:
            asyncio.get_running_loop().call_later(delay_s, call)

        self.broker = MemoryBroker(after, time.monotonic)
        self.log = MemoryLog(self.broker, DirectConnection)
        self.broker.create(EVENTS, self.partitions)
        self.broker.create(AGGREGATES, self.partitions)

    async def transact(self, partition: Partition, pairs: Sequence[Pair], *, abort: bool = False) -> None:
        """One transaction, visible when this returns."""
        name = f"{partition.topic}-{partition.partition}"
        writer = self.writers.get(name) or self.writers.setdefault(name, await self.log.writer(name))
        await writer.begin()
        await (await writer.send(partition, pairs))
        await (writer.abort() if abort else writer.commit())
        while self.broker.transactions[name].state == "deciding":  # noqa: ASYNC110 - its markers are the loop's next turns
            await asyncio.sleep(0)

    async def admit(self, pairs: Sequence[Pair], rng: random.Random, partition: int = 0) -> None:
        """Write events in transactions of random size; some are aborted, their bytes stay.

        Each agency's events follow each other here, whatever came before them.
        """
        left = [self.chained(key or b"", value or b"") for key, value in pairs]
        while left:
            lot, left = left[: (size := rng.randrange(1, 12))], left[size:]
            if rng.random() < 0.3:
                await self.transact(Partition(EVENTS, partition), random_pairs(rng, 3), abort=True)
            await self.transact(Partition(EVENTS, partition), lot)

    def chained(self, key: bytes, value: bytes) -> Pair:
        """The event as its agency's next one; how it is counted does not depend on it."""
        sequence, previous = self.heads.get(key, (0, bytes(32)))
        value = head_octets(value[:PREFIX], sequence + 1, previous) + value[HEAD:]
        self.heads[key] = sequence + 1, sha256(value).digest()
        return key, value

    async def fold(self, partition: int = 0, *, records: int = 1000) -> FoldOutput:
        """Let the live fold count the next so many records, in one transaction."""
        await self.transact(Partition(AGGREGATES, partition), self.next_fold(partition, records))
        return self.output(partition)

    def next_fold(self, partition: int = 0, records: int = 1000) -> list[Pair]:
        """What the fold would write next; it takes it as written."""
        step = self.steps.setdefault(partition, FoldStep(partition))
        source = Partition(EVENTS, partition)
        at = step.positions()[source] or 0
        batch = [r for r in self.broker.committed(source) if r.offset >= at][:records]
        step.apply({source: batch})
        return [pair for _, pairs in step.outcome().outputs for pair in pairs]

    def uncounted(self, partition: int = 0) -> int:
        """How many committed events the live fold has not counted."""
        at = self.steps[partition].positions()[Partition(EVENTS, partition)] if partition in self.steps else 0
        return sum(r.offset >= (at or 0) for r in self.broker.committed(Partition(EVENTS, partition)))

    def output(self, partition: int = 0) -> FoldOutput:
        records = self.broker.committed(Partition(AGGREGATES, partition))
        newest = {r.key: r.value for r in records}
        return FoldOutput({key: value for key, value in newest.items() if key is not None and value is not None})

    async def rewrite(self, changes: Mapping[bytes, int], partition: int = 0, *, events: int = 0, lie: int = 0) -> None:
        """Change live cells without the fold, under a digest that fits (`lie` 0) or does not."""
        output = self.output(partition)
        counts = Counts()
        counts.add_cells((output.cells | dict(changes)).items())
        at = output.position
        position = Position(at.position, counts.digest + lie, at.fingerprint, at.events + events, at.newest)
        cells = [(cell, b"%d" % count if count else None) for cell, count in changes.items()]
        await self.transact(Partition(AGGREGATES, partition), [*cells, (POSITION_KEY, encode_position(position))])

    def compact(self, topic: str = AGGREGATES, partition: int = 0) -> None:
        log = self.broker.log(Partition(topic, partition))
        log.compact(keep_from=log.end)


async def world_of(seed: int, events: int = 80, partitions: int = 1, *, folded: bool = True) -> World:
    rng = random.Random(seed)
    world = World(partitions)
    for partition in range(partitions):
        await world.admit(placed(random_pairs(rng, events), partition), rng, partition)
        if folded:
            await world.fold(partition)
    return world


@dataclass(frozen=True)
class Here:
    """The world's log as a source, in this process."""

    world: World
    without: Collection[str] = ()

    async def partitions(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for topic, _ in self.world.broker.logs:
            counts[topic] = counts.get(topic, 0) + 1
        return {topic: count for topic, count in counts.items() if topic not in self.without}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Log]:
        yield self.world.log


class Interrupted:
    """A reader that gives few records at a time, and lets something happen before each read."""

    def __init__(self, reader: Reader, before_read: Callable[[], Awaitable[None]], records_max: int) -> None:
        self._reader, self._before_read, self._records_max = reader, before_read, records_max
        self.open_s_max = reader.open_s_max
        self.assign, self.seek, self.position = reader.assign, reader.seek, reader.position
        self.beginning_offsets, self.end_offsets = reader.beginning_offsets, reader.end_offsets
        self.stable_offsets, self.present, self.close = reader.stable_offsets, reader.present, reader.close

    async def getmany(self, *, timeout_s: float, records_max: int) -> Mapping[Partition, Sequence[Record]]:
        await self._before_read()
        return await self._reader.getmany(timeout_s=timeout_s, records_max=min(records_max, self._records_max))


@dataclass(frozen=True)
class Growing(Here):
    """The same, and before each read of `events` it grows."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Log]:
        yield GrowingLog(self.world)


@dataclass(frozen=True)
class GrowingLog:
    """As `Growing` says."""

    world: World

    async def reader(self) -> Reader:
        rng, assigned = random.Random(1), set[Partition]()

        async def grow() -> None:
            if Partition(EVENTS, 0) in assigned:
                await self.world.admit(random_pairs(rng, 5), rng)

        inner = await self.world.log.reader()
        reader = Interrupted(inner, grow, records_max=10)

        def assign(partitions: Collection[Partition]) -> None:
            assigned.clear()
            assigned.update(partitions)
            inner.assign(partitions)

        reader.assign = assign
        return reader


@dataclass(frozen=True)
class Seeded:
    """A source that can go to another process: each builds the same world from the seed.

    `trouble`: what goes wrong.
    """

    seed: int
    partitions_: int = 2
    trouble: str = ""
    parent: int = field(default_factory=os.getpid)

    async def world(self) -> World:
        rng = random.Random(self.seed)
        world = World(self.partitions_)
        for partition in range(self.partitions_):
            await world.admit(placed(random_pairs(rng, 60), partition), rng, partition)
            await world.fold(partition)
        if self.trouble == "foreign":
            await world.transact(Partition(EVENTS, 1), [(b"agency-1", b"\0\0\0\0\x01 Jane Doe")])
        return world

    async def partitions(self) -> Mapping[str, int]:
        return await Here(await self.world()).partitions()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Log]:
        elsewhere = os.getpid() != self.parent
        if self.trouble == "killed" and elsewhere:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.trouble == "defect" and elsewhere:
            yield Broken()
        elif self.trouble == "slow" and elsewhere:
            yield Slow((await self.world()).log)
        else:
            yield (await self.world()).log


class Broken:
    """A log with a defect whose text holds what must not be shown."""

    async def reader(self) -> Reader:
        raise ValueError("Jane Doe")


class Slow:
    """A log that gives the aggregates at once, and the events never."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def reader(self) -> Reader:
        reads = 0

        async def wait() -> None:
            nonlocal reads
            reads += 1
            await asyncio.sleep(3600 if reads > 1 else 0)

        return Interrupted(await self._log.reader(), wait, records_max=100_000)
