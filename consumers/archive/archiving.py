"""`archive`: copy the exchange's topics of record to files, a file for each topic and epoch.

The first run copies everything. A later run into the same directory adds the epochs that were
closed since, and replaces the open one.

Rules kept:
- Only committed records are copied, up to ends that are sampled once. A transaction that stays open
  stops the run: nothing behind it is left out in silence.
- Every event must follow its agency's last, by sequence and by digest. So an archive holds whole
  chains, and continues the chains of the earlier run.
- An earlier archive is never replaced by that of another cluster, nor by one that lacks events.
- The manifest is written last. Whatever happens before leaves the earlier archive as it was.

Promised: closed epochs never change in the directory, but for releases that were published late.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from consumers.archive.books import SMALL_TOPICS, Books, read_books
from consumers.archive.errors import ArchiveAhead, ArchiveOfAnother, NoArchive
from consumers.archive.event_files import EventFiles, Hook
from consumers.archive.manifest import Manifest, Segment, read_manifest, write_manifest
from consumers.archive.segments import clean_up, content_of, files_named, prepare, run_of, segment_file
from exchange.core.model.epochs import epoch_text
from exchange.core.release.cuts import Relocation
from exchange.engine.log import Log, Partition
from exchange.engine.wall_clock import Clock, wall_ms
from exchange.wire.release_records import encode_relocation, relocation_part
from exchange.wire.topics import DRAWS, RELEASES, LaneName

RUN_RECORDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Archived:
    """An archive as it now is. `added`: the files that this run wrote."""

    directory: Path
    manifest: Manifest
    added: int


async def archive(
    log: Log,
    partitions: int,
    directory: Path,
    progress: Hook = lambda _: None,
    *,
    last: bool = False,
    clock: Clock = wall_ms,
) -> Archived:
    """Archive a cluster. `partitions`: of `events`.

    `last`: first record that the exchange leaves this cluster, so that no epoch is closed here any
    more.

    Raises an ArchiveError, SequenceBroken where events are missing or twice, and as `read_books`
    does.
    """
    with files_named(directory):
        before = _earlier(directory)
        prepare(directory, earlier=before is not None)
    books = await read_books(log)
    _check_same(before, books)
    if last and not books.closed.leaves:
        await _leave(log, books.cluster, clock())
        books = await read_books(log)
    with files_named(directory):
        segments = [one for topic in SMALL_TOPICS for one in _small_segments(directory, topic, books, before)]
        segments += await EventFiles(directory, books, before, partitions).copied(log, progress)
        manifest = Manifest(books.exchange, books.cluster, partitions, clock(), tuple(segments))
        write_manifest(directory, manifest)
        clean_up(directory, manifest)
    known = {one.file for one in before.segments} if before else set[str]()
    return Archived(directory, manifest, sum(one.file not in known for one in segments))


async def _leave(log: Log, cluster: str, at_ms: int) -> None:
    """Record that this was the last archive. A release lane that is at work is fenced first."""
    writer = await log.writer(LaneName.RELEASE.at(0))
    try:
        await writer.begin()
        leaves = encode_relocation(Relocation(cluster, "", "", at_ms, finished=False))
        await (await writer.send(Partition(DRAWS, 0), [(relocation_part(""), leaves)]))
        await writer.commit()
    finally:
        await writer.close()
    await (await log.writer(LaneName.RELEASE.at(0))).close()  # from here on everybody can read it


def _earlier(directory: Path) -> Manifest | None:
    """The manifest of an earlier run; None where there is none. Raises ArchiveDamaged."""
    try:
        return read_manifest(directory)
    except (NotADirectoryError, NoArchive):
        return None


def _check_same(before: Manifest | None, books: Books) -> None:
    """Raise ArchiveOfAnother or ArchiveAhead unless an earlier archive is a part of these books."""
    if before is None:
        return
    if before.cluster != books.cluster:
        raise ArchiveOfAnother(f"The archive is of cluster {before.cluster}; this is cluster {books.cluster}.")
    if before.exchange not in {"", books.exchange}:
        raise ArchiveOfAnother("The archive began with another first agency.")
    closed = [bound.epoch for bound in books.bounds]
    for epoch in before.epochs:
        if epoch not in closed:
            raise ArchiveAhead(f"The archive holds {epoch_text(epoch)}, which this cluster has not closed.")
    for topic in SMALL_TOPICS:
        if topic != RELEASES:
            _check_records(topic, before, books)


def _check_records(topic: str, before: Manifest, books: Books) -> None:
    """The archived records of a topic must be the first that the cluster has."""
    left = list(books.records[topic])
    for one in before.of(topic):
        first, left = left[: one.records], left[one.records :]
        if len(first) < one.records:
            raise ArchiveAhead(
                f"The archive holds {before.records(topic)} records of {topic}; this cluster holds fewer."
            )
        if content_of(first) != one.content:
            raise ArchiveOfAnother(f"Archived records of {topic} differ from those of this cluster.")


def _small_segments(directory: Path, topic: str, books: Books, before: Manifest | None) -> list[Segment]:
    known = {(one.epoch, one.records, one.content): one for one in before.of(topic)} if before else {}
    found = []
    for epoch, records in books.of_epochs(topic):
        content = content_of(records)
        same = known.get((epoch, len(records), content))
        if same is None:
            with segment_file(directory, topic, epoch) as file:
                for first in range(0, len(records), RUN_RECORDS):
                    file.add(run_of(0, records[first : first + RUN_RECORDS]))
            same = file.named(content, {})
        found.append(same)
    return found
