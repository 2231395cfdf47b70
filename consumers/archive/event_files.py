"""The files of `events` in an archive: one for each closed epoch, and one for the open one.

Rules kept: every event follows its agency's last, by sequence and by digest. What an earlier
archive holds is in this log too, with the same digests.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias, cast

from consumers.archive.books import Books, begins_at_zero
from consumers.archive.errors import ArchiveAhead, ArchiveOfAnother
from consumers.archive.manifest import OPEN, Manifest, Segment
from consumers.archive.segments import run_of, segment_file
from exchange.core.errors import SequenceBroken
from exchange.core.model.epochs import epoch_text
from exchange.core.model.event_layout import all_follow, follows, sequence_of
from exchange.core.release.cuts import Offsets
from exchange.engine.log import Log, Partition, Reader
from exchange.engine.reading import decided_ends, read_before
from exchange.wire.archive_files import RecordRun
from exchange.wire.topics import EVENTS

BATCH_RECORDS: Final = 20_000
Heads: TypeAlias = dict[bytes, tuple[int, bytes]]
"""By key: sequence and digest of an agency's last event."""
NO_EVENT_YET: Final = (0, b"")


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """How far a copy is: events of all events."""

    events: int
    total: int


Hook: TypeAlias = Callable[[CopyProgress], None]


class ChainFollower:
    """Follows the chain of every agency, event by event.

    `awaited`: heads of an earlier archive, which this log must pass with the same digests.
    """

    def __init__(self, heads: Heads, awaited: Heads) -> None:
        self.heads = heads
        self._awaited = {key: head for key, head in awaited.items() if heads.get(key) != head}

    def take(self, run: RecordRun) -> None:
        """Raises SequenceBroken, and ArchiveOfAnother where the digest differs."""
        end = 0
        for key, same in groupby(run.keys):
            first, end = end, end + len(list(same))
            if key is None or None in (values := run.values[first:end]):
                raise SequenceBroken(f"{EVENTS}-{run.partition} holds a record that is no event.")
            self._take(key, cast("Sequence[bytes]", values), run.partition)

    def _take(self, key: bytes, values: Sequence[bytes], partition: int) -> None:
        """Events in a row of one agency."""
        last, digest = self.heads.get(key, NO_EVENT_YET)
        digests = [sha256(value).digest() for value in values]
        if not all_follow(values, digests, last, digest):
            raise SequenceBroken(self._broken(key, values, digests, partition))
        sequence = last + len(values)
        self.heads[key] = (sequence, digests[-1])
        awaited, held = self._awaited.get(key, NO_EVENT_YET)
        if last < awaited <= sequence:
            del self._awaited[key]
            if digests[awaited - last - 1] != held:
                raise ArchiveOfAnother(f"Event {awaited} of {key.decode('ascii')} differs from the archived one.")

    def _broken(self, key: bytes, values: Sequence[bytes], digests: Sequence[bytes], partition: int) -> str:
        """The first of these events that does not follow."""
        head = self.heads.get(key, NO_EVENT_YET)
        for value, digest in zip(values, digests, strict=True):
            if not follows(value, *head):
                break
            head = (head[0] + 1, digest)
        agency = key.decode("ascii", "replace")
        return f"{EVENTS}-{partition}: event {sequence_of(value)} of {agency} does not follow event {head[0]}."

    def all_passed(self) -> None:
        """Raise ArchiveAhead unless every awaited head was passed."""
        for key, (sequence, _) in self._awaited.items():
            held, _ = self.heads.get(key, NO_EVENT_YET)
            raise ArchiveAhead(
                f"The archive holds {sequence} events of {key.decode('ascii')}; this cluster holds {held}."
            )


@asynccontextmanager
async def written_beside(add: Callable[[RecordRun], None]) -> AsyncIterator[Callable[[RecordRun], Awaitable[None]]]:
    """Write each run in a thread while the next is read; after the block all are written."""
    under_way: asyncio.Task[None] | None = None

    async def finish() -> None:
        if under_way is not None:
            await asyncio.wait({under_way})  # a thread that writes cannot be cancelled
            under_way.result()

    async def write(run: RecordRun) -> None:
        nonlocal under_way
        await finish()
        under_way = asyncio.create_task(asyncio.to_thread(add, run))

    try:
        yield write
    finally:
        await finish()


class EventFiles:
    """Copies what is new in `events`. `before`: the earlier archive in the directory, if any."""

    def __init__(self, directory: Path, books: Books, before: Manifest | None, partitions: int) -> None:
        self._directory, self._books = directory, books
        self._sources = [Partition(EVENTS, number) for number in range(partitions)]
        self._kept = [one for one in before.of(EVENTS) if one.epoch != OPEN] if before else []
        heads = _as_bytes(before.heads(closed=True)) if before else {}
        self._chains = ChainFollower(heads, _as_bytes(before.heads()) if before else {})
        self._start = self._first_offsets()

    def _first_offsets(self) -> Offsets:
        """Where the first new file begins. Raises ArchiveOfAnother."""
        books = self._books
        for bound in books.bounds:
            if not books.cut(bound.epoch).is_at(books.cluster):
                raise ArchiveOfAnother(f"The cut of {epoch_text(bound.epoch)} has no address on this cluster.")
        if not self._kept:
            return (0,) * len(self._sources)
        epoch = self._kept[-1].epoch
        if {key: sequence for key, (sequence, _) in self._chains.heads.items()} != books.cut(epoch).by_key():
            raise ArchiveOfAnother(f"The archive ends {epoch_text(epoch)} with other events than the ledger.")
        return books.cut(epoch).offsets

    async def copied(self, log: Log, progress: Hook) -> list[Segment]:
        """The files of closed epochs that are there already, and the new ones.

        Raises LogBeginsLate, SequenceBroken, ArchiveAhead and ArchiveOfAnother.
        """
        reader = await log.reader()
        try:
            await begins_at_zero(reader, self._sources)
            ends = await decided_ends(reader, self._sources)
            end = tuple(ends[source] for source in self._sources)
            report, start, segments = CopySum(sum(end) - sum(self._start), progress), self._start, list(self._kept)
            new = [bound.epoch for bound in self._books.bounds][len(self._kept) :]
            for epoch, cut in (*((epoch, self._books.cut(epoch).offsets) for epoch in new), (OPEN, end)):
                segments.append(await self._copy(reader, epoch, list(zip(start, cut, strict=True)), report))
                start = cut
        finally:
            await reader.close()
        self._chains.all_passed()
        return segments

    async def _copy(self, reader: Reader, epoch: int, between: list[tuple[int, int]], report: "CopySum") -> Segment:
        """Write the events of one epoch, partition after partition."""
        before = dict(self._chains.heads)
        with segment_file(self._directory, EVENTS, epoch) as file:
            async with written_beside(file.add) as write:
                for source, (start, end) in zip(self._sources, between, strict=True):
                    reader.assign([source])
                    reader.seek(source, start)
                    async for records in read_before(reader, source, end, records_max=BATCH_RECORDS):
                        run = run_of(source.partition, records)
                        self._chains.take(run)
                        await write(run)
                        report.copied(len(records))
        grown = {key: head for key, head in self._chains.heads.items() if before.get(key) != head}
        return file.named("", _as_text(grown))


class CopySum:
    """Adds up the events that were copied."""

    def __init__(self, total: int, progress: Hook) -> None:
        self._events, self._total, self._progress = 0, total, progress

    def copied(self, events: int) -> None:
        """Note that so many more were copied."""
        self._events += events
        self._progress(CopyProgress(self._events, max(self._total, self._events)))


def _as_bytes(heads: Mapping[str, tuple[int, str]]) -> Heads:
    return {agency.encode("ascii"): (sequence, bytes.fromhex(digest)) for agency, (sequence, digest) in heads.items()}


def _as_text(heads: Heads) -> dict[str, tuple[int, str]]:
    return {key.decode("ascii"): (sequence, digest.hex()) for key, (sequence, digest) in sorted(heads.items())}
