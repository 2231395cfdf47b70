"""What can happen to a topic that holds state, done to a real Kafka.

Lost, cut off, emptied, put back from an older copy, or held by a transaction of somebody else. The
trial and the tests do it here, so that both ask the same questions.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from exchange.engine.kafka.admin import Admin
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.provision import agency_topics, exchange_topics, provision
from exchange.engine.log import Pair, Partition, Writer
from exchange.engine.reading import decided_ends, read_whole
from exchange.settings import Settings
from exchange.wire.topics import BY_NAME, Retention, agency_of

SHOWN_S_MAX: Final = 30.0
LOOK_S: Final = 0.05
DECIDED_S_MAX: Final = 180.0
"""For so long a transaction may be open before a backup: a busy machine starves its broker, too."""
FOREIGN: Final = ("somebody", "somebody-else")
FOREIGN_MS: Final = 60_000
"""How long a foreign transaction may be open; the embedded broker allows no longer one."""
RENEW_S: Final = 45.0
"""After so long the next one begins."""
POLICY: Final = "cleanup.policy"
Copy = Mapping[Partition, Sequence[tuple[Pair, int]]]
"""Every committed record of a topic, with its time in milliseconds since 1970."""


class StateDamage:
    """The ways to damage a topic of one exchange."""

    def __init__(self, settings: Settings, log: KafkaLog, admin: Admin) -> None:
        self._settings = settings
        self._log = log
        self._admin = admin

    async def partitions(self, *topics: str) -> list[Partition]:
        """Every partition of these topics that exists."""
        found = await self._admin.partitions()
        return [Partition(topic, number) for topic in topics for number in range(found.get(topic, 0))]

    async def copied(self, topic: str) -> Copy:
        """A backup: every committed record, once a worker's last transaction is decided."""
        partitions = await self.partitions(topic)
        reader = await self._log.reader()
        try:
            await decided_ends(reader, partitions, open_s_max=DECIDED_S_MAX)
            return {
                p: [((r.key, r.value), r.timestamp) async for some in read_whole(reader, p) for r in some]
                for p in partitions
            }
        finally:
            await reader.close()

    async def lose(self, *topics: str) -> None:
        """Delete topics, and wait until no broker shows them."""
        await self._admin.delete(topics)
        async with asyncio.timeout(SHOWN_S_MAX):
            while not (await self._admin.partitions()).keys().isdisjoint(topics):  # noqa: ASYNC110 - brokers do not tell
                await asyncio.sleep(LOOK_S)

    async def put_back(self, topic: str, copy: Copy) -> None:
        """Make a topic anew, with the records of a backup."""
        if topic in await self._admin.partitions():
            await self.lose(topic)
        await self.make(topic)
        await self.write(copy)

    async def write(self, copy: Copy) -> None:
        """Write the records of a backup behind what is there."""
        producer = await self._log.producer()
        try:
            for partition, records in copy.items():
                pairs, times = [pair for pair, _ in records], [at_ms for _, at_ms in records]
                await producer.send(partition, pairs, timestamp_ms=times)
        finally:
            await producer.close()

    async def make(self, *topics: str) -> None:
        """Make topics as the table has them, empty."""
        settings = self._settings
        agencies = {agency_of(topic) for topic in topics if BY_NAME[_family(topic)].per == "agency"}
        specs = [
            *exchange_topics(partitions=settings.partitions, replication=settings.replication),
            *agency_topics(sorted(agencies), replication=settings.replication),
        ]
        await provision(self._admin, [spec for spec in specs if spec.name in topics])

    async def empty(self, topic: str) -> None:
        """Delete every record in place: the topic stays, and offsets go on."""
        await self.cut_off(await self.ends(topic))

    async def keep_last(self, topic: str, offsets: int) -> None:
        """Cut each partition of a topic off before its last offsets, in place."""
        await self.cut_off({partition: max(0, end - offsets) for partition, end in (await self.ends(topic)).items()})

    async def cut_off(self, before: Mapping[Partition, int]) -> None:
        """Delete the records before these offsets, in place.

        Kafka refuses that for a compacted topic; so its setting is changed first, as by somebody
        who has the right, and put back.
        """
        compacted = {p.topic for p in before if BY_NAME[_family(p.topic)].kept is Retention.COMPACTED}
        await self._policy(compacted, "compact,delete")
        await self._admin.delete_records(before)
        await self._policy(compacted, "compact")

    async def ends(self, topic: str) -> dict[Partition, int]:
        """The end of each partition of a topic, decided or not."""
        reader = await self._log.reader()
        try:
            return await reader.end_offsets(await self.partitions(topic))
        finally:
            await reader.close()

    async def _policy(self, topics: Collection[str], policy: str) -> None:
        if not topics:
            return
        configs = await self._admin.configs(topics)
        own = {name: BY_NAME[_family(name)].configs(self._settings.replication) for name in topics}
        await self._admin.set_configs({topic: {**own[topic], POLICY: policy} for topic in configs})
        async with asyncio.timeout(SHOWN_S_MAX):
            while {one[POLICY] for one in (await self._admin.configs(topics)).values()} != {policy}:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)

    @asynccontextmanager
    async def held_open(self, partitions: Iterable[Partition], renew_s: float = RENEW_S) -> AsyncIterator[None]:
        """A foreign program holds a transaction open for the block; it comes to nothing.

        A busy machine may need longer than Kafka lets a transaction live: so another begins after
        `renew_s`.
        """
        held, over = list(partitions), asyncio.Event()
        one, other = [await self._log.writer(name, timeout_ms=FOREIGN_MS) for name in FOREIGN]
        try:
            await _open(one, held)
            holding = asyncio.create_task(_hold_on(one, other, held, over, renew_s), name="foreign program")
            try:
                yield
            finally:
                over.set()
                await holding
        finally:
            await one.close()
            await other.close()


async def _open(writer: Writer, partitions: Collection[Partition]) -> None:
    await writer.begin()
    for partition in partitions:
        await (await writer.send(partition, [(b"foreign", b"")]))


async def _hold_on(
    one: Writer, other: Writer, partitions: Collection[Partition], over: asyncio.Event, renew_s: float
) -> None:
    """Keep a transaction open: the next one begins before the one before it ends."""
    while not await _within(renew_s, over):
        await _open(other, partitions)
        await one.abort()
        one, other = other, one
    await one.abort()


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _family(topic: str) -> str:
    return topic.partition(".")[0]
