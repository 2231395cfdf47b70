"""An exchange in miniature on a real Kafka: tests kill and freeze its workers and move lanes.

The workers are processes. The law is the simulation's: every inbox's records are in the events
exactly once and in order, and the counts equal one independent count of what was sent.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from exchange.engine.kafka.admin import TopicSpec, administer
from exchange.engine.kafka.clients import client_at
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition, Producer, Record
from tests.simulation.world.steps import POSITION, inbox

PARTITIONS = 2
COMPACTED = {"cleanup.policy": "compact", "min.compaction.lag.ms": "3600000"}


class Worker:
    """One process. Its output is kept for the message of a test that fails."""

    def __init__(self, bootstrap_servers: str, prefix: str, output: Path) -> None:
        self.output = output
        with output.open("a") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.kafka.engine.lane_worker", bootstrap_servers, prefix],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    async def leave(self) -> int:
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait)

    def said(self) -> str:
        return self.output.read_text()


class Exchange:
    def __init__(self, bootstrap_servers: str, prefix: str, directory: Path, seed: int = 0) -> None:
        self.settings = client_at(bootstrap_servers)
        self.prefix, self.directory = prefix, directory
        self.log = KafkaLog(self.settings)
        self.random = Random(seed)
        self.sent: dict[bytes, list[bytes]] = {}
        self.workers: list[Worker] = []

    async def create(self) -> None:
        async with administer(self.settings) as admin:
            await admin.create(
                [
                    TopicSpec(self.prefix + "agencies", 1),
                    TopicSpec(self.prefix + "events", PARTITIONS),
                    TopicSpec(self.prefix + "gate-state", PARTITIONS, configs=COMPACTED),
                    TopicSpec(self.prefix + "aggregates", PARTITIONS, configs=COMPACTED),
                ]
            )

    def start_worker(self) -> Worker:
        path = self.directory / f"worker{len(self.workers)}"
        worker = Worker(self.settings.bootstrap_servers, self.prefix, path)
        self.workers.append(worker)
        return worker

    def part_of(self, agency: bytes) -> int:
        return list(self.sent).index(agency) % PARTITIONS

    async def register(self, agency: bytes) -> None:
        """Also while running: an inbox more to be read."""
        self.sent[agency] = []
        async with administer(self.settings) as admin:
            await admin.create([TopicSpec(inbox(agency, self.prefix).topic, 1)])
        producer = await self.log.producer()
        await producer.send(Partition(self.prefix + "agencies", 0), [(agency, b"%d" % self.part_of(agency))])
        await producer.close()

    async def publish(self, agency: bytes, records: int) -> None:
        """Send so many records of an agency, in lots."""
        producer = await self.log.producer()
        try:
            while records > 0:
                records -= await self._send(producer, agency, min(records, 500))
        finally:
            await producer.close()

    async def keep_publishing(self, agency: bytes, enough: asyncio.Event) -> None:
        """Small lots without an end, so that there is always a transaction under way."""
        producer = await self.log.producer()
        try:
            while not enough.is_set():
                await self._send(producer, agency, 25)
                await asyncio.sleep(0.05)
        finally:
            await producer.close()

    async def _send(self, producer: Producer, agency: bytes, records: int) -> int:
        sent = self.sent[agency]
        lot = [b"cell%d/%s/%d" % (self.random.randrange(20), agency, len(sent) + n) for n in range(records)]
        await producer.send(inbox(agency, self.prefix), [(agency, value) for value in lot])
        sent += lot
        return records

    async def read(self, topic: str, partition: int) -> list[Record]:
        source = Partition(self.prefix + topic, partition)
        reader = await self.log.reader()
        try:
            end = (await reader.end_offsets([source]))[source]
            reader.assign([source])
            reader.seek(source, 0)
            records: list[Record] = []
            while await reader.position(source) < end:
                records += (await reader.getmany(timeout_s=0.2, records_max=50_000)).get(source, [])
            return records
        finally:
            await reader.close()

    async def counts(self, partition: int) -> Counter[bytes]:
        latest = {record.key: record.value for record in await self.read("aggregates", partition)}
        return Counter({key: int(value) for key, value in latest.items() if key and value and key != POSITION})

    async def settle(self) -> None:
        """Wait until as much is counted as was sent, and a moment more; then check the counts."""
        expected: list[Counter[bytes]] = [Counter() for _ in range(PARTITIONS)]
        for agency, sent in self.sent.items():
            expected[self.part_of(agency)].update(value.partition(b"/")[0] for value in sent)
        total = sum(counter.total() for counter in expected)
        while sum([(await self.counts(p)).total() for p in range(PARTITIONS)]) < total:
            self.expect_workers()
            await asyncio.sleep(0.5)
        await asyncio.sleep(1.0)
        for partition in range(PARTITIONS):
            assert await self.counts(partition) == expected[partition], self.said()
            events = await self.read("events", partition)
            for agency, sent in self.sent.items():
                if self.part_of(agency) == partition:
                    assert [record.value for record in events if record.key == agency] == sent, self.said()

    def expect_workers(self) -> None:
        if all(worker.process.poll() is not None for worker in self.workers):
            raise AssertionError(f"no worker is left\n{self.said()}")

    def said(self) -> str:
        return "\n".join(f"{worker.output.name}:\n{worker.said()}" for worker in self.workers)

    async def close(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
        await self.log.close()


@asynccontextmanager
async def exchange(bootstrap_servers: str, prefix: str, seed: int = 0) -> AsyncIterator[Exchange]:
    with tempfile.TemporaryDirectory() as directory:
        made = Exchange(bootstrap_servers, prefix, Path(directory), seed)
        try:
            await made.create()
            yield made
        finally:
            await made.close()


@asynccontextmanager
async def publishing(made: Exchange, agencies: list[bytes]) -> AsyncIterator[None]:
    """All agencies publish all the time, for the length of the block."""
    enough = asyncio.Event()
    tasks = [asyncio.create_task(made.keep_publishing(agency, enough)) for agency in agencies]
    try:
        yield
    finally:
        enough.set()
        await asyncio.gather(*tasks)
