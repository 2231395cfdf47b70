"""Reading the status of the exchange from the log: read-only, as exact as the topics themselves.

`StatusReader.look` may be called again and again. It continues where it stopped, so a call reads
only new records. Heads, refusals and inbox positions come from the gate's own state, read into the
same `GateStep` that the gate uses. The fold's position comes from its newest position record. The
state of the lanes and workers comes from the newest pulses.

Rule kept: each section is read by itself (`consumers.sections`). A topic that is missing,
damaged or may not be read takes only its own section away, and `Observed.unknown` gives the reason.
Only where no topic at all can be read does the look fail.

Not promised: one moment for everything. Each topic is read to its own end while lanes go on.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

from consumers.release.draws_section import DrawsSection
from consumers.sections import FollowedTopic, Looked, Section, look_at_each
from consumers.status.log_facts import LogFacts, foreign_members, look_at_topics, unreadable
from consumers.status.observed import Observed, lives_max
from consumers.status.open_transactions import Held, OpenTransactions
from consumers.status.troubles import GROUP, TOPIC, TRANSACTION, Trouble
from consumers.status.worker_lives import WorkerLives
from exchange.core.counting.generation import GENERATION
from exchange.core.errors import ExchangeError
from exchange.engine.errors import PartitionUnknown
from exchange.engine.lag import Extent, NewestPositions, Unread, extents
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.reading import apply_compacted, read_to
from exchange.wire.message import MessageUnreadable
from exchange.wire.pulse import WORKER_KEY, decode_worker_pulse
from exchange.wire.topics import AGENCIES, ALERTS, EVENTS, GATE_STATE, PULSE, QUARANTINE, agency_of, aggregates_of

INBOX: Final = "inbox"
MEMBERS: Final = "group"
TOPIC_LIST: Final = "topics"
TRANSACTIONS: Final = "transactions"
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {INBOX: (AGENCIES, GATE_STATE)}
"""Sections that need others."""
AskMembers = Callable[[], Awaitable[Collection[str]]]
"""Gives the members of the workers' group that are no workers."""


class StatusReader:
    """Reads the status of an exchange with this number of partitions. `looking` makes it."""

    def __init__(
        self,
        log: Log,
        readers: Sequence[Reader],
        partitions: int,
        *,
        generation: str,
        group: str,
        members: AskMembers | None,
    ) -> None:
        self._asking, tails, behind = readers
        self._tails, self._behind = NewestPositions(tails), Unread(behind)
        self._aggregates = [Partition(aggregates_of(generation), p) for p in range(partitions)]
        self._group, self._members = group, members
        self._draws = DrawsSection(log)
        self.seen = Observed(partitions)
        self._followed: list[Section] = [*_followed(log, self.seen), self._draws]
        self._looked: list[Section] = [
            Looked(INBOX, self._look_at_inboxes),
            Looked(self._aggregates[0].topic, self._look_at_the_fold),
        ]
        self._transactions = OpenTransactions(partitions)
        self._troubles: dict[str, Trouble] = {}
        self._facts: list[Section] = [
            Looked(TOPIC_LIST, self._look_at_topics),
            Looked(TRANSACTIONS, self._look_at_transactions),
            *([Looked(MEMBERS, self._look_at_members)] if members else []),
        ]

    async def look(self) -> Observed:
        """Read new records. Raises the engine's errors where no topic can be read."""
        seen, self._troubles = self.seen, {}
        failed = await look_at_each(self._followed)
        if len(failed) == len(self._followed):
            raise next(iter(failed.values()))
        seen.closings = self._draws.closings
        hindered = {name: _needs(name, failed) for name in NEEDED if set(NEEDED[name]) & failed.keys()}
        failed |= await look_at_each([one for one in (*self._looked, *self._facts) if one.name not in hindered])
        seen.unknown = {name: str(error) for name, error in failed.items()} | hindered
        seen.facts = self._facts_of(failed)
        return seen

    def _facts_of(self, failed: Mapping[str, ExchangeError]) -> LogFacts:
        """What the topics show. A missing topic is reported as such, and not as unreadable too."""
        damaged = [
            unreadable(name, str(error))
            for name, error in failed.items()
            if name not in (INBOX, MEMBERS, TOPIC_LIST, TRANSACTIONS) and not isinstance(error, PartitionUnknown)
        ]
        looked_at = {
            TOPIC: TOPIC_LIST in failed,
            GROUP: self._members is None or MEMBERS in failed,
            TRANSACTION: TRANSACTIONS in failed or not self.seen.held.is_sure,
        }
        troubles = {**dict(damaged), **self._troubles}
        return LogFacts(troubles, frozenset(kind for kind, unknown in looked_at.items() if not unknown))

    async def _look_at_topics(self) -> None:
        agencies = list(self.seen.registry.agencies)
        self._troubles |= await look_at_topics(self._asking, self.seen.partitions, agencies)

    async def _look_at_transactions(self) -> None:
        self.seen.held = Held()
        held = self.seen.held = await self._transactions.look(self._asking, list(self.seen.registry.agencies))
        self._troubles |= held.troubles

    async def _look_at_members(self) -> None:
        if self._members is not None:
            self._troubles |= foreign_members(self._group, await self._members())

    async def _look_at_inboxes(self) -> None:
        """No transaction writes to an inbox, so offsets are records."""
        read = {source: at for gate in self.seen.gates.values() for source, at in gate.positions().items()}
        present = await self._asking.present(read)
        self.seen.inboxes_missing = {agency_of(source.topic) for source in set(read) - present}
        for source, (begin, _, end) in (await extents(self._asking, present)).items():
            at = max(begin, read[source] or 0)
            self.seen.inbox_lags[agency_of(source.topic)] = max(0, end - at)

    async def _look_at_the_fold(self) -> None:
        positions = await self._tails.newest(await extents(self._asking, self._aggregates))
        at = {Partition(EVENTS, p.partition): positions[p].position if p in positions else 0 for p in self._aggregates}
        found = await extents(self._asking, at)
        lags = await self._behind.offsets({p: max(found[p].begin, position) for p, position in at.items()}, found)
        self.seen.fold_lags = {source.partition: lag for source, lag in lags.items()}
        self.seen.counted = {p.partition: positions[p].events if p in positions else 0 for p in self._aggregates}

    async def close(self) -> None:
        """Close the readers of the sections."""
        for section in self._followed:
            await section.close()


@asynccontextmanager
async def looking(
    log: Log,
    partitions: int,
    *,
    generation: str = GENERATION,
    group: str = "",
    members: AskMembers | None = None,
) -> AsyncIterator[StatusReader]:
    """A status reader for as long as the block lasts.

    `partitions`: the real number of partitions of `events`. `members`: of the workers' `group`;
    None: not asked for.
    """
    async with AsyncExitStack() as open_readers:
        readers = []
        for _ in range(3):
            reader = await log.reader()
            open_readers.push_async_callback(reader.close)
            readers.append(reader)
        looker = StatusReader(log, readers, partitions, generation=generation, group=group, members=members)
        open_readers.push_async_callback(looker.close)
        yield looker


async def read_lives(log: Log, partitions: int) -> WorkerLives:
    """The lives of workers, as `pulse` has them now."""
    lives, source = WorkerLives(), Partition(PULSE, 0)
    reader = await log.reader()
    try:
        ((begin, stable, _),) = (await extents(reader, [source])).values()
        reader.assign([source])
        reader.seek(source, max(begin, stable - lives_max(partitions)))
        async for _, records in read_to(reader, {source: stable}):
            for record in records:
                if record.value is not None and (record.key or b"").startswith(WORKER_KEY):
                    with suppress(MessageUnreadable):  # one that is none counts for nothing
                        pulse = decode_worker_pulse(record.value)
                        lives.observe(pulse, pulse.at_ms)
    finally:
        await reader.close()
    return lives


def _followed(log: Log, seen: Observed) -> list[Section]:
    def take_alert(_: Partition, record: Record) -> None:
        apply_compacted(seen.alerts, record)

    def forget_alerts(_: Mapping[Partition, Extent]) -> None:
        seen.alerts.clear()

    def whole(topic: str) -> list[Partition]:
        return [Partition(topic, number) for number in range(seen.partitions)]

    pulses = lives_max(seen.partitions)
    return [
        FollowedTopic(log, [Partition(PULSE, 0)], seen.take_pulse, seen.forget_pulses, newest=pulses),
        FollowedTopic(log, [Partition(AGENCIES, 0)], seen.take_registration, seen.forget_registry),
        FollowedTopic(log, [Partition(ALERTS, 0)], take_alert, forget_alerts),
        FollowedTopic(log, whole(GATE_STATE), seen.take_state, seen.forget_gates, check=seen.check_gates),
        FollowedTopic(log, whole(QUARANTINE), seen.take_refusal, seen.forget_refusals),
    ]


def _needs(name: str, failed: Mapping[str, ExchangeError]) -> str:
    return f"It is worked out with {' and '.join(sorted(set(NEEDED[name]) & failed.keys()))}, which cannot be read."
