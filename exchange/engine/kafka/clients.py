"""Every setting of a Kafka client, with its reason.

Rules kept: no client is made anywhere else; nothing connects before it is asked to; times are
milliseconds, as aiokafka's are. The reasons are traps that we met: a default that loses records, or
hides the loss.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from exchange.engine import own_brokers
from exchange.engine.encryption import expect_encrypted
from exchange.engine.log import OPEN_S_MAX

if TYPE_CHECKING:
    import ssl

TRANSACTION_TIMEOUT_MS = 15_000
"""The coordinator aborts a silent owner's transaction after this; by default, after a minute."""
SESSION_TIMEOUT_MS = 6_000
"""A silent member loses its partitions after this: as low as brokers allow by default."""
HEARTBEAT_INTERVAL_MS = 2_000
MAX_POLL_INTERVAL_MS = 60_000
REQUEST_TIMEOUT_MS = 30_000
"""Longer than a lane may stall.

A request that timed out is sent again, while the broker may still be carrying out the first one. If
it ends a transaction, it could then end the *next* one (protocol version 0). So a lane ends before
that.
"""
BATCH_BYTES_MAX = 1 << 19
"""A record batch: half of the size that brokers accept by default."""
PARTITION_FETCH_BYTES_MAX = 4 << 20
"""About 50,000 events: one batch of a lane, with the next one already on its way."""
FETCH_BYTES_MAX = 8 << 20
"""Over all partitions of one fetch: bounds the memory of a gate with hundreds of inboxes."""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How to reach the cluster. Secrets do not show in `repr`.

    Raises PlaintextRefused where its connections would cross a network without TLS.
    """

    bootstrap_servers: str
    client_id: str = "exchange"
    security_protocol: str = "PLAINTEXT"
    ssl_context: ssl.SSLContext | None = field(default=None, repr=False)
    sasl_mechanism: str = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    certificate_ends_s: float | None = None
    """When the client certificate expires, in seconds since 1970; None: there is none."""
    open_s_max: float = OPEN_S_MAX
    """Seconds after which readers name an open transaction."""

    def __post_init__(self) -> None:
        """Let no client be made that would send in clear."""
        expect_encrypted(self.bootstrap_servers, self.security_protocol)

    def connection(self) -> dict[str, object]:
        """The keyword arguments of every aiokafka client."""
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": self.client_id,
            "request_timeout_ms": REQUEST_TIMEOUT_MS,
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password,
        }


def client_at(bootstrap_servers: str, client_id: str = "exchange") -> ClientSettings:
    """The settings for an address without more: with the secret, if this account's broker is there.

    Raises SecretUnusable, BrokerMoved, PlaintextRefused.
    """
    secret = own_brokers.secret_for(bootstrap_servers)
    if secret is None:
        return ClientSettings(bootstrap_servers, client_id)
    return owners_client(bootstrap_servers, secret, client_id)


def owners_client(bootstrap_servers: str, secret: str, client_id: str = "exchange") -> ClientSettings:
    """The settings of the only user of an embedded broker."""
    return ClientSettings(
        bootstrap_servers,
        client_id,
        "SASL_PLAINTEXT",
        sasl_mechanism=own_brokers.MECHANISM,
        sasl_username=own_brokers.OWNER,
        sasl_password=secret,
    )


def reading_consumer(settings: ClientSettings) -> AIOKafkaConsumer:
    """A consumer without a group: it reads committed records from a given position, or raises."""
    return AIOKafkaConsumer(
        **settings.connection(),
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="none",  # "latest" skips silently, "earliest" repeats
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES_MAX,
        fetch_max_bytes=FETCH_BYTES_MAX,
    )


def member_consumer(settings: ClientSettings, group: str) -> AIOKafkaConsumer:
    """A consumer that is only a member of its group, for ownership; it commits no offset."""
    return AIOKafkaConsumer(
        **settings.connection(),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="latest",  # its partitions are paused; "none" would raise for want of a position
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=HEARTBEAT_INTERVAL_MS,
        max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
    )


def transactional_producer(
    settings: ClientSettings, transactional_id: str, timeout_ms: int = TRANSACTION_TIMEOUT_MS
) -> AIOKafkaProducer:
    """A producer of transactions."""
    return AIOKafkaProducer(
        **settings.connection(),
        transactional_id=transactional_id,
        transaction_timeout_ms=timeout_ms,
        max_batch_size=BATCH_BYTES_MAX,
    )


def idempotent_producer(settings: ClientSettings) -> AIOKafkaProducer:
    """A producer without transactions whose retries write nothing twice."""
    return AIOKafkaProducer(
        **settings.connection(), enable_idempotence=True, acks="all", max_batch_size=BATCH_BYTES_MAX
    )


def admin_client(settings: ClientSettings) -> AIOKafkaAdminClient:
    """A client for administrative calls; see `exchange.engine.kafka.admin`."""
    return AIOKafkaAdminClient(**settings.connection())
