"""How far the readers of a partition are: its begin and end, and how much is not read yet.

For those who look and own nothing. Each class here keeps a reader of its own, assigned once: a
client that is assigned other partitions again and again leaves a waiting fetch behind each time,
and its next request waits behind all of them.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from exchange.engine.errors import LogUnavailable
from exchange.engine.log import Partition, Reader, Record
from exchange.engine.loop_time import loop_s
from exchange.engine.reading import RECORDS_MAX, SILENT_S_MAX, WAIT_S, newest_before
from exchange.wire.records import Position, decode_position
from exchange.wire.topics import POSITION_KEY


class Extent(NamedTuple):
    """Where a partition begins and ends.

    `stable`: the first offset that is not decided yet; `end` where everything is.
    """

    begin: int
    stable: int
    end: int


async def extents(reader: Reader, partitions: Collection[Partition]) -> dict[Partition, Extent]:
    """Where partitions begin and end. Raises PartitionUnknown."""
    begins = await reader.beginning_offsets(partitions)
    stable = await reader.stable_offsets(partitions)
    ends = await reader.end_offsets(partitions)  # last, so that it lies behind the others
    return {p: Extent(begins[p], stable[p], ends[p]) for p in partitions}


async def undecided(reader: Reader, partitions: Collection[Partition]) -> dict[Partition, int]:
    """The partitions that hold an open transaction now, with the first offset not decided.

    Most are decided a moment later. Raises PartitionUnknown.
    """
    ends = await reader.end_offsets(partitions)  # first: what is decided meanwhile is not open
    stable = await reader.stable_offsets(partitions)
    return {p: stable[p] for p in partitions if stable[p] < ends[p]}


class NewestPositions:
    """The newest position records of partitions of `aggregates`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._looked_at: dict[Partition, int] = {}
        self._found: dict[Partition, Position] = {}

    async def newest(self, extents: Mapping[Partition, Extent]) -> Mapping[Partition, Position]:
        """The newest position of each partition that was ever written and is decided.

        Give the same partitions at every call.

        What was looked through once is not read again.
        """
        if not self._looked_at:
            _assign_at_ends(self._reader, extents)
        for partition, extent in extents.items():
            begin = max(extent.begin, self._looked_at.get(partition, extent.begin))
            record = await newest_before(self._reader, partition, begin, extent.stable, _is_position)
            if record is not None and record.value is not None:
                self._found[partition] = decode_position(record.value)
            self._looked_at[partition] = extent.stable
        return self._found


def _is_position(record: Record) -> bool:
    return record.key == POSITION_KEY and record.value is not None


class Unread:
    """How much of partitions is not read yet."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[Partition, tuple[int, Extent, int]] = {}

    async def offsets(
        self, positions: Mapping[Partition, int], extents: Mapping[Partition, Extent]
    ) -> dict[Partition, int]:
        """The number of offsets from each position to its partition's end; 0 if no record is there.

        A control marker that nobody reads follows a transaction's last record, so the plain
        difference would never become 0. What an open transaction holds back counts as unread,
        markers included. Give the same partitions at every call.
        """
        if not self._known:
            _assign_at_ends(self._reader, extents)
        asked = {p: (at, extents[p]) for p, at in positions.items()}
        held = {p: max(0, extent.end - max(at, extent.stable)) for p, (at, extent) in asked.items()}
        unknown = {p for p, pair in asked.items() if pair[0] < pair[1].stable and self._known.get(p, ())[:2] != pair}
        lags = {p: self._known[p][2] if self._known.get(p, ())[:2] == pair else held[p] for p, pair in asked.items()}
        for partition in unknown:
            self._reader.seek(partition, positions[partition])
        decided_at = loop_s()
        while unknown:
            batch = await self._reader.getmany(timeout_s=WAIT_S, records_max=RECORDS_MAX)
            for partition in unknown & set(batch):
                lags[partition] = max(held[partition], asked[partition][1].end - batch[partition][0].offset)
            decided = unknown & set(batch) | {
                p for p in unknown if await self._reader.position(p) >= asked[p][1].stable
            }
            decided_at = loop_s() if decided else decided_at
            if loop_s() - decided_at > SILENT_S_MAX:
                raise LogUnavailable("Nothing comes from partitions that go on.")
            unknown -= decided
        self._known = {p: (*pair, lags[p]) for p, pair in asked.items()}
        return lags


def _assign_at_ends(reader: Reader, extents: Mapping[Partition, Extent]) -> None:
    reader.assign(extents.keys())
    for partition, extent in extents.items():
        reader.seek(partition, extent.stable)
