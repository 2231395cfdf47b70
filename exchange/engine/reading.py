"""Reading partitions to an end, for those who look and own nothing. Every such loop is here.

`read_to` reads until an end is passed and may bring records behind it. `read_before` reads up to a
cut and drops what lies behind it. Both stop, however the topic goes on; neither waits for ever for
brokers that give nothing.

Which end? Not the last stable offset alone: what lies behind it is written, and may be the newest
state. `decided_ends` waits until everything that is written now is decided, or raises
TransactionOpen.

A compacted topic is read by `newest_by_key`, or followed with `apply_compacted`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from itertools import chain
from typing import Final

from exchange.engine.errors import LogUnavailable, TransactionOpen
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.loop_time import loop_s

RECORDS_MAX: Final = 5_000
"""Records of one read. The work on them stays under 50 ms of CPU."""
WAIT_S: Final = 0.1
"""Wait of one read, in seconds.

Where only control markers are left, a read brings nothing and moves the position.
"""
SILENT_S_MAX: Final = 30.0
"""Seconds without progress, although there is more, after which the brokers count as away."""

LOOK_S: Final = 0.1
TAIL_OFFSETS: Final = 256
"""Offsets before an end in which the newest record is looked for first."""


def go_on() -> None:
    """Wait without telling anybody."""


async def decided_ends(
    reader: Reader,
    partitions: Collection[Partition],
    *,
    waits: Callable[[], None] = go_on,
    open_s_max: float | None = None,
) -> dict[Partition, int]:
    """The ends of partitions, once everything that is written now is decided.

    `waits`: called at each look while a transaction is open. Raises TransactionOpen when one stays
    open for `open_s_max` seconds; None: the reader's own limit.
    """
    patience_s = reader.open_s_max if open_s_max is None else open_s_max
    written, began_s = await reader.end_offsets(partitions), loop_s()
    while True:
        stable = await reader.stable_offsets(partitions)
        held = [partition for partition in partitions if stable[partition] < written[partition]]
        if not held:
            return stable
        if loop_s() - began_s > patience_s:
            raise transaction_open(held[0], stable[held[0]])
        waits()
        await asyncio.sleep(LOOK_S)


def transaction_open(partition: Partition, offset: int) -> TransactionOpen:
    """The error that names the place: the first offset that is not decided."""
    return TransactionOpen(f"{partition.topic}-{partition.partition} is not decided from offset {offset} on.")


async def read_to(
    reader: Reader,
    ends: Mapping[Partition, int],
    *,
    records_max: int = RECORDS_MAX,
    silent_s_max: float | None = None,
) -> AsyncIterator[tuple[Partition, Sequence[Record]]]:
    """The records from the reader's positions until it is at `ends` or further on, in batches.

    The last batches may hold records behind the ends: go on from there with the next ends. Raises
    LogUnavailable when nothing comes for `silent_s_max` seconds (by default SILENT_S_MAX) although
    there is more.
    """
    patience_s = SILENT_S_MAX if silent_s_max is None else silent_s_max
    for partition, end in ends.items():
        moved_at, position = loop_s(), await reader.position(partition)
        while position < end:
            batch = await reader.getmany(timeout_s=WAIT_S, records_max=records_max)
            before, position = position, await reader.position(partition)
            moved_at = loop_s() if position != before else moved_at
            if loop_s() - moved_at > patience_s:
                where = f"{partition.topic}-{partition.partition}"
                raise LogUnavailable(f"{where}: nothing comes behind offset {position}, and the log goes on to {end}.")
            for source, records in batch.items():
                if records:
                    yield source, records
            if partition in batch:
                moved_at = loop_s()  # the caller's own work is not silence


async def read_before(
    reader: Reader, partition: Partition, cut: int, *, records_max: int = RECORDS_MAX, records_min: int = 1
) -> AsyncIterator[Sequence[Record]]:
    """The records of one partition from the reader's position up to the cut, exactly, in batches.

    The record at the cut and those behind it are dropped. A batch holds at least `records_min`
    records, but for the last. Raises LogUnavailable as `read_to` does.
    """
    held: list[Sequence[Record]] = []
    async for source, records in read_to(reader, {partition: cut}, records_max=records_max):
        if source == partition:
            held.append(records if records[-1].offset < cut else [r for r in records if r.offset < cut])
        if sum(map(len, held)) >= records_min:
            yield _joined(held)
            held.clear()
    if any(held):
        yield _joined(held)


def _joined(batches: Sequence[Sequence[Record]]) -> Sequence[Record]:
    return batches[0] if len(batches) == 1 else list(chain.from_iterable(batches))


async def read_whole(
    reader: Reader,
    partition: Partition,
    *,
    records_max: int = RECORDS_MAX,
    silent_s_max: float | None = None,
    waits: Callable[[], None] = go_on,
) -> AsyncIterator[Sequence[Record]]:
    """Everything that a partition holds now, in order.

    The reader is assigned to it alone and ends at its end.

    The last batch may hold records that came meanwhile. `waits` is as in `decided_ends`. Raises
    LogUnavailable as `read_to` does, and TransactionOpen as `decided_ends` does.
    """
    begins = await reader.beginning_offsets([partition])
    open_s_max = min(reader.open_s_max, silent_s_max or reader.open_s_max)
    ends = await decided_ends(reader, [partition], waits=waits, open_s_max=open_s_max)
    reader.assign([partition])
    reader.seek(partition, begins[partition])
    async for _, records in read_to(reader, ends, records_max=records_max, silent_s_max=silent_s_max):
        yield records


async def newest_before(
    reader: Reader, partition: Partition, begin: int, end: int, wanted: Callable[[Record], bool] = lambda _: True
) -> Record | None:
    """The newest committed record from `begin` on and before `end`, if there is one.

    Reads back from the end, further and further: control markers and aborted records may stand
    there. The reader must be assigned to the partition. `wanted`: records to look for.
    """
    span, start = TAIL_OFFSETS, end
    while start > begin:
        start, newest = max(begin, end - span), None
        reader.seek(partition, start)
        async for records in read_before(reader, partition, end):
            newest = next((record for record in reversed(records) if wanted(record)), newest)
        if newest is not None:
            return newest
        span *= 16
    return None


async def newest_by_key(
    log: Log, partition: Partition, only: Callable[[bytes], bool] = lambda _: True
) -> dict[bytes, bytes]:
    """The newest value of each key in a compacted partition, without keys that were deleted.

    `only`: keys to keep.
    """
    newest: dict[bytes, bytes] = {}
    reader = await log.reader()
    try:
        async for records in read_whole(reader, partition):
            for record in records:
                if record.key is not None and only(record.key):
                    apply_compacted(newest, record)
    finally:
        await reader.close()
    return newest


def apply_compacted(newest: dict[bytes, bytes], record: Record) -> None:
    """Bring the newest values up to date with the next record of a compacted topic."""
    if record.key is None:
        return
    if record.value is None:
        newest.pop(record.key, None)
    else:
        newest[record.key] = record.value
