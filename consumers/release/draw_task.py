"""Counts what arrived between cuts, puts noise on it and hands on what is to be recorded: the work of one draw.

Runs where it is called, which is a process of its own (`consumers.release.draw_process`). The exact increments live and die here.

Rules kept: each table is counted from its own last cut to the new one, exactly, and with it what came before that cut and is of
a period that had not begun then (not that agencies were heard from, nor what they are); read-committed, so aborted events are
none; noise is drawn once a table, by OpenDP, after everything is counted, so that a failure on the way draws none; a record
that cannot be counted stops the draw with its offset, never with its value.

The fast path: events that count alike (equal but for their sequence and the digest before) are put together as bytes, decoded
once and counted so many times. `exchange.core.release.draw.counted` says what that must equal; a property test holds it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, TypeAlias

from consumers.admission.registry import read_registry_before
from consumers.release.draws_state import DrawsFollower
from exchange import __version__
from exchange.core.errors import CannotCount, ExchangeError
from exchange.core.model.epochs import first_month
from exchange.core.model.event_layout import HEAD, PREFIX
from exchange.core.model.events import About, AgencyProfiled, Body, Correction, Event, Heartbeat
from exchange.core.release.agency_tables import Made, PastEpochs, Said, agency_releases
from exchange.core.release.closing import DrawTask
from exchange.core.release.draw import Increments, counted, drawn, merged
from exchange.engine.errors import CannotApply
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.reading import read_before
from exchange.wire.codec import decode
from exchange.wire.public_records import encode_release
from exchange.wire.release_records import ShownIncrement, release_part
from exchange.wire.topics import EVENTS

BATCH_RECORDS: Final = 20_000
"""Records counted at once."""
VERSIONS: Final = (f"exchange {__version__}",)
Noise: TypeAlias = Callable[[Fraction, int], Sequence[int]]
"""From a scale and a length to so many independent numbers: `consumers.release.noise.gaussian`."""
Report: TypeAlias = Callable[[int], None]
"""Told how many events were read since the last time."""
Arrived: TypeAlias = list[tuple[str, Event]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is to be recorded: keys and values of `draws`, and what the agency tables now show."""

    parts: tuple[tuple[bytes, bytes], ...]
    shown: tuple[ShownIncrement, ...]
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Agencies:
    """What agency tables need beside events: who may publish, and what is kept of all epochs before."""

    members: Collection[str] = ()
    kept: PastEpochs = field(default_factory=PastEpochs)


async def carry_out(log: Log, task: DrawTask, noise: Noise, report: Report) -> Drawn:
    """Count, draw, encode. Raises CannotApply at a record that cannot be counted, NoiseUnfit, the engine's errors."""
    sheets = [TableCounts(task, since) for since in task.starts]
    reader = await log.reader()
    try:
        for number in range(len(task.moment.cut)):
            await _read(reader, number, task, sheets, report)
    finally:
        await reader.close()
    return recorded(task, sheets, await _agencies(log, task), noise)


def recorded(task: DrawTask, sheets: Sequence["TableCounts"], agencies: Agencies, noise: Noise) -> Drawn:
    """The noise on what was counted, the agency tables by their rule, both as they will stand in `draws`."""
    clients = [one for sheet in sheets for one in sheet.increments]
    made = [drawn(one, noise(one.due.plan.scale, one.due.length), VERSIONS) for one in clients]
    of_agencies = _agency_tables(task, sheets, agencies)
    parts = tuple((release_part(one), encode_release(one)) for one in (*made, *of_agencies.releases))
    return Drawn(parts, tuple(ShownIncrement(*told) for told in of_agencies.told), of_agencies.said)


class TableCounts:
    """What arrived for the tables that are counted from one cut on. `said`: all that no client's body is, in order."""

    def __init__(self, task: DrawTask, since: int) -> None:
        self.since = since
        self.starts, self.begins = task.starts[since], task.begins(since)
        self._due = tuple(one for one in task.clients if one.since == since)
        self._wants_agencies = any(one.since == since for one in task.agencies)
        self.increments: tuple[Increments, ...] = counted(self._due, ())
        self.said: Arrived = []

    def take(self, partition: int, lot: "EventBatch") -> None:
        """Add what a lot holds from this sheet's cut on."""
        places = lot.of_interest(self.starts[partition], self.begins[partition], self.since)
        alike = Counter(octets for octets, _ in places)
        events = [("", lot.events[octets]) for octets in alike]
        self.increments = merged(self.increments, counted(self._due, events, alike.values()))
        if self._wants_agencies:
            self.said += lot.said(places)


class EventBatch:
    """Records of one partition, decoded as far as they differ. Raises CannotApply."""

    def __init__(self, source: Partition, records: Sequence[Record]) -> None:
        self._records = [(record.offset, _counting(source, record), record.key or b"") for record in records]
        self.events: dict[bytes, Event] = {}
        for record, (offset, octets, _) in zip(records, self._records, strict=True):
            if octets not in self.events:
                self.events[octets] = _decoded(source, offset, record.value or b"")
        self._of_agencies = {octets for octets, event in self.events.items() if not _of_client(event)}

    def of_interest(self, start: int, begins: int, since: int) -> list[tuple[bytes, bytes]]:
        """(bytes that count, agency) from an offset on, and from an earlier one on what is of this month and after it."""
        early = {octets for octets, event in self.events.items() if _waits(event, since)}
        return [
            (octets, key)
            for offset, octets, key in self._records
            if offset >= start or (offset >= begins and octets in early)
        ]

    def said(self, places: Iterable[tuple[bytes, bytes]]) -> Arrived:
        """(agency, event) of what no client's body is."""
        return [(key.decode("ascii"), self.events[octets]) for octets, key in places if octets in self._of_agencies]


def _counting(source: Partition, record: Record) -> bytes:
    """The bytes of a record that counting looks at."""
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
    """Whether its period begins in this month or later. Whoever was heard from was so when that arrived, not later."""
    return first_month(event.period) >= since and not isinstance(_restated(event), AgencyProfiled | Heartbeat)


def _restated(event: Event) -> Body:
    return event.body.body if isinstance(event.body, Correction) else event.body


async def _read(reader: Reader, number: int, task: DrawTask, sheets: Iterable[TableCounts], report: Report) -> None:
    source, cut = Partition(EVENTS, number), task.moment.cut[number]
    reader.assign([source])
    reader.seek(source, min((task.begins(since)[number] for since in task.starts), default=cut))
    async for records in read_before(reader, source, cut, records_max=BATCH_RECORDS):
        batch = EventBatch(source, records)
        for sheet in sheets:
            sheet.take(number, batch)
        report(len(records))


async def _agencies(log: Log, task: DrawTask) -> Agencies:
    """Read where it is needed. `draws` is final for whoever holds the lane's writer; for anybody else no commit follows."""
    if not task.agencies:
        return Agencies()
    registry = await read_registry_before(log, task.moment.registered)
    draws = await log.reader()
    try:
        closings = await DrawsFollower(draws, keeps=True).catch_up()
    finally:
        await draws.close()
    return Agencies(registry.active(), closings.closed.kept)


def _agency_tables(task: DrawTask, sheets: Sequence[TableCounts], agencies: Agencies) -> Made:
    wanted = {one.since for one in task.agencies}
    arrived = {sheet.since: sheet.said for sheet in sheets if sheet.since in wanted}
    return agency_releases(task.epoch, task.agencies, arrived, agencies.members, agencies.kept, versions=VERSIONS)
