"""What a real exchange needs for questions about its state: agencies, foreign transactions, counts.

Agencies write chained events straight into their inboxes, as in the kill test, so that every byte
that must arrive is known.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from itertools import chain

from aiokafka import AIOKafkaProducer

from consumers.admission.enrolment import Enrolment, register
from consumers.counting.aggregates import merged, read_aggregates
from exchange.core.counting.counts import merge
from exchange.core.model.event_layout import sequence_of
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.chain_writer import ChainWriter
from exchange.trial.empty_cluster import TrialExchange, Worker, environment
from exchange.trial.sample import sample_exchange
from exchange.wire.topics import inbox_of

WAIT_S = 120.0
SETTLED_S = 1.0


class Agencies:
    """Some agencies of one exchange, and the law about what they wrote."""

    def __init__(self, ground: TrialExchange) -> None:
        self._ground = ground
        sample = sample_exchange(1, 6, events=6_000, tally_share=0.0)
        self.chains = [ChainWriter(agency, 1) for agency in sample.agencies]

    async def register(self) -> None:
        enrolments = [Enrolment(one.code, LegalClass.individual, one.key.public) for one in self.chains]
        await register(self._ground.log, self._ground.admin, *enrolments, replication=1)

    async def write(self, events: int) -> None:
        """Each agency writes so many events more."""
        producer = await self._ground.log.producer()
        try:
            for one in self.chains:
                pairs = [(one.code.encode(), value) for value in one.take(events)]
                await producer.send(Partition(inbox_of(one.code), 0), pairs)
        finally:
            await producer.close()

    @property
    def written(self) -> int:
        return sum(one.sequence for one in self.chains)

    async def counted(self) -> None:
        """Wait until everything that they wrote is counted."""
        folded = 0
        async with asyncio.timeout(WAIT_S):
            while folded < self.written:
                await asyncio.sleep(0.2)
                parts = await read_aggregates(self._ground.log, range(self._ground.settings.partitions))
                folded = sum(part.position.events for part in parts)

    async def check(self) -> None:
        """Each chain is in `events` once and in order, and every cell is the independent count."""
        found: dict[bytes, list[int]] = {}
        async for record in self._ground.all_events():
            found.setdefault(record.key or b"", []).append(sequence_of(record.value or b""))
        lengths = {code.decode(): Counter(sequences) for code, sequences in found.items()}
        assert {code: max(of.values()) for code, of in lengths.items()} == {one.code: 1 for one in self.chains}
        assert found == {one.code.encode(): list(range(1, one.sequence + 1)) for one in self.chains}
        parts = await read_aggregates(self._ground.log, range(self._ground.settings.partitions))
        truth = merge(chain.from_iterable(one.truth() for one in self.chains))
        assert merged(part.cells for part in parts) == {cell: truth[cell] for cell in sorted(truth) if truth[cell]}


@asynccontextmanager
async def held_open(settings: Settings, *partitions: Partition) -> AsyncIterator[None]:
    """A foreign program holds a transaction open for the block; it comes to nothing."""
    somebody = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers, transactional_id="somebody", transaction_timeout_ms=60_000
    )
    await somebody.start()
    try:
        await somebody.begin_transaction()
        for topic, number in partitions:
            await somebody.send_and_wait(topic, b"", key=b"foreign", partition=number)
        yield
        await somebody.abort_transaction()
    finally:
        await somebody.stop()


async def logged(worker: Worker, *texts: str) -> str:
    """Wait until a worker's log holds every one of these texts; it must not end."""
    async with asyncio.timeout(WAIT_S):
        while True:
            log = worker.log_file.read_text(encoding="utf-8", errors="replace")
            if all(text in log for text in texts):
                return log
            assert worker.alive, log
            await asyncio.sleep(0.2)


async def ends(ground: TrialExchange, partitions: Collection[Partition]) -> dict[Partition, int]:
    """The end of everything written there, decided or not."""
    reader = await ground.log.reader()
    try:
        return await reader.end_offsets(partitions)
    finally:
        await reader.close()


async def grown(ground: TrialExchange, partitions: Collection[Partition], records: int) -> None:
    """Wait until so many records more are written there."""
    wanted = records + sum((await ends(ground, partitions)).values())
    async with asyncio.timeout(WAIT_S):
        while True:
            if sum((await ends(ground, partitions)).values()) >= wanted:
                return
            await asyncio.sleep(0.2)


async def command(settings: Settings, *words: str) -> tuple[int, str, str]:
    """A command, as an operator runs it: status, output, errors."""
    variables = {f"EXCHANGE_{name.upper()}": value for name, value in environment(settings).items()}
    env = {**os.environ, **variables, "COLUMNS": "10000"}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchange.cli", *words, env=env, stdout=pipe, stderr=pipe
    )
    out, err = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()
