"""Where child processes find the log: a small value that they open for themselves."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from exchange.engine.kafka.admin import administer
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Log
from exchange.settings import Settings
from exchange.wire.topics import EVENTS


class LogSource(Protocol):
    """A log that is not open yet.

    It must be picklable to reach a child process; an open log never is.
    """

    async def partitions(self) -> Mapping[str, int]:
        """Every topic and its real number of partitions; a setting could leave some out."""

    def open(self) -> AbstractAsyncContextManager[Log]:
        """The log, for as long as the block lasts."""


@dataclass(frozen=True, slots=True)
class KafkaSource:
    """The cluster that the settings name."""

    settings: Settings

    async def partitions(self) -> Mapping[str, int]:
        """As the brokers report it."""
        async with administer(self.settings.client("exchange-replay")) as admin:
            partitions = await admin.partitions()
            if EVENTS not in partitions:
                await admin.refuse_hidden([EVENTS])
            return partitions

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Log]:
        """Clients of this process."""
        log = KafkaLog(self.settings.client("exchange-replay"))
        try:
            yield log
        finally:
            await log.close()
