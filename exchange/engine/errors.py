"""Every named error of the engine: what the log can do to us, and how a lane ends.

Rules kept: a message names topics, partitions, offsets and lanes, never a key or a value of a
record; it says what to do next; errors of the client library are mapped to these at the border
(`kafka_log`) and never pass it.

Which of them a lane survives is decided by class alone: `LogUnavailable` is tried again (a limited
number of times, from a fresh start), `Fenced` waits for a new generation of the group, everything
else stops the lane for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.core.errors import ExchangeError

if TYPE_CHECKING:
    from exchange.engine.log import Partition


class EngineError(ExchangeError):
    """Root of the engine's errors."""


class LogUnavailable(EngineError):
    """Kafka did not answer, or could not do it now. Records may or may not have arrived."""

    hint = "Check that the brokers are up and reachable."


class Fenced(EngineError):
    """Another worker took over this lane, or Kafka ended its transaction."""

    hint = "Nothing was lost: the worker that owns the partition continues from the last committed position."


class TransactionOpen(EngineError):
    """A transaction has been open for longer than any of ours can be. What lies behind is unknown.

    Not decided here: whether its records will be committed.
    """

    hint = (
        "Nothing was done with an older state. Find the transaction with Kafka's own `kafka-transactions.sh find-hanging`,"
        " stop the program that holds it open, or end it with `kafka-transactions.sh abort`. Then work goes on by itself."
    )


class PositionOutOfRange(EngineError):
    """A stored position is outside the log."""

    hint = (
        "The log was cut off, or deleted and made again. Stop the workers and put the topic back whole:"
        ' docs/OPERATIONS.md, "When a log was cut off". If the topic is whole and the counts are wrong, delete'
        " `aggregates.…` and run `exchange topics apply`: everything is counted again."
    )


class RecordRefused(EngineError):
    """Kafka will never accept this record: it is too large, or the topic forbids it."""

    hint = "Compare the topic's `max.message.bytes` with the producer's batch size."


class ClocksDiffer(EngineError):
    """Kafka refuses the time of a record: it is more than an hour ahead of the broker's clock."""

    hint = "Set the clocks of this machine and of the brokers. Nothing of this was written."


class TooFewBrokers(EngineError):
    """The cluster has fewer brokers than a topic is to have replicas."""

    hint = "Start the other brokers, or set EXCHANGE_REPLICATION to their number: 1 for a single broker."


class SettingRefused(EngineError):
    """The brokers refuse a setting that a topic needs."""

    hint = (
        "A limit in the brokers' own configuration is stricter, such as `log.cleaner.max.compaction.lag.ms` or"
        " `message.max.bytes`. docs/TOPICS.md lists each topic's settings: correct that limit, then try again."
    )


class RecordUnreadable(EngineError):
    """A record cannot be read: the key of one of its headers is not text."""

    hint = (
        "The exchange writes no such header. `exchange topics rights` shows who may write the topic: take the right"
        ' from whoever wrote it. docs/OPERATIONS.md, "When a log was cut off", shows how to delete records.'
    )


class SecretUnusable(EngineError):
    """The secret of an embedded broker is missing, damaged, or open to another account."""

    hint = (
        "No command can use this Kafka any more. Keep what you need of its directory, stop it with `exchange down`,"
        " delete the directory, then run `exchange up`."
    )


class BrokerMoved(EngineError):
    """An embedded broker of this account has another port than it had."""

    hint = (
        "Another program had taken the port. Nothing was sent to it. Use the new address, or unset"
        " EXCHANGE_BOOTSTRAP_SERVERS. If the Kafka at the old address is meant, set EXCHANGE_SECURITY_PROTOCOL."
    )


class NotAuthorized(EngineError):
    """The Kafka user has no right to a topic, group or transactional id."""

    hint = "`exchange topics rights` lists the rights that each user needs."


class PartitionUnknown(EngineError):
    """A topic or partition does not exist."""

    hint = "Create it first: `exchange topics apply`."


class CannotApply(EngineError):
    """A lane cannot apply a record. It stops before the record and skips nothing."""

    hint = "Find out how the record came into the log. The lane starts again at this offset."

    def __init__(self, partition: Partition, offset: int, reason: str) -> None:
        """`reason` is one of the step's own words, never taken from the record."""
        super().__init__(f"{partition.topic}-{partition.partition} offset {offset}: {reason}.")
        self.partition = partition
        self.offset = offset
        self.reason = reason


class StepFailed(EngineError):
    """A lane failed with an internal error. The message has its type and place, not its text."""

    hint = "Please report it with this place."


class LaneStalled(EngineError):
    """A lane has work and makes no progress."""

    hint = "Check the brokers, then start the worker again. It continues where it stopped."


class LaneGaveUp(EngineError):
    """A lane failed too many times in a row without committing anything."""

    hint = "Check the brokers, then start the worker again. It continues where it stopped."


class GroupLost(EngineError):
    """A worker left its consumer group and cannot join it again."""

    hint = "Check the brokers, then start the worker again."
