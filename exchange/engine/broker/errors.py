"""Errors of the embedded broker: each says what happened and what to do; none holds a value."""

from exchange.core.errors import ExchangeError


class BrokerError(ExchangeError):
    """Root of the embedded broker's errors."""


class BrokerExtraMissing(BrokerError):
    """The embedded broker needs the `broker` extra, which is not installed."""

    hint = 'Install it: pip install ".[broker]" - or name a Kafka that runs already in EXCHANGE_BOOTSTRAP_SERVERS.'


class KafkaNotFetched(BrokerError):
    """Apache Kafka is not in the cache and could not be fetched."""

    hint = (
        "Three ways out: (1) set EXCHANGE_BOOTSTRAP_SERVERS to a Kafka that runs already; "
        "(2) run one under Docker and name it there: docker run -d -p 9092:9092 apache/kafka:4.1.0; "
        "(3) prepare the cache: run `exchange up` once where there is a network and copy that directory here."
    )


class KafkaDamaged(BrokerError):
    """A fetched archive does not have the digest that is pinned for it."""

    hint = (
        "Nothing of it was kept. Try again; if it repeats, ask whoever runs the proxy or mirror between you and Maven."
    )


class CacheNotWritable(BrokerError):
    """The cache directory could not be written."""

    hint = "Free some space, or point XDG_CACHE_HOME at a directory that you may write."


class BrokerDataInUse(BrokerError):
    """A broker runs on this data directory already."""

    hint = "Use that one, stop it with `exchange down`, or name another directory with --data-dir."


class BrokerDataUnusable(BrokerError):
    """The data directory cannot be used."""

    hint = "Name a directory of your own that you may write, on a disk of this machine."


class BrokerDidNotStart(BrokerError):
    """The broker did not start."""


class BrokerDidNotStop(BrokerError):
    """The broker does not stop."""

    hint = "Look at its log in the data directory; end the process by its number if need be."


class BrokerNotStarted(BrokerError):
    """The broker has not been started, or has been stopped for good."""

    hint = "Open a new one with `embedded_broker()`."


class BrokerAbandoned(BrokerError):
    """The broker was told to stop while it was still starting."""
