"""A broker in memory, as far as transactions go: the rules of Kafka's protocol version 0, without the network.

Every method is one request, done at once and atomically. Modelled: producer ids and epochs, fencing, sequence numbers
(a request that is sent again writes nothing twice), transactions of several partitions, the coordinator that answers
`end` before the markers are written, markers that take offsets, the last stable offset, aborted records that stay in
the log, transactions that time out, compaction, retention.

Not modelled: replication, and a request of a closed connection that is done after its repetition (version 0 of the
protocol cannot tell such an end of a transaction from the next one's; `clients.REQUEST_TIMEOUT_MS` says what we do).
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from exchange.engine.errors import Fenced, LogUnavailable, PartitionUnknown, PositionOutOfRange, RecordRefused
from exchange.engine.log import Pair, Partition

OPEN, COMMITTED, ABORTED, MARKER = "open", "committed", "aborted", "marker"


class TryAgain(Exception):
    """The coordinator is still ending a transaction: the client asks again after a pause."""


class StoredRecord(NamedTuple):
    """A record as a reader gets it: the fields of `log.Record`."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    offset: int
    timestamp: int
    """Milliseconds."""


@dataclass
class Entry:
    record: StoredRecord
    producer: int
    state: str


@dataclass
class PartitionLog:
    begin: int = 0
    end: int = 0
    entries: list[Entry] = field(default_factory=list)
    open_since: dict[int, int] = field(default_factory=dict)
    sequences: dict[tuple[int, int], int] = field(default_factory=dict)

    @property
    def stable_end(self) -> int:
        return min(self.open_since.values(), default=self.end)

    def append(self, pair: Pair, producer: int, now_s: float, state: str, at_ms: int | None = None) -> None:
        at_ms = int(now_s * 1000) if at_ms is None else at_ms
        self.entries.append(Entry(StoredRecord(*pair, (), self.end, at_ms), producer, state))
        self.end += 1

    def mark(self, producer: int, state: str, now_s: float) -> None:
        if self.open_since.pop(producer, None) is not None:
            for entry in self.entries:
                if entry.producer == producer and entry.state == OPEN:
                    entry.state = state
        self.append((None, None), producer, now_s, MARKER)

    def compact(self, keep_from: int) -> None:
        """Below `keep_from`, and below what is not decided: keep the last committed record of each key.

        Like Kafka's cleaner, which under `min.compaction.lag.ms` looks at old records only: a young one does not
        remove the old one of its key.
        """
        keep_from = min(keep_from, self.stable_end)
        last = {
            e.record.key: e.record.offset for e in self.entries if e.state == COMMITTED and e.record.offset < keep_from
        }
        self.entries = [
            e
            for e in self.entries
            if e.record.offset >= keep_from or (e.state == COMMITTED and last[e.record.key] == e.record.offset)
        ]


@dataclass
class Transaction:
    producer: int
    epoch: int = 0
    """The first owner of an id has epoch 0, under a producer number that nobody had before."""
    state: str = "empty"
    result: str = ""
    partitions: list[Partition] = field(default_factory=list)
    number: int = 0


class Broker:
    """Topics, the transaction coordinator, and whoever waits for records."""

    def __init__(
        self,
        after: Callable[[float, Callable[[], object]], object],
        now_s: Callable[[], float],
        *,
        transaction_timeout_s: float = 15.0,
        marker_delay_s: Callable[[], float] = lambda: 0.0,
        record_bytes_max: int = 1 << 20,
    ) -> None:
        self._after, self._now_s, self._marker_delay_s = after, now_s, marker_delay_s
        self._transaction_timeout_s, self._record_bytes_max = transaction_timeout_s, record_bytes_max
        self.logs: dict[Partition, PartitionLog] = {}
        self.transactions: dict[str, Transaction] = {}
        self.arrivals: list[Callable[[], object]] = []
        self._producers = 0

    # Administration

    def create(self, topic: str, partitions: int = 1) -> list[Partition]:
        made = [Partition(topic, number) for number in range(partitions)]
        for partition in made:
            self.logs.setdefault(partition, PartitionLog())
        return made

    def has(self, partition: Partition) -> bool:
        return partition in self.logs

    def log(self, partition: Partition) -> PartitionLog:
        try:
            return self.logs[partition]
        except KeyError:
            raise PartitionUnknown(f"No broker knows {partition.topic}-{partition.partition}.") from None

    def committed(self, partition: Partition) -> list[StoredRecord]:
        """What a read-committed reader sees, all of it."""
        log = self.log(partition)
        return [e.record for e in log.entries if e.state == COMMITTED and e.record.offset < log.stable_end]

    def delete(self, topic: str) -> None:
        for partition in [p for p in self.logs if p.topic == topic]:
            del self.logs[partition]

    def delete_before(self, partition: Partition, offset: int) -> None:
        log = self.log(partition)
        log.begin = offset
        log.entries = [entry for entry in log.entries if entry.record.offset >= offset]

    def _arrived(self) -> None:
        waiting, self.arrivals = self.arrivals, []
        for wake in waiting:
            wake()

    def compact(self, partition: Partition, lag_s: float) -> None:
        """Compact what is older than the lag."""
        log = self.log(partition)
        young = (e.record.offset for e in log.entries if e.record.timestamp > (self._now_s() - lag_s) * 1000)
        log.compact(next(young, log.end))

    # Producing

    def new_producer(self) -> int:
        self._producers += 1
        return self._producers

    def produce(self, producer: int, sequence: int, partition: Partition, pairs: list[Pair], *at_ms: int) -> None:
        """Without a transaction; at a time, if it is not now."""
        self._write(producer, 0, sequence, partition, pairs, COMMITTED, *at_ms)

    def produce_in(
        self, tid: str, producer: int, epoch: int, sequence: int, partition: Partition, pairs: list[Pair]
    ) -> None:
        """In the open transaction of this transactional id."""
        transaction = self._own(tid, producer, epoch)
        log = self.log(partition)
        if transaction.state != "ongoing" or partition not in transaction.partitions:
            raise LogUnavailable(f"{tid}: the partition is not in the transaction.")
        if self._write(producer, epoch, sequence, partition, pairs, OPEN) and pairs:
            log.open_since.setdefault(producer, log.end - len(pairs))

    def _write(
        self, producer: int, epoch: int, sequence: int, partition: Partition, pairs: list[Pair], state: str, *at_ms: int
    ) -> bool:
        log = self.log(partition)
        if any(len(key or b"") + len(value or b"") > self._record_bytes_max for key, value in pairs):
            raise RecordRefused(f"{partition.topic}: a record is too large.")
        expected = log.sequences.get((producer, epoch), 0)
        if sequence + len(pairs) == expected and pairs:
            return False  # sent again: it is there already
        if sequence != expected:
            raise LogUnavailable(f"{partition.topic}: out of order, {sequence} after {expected}.")
        log.sequences[producer, epoch] = sequence + len(pairs)
        for pair in pairs:
            log.append(pair, producer, self._now_s(), state, *at_ms)
        self._arrived()
        return True

    # The coordinator of transactions

    def take_over(self, tid: str) -> tuple[int, int]:
        """A new epoch of this id: whoever had it before is fenced, what it had begun is ended first."""
        transaction = self.transactions.get(tid)
        if transaction is None:
            transaction = self.transactions[tid] = Transaction(self.new_producer())
            return transaction.producer, transaction.epoch
        if transaction.state == "ongoing":
            transaction.epoch += 1
            self._decide(tid, transaction, ABORTED)
        if transaction.state == "deciding":
            raise TryAgain
        transaction.epoch += 1
        transaction.state = "empty"
        return transaction.producer, transaction.epoch

    def expire(self, tid: str) -> None:
        """Forget an id that was idle for long (a week, in Kafka). Its writer may live on and know nothing of it."""
        if tid in self.transactions and self.transactions[tid].state in ("empty", "decided"):
            del self.transactions[tid]

    def _own(self, tid: str, producer: int, epoch: int) -> Transaction:
        transaction = self.transactions.get(tid)
        if transaction is None:
            raise LogUnavailable(f"{tid}: no such id any more.")
        if (transaction.producer, transaction.epoch) != (producer, epoch):
            raise Fenced(f"{tid}: epoch {epoch} is over.")
        return transaction

    def add(self, tid: str, producer: int, epoch: int, partition: Partition) -> None:
        transaction = self._own(tid, producer, epoch)
        self.log(partition)
        if transaction.state == "deciding":
            raise TryAgain
        if transaction.state != "ongoing":
            transaction.state, transaction.partitions = "ongoing", []
            transaction.number += 1
            self._after(self._transaction_timeout_s, lambda number=transaction.number: self._time_out(tid, number))
        if partition not in transaction.partitions:
            transaction.partitions.append(partition)

    def _time_out(self, tid: str, number: int) -> None:
        transaction = self.transactions.get(tid)
        if transaction is not None and transaction.state == "ongoing" and transaction.number == number:
            transaction.epoch += 1
            self._decide(tid, transaction, ABORTED)

    def end(self, tid: str, producer: int, epoch: int, result: str) -> None:
        transaction = self._own(tid, producer, epoch)
        if transaction.state == "ongoing":
            self._decide(tid, transaction, result)
        elif transaction.result != result:
            raise LogUnavailable(f"{tid}: no transaction to end.")

    def _decide(self, tid: str, transaction: Transaction, result: str) -> None:
        """Decided for good here; the markers follow, one partition after the other, in their own time."""
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
        return self.log(partition).begin

    def end_of(self, partition: Partition) -> int:
        return self.log(partition).stable_end

    def fetch(
        self, positions: dict[Partition, int], records_max: int
    ) -> dict[Partition, tuple[list[StoredRecord], int]]:
        """Committed records from these positions on, and where to go on."""
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
