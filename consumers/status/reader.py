"""Reading the status of the exchange from the log: read-only, as exact as the topics themselves.

`StatusReader.look` may be called again and again. It continues where it stopped, so a call reads
only new records. Heads, refusals and inbox positions come from the gate's own state, read into the
same `GateStep` that the gate uses. The fold's position comes from its newest position record. The
state of the lanes comes from the newest pulses.

Not promised: one moment for everything. Each topic is read to its own end, one after the other,
while lanes go on.
"""

from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from consumers.admission.gate_step import GateStep
from consumers.admission.registry import Registry
from consumers.release.draws_state import DrawsState
from exchange.core.admission.reasons import Reason
from exchange.core.counting.generation import GENERATION
from exchange.engine.lag import Extent, NewestPositions, Unread, extents
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.reading import apply_compacted, read_to
from exchange.wire.pulse import Pulse, decode_pulse
from exchange.wire.records import decode_refusal
from exchange.wire.topics import AGENCIES, ALERTS, DRAWS, EVENTS, GATE_STATE, PULSE, QUARANTINE, aggregates_of

PULSES_A_PARTITION: Final = 40
"""Pulses to read for each partition: about forty seconds of two lanes, each with one in two."""
PULSES_BESIDE: Final = 60
"""Pulses to read of the tasks that exist once: for about the same time."""


@dataclass(slots=True)
class Observed:
    """Everything read so far.

    `inbox_lags` is by agency; `fold_lags` and `counted` (events) are by partition.
    """

    partitions: int
    registry: Registry = field(default_factory=Registry)
    gates: dict[int, GateStep] = field(default_factory=dict)
    refusals: Counter[Reason] = field(default_factory=Counter)
    alerts: dict[bytes, bytes] = field(default_factory=dict)
    pulses: deque[Pulse] = field(default_factory=deque)
    inbox_lags: dict[str, int] = field(default_factory=dict)
    inboxes_missing: set[str] = field(default_factory=set)
    fold_lags: dict[int, int] = field(default_factory=dict)
    counted: dict[int, int] = field(default_factory=dict)
    closings: DrawsState = field(default_factory=DrawsState)

    def __post_init__(self) -> None:
        self.gates = {p: GateStep(p, self.registry) for p in range(self.partitions)}
        self.pulses = deque(maxlen=pulses_max(self.partitions))

    def take(self, source: Partition, record: Record) -> None:
        """Take a record of one of the followed topics."""
        if source.topic == ALERTS:
            apply_compacted(self.alerts, record)
        elif source.topic == GATE_STATE and record.key is not None:
            self.gates[source.partition].restore(record.key, record.value)
        elif source.topic == DRAWS:
            self.closings.take(record)
        elif source.topic == AGENCIES:
            self.registry.take(record)
        elif record.value is None:
            return
        elif source.topic == QUARANTINE:
            self.refusals[decode_refusal(record.value).reason] += 1
        elif source.topic == PULSE:
            self.pulses.append(decode_pulse(record.value))


class StatusReader:
    """Reads the status of an exchange with this number of partitions. `looking` makes it."""

    def __init__(self, readers: Sequence[Reader], partitions: int, generation: str) -> None:
        self._following, self._asking, tails, behind = readers
        self._tails, self._behind = NewestPositions(tails), Unread(behind)
        self._aggregates = [Partition(aggregates_of(generation), p) for p in range(partitions)]
        self._followed = list(_followed(partitions))
        self._assigned = False
        self.seen = Observed(partitions)

    async def look(self) -> Observed:
        """Read new records.

        Raises the engine's errors; PartitionUnknown if `exchange topics apply` was not run.
        """
        found = await extents(self._asking, self._followed)
        if not self._assigned:
            self._assign(found)
        async for source, records in read_to(self._following, {p: extent.stable for p, extent in found.items()}):
            for record in records:
                self.seen.take(source, record)
        await self._look_at_inboxes()
        await self._look_at_the_fold()
        return self.seen

    def _assign(self, found: Mapping[Partition, Extent]) -> None:
        self._following.assign(self._followed)
        for partition, (begin, stable, _) in found.items():
            newest = stable - pulses_max(self.seen.partitions) if partition.topic == PULSE else begin
            self._following.seek(partition, max(begin, newest))
        self._assigned = True

    async def _look_at_inboxes(self) -> None:
        """No transaction writes to an inbox, so offsets are records."""
        read = {source: at for gate in self.seen.gates.values() for source, at in gate.positions().items()}
        present = await self._asking.present(read)
        self.seen.inboxes_missing = {_agency_of(source) for source in set(read) - present}
        for source, (begin, _, end) in (await extents(self._asking, present)).items():
            at = max(begin, read[source] or 0)
            self.seen.inbox_lags[_agency_of(source)] = max(0, end - at)

    async def _look_at_the_fold(self) -> None:
        positions = await self._tails.newest(await extents(self._asking, self._aggregates))
        at = {Partition(EVENTS, p.partition): positions[p].position if p in positions else 0 for p in self._aggregates}
        lags = await self._behind.offsets(at, await extents(self._asking, at))
        self.seen.fold_lags = {source.partition: lag for source, lag in lags.items()}
        self.seen.counted = {p.partition: positions[p].events if p in positions else 0 for p in self._aggregates}


@asynccontextmanager
async def looking(log: Log, partitions: int, generation: str = GENERATION) -> AsyncIterator[StatusReader]:
    """A status reader for as long as the block lasts.

    `partitions`: the real number of partitions of `events`.
    """
    async with AsyncExitStack() as open_readers:
        readers = []
        for _ in range(4):
            reader = await log.reader()
            open_readers.push_async_callback(reader.close)
            readers.append(reader)
        yield StatusReader(readers, partitions, generation)


def pulses_max(partitions: int) -> int:
    """The number of pulses to read."""
    return PULSES_A_PARTITION * partitions + PULSES_BESIDE


def _followed(partitions: int) -> Iterator[Partition]:
    yield from (Partition(topic, 0) for topic in (AGENCIES, ALERTS, DRAWS, PULSE))
    yield from (Partition(topic, p) for topic in (GATE_STATE, QUARANTINE) for p in range(partitions))


def _agency_of(inbox: Partition) -> str:
    return inbox.topic.partition(".")[2]
