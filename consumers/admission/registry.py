"""The registered agencies: the newest registration of each in `agencies`.

The topic is kept for ever and is small. The worker reads it from its beginning at every start and
follows it while it runs. Gate steps look into the same `Registry`, so a new agency's inbox is read
without a restart. A draw reads the registry as it was at one offset.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType

from exchange.core.admission.gate import Registration, Status
from exchange.engine.errors import LogUnavailable
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.loop_time import loop_s
from exchange.engine.reading import decided_ends, read_before, read_whole
from exchange.wire.message import MessageUnreadable
from exchange.wire.records import decode_registration
from exchange.wire.topics import AGENCIES

_SOURCE = Partition(AGENCIES, 0)
_AGAIN_S = 1.0
_LOOK_S = 5.0
_NO_REGISTRATION = (
    f"{AGENCIES}-0 offset {{}} is no registration. Stop the workers and restore `{AGENCIES}` from a replica or a"
    f" backup. If there is none, delete it, make it empty by `exchange topics apply --anew {AGENCIES}`, register every"
    " agency again and run `exchange gate rebuild`."
)


class Registry:
    """Agency → registration."""

    def __init__(self) -> None:
        self._agencies: dict[str, Registration] = {}
        self.records = 0
        """How many records of `agencies` were taken."""
        self.changes = 0
        """How often it has changed: whoever has seen this number has seen all."""

    @property
    def agencies(self) -> Mapping[str, Registration]:
        """A live, read-only view."""
        return MappingProxyType(self._agencies)

    def of_partition(self, partition: int) -> Iterator[Registration]:
        """The agencies whose events go to one partition, in the order of their registration."""
        return (r for r in self._agencies.values() if r.partition == partition)

    def active(self) -> frozenset[str]:
        """The agencies that may publish."""
        return frozenset(r.agency for r in self._agencies.values() if r.status is Status.ACTIVE)

    def replace(self, other: "Registry") -> None:
        """Take over another registry at once.

        A half-read one would let in an agency that was suspended since.
        """
        self._agencies.clear()
        self._agencies.update(other.agencies)
        self.records = other.records
        self.changes += 1

    def put(self, registration: Registration) -> None:
        """Take a registration. It replaces an earlier one of the same agency."""
        self._agencies[registration.agency] = registration
        self.changes += 1

    def take(self, record: Record) -> None:
        """Take the next record of `agencies`. One without a value registers nobody.

        Raises MessageUnreadable, with the place and the mend, for one that is no registration.
        """
        self.records += 1
        if record.value is not None:
            try:
                self.put(decode_registration(record.value))
            except MessageUnreadable:
                raise MessageUnreadable(_NO_REGISTRATION.format(record.offset)) from None


async def read_registry(log: Log) -> Registry:
    """The registry as it is now."""
    registry = Registry()
    reader = await log.reader()
    try:
        await _catch_up(reader, registry)
    finally:
        await reader.close()
    return registry


async def read_registry_before(log: Log, cut: int) -> Registry:
    """The registry as it was at an offset of `agencies`.

    Raises PositionOutOfRange if the topic was truncated.
    """
    registry = Registry()
    reader = await log.reader()
    try:
        reader.assign([_SOURCE])
        reader.seek(_SOURCE, 0)
        async for records in read_before(reader, _SOURCE, cut):
            for record in records:
                registry.take(record)
    finally:
        await reader.close()
    return registry


async def follow_registry(log: Log, registry: Registry, ready: asyncio.Event) -> None:
    """Keep the registry up to date until cancelled.

    If the log is out of reach, keep the last state and try again. Raises TransactionOpen where a
    foreign transaction hides registrations: an agency may have been suspended in one of them, and
    no gate may judge by a registry of which it does not know all.

    Sets `ready` once the registry was read to the log's end: no agency may be judged by it before.
    """
    while True:
        with suppress(LogUnavailable):
            await _follow(log, registry, ready)
        await asyncio.sleep(_AGAIN_S)


async def _follow(log: Log, registry: Registry, ready: asyncio.Event) -> None:
    reader = await log.reader()
    try:
        newest = Registry()
        await _catch_up(reader, newest)
        registry.replace(newest)
        ready.set()
        look_at_s = loop_s() + _LOOK_S
        while True:
            if loop_s() >= look_at_s:
                await decided_ends(reader, [_SOURCE])
                look_at_s = loop_s() + _LOOK_S
            batch = await reader.getmany(timeout_s=1.0, records_max=1000)
            for record in batch.get(_SOURCE, ()):
                registry.take(record)
    finally:
        await reader.close()


async def _catch_up(reader: Reader, registry: Registry) -> None:
    async for records in read_whole(reader, _SOURCE):
        for record in records:
            registry.take(record)
