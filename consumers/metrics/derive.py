"""Derive: the points of every epoch, from `releases` to `metrics`.

Rules kept:
- What is published follows from the set of releases alone (`exchange.core.metrics.table`). Adding
  one changes points of its epoch and later ones only. So order, repetition, restarts and two
  workers at once lead to the same `metrics`, byte for byte.
- Everything is read again from offset 0 at every start. Each point is an upsert under its own key;
  an equal one is not written again. A point whose bytes changed (other code, other planned sizes)
  is overwritten.
- An epoch is derived when all its releases are there, or when none has come for `AWAITED_S`: a
  table that is retired or late delays nothing. Later releases are added.
- A record that is no release, or not the one that its table declares, and a second draw of one
  table and epoch are left out: the first one counts. An alert names them until a start that does
  not find them. No value is logged.
- Records of `metrics` have the end of their epoch as their time. Points are computed off the
  event loop.

Not promised: that a point from removed code disappears; nothing is ever removed from `metrics`.
Memory holds the releases and one epoch's points (19,000 at the end of a year); the records of
`metrics` are known by one sum an epoch.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

import structlog

from consumers.metrics.arrivals import Arrivals
from consumers.status.open_alerts import read_alerts
from exchange.core.errors import ExchangeError
from exchange.core.metrics.table import points
from exchange.core.metrics.usability import Usability
from exchange.core.model.epochs import ends_ms, epoch_text, parse_epoch
from exchange.core.release.released import Release, Released
from exchange.engine.errors import PositionOutOfRange
from exchange.engine.log import Log, Pair, Partition, Producer, Reader, Record
from exchange.engine.reading import decided_ends, newest_by_key, read_to, read_whole
from exchange.engine.wall_clock import wall_ms
from exchange.wire.planned_sizes import planned_for
from exchange.wire.public_records import decode_release, encode_point, point_key
from exchange.wire.pulse import Alert, AlertKind, encode_alert
from exchange.wire.topics import ALERTS, METRICS, RELEASES, LaneName

SETTLE_S: Final = 0.1
"""So long nothing more may come before what came is looked at: releases of one epoch are published
together."""
AWAITED_S: Final = 10.0
"""The same while tables that were released before are missing in the newest epoch."""
LOOK_S: Final = 5.0
"""How often the topic is looked at although nothing was handed on: an arrival may have been
lost."""
RECORDS_MAX: Final = 200
"""Releases decoded in one go: 20 ms."""
SUBJECT: Final = f"{LaneName.DERIVE}:{RELEASES}"
OFFSETS_NAMED: Final = 3
FROM, TO, TOLD = Partition(RELEASES, 0), Partition(METRICS, 0), Partition(ALERTS, 0)
Encode = Callable[[], list[Pair]]
OffLoop = Callable[[Encode], Awaitable[list[Pair]]]
logger = structlog.get_logger(__name__)


def encoded(released: Released, epoch: int, usability: Usability) -> list[Pair]:
    """The records of an epoch, in the order of the metrics."""
    return [(point_key(p), encode_point(p)) for p in points(released, epoch, usability.usable)]


def usability_of(released: Released) -> Usability:
    """What decides which figures are usable, by the sizes that these releases were planned for."""
    return Usability(released, planned_for(released))


def epoch_of_key(key: bytes | None) -> int | None:
    """The epoch that a key of `metrics` ends with; None: the record is not ours."""
    try:
        return parse_epoch((key or b"").rpartition(b"|")[2].decode("ascii"))
    except (ExchangeError, UnicodeDecodeError):
        return None


class Intake:
    """The releases taken so far, the epochs that they changed, and unusable records. Pure."""

    def __init__(self) -> None:
        self.released = Released()
        self.pending: set[int] = set()
        self.faults: dict[type[ExchangeError], list[int]] = {}

    def take(self, records: Iterable[Record]) -> None:
        """Take records in their order."""
        found = [(record.offset, release) for record in records if (release := self._decoded(record)) is not None]
        before = self.released
        try:
            self.released = before.taking(release for _, release in found)
        except ExchangeError:
            for offset, release in found:
                self._take_one(offset, release)
        new = [epoch for table, epoch in self.released.held if (table, epoch) not in before.held]
        if new:
            self.pending.update(epoch for epoch in self.released.epochs() if epoch >= min(new))

    def awaits(self) -> bool:
        """Whether the newest epoch is to be derived and lacks tables released before."""
        newest = max(self.released.epochs(), default=0)
        return newest in self.pending and bool(self.released.awaited(newest))

    def _decoded(self, record: Record) -> Release | None:
        try:
            return decode_release(record.value or b"")
        except ExchangeError as error:
            self._fault(error, record.offset)
        return None

    def _take_one(self, offset: int, release: Release) -> None:
        try:
            self.released = self.released.taking([release])
        except ExchangeError as error:
            self._fault(error, offset)

    def _fault(self, error: ExchangeError, offset: int) -> None:
        self.faults.setdefault(type(error), []).append(offset)
        logger.error("record left out", topic=RELEASES, offset=offset, error=type(error).__name__)


def alert_of(faults: Mapping[type[ExchangeError], list[int]], since_ms: int) -> Alert | None:
    """The alert about records that could not be taken, in the error's own words only."""
    if not faults:
        return None
    sentences = []
    for kind, offsets in sorted(faults.items(), key=lambda fault: fault[0].__name__):
        where = ", ".join(map(str, offsets[:OFFSETS_NAMED]))
        more = f" and {len(offsets) - OFFSETS_NAMED} more" if len(offsets) > OFFSETS_NAMED else ""
        sentences.append(f"{RELEASES} offset {where}{more}: {kind.__name__}. {kind()}")
    left_out = "Metrics are derived without them; if a newer version wrote them, upgrade this worker."
    return Alert(SUBJECT, AlertKind.LEFT_OUT, since_ms, " ".join((*sentences, left_out)))


class PublishedPoints:
    """The records of `metrics`, known by one sum an epoch.

    An epoch's records are read again only where its sum differs.
    """

    def __init__(self, log: Log, reader: Reader) -> None:
        self._log = log
        self._reader = reader
        self._sums: dict[int, int] = defaultdict(int)

    async def start(self) -> None:
        """Read everything that is there."""
        async for records in read_whole(self._reader, TO):
            self._add(records)

    async def changes(self, epoch: int, wanted: list[Pair]) -> list[Pair]:
        """Those of an epoch's records that `metrics` does not hold already."""
        async for _, records in read_to(self._reader, await decided_ends(self._reader, [TO])):
            self._add(records)
        if epoch not in self._sums:
            return wanted
        if self._sums[epoch] == sum(_digest(key, value) for key, value in wanted):
            return []
        newest = await newest_by_key(self._log, TO, lambda key: epoch_of_key(key) == epoch)
        return [(key, value) for key, value in wanted if newest.get(key or b"") != value]

    def _add(self, records: Iterable[Record]) -> None:
        for record in records:
            epoch = epoch_of_key(record.key)
            if epoch is not None:
                self._sums[epoch] += _digest(record.key, record.value)


def _digest(key: bytes | None, value: bytes | None) -> int:
    """A record as a number: equal sums are of equal records, whatever their order."""
    ends = b"" if value is None else hashlib.sha256(value).digest()
    return int.from_bytes(hashlib.sha256((key or b"") + b"\0" + ends).digest()[:16], "big")


class Derive:
    """All of it, for as long as `releases` is assigned to this worker.

    `run` is its whole life; make a new one for another.

    `arrivals`: what calls it to look. `off_loop`: where points are worked out.
    """

    def __init__(self, log: Log, arrivals: Arrivals, *, off_loop: OffLoop = asyncio.to_thread) -> None:
        self._log = log
        self._arrivals = arrivals
        self._off_loop = off_loop
        self._intake = Intake()
        self._usability = usability_of(self._intake.released)
        self._told: Alert | None = None

    async def run(self) -> None:
        """Derive until cancelled; raises the engine's named errors."""
        reader, looking = await self._log.reader(), await self._log.reader()
        producer = await self._log.producer()
        try:
            await self._run(reader, PublishedPoints(self._log, looking), producer)
        finally:
            await asyncio.gather(reader.close(), looking.close(), producer.close())

    async def _run(self, reader: Reader, standing: PublishedPoints, producer: Producer) -> None:
        await standing.start()
        self._told = next((alert for alert in await read_alerts(self._log) if alert.subject == SUBJECT), None)
        async for records in read_whole(reader, FROM, records_max=RECORDS_MAX):
            self._intake.take(records)
        await self._tell(producer)
        while True:
            called = await self._arrivals.beyond(await reader.position(FROM), within_s=self._wait_s())
            if await self._catch_up(reader, producer):
                logger.info("releases arrived", handed_on=called)
            elif self._intake.pending and not called:
                await self._derive(min(self._intake.pending), standing, producer)

    async def _catch_up(self, reader: Reader, producer: Producer) -> bool:
        """Take everything up to the topic's present end; whether there was anything."""
        end, position = (await decided_ends(reader, [FROM]))[FROM], await reader.position(FROM)
        if end < position:
            raise PositionOutOfRange(f"{RELEASES}-0: read to offset {position}, and the log ends at {end}.")
        if end == position:
            return False
        async for _, records in read_to(reader, {FROM: end}, records_max=RECORDS_MAX):
            self._intake.take(records)
        await self._tell(producer)
        return True

    def _wait_s(self) -> float:
        if not self._intake.pending:
            return LOOK_S
        oldest = min(self._intake.pending)
        last = oldest == max(self._intake.released.epochs())
        return AWAITED_S if last and self._intake.awaits() else SETTLE_S

    async def _derive(self, epoch: int, standing: PublishedPoints, producer: Producer) -> None:
        released = self._intake.released
        if self._usability.released is not released:
            self._usability = usability_of(released)
        usability = self._usability
        wanted = await self._off_loop(lambda: encoded(released, epoch, usability))
        changes = await standing.changes(epoch, wanted)
        if changes:
            await producer.send(TO, changes, timestamp_ms=ends_ms(epoch))
        self._intake.pending.discard(epoch)
        lacking = released.awaited(epoch)
        logger.info("derived", epoch=epoch_text(epoch), points=len(wanted), written=len(changes), awaited=lacking)

    async def _tell(self, producer: Producer) -> None:
        """Raise, change or end the alert."""
        told = self._told
        alert = alert_of(self._intake.faults, told.since_ms if told else wall_ms())
        if alert != told:
            await producer.send(TOLD, [(SUBJECT.encode(), encode_alert(alert) if alert else None)])
            self._told = alert
