"""Reading a topic to its present end, for those who look and own nothing."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from exchange.engine.log import Log, Partition, Reader, Record

RECORDS_MAX: Final = 5_000
WAIT_S: Final = 0.5


async def drain(reader: Reader, ends: Mapping[Partition, int]) -> AsyncIterator[tuple[Partition, Record]]:
    """Every record from where an assigned reader stands up to `ends`, and perhaps a few that came since.

    Afterwards the reader stands at the ends or behind them: go on from there with the next ends.
    """
    for partition, end in ends.items():
        while await reader.position(partition) < end:
            batch = await reader.getmany(timeout_s=WAIT_S, records_max=RECORDS_MAX)
            for source, records in batch.items():
                for record in records:
                    yield source, record


async def newest_by_key(log: Log, partition: Partition) -> dict[bytes, bytes]:
    """What a compacted partition says now: the newest value of each key that has one."""
    newest: dict[bytes, bytes] = {}
    reader = await log.reader()
    try:
        begins = await reader.beginning_offsets([partition])
        ends = await reader.end_offsets([partition])
        reader.assign([partition])
        reader.seek(partition, begins[partition])
        async for _, record in drain(reader, ends):
            take(newest, record)
    finally:
        await reader.close()
    return newest


def take(newest: dict[bytes, bytes], record: Record) -> None:
    """Apply a record of a compacted topic."""
    if record.key is None:
        return
    if record.value is None:
        newest.pop(record.key, None)
    else:
        newest[record.key] = record.value
