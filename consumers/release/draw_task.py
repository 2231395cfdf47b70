"""The work of one draw: count what the log holds of the periods, add noise, return the parts.

It runs in a process of its own (`consumers.release.draw_process`). The exact counts never leave it.

Rules kept:
- Each table is counted by its reading (`exchange.core.release.draw.Reading`), up to the new cut.
- Heads decide which events lie behind a cut. Offsets only say where to begin reading. So the draw
  is the same on a cluster to which the exchange was restored.
- Only committed events are read. The events of each agency follow each other without a gap or a
  repetition, or the draw stops (`SequenceBroken`).
- OpenDP draws noise once for each table, after everything is counted. A failure on the way draws
  none.
- A record that cannot be counted stops the draw. The error names its offset, never its value.

The fast path: marked events about clients are counted by slices (`consumers.release.event_slices`).
Of the others, those that count alike differ only in their heads. They are grouped by the bytes of
their tails (`exchange.wire.event_tails`), decoded once and counted that many times.
`exchange.core.release.draw.counted` is the definition; a property test compares the two.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import compress
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from consumers.admission.registry import read_registry_before
from consumers.release.draws_state import DrawsFollower
from consumers.release.event_slices import SliceCounts, Values, Which
from exchange import __version__
from exchange.core.errors import CannotCount, ExchangeError, SequenceBroken
from exchange.core.release.agency_tables import (
    Heard,
    PastEpochs,
    ProfileChange,
    ShownCount,
    agency_releases,
    is_about_a_client,
)
from exchange.core.release.closing import DrawTask
from exchange.core.release.cuts import BEGINNING, Cut, Grown, Offsets
from exchange.core.release.draw import Counted, Reading, counted, drawn, merged, reading_of
from exchange.engine.errors import CannotApply
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.reading import read_before
from exchange.wire.codec import EventUnreadable
from exchange.wire.event_tails import event_of, is_unmarked, tail_of
from exchange.wire.public_records import encode_release
from exchange.wire.release_records import release_part
from exchange.wire.topics import EVENTS

if TYPE_CHECKING:
    from exchange.core.model.events import Event

BATCH_RECORDS: Final = 20_000
"""Records counted at once."""
TAILS_MAX: Final = 100_000
"""Different events that are held until they are counted: some 40 MB."""
VERSIONS: Final = (f"exchange {__version__}",)
Noise: TypeAlias = Callable[[Fraction, int], Sequence[int]]
"""From a scale and a length to that many numbers: `consumers.release.noise.gaussian`."""
Report: TypeAlias = Callable[[int], None]
"""Called with the number of events read since the last call."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The result of a draw. `parts`: keys and values for `draws`.

    `shown` and `reported`: the amounts that agency tables now show, and what agencies reported of
    themselves. `cut`: how much of `events` was read.
    """

    parts: tuple[tuple[bytes, bytes], ...]
    shown: tuple[ShownCount, ...]
    profiles: tuple[ProfileChange, ...]
    cut: Cut


@dataclass(frozen=True, slots=True)
class Agencies:
    """The other input of agency tables: who may publish, and the state of earlier epochs."""

    members: Collection[str] = ()
    kept: PastEpochs = field(default_factory=PastEpochs)


async def carry_out(log: Log, task: DrawTask, noise: Noise, report: Report) -> Drawn:
    """Count, draw, encode.

    Raises CannotApply at a record that cannot be counted, SequenceBroken, NoiseUnfit, and the
    engine's errors.
    """
    counts = DrawCounts(task)
    start = task.lowest if task.lowest.is_at(task.moment.cluster) else BEGINNING
    grown = Grown(start, len(task.moment.ends))
    reader = await log.reader()
    try:
        for source, end in enumerate(task.moment.ends):
            async for batch in _read(reader, source, start.offsets, end):
                counts.take(batch)  # first: it names a record that is no event, whose sequence means nothing
                grown.take(source, zip(batch.keys, batch.sequences.tolist(), strict=True))
                report(len(batch.keys))
    finally:
        await reader.close()
    cut = grown.cut(task.moment.cluster, task.moment.ends)
    if not cut.holds(task.last):
        raise SequenceBroken("`events` lacks events that the last closed epoch held.")
    return recorded(task, counts, await _agencies(log, task), noise, cut)


def recorded(task: DrawTask, counts: "DrawCounts", agencies: Agencies, noise: Noise, cut: Cut = BEGINNING) -> Drawn:
    """Add noise to client tables, apply the rule of agency tables, and encode both for `draws`."""
    made = [drawn(one, noise(one.due.plan.scale, one.due.length)) for one in counts.counted()]
    of_agencies = agency_releases(task.epoch, task.agencies, counts.heard, agencies.members, agencies.kept)
    parts = tuple(
        (release_part(one), encode_release(replace(one, versions=VERSIONS, clients_a_year=task.clients_a_year)))
        for one in (*made, *of_agencies.releases)
    )
    return Drawn(parts, of_agencies.shown, of_agencies.profiles, cut)


class EventBatch:
    """Records of one partition, as columns. Raises CannotApply where a record is no event."""

    def __init__(self, source: Partition, records: Sequence[Record]) -> None:
        self._source, self._records = source, records
        self.keys = [record.key or b"" for record in records]
        self.values = [record.value or b"" for record in records]
        self.columns = Values(self.values)
        self.sequences = self.columns.sequences()
        self._agencies = list(set(self.keys))
        if b"" in self._agencies:
            self.refuse(self.keys.index(b""), CannotCount)
        numbers = {key: number for number, key in enumerate(self._agencies)}
        self._numbers = np.fromiter(map(numbers.__getitem__, self.keys), np.int64, len(records))

    def behind(self, heads: "Heads") -> Which:
        """Which of the records are behind these heads."""
        of_agencies = np.array(list(map(heads.__getitem__, self._agencies)), np.uint64)
        return self.sequences > of_agencies[self._numbers]

    def refuse(self, place: int, error: type[ExchangeError]) -> None:
        """Raise CannotApply for one of the records."""
        raise CannotApply(self._source, self._records[place].offset, error.__name__) from None


Heads: TypeAlias = defaultdict[bytes, int]


class DrawCounts:
    """The events of a draw: the counts of client tables, and the events about agencies, in order.

    Equal tails are counted together, at most `TAILS_MAX` different ones at a time.
    """

    def __init__(self, task: DrawTask) -> None:
        self._task = task
        self._due = {
            reading: [one for one in task.clients if reading_of(one.row.tier) is reading] for reading in Reading
        }
        self._slices = SliceCounts(task.clients)
        self._counted = {reading: counted(due, ()) for reading, due in self._due.items()}
        self._heads = {reading: _heads(cut) for reading, cut in task.cuts.items()}
        self._last = _heads(task.last)
        self._times: dict[Reading, Counter[bytes]] = {reading: Counter() for reading in task.cuts}
        self._events: dict[bytes, Event | None] = {}
        """By tail; None for what no table counts."""
        self._of_agencies: set[bytes] = set()
        self._so_far: list[tuple[str, Event]] = []
        self._since_last: list[tuple[str, Event]] = []

    @property
    def heard(self) -> Heard:
        """The events that are not about a client, each agency's in order."""
        return Heard(self._so_far, self._since_last)

    def take(self, batch: EventBatch) -> None:
        """Add the records of a batch. Raises CannotApply for one that cannot be counted."""
        behind = {reading: batch.behind(heads) for reading, heads in self._heads.items()}
        others, damaged = self._slices.take(batch.columns, behind)
        if len(damaged):
            batch.refuse(int(damaged[0]), EventUnreadable)
        places: list[int] = others.tolist()
        tails = [tail_of(batch.values[place]) for place in places]
        self._learn(batch, places, tails)
        for reading, which in behind.items():
            self._times[reading].update(compress(tails, which[places].tolist()))
        if not self._of_agencies.isdisjoint(tails):
            self._hear(batch, places, tails, behind.get(Reading.ALL))

    def _learn(self, batch: EventBatch, places: Sequence[int], tails: Sequence[bytes]) -> None:
        """Decode the tails that are new."""
        new = set(tails).difference(self._events)
        if len(self._events) + len(new) > TAILS_MAX:
            self._fold()
            new = set(tails)
        for tail in new:
            if is_unmarked(tail):
                self._events[tail] = None
                continue
            try:
                event = self._events[tail] = event_of(tail)
            except ExchangeError as error:
                batch.refuse(places[tails.index(tail)], type(error))
            if not is_about_a_client(event):
                self._of_agencies.add(tail)

    def _hear(self, batch: EventBatch, places: Sequence[int], tails: Sequence[bytes], so_far: Which | None) -> None:
        since_last = batch.behind(self._last)
        for place, tail in zip(places, tails, strict=True):
            if tail not in self._of_agencies:
                continue
            event = self._events[tail]
            assert event is not None
            one = (batch.keys[place].decode("ascii"), event)
            if so_far is not None and so_far[place]:
                self._so_far.append(one)
            if since_last[place]:
                self._since_last.append(one)

    def counted(self) -> tuple[Counted, ...]:
        """The exact counts of every client table, in the order of the task."""
        self._fold()
        whole = [one for by in Reading for one in merged(self._counted[by], self._slices.counted(by))]
        found = {one.due.row.name: one for one in whole}
        return tuple(found[due.row.name] for due in self._task.clients)

    def _fold(self) -> None:
        """Count the tails so far, and forget them."""
        for reading, times in self._times.items():
            found = [(event, often) for tail, often in times.items() if (event := self._events[tail])]
            more = counted(self._due[reading], (("", event) for event, _ in found), (often for _, often in found))
            self._counted[reading] = merged(self._counted[reading], more)
            times.clear()
        self._events.clear()
        self._of_agencies.clear()


def _heads(cut: Cut) -> Heads:
    return defaultdict(int, cut.by_key())


async def _read(reader: Reader, number: int, starts: Offsets, end: int) -> AsyncIterator[EventBatch]:
    source = Partition(EVENTS, number)
    reader.assign([source])
    reader.seek(source, starts[number] if starts else 0)
    async for records in read_before(reader, source, end, records_max=BATCH_RECORDS):
        yield EventBatch(source, records)


async def _agencies(log: Log, task: DrawTask) -> Agencies:
    """Read who is registered, and from `draws` what earlier epochs showed.

    `draws` is final for the lane that holds the writer. A lane that lost the writer cannot commit.
    """
    registry = await read_registry_before(log, task.moment.registered)
    draws = await log.reader()
    try:
        closings = await DrawsFollower(draws, keeps=True).catch_up()
    finally:
        await draws.close()
    return Agencies(registry.active(), closings.closed.kept)
