"""The embedded broker: a real Apache Kafka of one node, for a machine without one.

    async with embedded_broker() as broker:
        ...  # broker.bootstrap_servers

It runs as a child process. Rules kept: it listens on the loopback only, and asks for a secret that
only this account can read (`client_at` finds it by the address); it never outlives the process that
opened it; a start on a data directory that is in use is refused; every failure is a named error
that says what to do next.

Not promised: replication, more than one node, Windows. A production service names its cluster in
EXCHANGE_BOOTSTRAP_SERVERS. `broker_process` is the same without an event loop; `detached` keeps a
broker running after the command that started it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from exchange.engine.broker.announce import Announcer, Silent
from exchange.engine.broker.errors import (
    BrokerAbandoned,
    BrokerDataInUse,
    BrokerDataUnusable,
    BrokerDidNotStart,
    BrokerDidNotStop,
    BrokerError,
    BrokerExtraMissing,
    BrokerNotStarted,
    CacheNotWritable,
    KafkaDamaged,
    KafkaNotFetched,
)
from exchange.engine.broker.jars import KAFKA_VERSION
from exchange.engine.broker.process import BrokerProcess, broker_process
from exchange.engine.broker.server import ONE_NODE_SETTINGS

__all__ = [
    "KAFKA_VERSION",
    "ONE_NODE_SETTINGS",
    "Announcer",
    "Broker",
    "BrokerAbandoned",
    "BrokerDataInUse",
    "BrokerDataUnusable",
    "BrokerDidNotStart",
    "BrokerDidNotStop",
    "BrokerError",
    "BrokerExtraMissing",
    "BrokerNotStarted",
    "BrokerProcess",
    "CacheNotWritable",
    "KafkaDamaged",
    "KafkaNotFetched",
    "Silent",
    "broker_process",
    "embedded_broker",
]


class Broker:
    """A running embedded broker, for asyncio."""

    def __init__(self, process: BrokerProcess) -> None:
        self._process = process

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients; the same after a restart."""
        return self._process.bootstrap_servers

    @property
    def pid(self) -> int:
        """The process number of the JVM; it changes with a restart."""
        return self._process.pid

    @property
    def data_dir(self) -> Path:
        """The directory of the records and of the broker's log."""
        return self._process.data_dir

    @property
    def alive(self) -> bool:
        """Whether the JVM runs."""
        return self._process.alive

    async def restart(self, *, kill: bool = False) -> None:
        """Start the broker again on its data and port; `kill` ends it with SIGKILL first."""
        await asyncio.to_thread(self._process.restart, kill=kill)

    async def halt(self, *, kill: bool = False) -> None:
        """End the broker but keep its data and its port, for `restart`."""
        await asyncio.to_thread(self._process.halt, kill=kill)

    async def stop(self) -> None:
        """End the broker for good; temporary data goes with it. May be called twice."""
        await asyncio.to_thread(self._process.stop)


@asynccontextmanager
async def embedded_broker(
    data_dir: Path | None = None,
    *,
    announcer: Announcer | None = None,
    cache: Path | None = None,
    repository: str | None = None,
) -> AsyncIterator[Broker]:
    """A broker for the length of an `async with` block.

    `data_dir` is kept and may be opened again; without it, the data is temporary. `announcer`
    receives the progress; `cache` and `repository` replace the user's cache directory and Maven
    Central. Raises a `BrokerError`.
    """
    process = BrokerProcess(data_dir, announcer=announcer, cache=cache, repository=repository)
    try:
        await asyncio.to_thread(process.start)  # cancelled: `stop` below interrupts the start that still runs
        yield Broker(process)
    finally:
        await asyncio.shield(asyncio.to_thread(process.stop))
