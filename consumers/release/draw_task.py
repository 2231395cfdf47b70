"""The work of one draw: count the events between two cuts, add noise, return the parts.

It runs in a process of its own (`consumers.release.draw_process`). The exact increments never leave
it.

Rules kept:
- Each table is counted from its own last cut to the new one, exactly. Earlier events are counted
  too if their period had not begun at that last cut; this does not hold for heartbeats and profiles
  of agencies.
- Heads decide which events lie between two cuts. Offsets only say where to begin reading. So the
  draw is the same on a cluster to which the exchange was restored.
- Only committed events are read. The events of each agency follow each other without a gap or a
  repetition, or the draw stops (`SequenceBroken`).
- OpenDP draws noise once for each table, after everything is counted. A failure on the way draws
  none.
- A record that cannot be counted stops the draw. The error names its offset, never its value.

The fast path: events that count alike differ only in sequence and previous digest. They are grouped
as bytes, decoded once and counted that many times. `exchange.core.release.draw.counted` is the
definition; a property test compares the two.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, TypeAlias

from consumers.admission.registry import read_registry_before
from consumers.release.draws_state import DrawsFollower
from exchange import __version__
from exchange.core.errors import CannotCount, ExchangeError, SequenceBroken
from exchange.core.model.epochs import first_month
from exchange.core.model.event_layout import HEAD, PREFIX, sequence_of
from exchange.core.model.events import About, AgencyProfiled, Body, Correction, Event, Heartbeat
from exchange.core.release.agency_tables import Made, PastEpochs, ProfileChange, ShownCount, agency_releases
from exchange.core.release.closing import DrawTask
from exchange.core.release.cuts import BEGINNING, Cut, Grown, Offsets
from exchange.core.release.draw import Increments, counted, drawn, merged
from exchange.engine.errors import CannotApply
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.reading import read_before
from exchange.wire.codec import decode
from exchange.wire.public_records import encode_release
from exchange.wire.release_records import release_part
from exchange.wire.topics import EVENTS

BATCH_RECORDS: Final = 20_000
"""Records counted at once."""
VERSIONS: Final = (f"exchange {__version__}",)
Noise: TypeAlias = Callable[[Fraction, int], Sequence[int]]
"""From a scale and a length to that many numbers: `consumers.release.noise.gaussian`."""
Report: TypeAlias = Callable[[int], None]
"""Called with the number of events read since the last call."""
Arrived: TypeAlias = list[tuple[str, Event]]


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
    counts = [TableCounts(task, since) for since in task.starts]
    start = task.lowest if task.lowest.is_at(task.moment.cluster) else BEGINNING
    grown = Grown(start, len(task.moment.ends))
    reader = await log.reader()
    try:
        for source, end in enumerate(task.moment.ends):
            async for batch in _read(reader, source, start.offsets, end):
                grown.take(source, batch.arrived)
                for of_month in counts:
                    of_month.take(batch)
                report(len(batch.arrived))
    finally:
        await reader.close()
    cut = grown.cut(task.moment.cluster, task.moment.ends)
    if not cut.holds(task.last):
        raise SequenceBroken("`events` lacks events that the last closed epoch held.")
    return recorded(task, counts, await _agencies(log, task), noise, cut)


def recorded(
    task: DrawTask, counts: Sequence["TableCounts"], agencies: Agencies, noise: Noise, cut: Cut = BEGINNING
) -> Drawn:
    """Add noise to client tables, apply the rule of agency tables, and encode both for `draws`."""
    clients = [one for of_month in counts for one in of_month.increments]
    made = [drawn(one, noise(one.due.plan.scale, one.due.length), VERSIONS) for one in clients]
    of_agencies = _agency_tables(task, counts, agencies)
    parts = tuple((release_part(one), encode_release(one)) for one in (*made, *of_agencies.releases))
    return Drawn(parts, of_agencies.shown, of_agencies.profiles, cut)


class TableCounts:
    """The counts of the tables that are counted since one month.

    `by_agencies`: the events that are not about a client, in order.
    """

    def __init__(self, task: DrawTask, since: int) -> None:
        self.since = since
        self._starts, self._begins = task.starts[since].by_key(), task.begins(since).by_key()
        self._due = tuple(one for one in task.clients if one.since == since)
        self._wants_agencies = any(one.since == since for one in task.agencies)
        self.increments: tuple[Increments, ...] = counted(self._due, ())
        self.by_agencies: Arrived = []

    def take(self, batch: "EventBatch") -> None:
        """Add the events of a batch that count for these tables."""
        places = batch.of_interest(self._starts, self._begins, self.since)
        alike = Counter(octets for octets, _ in places)
        events = [("", batch.events[octets]) for octets in alike]
        self.increments = merged(self.increments, counted(self._due, events, alike.values()))
        if self._wants_agencies:
            self.by_agencies += batch.by_agencies(places)


class EventBatch:
    """Records of one partition; those that count alike are decoded once. Raises CannotApply."""

    def __init__(self, source: Partition, records: Sequence[Record]) -> None:
        counting = [_counting(source, record) for record in records]
        self.arrived = [(record.key or b"", sequence_of(record.value or b"")) for record in records]
        """(key, sequence) of each record, in order."""
        self.events: dict[bytes, Event] = {}
        for record, octets in zip(records, counting, strict=True):
            if octets not in self.events:
                self.events[octets] = _decoded(source, record.offset, record.value or b"")
        self._records = [(octets, *arrived) for octets, arrived in zip(counting, self.arrived, strict=True)]
        self._of_agencies = {octets for octets, event in self.events.items() if not _of_client(event)}

    def of_interest(
        self, starts: Mapping[bytes, int], begins: Mapping[bytes, int], since: int
    ) -> list[tuple[bytes, bytes]]:
        """(bytes that count, agency) of the events to count.

        These are all behind the heads `starts`, and behind the heads `begins` those that waited for
        a month since `since`.
        """
        early = {octets for octets, event in self.events.items() if _waits(event, since)}
        return [
            (octets, key)
            for octets, key, sequence in self._records
            if sequence > starts.get(key, 0) or (octets in early and sequence > begins.get(key, 0))
        ]

    def by_agencies(self, places: Iterable[tuple[bytes, bytes]]) -> Arrived:
        """(agency, event) of the events that are not about a client."""
        return [(key.decode("ascii"), self.events[octets]) for octets, key in places if octets in self._of_agencies]


def _counting(source: Partition, record: Record) -> bytes:
    """The bytes of a record on which its counting depends."""
    if record.key is None or record.value is None:
        raise CannotApply(source, record.offset, CannotCount.__name__)
    return record.value[:PREFIX] + record.value[HEAD:]


def _decoded(source: Partition, offset: int, value: bytes) -> Event:
    try:
        return decode(value)
    except ExchangeError as error:
        raise CannotApply(source, offset, type(error).__name__) from None


def _of_client(event: Event) -> bool:
    return _restated(event).about is About.CLIENT


def _waits(event: Event, since: int) -> bool:
    """Whether its period begins in this month or later.

    A heartbeat or profile counts when it arrives, not later.
    """
    return first_month(event.period) >= since and not isinstance(_restated(event), AgencyProfiled | Heartbeat)


def _restated(event: Event) -> Body:
    return event.body.body if isinstance(event.body, Correction) else event.body


async def _read(reader: Reader, number: int, starts: Offsets, end: int) -> AsyncIterator[EventBatch]:
    source = Partition(EVENTS, number)
    reader.assign([source])
    reader.seek(source, starts[number] if starts else 0)
    async for records in read_before(reader, source, end, records_max=BATCH_RECORDS):
        yield EventBatch(source, records)


async def _agencies(log: Log, task: DrawTask) -> Agencies:
    """Read the registry and `draws` if agency tables are due.

    `draws` is final for the lane that holds the writer. A lane that lost the writer cannot commit.
    """
    if not task.agencies:
        return Agencies()
    registry = await read_registry_before(log, task.moment.registered)
    draws = await log.reader()
    try:
        closings = await DrawsFollower(draws, keeps=True).catch_up()
    finally:
        await draws.close()
    return Agencies(registry.active(), closings.closed.kept)


def _agency_tables(task: DrawTask, counts: Sequence[TableCounts], agencies: Agencies) -> Made:
    wanted = {one.since for one in task.agencies}
    arrived = {of_month.since: of_month.by_agencies for of_month in counts if of_month.since in wanted}
    return agency_releases(task.epoch, task.agencies, arrived, agencies.members, agencies.kept, versions=VERSIONS)
