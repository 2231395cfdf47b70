"""A broker in memory, as far as transactions go.

The rules of version 0 of Kafka's protocol, without the network.

Each method is one request, carried out at once and atomically. Modelled: producer ids and epochs,
fencing, sequence numbers (a request that is sent again writes nothing twice), transactions over
several partitions, a coordinator that answers `end` before the markers are written, markers that
take offsets, the last stable offset, aborted records that stay in the log, transaction timeouts,
compaction, retention.

Not modelled: replication; and a request on a closed connection that is carried out after its
repetition (version 0 of the protocol cannot tell such an end of a transaction from the end of the
next one; `clients.REQUEST_TIMEOUT_MS` says what we do).
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from exchange.engine.errors import Fenced, LogUnavailable, PartitionUnknown, PositionOutOfRange, RecordRefused
from exchange.engine.log import Pair, Partition
from exchange.testing.memory_partition import ABORTED, COMMITTED, OPEN, Entry, PartitionLog, StoredRecord
from exchange.wire.topics import record_time_ms


class TryAgain(Exception):
    """The coordinator is still ending a transaction: the client asks again after a pause."""


class WriterEpoch(NamedTuple):
    """One owner of a transactional id; a later epoch fences it."""

    transactional_id: str
    producer: int
    epoch: int


@dataclass(slots=True)
class Transaction:
    """The newest transaction of one transactional id."""

    producer: int
    epoch: int = 0
    """The first owner of an id has epoch 0, under a producer number that nobody had before."""
    state: str = "empty"
    result: str = ""
    partitions: list[Partition] = field(default_factory=list)
    number: int = 0


class MemoryBroker:
    """Topics, the transaction coordinator, and the clients that wait for records.

    `after`: calls a function after so many seconds. `now_s`: the clock. `cluster`: its cluster id.
    """

    def __init__(
        self,
        after: Callable[[float, Callable[[], object]], object],
        now_s: Callable[[], float],
        *,
        transaction_timeout_s: float = 15.0,
        marker_delay_s: Callable[[], float] = lambda: 0.0,
        record_bytes_max: int = 1 << 20,
        cluster: str = "in-memory",
    ) -> None:
        self.cluster = cluster
        self._after, self._now_s, self._marker_delay_s = after, now_s, marker_delay_s
        self._transaction_timeout_s, self._record_bytes_max = transaction_timeout_s, record_bytes_max
        self.logs: dict[Partition, PartitionLog] = {}
        self.transactions: dict[str, Transaction] = {}
        self.arrivals: list[Callable[[], object]] = []
        self._producers = 0

    # Administration

    def create(self, topic: str, partitions: int = 1) -> list[Partition]:
        """Create a topic where it is not there yet."""
        made = [Partition(topic, number) for number in range(partitions)]
        for partition in made:
            self.logs.setdefault(partition, PartitionLog())
        return made

    def has(self, partition: Partition) -> bool:
        """Whether there is such a partition."""
        return partition in self.logs

    def log(self, partition: Partition) -> PartitionLog:
        """The records of a partition; raises PartitionUnknown."""
        try:
            return self.logs[partition]
        except KeyError:
            raise PartitionUnknown(f"No broker knows {partition.topic}-{partition.partition}.") from None

    def committed(self, partition: Partition) -> list[StoredRecord]:
        """All records that a read-committed reader sees."""
        log = self.log(partition)
        return [e.record for e in log.entries if e.state == COMMITTED and e.record.offset < log.stable_end]

    def delete(self, topic: str) -> None:
        """Delete a topic."""
        for partition in [p for p in self.logs if p.topic == topic]:
            del self.logs[partition]

    def delete_before(self, partition: Partition, offset: int) -> None:
        """Delete the records before an offset, as retention does."""
        log = self.log(partition)
        log.begin = offset
        log.entries = [entry for entry in log.entries if entry.record.offset >= offset]

    def _arrived(self) -> None:
        waiting, self.arrivals = self.arrivals, []
        for wake in waiting:
            wake()

    def compact(self, partition: Partition, lag_s: float) -> None:
        """Compact the records that are older than the lag."""
        log = self.log(partition)
        young = (e.record.offset for e in log.entries if e.record.timestamp > (self._now_s() - lag_s) * 1000)
        log.compact(next(young, log.end))

    # Producing

    def new_producer(self) -> int:
        """A producer number that nobody had before."""
        self._producers += 1
        return self._producers

    def produce(self, producer: int, sequence: int, partition: Partition, pairs: list[Pair], *at_ms: int) -> None:
        """Write without a transaction; `at_ms`: the time of the records, unless it is now."""
        self._write((producer, 0), sequence, partition, pairs, COMMITTED, *at_ms)

    def append(self, partition: Partition, *pairs: Pair, at_ms: int | None = None) -> None:
        """Write records at once, as a producer that writes nothing else."""
        times = () if at_ms is None else (at_ms,)
        self.produce(self.new_producer(), 0, partition, list(pairs), *times)

    def produce_in(self, writer: WriterEpoch, sequence: int, partition: Partition, pairs: list[Pair]) -> None:
        """Write in the writer's open transaction."""
        transaction = self._own(writer)
        log = self.log(partition)
        if transaction.state != "ongoing" or partition not in transaction.partitions:
            raise LogUnavailable(f"{writer.transactional_id}: the partition is not in the transaction.")
        if self._write(writer[1:], sequence, partition, pairs, OPEN) and pairs:
            log.open_since.setdefault(writer.producer, log.end - len(pairs))

    def _write(
        self, by: tuple[int, int], sequence: int, partition: Partition, pairs: list[Pair], state: str, *at_ms: int
    ) -> bool:
        """Write as (producer, epoch); whether it was not written before."""
        log = self.log(partition)
        if any(len(key or b"") + len(value or b"") > self._record_bytes_max for key, value in pairs):
            raise RecordRefused(f"{partition.topic}: a record is too large.")
        expected = log.sequences.get(by, 0)
        if sequence + len(pairs) == expected and pairs:
            return False  # sent again: it is there already
        if sequence != expected:
            raise LogUnavailable(f"{partition.topic}: out of order, {sequence} after {expected}.")
        log.sequences[by] = sequence + len(pairs)
        time_ms = record_time_ms(partition.topic, at_ms[0] if at_ms else int(self._now_s() * 1000))
        for pair in pairs:
            log.append(pair, by[0], time_ms, state)
        self._arrived()
        return True

    # The coordinator of transactions

    def take_over(self, tid: str) -> WriterEpoch:
        """A new epoch of this id.

        Its earlier owner is fenced, and the transaction that it had begun is ended first.

        Raises TryAgain while that transaction is being ended.
        """
        transaction = self.transactions.get(tid)
        if transaction is None:
            transaction = self.transactions[tid] = Transaction(self.new_producer())
            return WriterEpoch(tid, transaction.producer, transaction.epoch)
        if transaction.state == "ongoing":
            transaction.epoch += 1
            self._decide(transaction, ABORTED)
        if transaction.state == "deciding":
            raise TryAgain
        transaction.epoch += 1
        transaction.state = "empty"
        return WriterEpoch(tid, transaction.producer, transaction.epoch)

    def expire(self, tid: str) -> None:
        """Forget an id that was idle for long (a week in Kafka).

        Its writer may live on without noticing.
        """
        if tid in self.transactions and self.transactions[tid].state in ("empty", "decided"):
            del self.transactions[tid]

    def _own(self, writer: WriterEpoch) -> Transaction:
        transaction = self.transactions.get(writer.transactional_id)
        if transaction is None:
            raise LogUnavailable(f"{writer.transactional_id}: the id was forgotten.")
        if (transaction.producer, transaction.epoch) != writer[1:]:
            raise Fenced(f"{writer.transactional_id}: epoch {writer.epoch} is over.")
        return transaction

    def add(self, writer: WriterEpoch, partition: Partition, *, timeout_s: float | None = None) -> None:
        """Add a partition to the open transaction; begin one where none is open.

        `timeout_s`: of a transaction that begins; None: as all have it.
        """
        transaction = self._own(writer)
        self.log(partition)
        if transaction.state == "deciding":
            raise TryAgain
        if transaction.state != "ongoing":
            transaction.state, transaction.partitions = "ongoing", []
            transaction.number += 1
            time_out = partial(self._time_out, writer.transactional_id, transaction.number)
            self._after(self._transaction_timeout_s if timeout_s is None else timeout_s, time_out)
        if partition not in transaction.partitions:
            transaction.partitions.append(partition)

    def _time_out(self, tid: str, number: int) -> None:
        transaction = self.transactions.get(tid)
        if transaction is not None and transaction.state == "ongoing" and transaction.number == number:
            transaction.epoch += 1
            self._decide(transaction, ABORTED)

    def end(self, writer: WriterEpoch, result: str) -> None:
        """End the open transaction as COMMITTED or ABORTED."""
        transaction = self._own(writer)
        if transaction.state == "ongoing":
            self._decide(transaction, result)
        elif transaction.result != result:
            raise LogUnavailable(f"{writer.transactional_id}: no transaction to end.")

    def _decide(self, transaction: Transaction, result: str) -> None:
        """Decide for good; the markers follow, one partition after the other, in their own time."""
        transaction.state, transaction.result = "deciding", result
        left = list(transaction.partitions)

        def mark() -> None:
            if left:
                self.log(left.pop(0)).mark(transaction.producer, result, self._now_s())
                self._arrived()
            if left:
                self._after(self._marker_delay_s(), mark)
            else:
                transaction.state = "decided"

        self._after(self._marker_delay_s(), mark)

    # Reading

    def begin_of(self, partition: Partition) -> int:
        """The first offset."""
        return self.log(partition).begin

    def end_of(self, partition: Partition) -> int:
        """The offset of the next record."""
        return self.log(partition).end

    def stable_end_of(self, partition: Partition) -> int:
        """The last stable offset."""
        return self.log(partition).stable_end

    def fetch(
        self, positions: dict[Partition, int], records_max: int
    ) -> dict[Partition, tuple[list[StoredRecord], int]]:
        """Committed records from these positions on, and the next positions."""
        found = {}
        for partition, position in positions.items():
            log = self.logs.get(partition)
            if log is None:  # as in Kafka's client: it looks for the leader, and says nothing
                continue
            if not log.begin <= position <= log.end:
                raise PositionOutOfRange(f"{partition.topic}-{partition.partition}: {position} is not in the log.")
            stable_end, go_on = log.stable_end, max(position, log.stable_end)
            records: list[StoredRecord] = []
            for entry in log.entries[bisect_left(log.entries, position, key=_offset) :]:
                if entry.state == COMMITTED and entry.record.offset < stable_end:
                    if len(records) == records_max:
                        go_on = records[-1].offset + 1 if records else position
                        break
                    records.append(entry.record)
            found[partition] = (records, go_on)
            records_max -= len(records)
        return found


def _offset(entry: Entry) -> int:
    return entry.record.offset
