"""An empty Kafka with the exchange's topics for a trial, and workers that are real processes.

If bootstrap servers are given, their cluster must hold no events, so that a trial never touches a
service's data. Otherwise an embedded broker with temporary data is started and stopped.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from exchange.core.errors import ExchangeError
from exchange.engine.broker import Announcer, Broker, embedded_broker
from exchange.engine.kafka.admin import Admin, administer
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.provision import exchange_topics, provision
from exchange.engine.log import OPEN_S_MAX, Partition, Record
from exchange.engine.reading import read_whole
from exchange.settings import Settings
from exchange.wire.topics import AGENCIES, EVENTS

STOP_S_MAX = 15.0
WORKER: Final = ("-m", "exchange.cli", "worker")
"""What Python runs for a worker."""


class NotEmpty(ExchangeError):
    """The cluster already has registered agencies or events, and a trial would mix with them."""

    hint = "Point EXCHANGE_BOOTSTRAP_SERVERS at an empty test cluster, or unset it to use the embedded broker."


class WorkerEnded(ExchangeError):
    """A worker ended by itself."""

    hint = "Its last log lines stand above."


@dataclass(slots=True)
class TrialExchange:
    """An empty exchange. `broker` is None on a given cluster."""

    settings: Settings
    log: KafkaLog
    admin: Admin
    broker: Broker | None
    folder: Path
    workers: "list[Worker]" = field(default_factory=list)
    started: int = 0

    async def start_worker(self) -> "Worker":
        """A new worker process; its log goes to a file in the trial's folder."""
        self.started += 1
        worker = await Worker.start(self.settings, self.folder / f"worker-{self.started}.log")
        self.workers.append(worker)
        return worker

    async def reach(self) -> int:
        """Sizes of the registry and of `events`, markers included: 0 while nothing is written."""
        wanted = [Partition(EVENTS, p) for p in range(self.settings.partitions)] + [Partition(AGENCIES, 0)]
        reader = await self.log.reader()
        try:
            return sum((await reader.end_offsets(wanted)).values())
        finally:
            await reader.close()

    async def all_events(self) -> AsyncIterator[Record]:
        """Every committed event, partition by partition."""
        reader = await self.log.reader()
        try:
            for number in range(self.settings.partitions):
                async for records in read_whole(reader, Partition(EVENTS, number), records_max=20_000):
                    for record in records:
                        yield record
        finally:
            await reader.close()


@dataclass(slots=True, eq=False)
class Worker:
    """One `exchange worker`, as a process of its own."""

    process: asyncio.subprocess.Process
    log_file: Path

    @classmethod
    async def start(cls, settings: Settings, log_file: Path, program: Sequence[str] = WORKER) -> "Worker":
        """Start it on these settings. Where the system can do it, it dies with its parent.

        Its temporary files are beside its log, in the trial's folder: a killed worker removes
        nothing, the trial removes the folder.
        """
        variables = {f"EXCHANGE_{name.upper()}": value for name, value in environment(settings).items()}
        variables["TMPDIR"] = str(log_file.parent.absolute())
        with log_file.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *program,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**os.environ, **variables, "EXCHANGE_DIE_WITH_STDIN": "1"},
            )
        return cls(process, log_file)

    @property
    def alive(self) -> bool:
        """Whether the process runs (a stopped one counts as running)."""
        return self.process.returncode is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.alive:
            self.process.send_signal(number)

    async def kill(self) -> None:
        """SIGKILL, and wait."""
        self.send(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL if that does not help."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S_MAX):
                await self.process.wait()
        except TimeoutError:
            await self.kill()

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])


def environment(settings: Settings) -> dict[str, str]:
    """The environment that gives a worker these settings, and leaves open what they leave open."""
    plain = settings.model_dump(exclude_none=True, exclude_unset=True, exclude={"sasl_password"})
    variables = {name: str(value) for name, value in plain.items()}
    if settings.sasl_password is not None:
        variables["sasl_password"] = settings.sasl_password.get_secret_value()
    return variables


@asynccontextmanager
async def trial_exchange(
    settings: Settings, folder: Path, announcer: Announcer | None = None
) -> AsyncIterator[TrialExchange]:
    """An empty exchange for the block. Workers that still run at its end are stopped.

    Its witness is in the trial's folder: the next trial on the cluster is another exchange.
    """
    settings = settings.model_copy(update={"state_dir": folder / "state"})
    if settings.bootstrap_servers:
        async with _on_cluster(settings.model_copy(update={"calendar": "off"}), None, folder) as ground:
            yield ground
        return
    async with (
        embedded_broker(announcer=announcer) as broker,
        _on_cluster(settings.at(broker.bootstrap_servers), broker, folder) as ground,
    ):
        yield ground


@asynccontextmanager
async def _on_cluster(settings: Settings, broker: Broker | None, folder: Path) -> AsyncIterator[TrialExchange]:
    # The trial itself is patient: a worker that it killed leaves a transaction open for some 20 s.
    client = settings.model_copy(update={"open_transaction_s": OPEN_S_MAX}).client("exchange-trial")
    log = KafkaLog(client)
    try:
        async with administer(client) as admin:
            topics = exchange_topics(partitions=settings.partitions, replication=settings.replication)
            await provision(admin, topics)
            ground = TrialExchange(settings, log, admin, broker, folder)
            if await ground.reach():
                raise NotEmpty
            try:
                yield ground
            finally:
                await asyncio.gather(*(worker.stop() for worker in ground.workers))
    finally:
        await log.close()
