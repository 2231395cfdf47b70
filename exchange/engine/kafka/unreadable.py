"""Skips records that cannot be read, so that one writer cannot stop the reader for the others.

Kafka lets a writer commit two faults (run, 4.1). First, a record may claim an offset far beyond the
end of its log: the broker checks the batch's own numbers only, aiokafka continues from the record's
offset, and the next fetch is out of range. Second, a header has a key, and aiokafka decodes it
strictly as UTF-8 while it unpacks a batch (run: `getmany` raises `UnicodeDecodeError` again and
again, and earlier records of the same fetch are lost to the caller). Kafka allows a writer to put
other bytes there. So we find the partition and hand over the records before the batch. Then follows
one stand-in for the whole batch, with a header of its own, so that a gate refuses it like any
record with headers.

Rules kept: the record's content is never read, kept or reported. Other records of that batch are
skipped with it; in an inbox the chain notices, and the edge sends them again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from exchange.engine.kafka.errors import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiokafka import AIOKafkaConsumer, TopicPartition

    from exchange.engine.log import Record

LOOK_S = 1.0
LOOK_S_MAX = 5.0
PREFIX_MAX = 1_000
"""Most records before the batch that are handed over at once."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """The stand-in for a batch that cannot be decoded, at its last offset or later."""

    offset: int
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = (("unreadable", b""),)


@dataclass(frozen=True, slots=True)
class Passed:
    """The records to hand over for one partition, and the position to continue from."""

    partition: TopicPartition
    records: Sequence[Record]
    go_on: int


class Looking:
    """Reads single places of the log, with a consumer whose assignment nobody else uses."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._suspect: TopicPartition | None = None

    async def pass_over(self, positions: Mapping[TopicPartition, int]) -> Passed | None:
        """The partition that cannot be read from its position, and the way past; or None."""
        ends = await self._ends(list(positions))
        behind = [partition for partition, position in positions.items() if position < ends[partition]]
        suspects = sorted(behind, key=lambda partition: partition != self._suspect)
        for partition in suspects:
            position = positions[partition]
            before = await self._before_the_fault(partition, position)
            if before is None:
                continue
            self._suspect = partition
            if before:
                return Passed(partition, before, before[-1].offset + 1)
            go_on = await self._behind_the_fault(partition, position)
            return Passed(partition, [StandIn(go_on - 1)], go_on)
        return None

    async def _before_the_fault(self, partition: TopicPartition, position: int) -> list[Record] | None:
        """The records that can be read first; None if there was no fault."""
        if await self._readable(partition, position, None):
            return None
        self._at(partition, position)
        records: list[Record] = []
        while len(records) < PREFIX_MAX:
            batch = await read_unless_faulty(self._consumer, timeout_s=LOOK_S, records_max=1)
            if batch is None:
                return records
            if partition not in batch:  # nothing came in time: this proves nothing about the records there
                return records or None
            records += batch[partition]
        return records

    async def _behind_the_fault(self, partition: TopicPartition, fault: int) -> int:
        """The first offset after the batch: steps double until one can be read, then halve."""
        end = (await self._ends([partition]))[partition]
        bad, step = fault, 1
        while bad + step < end and not await self._readable(partition, bad + step, 1):
            bad, step = bad + step, step * 2
        good = min(bad + step, end)
        while good - bad > 1:
            middle = (good + bad) // 2
            if await self._readable(partition, middle, 1):
                good = middle
            else:
                bad = middle
        return good

    async def _readable(self, partition: TopicPartition, position: int, records_max: int | None) -> bool:
        self._at(partition, position)
        return await read_unless_faulty(self._consumer, timeout_s=LOOK_S, records_max=records_max) is not None

    async def _ends(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        with naming("looking for an unreadable record"):
            async with asyncio.timeout(LOOK_S_MAX):
                return cast("dict[TopicPartition, int]", await self._consumer.end_offsets(partitions))

    def _at(self, partition: TopicPartition, position: int) -> None:
        with naming("looking for an unreadable record"):
            self._consumer.assign([partition])
            self._consumer.seek(partition, position)


async def read_unless_faulty(
    consumer: AIOKafkaConsumer, *only: TopicPartition, timeout_s: float, records_max: int | None
) -> Mapping[TopicPartition, Sequence[Record]] | None:
    """The result of `getmany`; None at a fault.

    aiokafka may have dropped records then, so all partitions must be sought again.
    """
    with naming("reading"):
        try:
            batch = await consumer.getmany(*only, timeout_ms=int(timeout_s * 1000), max_records=records_max)
        except UnicodeDecodeError:
            return None
    if any(_is_strange(consumer, partition, records) for partition, records in batch.items()):
        return None
    return cast("Mapping[TopicPartition, Sequence[Record]]", batch)


def _is_strange(consumer: AIOKafkaConsumer, partition: TopicPartition, records: Sequence[Record]) -> bool:
    """Whether the last record's offset is beyond its log: the next fetch would be out of range."""
    end = consumer.highwater(partition)
    return end is not None and records[-1].offset >= end
