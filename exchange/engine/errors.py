"""Every named error of the engine: what the log can do to us, and how a lane ends.

Rules kept: a message names topics, partitions, offsets and lanes, never a key or a value of a record; it says what to
do next; errors of the client library are mapped to these at the border (`kafka_log`) and never pass it.

Which of them a lane survives is decided by class alone: `LogUnavailable` is tried again (a limited number of times,
from a fresh start), `Fenced` waits for a new generation of the group, everything else stops the lane for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.core.errors import ExchangeError

if TYPE_CHECKING:
    from exchange.engine.log import Partition


class EngineError(ExchangeError):
    """Root of the engine's errors."""


class LogUnavailable(EngineError):
    """The log did not do what was asked, and may do it later. What was sent may or may not have arrived."""

    hint = "Check that the brokers are up and reachable."


class Fenced(EngineError):
    """Another writer took over this transactional id, or the coordinator gave its transaction up."""

    hint = "Nothing was lost: whoever owns the partition continues from the last committed position."


class PositionOutOfRange(EngineError):
    """A stored position is not inside the log."""

    hint = "The log was truncated or replaced: restore it, or rebuild the state into a new generation."


class RecordRefused(EngineError):
    """The log will never take this record: it is too large, or the topic forbids it."""

    hint = "Compare `max.message.bytes` of the topic with the producer's batch size."


class RecordUnreadable(EngineError):
    """A record cannot be taken apart: the key of one of its headers is not text."""

    hint = (
        "No edge writes headers: take the writer's rights to its inbox away, and delete the records up to this one"
        " with Kafka's own `kafka-delete-records`."
    )


class NotAuthorized(EngineError):
    """The principal has no right to this topic, group or transactional id."""

    hint = "`exchange topics rights` lists the rights that each role needs."


class PartitionUnknown(EngineError):
    """A topic or partition does not exist."""

    hint = "Create it first: `exchange topics apply`."


class CannotApply(EngineError):
    """A step met a record that it cannot apply; the lane stops in front of it and skips nothing."""

    hint = "Find out how the record came into the log; the lane starts again at this offset."

    def __init__(self, partition: Partition, offset: int, reason: str) -> None:
        """`reason` is one of the step's own words, never taken from the record."""
        super().__init__(f"{partition.topic}-{partition.partition} offset {offset}: {reason}.")
        self.partition = partition
        self.offset = offset
        self.reason = reason


class StepFailed(EngineError):
    """A step raised an error that is not named: a defect. Holds its type and place, not its message."""

    hint = "This is a defect of the step: report it with the place given here."


class LaneStalled(EngineError):
    """A lane has work and does not get on with it."""

    hint = "Look at the brokers first; then start the worker again, it continues where it stopped."


class LaneGaveUp(EngineError):
    """A lane failed too many times in a row without committing anything."""

    hint = "Look at the brokers first; then start the worker again, it continues where it stopped."


class GroupLost(EngineError):
    """A worker is not a member of its group, and cannot become one."""

    hint = "Look at the brokers first; then start the worker again."
