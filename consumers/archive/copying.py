"""Copying an archive's records into the topics of an empty cluster.

Rules kept:
- Key, value and time of every record stay as they are, but for the partition in a registration,
  and the time of a command in `epochs`: brokers give it, and those handled keep theirs in `draws`.
- The records of one agency are sent in their order, to its one partition here. Its chain is
  followed before they are sent, and gives the state of its gate: nobody has to read them again.
- `epochs` and `agencies` keep their offsets, because the ledger names them. Where the archived
  topic had a gap, an empty record fills it. Both topics' readers pass over it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, repeat
from typing import Final

from consumers.admission.gate_chains import GateChains
from consumers.archive.archive_reading import CheckedArchive
from consumers.archive.event_files import CopySum
from exchange.core.release.cuts import Address
from exchange.engine.log import Pair, Partition, Producer, Record
from exchange.wire.archive_files import RecordRun
from exchange.wire.topics import EVENTS

CHUNK_RECORDS: Final = 20_000
Columns = tuple[list[Pair], list[int]]
"""Keys and values, and times, of records to be sent to one partition."""


async def copy_small(
    producer: Producer,
    topic: str,
    records: Sequence[Record],
    value_of: Callable[[bytes | None], bytes | None] = lambda value: value,
    *,
    keeps_offsets: bool = False,
) -> int:
    """Send the records of a topic of one partition; returns how many were written."""
    pairs: list[Pair] = []
    times: list[int] = []
    for record in records:
        while keeps_offsets and len(pairs) < record.offset:
            pairs.append((None, None))
            times.append(record.timestamp)
        pairs.append((record.key, value_of(record.value)))
        times.append(record.timestamp)
    if pairs:
        await producer.send(Partition(topic, 0), pairs, timestamp_ms=times)
    return len(pairs)


class EventCopy:
    """Copies `events`, file by file.

    `counts`: the number of events in each partition here. `gates`: the fold of each.
    """

    def __init__(self, producer: Producer, places: Mapping[bytes, int], partitions: int, report: CopySum) -> None:
        self._producer, self._places, self._report = producer, places, report
        self.counts = [0] * partitions
        self.gates = {number: GateChains() for number in range(partitions)}

    async def copy(self, archive: CheckedArchive) -> list[Address]:
        """Copy everything. Returns the addresses of the closed epochs' cuts here.

        Raises SequenceBroken where an event does not follow its agency's last.

        Nobody else writes to the partitions, and no transaction does: so an offset is a count.
        """
        addresses = []
        for segment in archive.events:
            await self._copy(archive.runs(segment))
            if segment.epoch in archive.books.closed.cuts:
                addresses.append(Address(segment.epoch, tuple(self.counts), tuple(self.counts)))
        return addresses

    async def _copy(self, runs: Iterator[RecordRun]) -> None:
        """Read the next chunk in a thread while the brokers take the one before."""
        chunk = await asyncio.to_thread(self._next_chunk, runs)
        while chunk:
            following = asyncio.create_task(asyncio.to_thread(self._next_chunk, runs))
            try:
                await self._send(chunk)
            finally:
                chunk = await following

    async def _send(self, chunk: Mapping[int, Columns]) -> None:
        sends = (
            self._producer.send(Partition(EVENTS, partition), pairs, timestamp_ms=times)
            for partition, (pairs, times) in chunk.items()
        )
        await asyncio.gather(*sends)
        for partition, (pairs, _) in chunk.items():
            self.counts[partition] += len(pairs)
            self._report.copied(len(pairs))

    def _next_chunk(self, runs: Iterator[RecordRun]) -> dict[int, Columns]:
        """Some runs, by partition here; nothing at their end. Raises SequenceBroken."""
        chunk: dict[int, Columns] = {}
        taken = 0
        for run in runs:
            log, end = f"{EVENTS}-{run.partition}", 0
            for key, of_agency in groupby(run.keys):
                first, end = end, end + len(list(of_agency))
                place = self._places[key or b""]
                values, times = run.values[first:end], run.timestamps[first:end]
                self.gates[place].take(key, values, times[-1], run.offsets[first:end], log)
                pairs, stamps = chunk.setdefault(place, ([], []))
                pairs += zip(repeat(key), values)
                stamps += times
            taken += len(run.keys)
            if taken >= CHUNK_RECORDS:
                break
        return chunk
