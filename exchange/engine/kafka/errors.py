"""aiokafka's errors, turned into ours at the boundary.

Rules kept: only the class of an error passes, and the place that it names, never its text, because
the text may quote a record.
A table gives the meaning of each class. An error that is in no row may pass quickly, so it becomes
`LogUnavailable`.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aiokafka import errors as kafka

from exchange.engine.errors import (
    ClocksDiffer,
    EngineError,
    Fenced,
    LogUnavailable,
    NotAuthorized,
    PartitionUnknown,
    PositionOutOfRange,
    RecordRefused,
    RecordUnreadable,
    SettingRefused,
    TooFewBrokers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MEANINGS: tuple[tuple[type[EngineError], tuple[type[BaseException], ...]], ...] = (
    (Fenced, (kafka.ProducerFenced, kafka.InvalidProducerEpoch, kafka.TransactionCoordinatorFenced)),
    (PositionOutOfRange, (kafka.OffsetOutOfRangeError, kafka.NoOffsetForPartitionError)),
    (RecordUnreadable, (UnicodeDecodeError,)),  # of a header's key; its text would quote the bytes
    (PartitionUnknown, (kafka.UnknownTopicOrPartitionError, kafka.InvalidTopicError)),
    (
        RecordRefused,
        (
            kafka.MessageSizeTooLargeError,
            kafka.RecordListTooLargeError,
            kafka.RecordTooLargeError,
            kafka.PolicyViolationError,
        ),
    ),
    (ClocksDiffer, (kafka.InvalidTimestampError,)),
    (TooFewBrokers, (kafka.InvalidReplicationFactorError,)),
    (SettingRefused, (kafka.InvalidConfigurationError,)),
    (
        NotAuthorized,
        (
            kafka.TopicAuthorizationFailedError,
            kafka.GroupAuthorizationFailedError,
            kafka.ClusterAuthorizationFailedError,
            kafka.TransactionalIdAuthorizationFailed,
            kafka.SaslAuthenticationFailed,
            kafka.AuthenticationFailedError,
            kafka.UnsupportedSaslMechanismError,
        ),
    ),
)
TOPIC = re.compile(r"[a-z][a-z0-9.-]{1,80}")
BORDER = (
    kafka.KafkaError,
    kafka.ConsumerStoppedError,
    kafka.IllegalOperation,
    OSError,
    asyncio.TimeoutError,
    UnicodeDecodeError,
)
"""The errors that aiokafka raises. Any other error is a defect and passes unchanged."""


def named(error: BaseException, doing: str, *, unknown: type[EngineError] = LogUnavailable) -> EngineError:
    """Our error for one of aiokafka's, or for its cause: aiokafka wraps unexpected errors.

    `unknown`: the meaning of a broker's error that has no name.
    """
    for candidate in (error, error.__cause__):
        for meaning, classes in MEANINGS:
            if isinstance(candidate, classes):
                return meaning(f"{doing}: {type(candidate).__name__}{_places(candidate)}{_topic_of(candidate)}.")
    cause = error if isinstance(error, TimeoutError) else error.__cause__ or error  # a time-out's is our own
    meaning = unknown if isinstance(cause, kafka.UnknownError) else LogUnavailable
    return meaning(f"{doing}: {type(cause).__name__}.")


def _places(error: BaseException | None) -> str:
    """The positions that an error names: partitions and offsets, which are no values."""
    found = error.args[0] if isinstance(error, kafka.OffsetOutOfRangeError) and error.args else None
    if not isinstance(found, dict):
        return ""
    places = (f"{partition.topic}-{partition.partition} at offset {offset}" for partition, offset in found.items())
    return f" ({', '.join(places)})"


def _topic_of(error: BaseException | None) -> str:
    """The topic that a missing right is about, and nothing else of an error's text."""
    if isinstance(error, kafka.TopicAuthorizationFailedError) and TOPIC.fullmatch(str(*error.args[:1])):
        return f" (topic {error.args[0]})"
    return ""


@contextmanager
def naming(doing: str, *, unknown: type[EngineError] = LogUnavailable) -> Iterator[None]:
    """Inside the block, raise our errors for aiokafka's, as `named` does.

    `doing` names the activity, and no value.
    """
    try:
        yield
    except BORDER as error:
        raise named(error, doing, unknown=unknown) from None
