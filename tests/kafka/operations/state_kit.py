"""What a real exchange needs for questions about its state: agencies, foreign transactions, counts.

Agencies write chained events straight into their inboxes, as in the kill test, so that every byte
that must arrive is known.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Sequence
from enum import StrEnum
from itertools import chain

from consumers.admission.enrolment import Enrolment, register
from consumers.counting.aggregates import merged, read_aggregates
from exchange.core.counting.counts import merge
from exchange.core.model.event_layout import sequence_of
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.chain_writer import ChainWriter
from exchange.trial.commands import command
from exchange.trial.empty_cluster import TrialExchange, Worker
from exchange.trial.sample import sample_exchange
from exchange.trial.state_damage import Copy, StateDamage
from exchange.wire.topics import EVENTS, inbox_of
from tests.kafka.conftest import PARTITIONS

WAIT_S = 120.0
OPEN_S = 3.0
"""After so long these workers and commands name an open transaction."""


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


async def published(ground: TrialExchange, agencies: Agencies, events: int) -> None:
    """A run that a worker admits and counts, and then is stopped."""
    await agencies.write(events)
    worker = await ground.start_worker()
    await agencies.counted()
    await stopped(ground, worker)


async def at_work(ground: TrialExchange, events: int) -> Agencies:
    """Registered agencies whose first run, of so many events each, is counted."""
    agencies = Agencies(ground)
    await agencies.register()
    await published(ground, agencies, events)
    return agencies


async def stopped(ground: TrialExchange, worker: Worker) -> None:
    await worker.stop()
    ground.workers.remove(worker)


async def refused(ground: TrialExchange, *says: str, either: Sequence[str] = ("",), admits: bool = False) -> None:
    """A worker ends by itself, says why and what to do, and has written no event.

    `either`: the words of the lanes that may be the first to end it. `admits`: the gate may,
    because only the counts are wrong.
    """
    log_of = [Partition(EVENTS, number) for number in range(PARTITIONS)]
    there = EVENTS in await ground.admin.partitions()
    before = await ends(ground, log_of) if there else {}
    worker = await ground.start_worker()
    async with asyncio.timeout(WAIT_S):
        assert await worker.process.wait() == 1
    ground.workers.remove(worker)
    log = worker.last_lines(40)
    assert all(text in log for text in says), log
    assert any(text in log for text in either), log
    assert admits or not there or await ends(ground, log_of) == before


async def rebuilt(settings: Settings, written: int) -> None:
    code, out, said = await command(settings, "gate", "rebuild", "--json")
    assert code == 0, said
    assert sum(part["events"] for part in json.loads(out)) == written
    assert len(json.loads(out)) == PARTITIONS


async def exact(ground: TrialExchange, settings: Settings, agencies: Agencies) -> None:
    """The next worker takes what waits and what comes, and replay agrees."""
    await published(ground, agencies, 50)
    await agencies.check()
    code, out, _ = await command(settings, "replay", "--json")
    assert (code, json.loads(out)["verdict"], json.loads(out)["complete"]) == (0, "match", True)


class Happens(StrEnum):
    """What can happen to a topic, apart from an open transaction."""

    LOST = "lost"
    EMPTIED = "emptied"
    CUT_OFF = "cut off"
    OTHERS = "made again with others"
    OLDER = "put back older"


async def happen(damage: StateDamage, what: Happens, topic: str, older: Copy) -> None:
    """Let it happen. Cut off: all but the last record."""
    if what is Happens.LOST:
        await damage.lose(topic)
    elif what is Happens.EMPTIED:
        await damage.empty(topic)
    elif what is Happens.CUT_OFF:
        await damage.keep_last(topic, 1)
    elif what is Happens.OLDER:
        await damage.put_back(topic, older)
    else:
        foreign = [((b"foreign", b"not of this exchange"), 1_767_225_600_000)]
        await damage.put_back(topic, dict.fromkeys(older, foreign))
