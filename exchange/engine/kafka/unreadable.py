"""Records that cannot be read are passed over, so that one writer cannot stop the reader for all others.

Two faults that Kafka lets a writer commit (run, 4.1). A record may claim an offset far behind the end of its log: the
broker checks the batch's own numbers only, aiokafka goes on from what the record says, and the next fetch is out of range.
And a header has a key, which aiokafka decodes as UTF-8, strictly, while it unpacks a batch (run: `UnicodeDecodeError` out of
`getmany`, again and again, and records before it in the same fetch are lost to the caller). Kafka forbids no writer to
put other bytes there. So: find the partition, hand over what stands before the batch, then one stand-in for the whole
batch, with a header of its own, so that a gate refuses it like any record with headers.

Rules kept: nothing of the record is looked at, kept or told. What else stood in that batch is passed over with it; in an
inbox the chain notices, and its edge sends those again.
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
"""Records before the batch that are handed over at once."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """In the place of a batch with a record that cannot be taken apart; at the offset of its last record or a later one."""

    offset: int
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = (("unreadable", b""),)


@dataclass(frozen=True, slots=True)
class Passed:
    """What to hand over for one partition, and where to go on."""

    partition: TopicPartition
    records: Sequence[Record]
    go_on: int


class Looking:
    """Looks at single places of the log, with a consumer whose assignment is of no use to anybody else."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._suspect: TopicPartition | None = None

    async def pass_over(self, positions: Mapping[TopicPartition, int]) -> Passed | None:
        """Find the partition that cannot be read on from its position, and how to get past; None when all can."""
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
        """The records that can be read first; None when no fault was met."""
        if await self._readable(partition, position, None):
            return None
        self._at(partition, position)
        records: list[Record] = []
        while len(records) < PREFIX_MAX:
            batch = await read_unless_faulty(self._consumer, timeout_s=LOOK_S, records_max=1)
            if batch is None:
                return records
            if partition not in batch:  # nothing came in time: that says nothing of what stands there
                return records or None
            records += batch[partition]
        return records

    async def _behind_the_fault(self, partition: TopicPartition, fault: int) -> int:
        """The first offset behind the batch: doubling steps until one can be read, then halving."""
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
    """What `getmany` gives; None at a fault: aiokafka may have dropped records then, so all must be sought again."""
    with naming("reading"):
        try:
            batch = await consumer.getmany(*only, timeout_ms=int(timeout_s * 1000), max_records=records_max)
        except UnicodeDecodeError:
            return None
    if any(_is_strange(consumer, partition, records) for partition, records in batch.items()):
        return None
    return cast("Mapping[TopicPartition, Sequence[Record]]", batch)


def _is_strange(consumer: AIOKafkaConsumer, partition: TopicPartition, records: Sequence[Record]) -> bool:
    """Whether the last record claims an offset that its log does not reach: the next fetch would be out of range."""
    end = consumer.highwater(partition)
    return end is not None and records[-1].offset >= end
