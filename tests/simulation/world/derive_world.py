"""Derive on the simulated log.

A broker with its three topics, workers, and the bytes that they should lead to.

The expected bytes are worked out from the releases alone, epoch by epoch, by the pure functions.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import cache
from zlib import crc32

from consumers.metrics.arrivals import Arrivals
from consumers.metrics.derive import FROM, SUBJECT, TO, TOLD, Derive, encoded, usability_of
from consumers.worker.derive_owner import DeriveOwner
from exchange.core.release.released import Release
from exchange.engine.log import Pair
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.wire.planned_sizes import planned_sizes
from exchange.wire.public_records import encode_release, release_key
from exchange.wire.pulse import decode_alert
from tests.kits.release_world import APRIL, released, releases
from tests.simulation.world.exchange_world import Process, World
from tests.simulation.world.network import Network

MAY = APRIL + 1
TABLES = (
    "cases",
    "cases_too_late",
    "arrivals_cases",
    "arrivals_needs",
    "unmet_needs_by_service",
    "cases_by_age_group",
    "services_by_wait_band",
    "exits_by_duration_band",
    "provider_support_needed",
)
PLANNED = planned_sizes(13_631)


def made(last: int) -> list[Release]:
    """Releases in the order in which they are published: epoch by epoch."""
    found = releases(TABLES, APRIL, last, lambda *where: crc32(repr(where).encode()) % 400, 64)
    return sorted(found, key=lambda one: one.epoch)


def pairs(some: Iterable[Release]) -> list[Pair]:
    return [(release_key(one), encode_release(one)) for one in some]


@cache
def expected(last: int) -> dict[bytes | None, bytes | None]:
    every = released(made(last))
    usability = usability_of(every)
    return {key: value for epoch in every.epochs() for key, value in encoded(every, epoch, usability)}


async def _here(work: Callable[[], list[Pair]]) -> list[Pair]:
    return work()


class DeriveWorld:
    """A broker with the three topics, and workers that derive."""

    def __init__(self, seed: int = 0) -> None:
        self.world = World(seed)
        self.network = Network(self.world)
        self.broker = MemoryBroker(self.world.after, lambda: self.world.now)
        for partition in (FROM, TO, TOLD):
            self.broker.create(partition.topic)
        self.failed: list[BaseException] = []
        self.mine = True
        """Whether `releases` is assigned to the workers."""
        self.arrivals: dict[str, Arrivals] = {}

    def publish(self, *records: Pair) -> None:
        self.broker.produce(self.broker.new_producer(), 0, FROM, list(records))

    def start(self, name: str = "one", *, lost: float = 0.0) -> Process:
        """A worker.

        A derivation, and an agent that hands on what it reads, but for this share of it.
        """
        process = self.world.process(name)
        log = MemoryLog(self.broker, lambda: self.network.connect(process))
        owner = DeriveOwner(lambda arrivals: Derive(log, arrivals, off_loop=_here), lambda: self.mine)

        async def own() -> None:
            try:
                while True:
                    await owner.look()
                    await asyncio.sleep(0.5)
            except Exception as error:
                self.failed.append(error)
                raise

        self.arrivals[name] = owner.arrivals
        process.spawn(own())
        process.spawn(self._agent(log, owner.arrivals, lost))
        return process

    async def _agent(self, log: MemoryLog, arrivals: Arrivals, lost: float) -> None:
        """What Faust does.

        Begins where the topic ends or a little before, and may hand a record on twice.
        """
        reader, random = await log.reader(), self.world.random
        begin = (await reader.beginning_offsets([FROM]))[FROM]
        end = (await reader.end_offsets([FROM]))[FROM]
        reader.assign([FROM])
        reader.seek(FROM, max(end - random.randrange(3), begin))
        while True:
            for record in (await reader.getmany(timeout_s=1.0, records_max=5)).get(FROM, ()):
                for _ in range(0 if random.random() < lost else random.choice((1, 1, 2))):
                    await asyncio.sleep(random.random() * 0.01)
                    arrivals.hand_on(record.offset)

    def run(self, seconds: float = 5.0) -> None:
        self.world.run_until(self.world.now + seconds)

    def points(self) -> dict[bytes | None, bytes | None]:
        return {record.key: record.value for record in self.broker.committed(TO)}

    def alert(self):
        alerts = [record.value for record in self.broker.committed(TOLD) if record.key == SUBJECT.encode()]
        return decode_alert(alerts[-1]) if alerts and alerts[-1] else None
