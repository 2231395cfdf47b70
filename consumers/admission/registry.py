"""The registered agencies, as the worker sees them now: the newest registration of each in `agencies`.

The topic is kept for ever and small; it is read from its beginning at every start and followed while the worker runs.
Gate steps look into the same `Registry`, so that a new agency's inbox is read without a restart.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType

from exchange.core.admission.gate import Registration
from exchange.engine.errors import LogUnavailable
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.reading import read_whole
from exchange.wire.records import decode_registration
from exchange.wire.topics import AGENCIES

_SOURCE = Partition(AGENCIES, 0)
_AGAIN_S = 1.0


class Registry:
    """Agency → registration. Written by `follow` only."""

    def __init__(self) -> None:
        self._agencies: dict[str, Registration] = {}

    @property
    def agencies(self) -> Mapping[str, Registration]:
        """A live, read-only view."""
        return MappingProxyType(self._agencies)

    def of_partition(self, partition: int) -> Iterator[Registration]:
        """The agencies whose events go to one partition, in the order of their registration."""
        return (r for r in self._agencies.values() if r.partition == partition)

    def replace(self, other: "Registry") -> None:
        """Become what another registry is, at once: a half-read one would let in what was forbidden since."""
        self._agencies.clear()
        self._agencies.update(other.agencies)

    def put(self, registration: Registration) -> None:
        """Take a registration, replacing an earlier one of the same agency."""
        self._agencies[registration.agency] = registration


async def read_registry(log: Log) -> Registry:
    """The registry as it is now."""
    registry = Registry()
    reader = await log.reader()
    try:
        await _catch_up(reader, registry)
    finally:
        await reader.close()
    return registry


async def follow_registry(log: Log, registry: Registry, ready: asyncio.Event) -> None:
    """Keep the registry up to date until cancelled; a log out of reach is tried again, the last state staying.

    Sets `ready` once it is as new as the log was: before that nobody may be judged by it.
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
        while True:
            batch = await reader.getmany(timeout_s=1.0, records_max=1000)
            _take(batch.get(_SOURCE, ()), registry)
    finally:
        await reader.close()


async def _catch_up(reader: Reader, registry: Registry) -> None:
    async for records in read_whole(reader, _SOURCE):
        _take(records, registry)


def _take(records: Iterable[Record], registry: Registry) -> None:
    for record in records:
        if record.value is not None:
            registry.put(decode_registration(record.value))
