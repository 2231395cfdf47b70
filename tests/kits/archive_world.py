"""Exchanges in memory to archive and restore: agencies' chains, closed epochs, seeded noise."""

import asyncio
import random
import time
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

from consumers.archive import Restored, Target, archive, restore
from consumers.archive.archiving import Archived
from consumers.release.draw_task import carry_out
from consumers.release.draws_state import DrawsFollower
from consumers.release.release_lane import payment, refusal
from exchange.core.admission.gate import Registration
from exchange.core.model import vocabulary as v
from exchange.core.model.chain import digest_of
from exchange.core.model.epochs import ends_ms, epoch_of
from exchange.core.model.events import Body, Correction, Event, NeedIdentified
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.core.release.closed_epochs import Closed, Moment
from exchange.core.release.closing import CloseRefused, decide_close
from exchange.engine.kafka.admin import TopicSpec
from exchange.engine.kafka.provision import exchange_topics
from exchange.engine.log import Partition, Record
from exchange.testing.connection import DirectConnection
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.wire.codec import encode
from exchange.wire.records import encode_registration
from exchange.wire.release_records import Asker, Close, encode_close, encode_spent, ledger_part
from exchange.wire.topics import AGENCIES, DRAWS, EPOCHS, EVENTS, RELEASES, partition_of

JANUARY = epoch_of(2026, 1)
CODES = ("harbor-light", "new-door", "safe-passage", "open-hand", "river-house")
KINDS = tuple(NeedIdentified(service) for service in (v.Service.food, v.Service.legal, v.Service.emergency_shelter))


def seeded(epoch: int):
    """Noise that depends on the epoch alone, so that two clusters draw the same."""
    rng = random.Random(epoch)

    def noise(_: Fraction, length: int) -> Sequence[int]:
        return [rng.randrange(-9, 10) for _ in range(length)]

    return noise


class ChainOf:
    """One agency's chain: its values, byte for byte. Every fourth takes the event before back."""

    def __init__(self, code: str) -> None:
        self.code, self.values, self.previous = code, list[bytes](), sha256(code.encode()).digest()
        self._last: Event | None = None

    def more(self, count: int) -> list[bytes]:
        return [self._next() for _ in range(count)]

    def _next(self) -> bytes:
        sequence, last = len(self.values) + 1, self._last
        body: Body = KINDS[(sequence + len(self.code)) % len(KINDS)]
        if last is not None and sequence % 4 == 0 and isinstance(last.body, NeedIdentified):
            body = Correction(last.sequence, last.previous, last.period, last.state, last.cap, last.body)
        self._last = Event(sequence, self.previous, parse_period("2026Q1"), UsState.ca, 7, body)
        self.values.append(encode(self._last))
        self.previous = digest_of(self.values[-1])
        return self.values[-1]


class MemoryAdmin:
    """The administrative calls over a broker in memory."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker, self._specs = broker, dict[str, TopicSpec]()

    async def create(self, topics: Sequence[TopicSpec]) -> frozenset[str]:
        for spec in topics:
            self._broker.create(spec.name, spec.partitions)
            self._specs[spec.name] = spec
        return frozenset(spec.name for spec in topics)

    async def partitions(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for partition in self._broker.logs:
            found[partition.topic] = found.get(partition.topic, 0) + 1
        return found

    async def refuse_hidden(self, topics: Collection[str]) -> None:
        """Nothing is hidden here."""

    async def configs(self, topics: Collection[str]) -> dict[str, dict[str, str]]:
        return {name: dict(self._specs[name].configs) for name in topics if name in self._specs}

    async def set_configs(self, configs: Mapping[str, Mapping[str, str]]) -> None:
        raise AssertionError(f"nothing differs: {sorted(configs)}")

    async def delete(self, topics: Sequence[str]) -> None:
        for topic in topics:
            self._broker.delete(topic)
            self._specs.pop(topic, None)


class MemoryCluster:
    """One cluster in memory. Nothing is on it before `founded` or a restore."""

    def __init__(self, cluster: str, partitions: int) -> None:
        def after(delay_s: float, callback) -> None:
            asyncio.get_running_loop().call_later(delay_s, callback)

        self.broker = MemoryBroker(after, time.monotonic, cluster=cluster, record_bytes_max=1 << 25)
        self.log = MemoryLog(self.broker, DirectConnection)
        self.admin = MemoryAdmin(self.broker)
        self.partitions = partitions
        self.chains: dict[str, ChainOf] = {}

    @property
    def target(self) -> Target:
        return Target(self.log, self.admin, self.partitions, 1)

    async def founded(self, codes: Sequence[str] = CODES) -> "MemoryCluster":
        """The topics, and these agencies."""
        await self.admin.create(exchange_topics(partitions=self.partitions, replication=1, agencies=codes))
        for number, code in enumerate(codes):
            self.chains[code] = ChainOf(code)
            place = partition_of(code, self.partitions)
            key = bytes([number]) * 32
            held = Registration(code, LegalClass.individual, False, place, ((0, key),))
            self.broker.append(Partition(AGENCIES, 0), (code.encode(), encode_registration(held)), at_ms=1000 + number)
        return self

    async def send(self, count: int, *codes: str) -> None:
        """The next events of agencies, each agency's in a transaction, as a gate does."""
        for code in codes or tuple(self.chains):
            await self.admit(code, self.chains[code].more(count))

    async def admit(self, code: str, values: Sequence[bytes]) -> None:
        place = Partition(EVENTS, partition_of(code, self.partitions))
        writer = await self.log.writer(f"gate-{place.partition}")
        await writer.begin()
        await (await writer.send(place, [(code.encode(), value) for value in values]))
        await writer.commit()
        await (await self.log.writer(f"gate-{place.partition}")).close()
        await writer.close()

    async def closed(self) -> Closed:
        return (await DrawsFollower(await self.log.reader()).catch_up()).closed

    async def close(self, *epochs: int, publishes: bool = True) -> None:
        """Close epochs as the release lane does, with seeded noise; a refusal is recorded too."""
        for epoch in epochs:
            reader = await self.log.reader()
            sources = [Partition(EVENTS, number) for number in range(self.partitions)]
            ends = await reader.end_offsets([*sources, Partition(AGENCIES, 0)])
            offset = self.broker.end_of(Partition(EPOCHS, 0))
            at_ms = ends_ms(epoch) + 1
            self.broker.append(Partition(EPOCHS, 0), (None, encode_close(Close(epoch, Asker.OPERATOR, at_ms))))
            closed = await self.closed()
            moment = Moment(
                max(at_ms, closed.at_ms),
                tuple(ends[source] for source in sources),
                ends[Partition(AGENCIES, 0)],
                self.broker.cluster,
            )
            decision = decide_close(closed, epoch, moment)
            if isinstance(decision, CloseRefused):
                pairs = [(ledger_part(offset), encode_spent(refusal(closed, offset, decision, moment)))]
                parts: Sequence[tuple[bytes, bytes]] = ()
            else:
                drawn = await carry_out(self.log, decision.task, seeded(epoch), lambda _: None)
                parts = drawn.parts
                pairs = [*parts, (ledger_part(offset), encode_spent(payment(offset, decision, drawn)))]
            writer = await self.log.writer("release-0")
            await writer.begin()
            await (await writer.send(Partition(DRAWS, 0), pairs))
            await writer.commit()
            await (await self.log.writer("release-0")).close()
            if publishes:
                published = [(key.removesuffix(b"|release"), value) for key, value in parts]
                self.broker.append(Partition(RELEASES, 0), *published, at_ms=ends_ms(epoch))

    def records(self, topic: str, number: int = 0) -> list[Record]:
        return list(self.broker.committed(Partition(topic, number)))

    def bytes_of(self, topic: str, number: int = 0) -> list[tuple[bytes | None, bytes | None, int]]:
        return [(one.key, one.value, one.timestamp) for one in self.records(topic, number)]

    def chain_in_events(self, code: str) -> list[bytes | None]:
        """All events of an agency, in the order of its one partition."""
        found = {
            number: [one.value for one in self.records(EVENTS, number) if one.key == code.encode()]
            for number in range(self.partitions)
        }
        assert [number for number, values in found.items() if values] in ([], [partition_of(code, self.partitions)])
        return [value for values in found.values() for value in values]

    async def archived(self, directory: Path) -> Archived:
        return await archive(self.log, self.partitions, directory, clock=lambda: 7)

    async def restored(self, directory: Path, *, again: bool = False) -> Restored:
        return await restore(self.target, directory, again=again, clock=lambda: 8)


async def old_exchange(partitions: int = 3) -> MemoryCluster:
    """Two closed epochs, a refused command, and events after the last cut."""
    old = await MemoryCluster("old", partitions).founded()
    await old.send(7)
    await old.close(JANUARY)
    await old.send(5, *CODES[:3])
    await old.close(JANUARY, JANUARY + 1)
    await old.send(3, *CODES[1:])
    return old
