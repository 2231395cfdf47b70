"""A small world of releases and points, and a service over a log in memory that has them.

The counts are made up, and large enough that most figures are shown. Some tables stand for all:
clients' and agencies', quarterly and yearly, of the nation and of the states.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from zlib import crc32

import httpx

from consumers.metrics.derive import usability_of
from consumers.serve.access import Terms
from consumers.serve.app import faces
from consumers.serve.http_server import listening, run
from consumers.serve.service import Service
from consumers.serve.snapshot.cache_file import CacheFile
from consumers.serve.snapshot.snapshot import Picture, PointSnapshot
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import points
from exchange.core.model.epochs import epoch_of
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release, Released
from exchange.core.release.tiers import is_due, periods_due
from exchange.engine.log import Log, Pair, Partition
from exchange.engine.loop_time import loop_s
from exchange.testing import MemoryLog
from exchange.testing.in_memory_exchange import InMemoryExchange
from exchange.wire.public_records import encode_point, encode_release, point_key, release_key

TABLES = (
    "cases",
    "arrivals_cases",
    "needs_by_service",
    "unmet_needs_by_service",
    "services_by_wait_band",
    "state_cases",
    "state_needs_by_service_group",
    "state_unmet_needs_by_service_group",
    "places_by_service",
)
FIRST, JANUARY = epoch_of(2026, 2), epoch_of(2027, 1)
POINTS, DRAWN = Partition("metrics", 0), Partition("releases", 0)
SOON_S = 20.0


@cache
def release(table: str, epoch: int) -> Release:
    """A release of a table with made-up counts; every seventh of an agency table is hidden."""
    one = DECLARED[table]
    cells = len(one.places) * len(list(_values(one.codes)))
    length = cells * len(periods_due(one.tier, epoch))
    counts = tuple(_made_up(table, epoch, n, clients=bool(one.bit)) for n in range(length))
    variance = TABLE_COSTS[table].variance if one.bit else Fraction(0)
    return Release(table, one.tier, one.bit, epoch, one.places, one.dimensions, one.codes, counts, variance)


def _values(codes: Sequence[Sequence[str]]) -> Iterable[tuple[str, ...]]:
    from itertools import product

    return product(*codes)


def _made_up(table: str, epoch: int, n: int, *, clients: bool) -> int | None:
    number = crc32(f"{table} {epoch} {n}".encode()) % 900
    return None if not clients and number % 7 == 0 else number


def releases(last: int = JANUARY, first: int = FIRST, tables: Sequence[str] = TABLES) -> list[Release]:
    """All of these tables that are due in these months."""
    return [
        release(table, epoch)
        for epoch in range(first, last + 1)
        for table in tables
        if is_due(DECLARED[table].tier, epoch)
    ]


@cache
def world(last: int = JANUARY) -> tuple[MetricPoint, ...]:
    """The points of all months up to this one."""
    released = Released().taking(releases(last))
    usable = usability_of(released).usable
    return tuple(one for epoch in released.epochs() for one in points(released, epoch, usable))


def of_epoch(epoch: int, last: int = JANUARY) -> list[MetricPoint]:
    """The points of one month."""
    return [one for one in world(last) if one.epoch == epoch]


def as_records(some: Iterable[MetricPoint]) -> list[Pair]:
    return [(point_key(one), encode_point(one)) for one in some]


def as_released(some: Iterable[Release]) -> list[Pair]:
    return [(release_key(one), encode_release(one)) for one in some]


class Topics:
    """The two public topics of an exchange in memory."""

    def __init__(self) -> None:
        self._exchange = InMemoryExchange()

    @property
    def log(self) -> MemoryLog:
        return self._exchange.log

    def publish(self, epoch: int) -> None:
        """What the publisher and the derivation write for a month."""
        self.add_releases(one for one in releases(epoch, epoch))
        self.add_points(of_epoch(epoch))

    def add_points(self, some: Iterable[MetricPoint]) -> None:
        self._exchange._broker.append(POINTS, *as_records(some))

    def add_releases(self, some: Iterable[Release]) -> None:
        self._exchange._broker.append(DRAWN, *as_released(some))

    def add_raw(self, partition: Partition, *pairs: Pair) -> None:
        self._exchange._broker.append(partition, *pairs)


@asynccontextmanager
async def following(log: Log, service: Service | None = None) -> AsyncIterator[Service]:
    """A service that follows a log."""
    found = service or Service()
    task = asyncio.create_task(found.follower(log).run())
    try:
        yield found
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record as read from a log."""

    key: bytes | None
    value: bytes | None
    offset: int
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 0


@cache
def picture(last: int) -> Picture:
    """What a service has read after this month."""
    snapshot = PointSnapshot()
    some = as_records(one for one in world() if one.epoch <= last)
    snapshot.take(ReadRecord(key, value, offset) for offset, (key, value) in enumerate(some))
    snapshot.end_run(every_figure=True)
    return snapshot.picture


def that_has_read(last: int) -> Service:
    """A service that has read everything up to a month, and follows no log."""
    service = Service(PointSnapshot(picture(last)))
    service.hearing.heard_s, service.hearing.complete = loop_s(), True
    return service


@asynccontextmanager
async def asking(
    service: Service, terms: Terms | None = None, peer: str = "127.0.0.1"
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service, without a socket."""
    transport = httpx.ASGITransport(faces(service, terms), raise_app_exceptions=False, client=(peer, 123))
    async with httpx.AsyncClient(transport=transport, base_url="http://serve") as client:
        yield client


@dataclass(frozen=True, slots=True)
class Running:
    """A service on a socket. `stop`: set it to end the service; `ended`: its task."""

    service: Service
    address: str
    stop: asyncio.Event
    ended: asyncio.Task[None]


@asynccontextmanager
async def running(log: Log, service: Service | None = None, cache: CacheFile | None = None) -> AsyncIterator[Running]:
    """A service that follows a log and listens, in this process."""
    found, stop, listener = service or Service(), asyncio.Event(), listening("127.0.0.1", 0)
    port = listener.getsockname()[1]
    task = asyncio.create_task(run(found, log, listener, stop, cache=cache))
    try:
        yield Running(found, f"http://127.0.0.1:{port}", stop, task)
    finally:
        stop.set()
        await task


async def soon(so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(SOON_S):
        while not so():  # noqa: ASYNC110 - the snapshot gives no event
            await asyncio.sleep(0.01)


async def read_to(service: Service, epoch: int) -> None:
    """Wait until a month is whole."""
    await soon(lambda: service.picture.newest == epoch and service.hearing.complete)
