"""Epochs on a real Kafka: events, commands, their outcomes, and workers killed while they draw."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random

import psutil

from consumers.admission.enrolment import Enrolment, register
from consumers.release.draws_state import DrawsState
from consumers.release.history import read_closings
from exchange.core.model import vocabulary as v
from exchange.core.model.chain import Head, digest_of
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import Event, NeedIdentified
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from exchange.engine.reading import read_whole
from exchange.trial.empty_cluster import TrialExchange, Worker
from exchange.trial.sample_key import SampleKey
from exchange.wire.codec import encode
from exchange.wire.release_records import Asker, Close, encode_close
from exchange.wire.topics import EPOCHS, EVENTS, inbox_of
from tests.kits.children import fork_server, working_children
from tests.kits.draw_world import event

START = epoch_of(2020, 2)
"""Arrivals alone, as in the month after; then an epoch that counts the quarter."""
WAIT_S = 120
AGENCIES = ("harbor-light", "new-door", "safe-passage")


def needs(random: Random, count: int) -> Iterator[Event]:
    """So many needs of the first quarter of 2020, in any state."""
    services = [v.Service.food, v.Service.emergency_shelter]
    states = [UsState.ca, UsState.tx, UsState.wy]
    for _ in range(count):
        yield event(NeedIdentified(random.choice(services)), period="2020Q1", state=random.choice(states))


class Publishing:
    """Three agencies that write signed runs to their inboxes, as their edges would."""

    def __init__(self, ground: TrialExchange) -> None:
        self._ground = ground
        self._keys = {code: SampleKey(code) for code in AGENCIES}
        self._chains = {code: Head(0, bytes(32)) for code in AGENCIES}

    def now_at(self, ground: TrialExchange) -> None:
        """The same agencies, where Kafka was stopped and started."""
        self._ground = ground

    async def register(self) -> None:
        enrolments = [Enrolment(code, LegalClass.individual, key.public) for code, key in self._keys.items()]
        await register(self._ground.log, self._ground.admin, *enrolments, replication=1)

    async def send(self, events: Sequence[Event]) -> None:
        """Each agency writes its share; returns once the gate has admitted everything."""
        producer = await self._ground.log.producer()
        try:
            for number, (code, key) in enumerate(self._keys.items()):
                values = [self._chained(code, one) for one in events[number :: len(AGENCIES)]]
                head = self._chains[code]
                beat = event(
                    key.heartbeat(head.sequence + 1, head.digest, parse_period("2020Q1"), UsState.ca),
                    cap=0,
                    period="2020Q1",
                )
                pairs = [(code.encode(), value) for value in (*values, self._chained(code, beat))]
                await producer.send(Partition(inbox_of(code), 0), pairs)
        finally:
            await producer.close()
        await self._admitted()

    async def _admitted(self) -> None:
        written = {code.encode(): head.sequence for code, head in self._chains.items()}
        async with asyncio.timeout(WAIT_S):
            while True:
                if await heads(self._ground.log) == written:
                    return
                await asyncio.sleep(0.1)

    def _chained(self, code: str, one: Event) -> bytes:
        head = self._chains[code]
        value = encode(replace(one, sequence=head.sequence + 1, previous=head.digest))
        self._chains[code] = Head(head.sequence + 1, digest_of(value))
        return value


async def heads(log: KafkaLog, partitions: int = 4) -> Counter[bytes]:
    """How many events of each agency are in the log."""
    found: Counter[bytes] = Counter()
    reader = await log.reader()
    try:
        for number in range(partitions):
            async for records in read_whole(reader, Partition(EVENTS, number)):
                found.update(record.key or b"" for record in records)
    finally:
        await reader.close()
    return found


async def ask(log: KafkaLog, *epochs: int) -> None:
    producer = await log.producer()
    try:
        pairs = [(None, encode_close(Close(epoch, Asker.OPERATOR, 0))) for epoch in epochs]
        await producer.send(Partition(EPOCHS, 0), pairs)
    finally:
        await producer.close()


async def handled(log: KafkaLog, commands: int) -> DrawsState:
    """Wait until so many commands were handled and all that was drawn is public."""
    async with asyncio.timeout(WAIT_S):
        while True:
            closings, public = await read_closings(log)
            if len(closings.commands) >= commands and {part.key for part in closings.parts} <= public:
                return closings
            await asyncio.sleep(0.1)


async def drawing(worker: Worker) -> psutil.Process:
    """The process in which the worker draws, as soon as there is one."""
    parent = psutil.Process(worker.process.pid)
    async with asyncio.timeout(WAIT_S):
        while True:
            for child in working_children(parent):
                return child
            await asyncio.sleep(0.01)


async def killed_while_drawing(ground: TrialExchange, worker: Worker, random: Random) -> Worker:
    """SIGKILL a worker at some moment from the start of a draw on; another worker takes over."""
    child = await drawing(worker)
    server = fork_server(psutil.Process(worker.process.pid))
    assert server is not None
    await asyncio.sleep(random.uniform(0, 2.5))
    await worker.kill()
    async with asyncio.timeout(WAIT_S):  # neither a draw nor a fork server outlives its worker
        for one in (child, server):
            with suppress(psutil.NoSuchProcess):
                await asyncio.to_thread(one.wait)
    return await ground.start_worker()
