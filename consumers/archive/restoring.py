"""`restore`: make an exchange on an empty cluster from an archive, with any number of partitions.

The order of the work decides what a program may meet that runs too early:

1. Everything in the archive is checked. The cluster is empty. The topics are created; those of
   agencies while events are copied, for a nation's many take brokers seconds.
2. `draws` gets the record that a restore has begun. From now on no epoch is closed here.
3. `draws`, `releases` and `epochs` are copied.
4. `events` are copied, epoch after epoch, so that every cut is a clean place in each partition.
5. The gate's state and the agencies' receipts are written, as the copied events gave them.
6. `agencies` are copied, each registration with its agency's partition here. Only now has the gate
   anything to read.
7. `draws` gets the record that the restore has ended, with the new address of every cut.

Promised: an interrupted restore is noticed by the next, by the release lane and by the calendar.
`again` deletes the topics of an unfinished restore, and begins anew.

Not promised: that the archived cluster is not running. `exchange archive --last` closes it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import structlog

from consumers.admission.gate_rebuild import write_new_gates
from consumers.archive.archive_reading import CheckedArchive, read_archive
from consumers.archive.copying import EventCopy, copy_small
from consumers.archive.errors import ClusterNotEmpty, RestoreFailed, RestoreInterrupted
from consumers.archive.event_files import CopySum, Hook
from consumers.release.draws_state import DrawsFollower
from consumers.release.witness_file import WITNESS_REFUSES, WitnessBusy, WitnessFiles
from exchange.core.release.cuts import Relocation
from exchange.core.release.witness import check_head
from exchange.engine.kafka.provision import (
    Provisioned,
    TopicAdmin,
    agency_topics,
    exchange_topics,
    provision,
    refuse_other_counts,
)
from exchange.engine.log import Log, Partition, Producer
from exchange.engine.wall_clock import Clock, wall_ms
from exchange.wire.records import decode_registration, encode_registration
from exchange.wire.release_records import encode_relocation, relocation_part
from exchange.wire.topics import AGENCIES, DRAWS, EPOCHS, EVENTS, RELEASES, TOPICS, partition_of

logger = structlog.get_logger(__name__)
GONE_S_MAX: Final = 30.0
LOOK_S: Final = 0.1
NAMES: Final = frozenset(topic.name for topic in TOPICS)


class Administration(TopicAdmin, Protocol):
    """The administrative calls that a restore needs; `kafka.admin.Admin` has them."""

    async def delete(self, topics: list[str]) -> None:
        """Delete topics with all their records."""


@dataclass(frozen=True, slots=True)
class Target:
    """The cluster to restore to. `partitions`, `replication`: of its topics."""

    log: Log
    admin: Administration
    partitions: int
    replication: int


@dataclass(frozen=True, slots=True)
class Restored:
    """A restore that has ended. `records`: how many of each topic; `epochs`: the closed ones."""

    origin: str
    cluster: str
    archive: str
    records: Mapping[str, int]
    agencies: int
    epochs: int


async def restore(
    target: Target,
    directory: Path,
    progress: Hook = lambda _: None,
    *,
    again: bool = False,
    witness: WitnessFiles | None = None,
    clock: Clock = wall_ms,
) -> Restored:
    """Restore an archive to an empty cluster.

    `again`: first delete the topics of an unfinished restore. `witness`: of this host; an archive
    that lacks a month which it saw is refused. Raises an ArchiveError, LedgerBehind, LedgerDiffers,
    WitnessDamaged, PartitionsDiffer, SequenceBroken, and the engine's errors.
    """
    archive = await asyncio.to_thread(read_archive, directory)
    if witness is not None:
        _check_witness(witness, archive)
    await _check_empty(target, again=again)
    topics = exchange_topics(partitions=target.partitions, replication=target.replication)
    of_agencies = agency_topics(archive.registrations, replication=target.replication)
    await refuse_other_counts(target.admin, of_agencies)
    await provision(target.admin, topics)
    making = asyncio.create_task(provision(target.admin, of_agencies))
    producer = await target.log.producer()
    try:
        done = await _Restoring(target, archive, producer, making).whole(progress, clock)
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
        await producer.close()
    if witness is not None:
        await _remember(witness, target.log)
    return done


class _Restoring:
    """The writing half of a restore. `making`: ends when the agencies' topics are there."""

    def __init__(
        self, target: Target, archive: CheckedArchive, producer: Producer, making: asyncio.Task[Provisioned]
    ) -> None:
        self._target, self._archive, self._producer, self._making = target, archive, producer, making
        self._here = {
            code: replace(held, partition=partition_of(code, target.partitions))
            for code, held in archive.registrations.items()
        }
        self._written: dict[Partition, int] = {}

    async def whole(self, progress: Hook, clock: Clock) -> Restored:
        manifest, books = self._archive.manifest, self._archive.books
        cluster = await self._target.log.cluster_id()
        begun = Relocation(manifest.cluster, cluster, manifest.digest, clock(), finished=False)
        await self._relocate(begun)
        for topic in (DRAWS, RELEASES):
            await self._small(topic)
        await self._small(EPOCHS, keeps_offsets=True)
        places = {code.encode("ascii"): held.partition for code, held in self._here.items()}
        report = CopySum(manifest.records(EVENTS), progress)
        copy = EventCopy(self._producer, places, self._target.partitions, report)
        addresses = await copy.copy(self._archive)
        for number, count in enumerate(copy.counts):
            self._wrote(Partition(EVENTS, number), count)
        await self._check_written()
        await self._making
        await write_new_gates(self._target.log, copy.gates, self._here.values())
        await self._agencies()
        await self._check_written()
        await self._relocate(replace(begun, finished=True, at_ms=clock(), addresses=tuple(addresses)))
        records = {topic: manifest.records(topic) for topic in (EVENTS, AGENCIES, EPOCHS, DRAWS, RELEASES)}
        return Restored(manifest.cluster, cluster, manifest.digest, records, len(self._here), len(books.closed.cuts))

    async def _relocate(self, relocation: Relocation) -> None:
        pair = (relocation_part(relocation.cluster), encode_relocation(relocation))
        await self._producer.send(Partition(DRAWS, 0), [pair], timestamp_ms=relocation.at_ms)
        self._wrote(Partition(DRAWS, 0), 1)

    async def _small(self, topic: str, *, keeps_offsets: bool = False) -> None:
        records = self._archive.books.records[topic]
        written = await copy_small(self._producer, topic, records, keeps_offsets=keeps_offsets)
        self._wrote(Partition(topic, 0), written)

    async def _agencies(self) -> None:
        written = await copy_small(
            self._producer, AGENCIES, self._archive.books.records[AGENCIES], self._placed, keeps_offsets=True
        )
        self._wrote(Partition(AGENCIES, 0), written)

    def _placed(self, value: bytes | None) -> bytes | None:
        """A registration with its agency's partition here; the same bytes if that is the same."""
        if value is None:
            return None
        held = decode_registration(value)
        here = replace(held, partition=partition_of(held.agency, self._target.partitions))
        return value if here == held else encode_registration(here)

    def _wrote(self, partition: Partition, records: int) -> None:
        self._written[partition] = self._written.get(partition, 0) + records

    async def _check_written(self) -> None:
        """Raise RestoreFailed unless each topic holds exactly the records that were written."""
        reader = await self._target.log.reader()
        try:
            ends = await reader.end_offsets(list(self._written))
        finally:
            await reader.close()
        for partition, end in ends.items():
            if end != self._written[partition]:
                raise RestoreFailed(
                    f"{partition.topic}-{partition.partition} ends at {end}; {self._written[partition]} were written."
                )


def _check_witness(witness: WitnessFiles, archive: CheckedArchive) -> None:
    """Where the exchange is now is for its workers to ask, and for a person to answer."""
    closed = archive.books.closed
    known = witness.known(closed, archive.manifest.cluster)
    if known is not None:
        check_head(known.head, closed.trail)


async def _remember(witness: WitnessFiles, log: Log) -> None:
    """Let the witness follow the move: a worker of the old cluster is refused here from then on."""
    reader = await log.reader()
    try:
        closed = (await DrawsFollower(reader).catch_up()).closed
    finally:
        await reader.close()
    try:
        witness.sees(closed, await log.cluster_id())
    except (*WITNESS_REFUSES, WitnessBusy) as error:  # the exchange is restored; its workers name it again
        logger.warning("the witness of this host does not follow the restore", reason=str(error))


async def _check_empty(target: Target, *, again: bool) -> None:
    """Raise ClusterNotEmpty or RestoreInterrupted unless no topic of an exchange holds a record."""
    found = await target.admin.partitions()
    ours = {name: count for name, count in found.items() if name.partition(".")[0] in NAMES}
    if await _is_unfinished(target.log, ours):
        if not again:
            raise RestoreInterrupted
        await _delete(target.admin, list(ours))
        return
    sources = [Partition(name, number) for name, count in ours.items() for number in range(count)]
    reader = await target.log.reader()
    try:
        ends = await reader.end_offsets(sources) if sources else {}
    finally:
        await reader.close()
    if held := sorted({source.topic for source, end in ends.items() if end}):
        raise ClusterNotEmpty(f"These topics hold records: {', '.join(held[:10])}{' …' if len(held) > 10 else ''}.")


async def _is_unfinished(log: Log, topics: Mapping[str, int]) -> bool:
    if DRAWS not in topics:
        return False
    reader = await log.reader()
    try:
        closed = (await DrawsFollower(reader).catch_up()).closed
    finally:
        await reader.close()
    return await log.cluster_id() in closed.restoring


async def _delete(admin: Administration, topics: list[str]) -> None:
    """Delete topics and wait until they are gone. Raises RestoreFailed."""
    await admin.delete(topics)
    try:
        async with asyncio.timeout(GONE_S_MAX):
            while True:
                if not set(topics) & set(await admin.partitions()):
                    return
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise RestoreFailed(f"The cluster still shows topics {GONE_S_MAX:.0f} s after they were deleted.") from None
