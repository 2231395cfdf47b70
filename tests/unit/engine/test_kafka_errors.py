"""aiokafka's errors at the border: only their class passes, never their text."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka import errors as kafka

from exchange.engine.errors import (
    ClocksDiffer,
    EngineError,
    Fenced,
    LogUnavailable,
    NotAuthorized,
    PositionOutOfRange,
    RecordUnreadable,
    SettingRefused,
    TooFewBrokers,
)
from exchange.engine.kafka.errors import naming


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (UnicodeDecodeError("utf-8", b"Jane", 0, 1, "Jane"), RecordUnreadable),
        (kafka.ProducerFenced("Jane"), Fenced),
        (kafka.UnknownError("Jane"), LogUnavailable),
        (OSError("Jane"), LogUnavailable),
        (kafka.TopicAuthorizationFailedError("Jane Doe"), NotAuthorized),
        (kafka.InvalidTimestampError("Jane"), ClocksDiffer),
        (kafka.InvalidReplicationFactorError("Jane"), TooFewBrokers),
        (kafka.InvalidConfigurationError("Jane"), SettingRefused),
    ],
)
def test_what_was_read_or_sent_is_not_repeated(error: Exception, meaning: type[EngineError]) -> None:
    with pytest.raises(meaning) as raised, naming("reading"):
        raise error
    assert "Jane" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_position_outside_its_log_is_named_with_its_place() -> None:
    with (
        pytest.raises(PositionOutOfRange, match=r"reading: OffsetOutOfRangeError \(events-2 at offset 7\)"),
        naming("reading"),
    ):
        raise kafka.OffsetOutOfRangeError({TopicPartition("events", 2): 7})


def test_a_time_out_is_named_as_one() -> None:
    """And not as the cancellation by which asyncio ends the wait."""
    late = TimeoutError()
    late.__cause__ = asyncio.CancelledError()
    with pytest.raises(LogUnavailable, match=r"reading: TimeoutError\."), naming("reading"):
        raise late


def test_a_missing_right_names_its_topic() -> None:
    with pytest.raises(NotAuthorized, match=r"reading: .* \(topic inbox.harbor-light\)\."), naming("reading"):
        raise kafka.TopicAuthorizationFailedError("inbox.harbor-light")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (kafka.InvalidTimestampError(), "clocks"),
        (kafka.InvalidReplicationFactorError(), "EXCHANGE_REPLICATION"),
        (kafka.InvalidConfigurationError(), "brokers' own configuration"),
        (kafka.TopicAuthorizationFailedError("events"), "exchange topics rights"),
    ],
)
def test_the_hint_is_about_the_cause(error: Exception, words: str) -> None:
    with pytest.raises(EngineError, match=words), naming("writing"):
        raise error


def test_an_error_without_a_name_may_mean_that_a_writer_is_fenced() -> None:
    """Only a writer says so. Its other errors keep their meaning, and a wrapped one counts too."""
    wrapped = kafka.KafkaError("delivering")
    wrapped.__cause__ = kafka.UnknownError("Jane")
    for unknown in (kafka.UnknownError("Jane"), wrapped):
        with pytest.raises(Fenced, match="UnknownError"), naming("committing", unknown=Fenced):
            raise unknown
    with pytest.raises(LogUnavailable), naming("committing", unknown=Fenced):
        raise kafka.NodeNotReadyError("Jane")
