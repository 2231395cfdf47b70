"""The log as the engine needs it: partitions, readers, transactional writers.

Two implementations pass one contract suite (`tests/contract/log_contract.py`): Kafka (`kafka_log`),
and the in-memory log (`exchange.testing`). Code above this file knows neither.

Promised:
- `Log.writer(id)` returns only after the producer id has been awaited. From then on every earlier
  writer of that id is fenced and its open transaction settled, so that what is read afterwards is
  final. Read state only after it.
- A transaction is atomic over all its partitions; readers see committed records only, in offset
  order.
- `end_offsets` is the high watermark: everything that is written lies below it, decided or not.
  Below `stable_offsets`, the last stable offset, everything is decided. Readers get nothing from
  behind it. So whoever must know *all* waits until the second has reached the first
  (`reading.decided_ends`).
- Records of one partition keep the order in which they were sent.

Not promised:
- Dense offsets: control markers and compaction leave gaps. The next position is the last offset + 1
  or further on.
- That a committed transaction is visible when `commit` returns: only a later `writer` of the same
  id makes sure.
- What happened when an operation failed with `LogUnavailable`: it may have been done.
- Any position after `assign`: it drops all of them (as Kafka does); seek *every* partition again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection, Mapping, Sequence

OPEN_S_MAX: Final = 30.0
"""Seconds after which an open transaction is none of ours, unless a setting says fewer.

Ours end after their timeout (15 s) and the coordinator's sweep (each 10 s).
"""


class Partition(NamedTuple):
    """One partition of one topic; equal to, and hashed as, aiokafka's TopicPartition."""

    topic: str
    partition: int


Times: TypeAlias = "int | Sequence[int] | None"
"""The time of all records of a send, or of each; None: now."""
Pair: TypeAlias = tuple[bytes | None, bytes | None]
"""Key and value of a record to be written; a value of None is a tombstone."""


class Record(Protocol):
    """A record as read. aiokafka's ConsumerRecord is one: nothing is wrapped, for speed."""

    @property
    def key(self) -> bytes | None:
        """The key, if any."""

    @property
    def value(self) -> bytes | None:
        """The value; None is a tombstone."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """The headers; empty when there are none."""

    @property
    def offset(self) -> int:
        """Where it stands in its partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970, as the topic's timestamp type has it. Informational."""


class Reader(Protocol):
    """A read-committed reader without a group: it reads what it is told, from where it is told.

    Raises `LogUnavailable` where trying again may help, `PositionOutOfRange` when a position is not
    in the log or was never given, `PartitionUnknown` and `NotAuthorized` otherwise.
    """

    @property
    def open_s_max(self) -> float:
        """Seconds after which an open transaction is none of ours."""

    def assign(self, partitions: Collection[Partition]) -> None:
        """Read these partitions and no others.

        Drops every position: seek all of them before `getmany`.
        """

    def seek(self, partition: Partition, offset: int) -> None:
        """Set where an assigned partition is read next."""

    async def position(self, partition: Partition) -> int:
        """The next offset of an assigned partition. It moves past control markers too."""

    async def getmany(self, *, timeout_s: float, records_max: int) -> Mapping[Partition, Sequence[Record]]:
        """Records of the assigned partitions, once there are any; none after `timeout_s`."""

    async def present(self, partitions: Collection[Partition]) -> set[Partition]:
        """Those whose topics exist now; a topic made a moment ago may be missing still."""

    async def beginning_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The first offset of each that still exists."""

    async def end_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The high watermark of each: the end of everything written, decided or not."""

    async def stable_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The last stable offset of each: the first offset that is not decided yet."""

    async def close(self) -> None:
        """Let go of everything, in bounded time; never raises."""


class Writer(Protocol):
    """A transactional writer, the only living one of its transactional id.

    Every operation raises `Fenced` once another writer of that id exists or the transaction timed
    out. After any error the writer is of no more use: close it.
    """

    async def begin(self) -> None:
        """Open a transaction."""

    async def send(self, partition: Partition, records: Sequence[Pair]) -> Awaitable[None]:
        """Queue records for one partition, in order.

        The result is done when the log has them: await it before `commit`, which does not look at
        sends that failed.
        """

    async def commit(self) -> None:
        """Commit the open transaction.

        Never call it twice: after an error, whether it is committed is unknown until a new writer
        of this id exists.
        """

    async def abort(self) -> None:
        """Give the open transaction up."""

    async def close(self) -> None:
        """Abort what is open, let go of everything, in bounded time; never raises."""


class Producer(Protocol):
    """An idempotent producer without transactions: for public topics, and for `pulse`."""

    async def send(self, partition: Partition, records: Sequence[Pair], *, timestamp_ms: Times = None) -> None:
        """Write records of one partition, in order; returns when the log has them all.

        `timestamp_ms`: of all of them, or of each, milliseconds since 1970; None: now.
        """

    async def close(self) -> None:
        """Let go of everything, in bounded time; never raises."""


class Log(Protocol):
    """Where records are."""

    async def cluster_id(self) -> str:
        """The id that the cluster got when it was made. Offsets hold on this cluster only."""

    async def writer(self, transactional_id: str) -> Writer:
        """The writer of this id, after every earlier one is fenced and settled.

        Await this before reading state.
        """

    async def reader(self) -> Reader:
        """A new read-committed reader, nothing assigned."""

    async def producer(self) -> Producer:
        """A new idempotent producer."""
