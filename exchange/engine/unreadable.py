"""Records that aiokafka cannot take apart are passed over, so that one writer cannot stop the reader for all others.

A header has a key, and aiokafka decodes it as UTF-8, strictly, while it unpacks a batch (run: `UnicodeDecodeError` out of
`getmany`, again and again, and records before it in the same fetch are lost to the caller). Kafka forbids no writer to
put other bytes there. So: find the partition, hand over what stands before the batch, then one stand-in for the whole
batch, with a header of its own, so that a gate refuses it like any record with headers.

Rules kept: nothing of the record is looked at, kept or told. What else stood in that batch is passed over with it; in an
inbox the chain notices, and its edge sends those again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from exchange.engine.kafka_errors import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiokafka import AIOKafkaConsumer, TopicPartition

    from exchange.engine.log import Record

LOOK_MS = 1_000
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
        suspects = sorted(positions, key=lambda partition: partition != self._suspect)
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
            try:
                batch = await self._consumer.getmany(timeout_ms=LOOK_MS, max_records=1)
            except UnicodeDecodeError:
                return records
            if partition not in batch:  # nothing came in time: that says nothing of what stands there
                return records or None
            records += cast("list[Record]", batch[partition])
        return records

    async def _behind_the_fault(self, partition: TopicPartition, fault: int) -> int:
        """The first offset behind the batch: doubling steps until one can be read, then halving."""
        end = cast("int", (await self._consumer.end_offsets([partition]))[partition])
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
        try:
            await self._consumer.getmany(timeout_ms=LOOK_MS, max_records=records_max)
        except UnicodeDecodeError:
            return False
        return True

    def _at(self, partition: TopicPartition, position: int) -> None:
        with naming("looking for an unreadable record"):
            self._consumer.assign([partition])
            self._consumer.seek(partition, position)
