"""Every setting of a Kafka client with its reason, and the few administrative calls.

Rules kept: no client is made anywhere else; nothing connects before it is asked to; times are
milliseconds, as aiokafka's are. The reasons are traps that we met: a default that loses records, or
hides the loss.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from exchange.engine import own_brokers
from exchange.engine.errors import SettingRefused
from exchange.engine.kafka.connection.look import check_connection
from exchange.engine.kafka.errors import named, naming
from exchange.engine.kafka.metadata import refuse_forbidden
from exchange.engine.log import OPEN_S_MAX

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence

    from exchange.engine.log import Partition

T = TypeVar("T")
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
    """How to reach the cluster. Secrets do not show in `repr`."""

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

    Raises SecretUnusable, BrokerMoved.
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


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it should be."""

    name: str
    partitions: int
    replication: int = 1
    configs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A member of a consumer group, as it calls itself, and the host that it came from."""

    client_id: str
    host: str


TOPICS_AT_ONCE = 200
"""Topics in one request.

A KRaft controller refuses a request that needs more than 10,000 records of metadata, and a
description of all topics of a thousand agencies takes seconds to read.
"""


def pages(topics: Sequence[T]) -> Iterator[Sequence[T]]:
    """Topics, or items about them, in portions for one request each."""
    return (topics[start : start + TOPICS_AT_ONCE] for start in range(0, len(topics), TOPICS_AT_ONCE))


class Admin:
    """The administrative calls, for any number of topics; made by `administer`.

    Raises the engine's named errors.
    """

    def __init__(self, client: AIOKafkaAdminClient) -> None:
        self._client = client

    async def create(self, topics: Sequence[TopicSpec]) -> frozenset[str]:
        """Create the missing topics; returns the names of the created ones."""
        created: set[str] = set()
        for page in pages(topics):
            created |= await self._create(page)
        return frozenset(created)

    async def _create(self, topics: Sequence[TopicSpec]) -> set[str]:
        wanted = [
            NewTopic(spec.name, spec.partitions, spec.replication, topic_configs=dict(spec.configs)) for spec in topics
        ]
        with naming("creating topics"):
            response = await self._client.create_topics(wanted)
        created = set()
        for topic, code, *reason in response.topic_errors:
            error = for_code(code)
            if code == 0:
                created.add(topic)
            elif error is kafka.InvalidConfigurationError and reason and reason[0]:
                raise SettingRefused(f"Creating topic {topic}: {reason[0].rstrip('.')}.")  # the broker names the limit
            elif error is not kafka.TopicAlreadyExistsError:
                raise named(error(), f"creating topic {topic}")
        return created

    async def delete(self, topics: Collection[str]) -> None:
        """Delete topics with all their records."""
        with naming("deleting topics"):
            response = await self._client.delete_topics(list(topics))
        for topic, code in response.topic_error_codes:
            if code:
                raise named(for_code(code)(), f"deleting topic {topic}")

    async def delete_records(self, before: Mapping[Partition, int]) -> None:
        """Delete the records before these offsets."""
        with naming("deleting records"):
            await self._client.delete_records(
                {TopicPartition(*partition): RecordsToDelete(offset) for partition, offset in before.items()}
            )

    async def cluster_id(self) -> str:
        """The id of the cluster, which every client may know."""
        with naming("asking for the cluster id"):
            return str((await self._client.describe_cluster())["cluster_id"])

    async def partitions(self) -> dict[str, int]:
        """Number of partitions of every visible topic, but for internal ones."""
        with naming("listing topics"):
            topics = await self._client.describe_topics()
        return {topic["topic"]: len(topic["partitions"]) for topic in topics if not topic["is_internal"]}

    async def members(self, group: str) -> list[GroupMember]:
        """The present members of a consumer group; none where there is no such group."""
        with naming(f"describing group {group}"):
            responses = await self._client.describe_consumer_groups([group])
        found = [described for response in responses for described in response.to_object()["groups"]]
        for described in found:
            if code := described["error_code"]:
                raise named(for_code(code)(), f"describing group {group}")
        return [
            GroupMember(member["client_id"], member["client_host"])
            for described in found
            for member in described["members"]
        ]

    async def refuse_hidden(self, topics: Collection[str]) -> None:
        """Raise NotAuthorized for a topic that this user may not see: it is not in `partitions`."""
        if topics:
            await refuse_forbidden(self._client._client, topics)  # noqa: SLF001 (no public way)

    async def configs(self, topics: Collection[str]) -> dict[str, dict[str, str]]:
        """Every setting of these topics, defaults included."""
        found: dict[str, dict[str, str]] = {}
        for page in pages(list(topics)):
            found |= await self._configs(page)
        return found

    async def _configs(self, topics: Sequence[str]) -> dict[str, dict[str, str]]:
        resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
        with naming("describing topics"):
            responses = await self._client.describe_configs(resources)
        found: dict[str, dict[str, str]] = {}
        for response in responses:
            for code, _, _, topic, entries in response.resources:
                if code:
                    raise named(for_code(code)(), f"describing topic {topic}")
                found[topic] = {name: value for name, value, *_ in entries}
        return found

    async def set_configs(self, configs: Mapping[str, Mapping[str, str]]) -> None:
        """Replace all settings of these topics that differ from the broker's defaults."""
        for page in pages(list(configs)):
            await self._set_configs({topic: configs[topic] for topic in page})

    async def _set_configs(self, configs: Mapping[str, Mapping[str, str]]) -> None:
        resources = [ConfigResource(ConfigResourceType.TOPIC, topic, dict(c)) for topic, c in configs.items()]
        with naming("setting topics up"):
            responses = await self._client.alter_configs(resources)
        for response in responses:
            for code, _, _, topic, *_ in response.resources:
                if code:
                    raise named(for_code(code)(), f"setting topic {topic} up")


@asynccontextmanager
async def administer(settings: ClientSettings) -> AsyncIterator[Admin]:
    """An administrative connection for as long as the block lasts.

    Raises a `ConnectionFault` where brokers answer and do not fit the settings.
    """
    await check_connection(settings)
    client = AIOKafkaAdminClient(**settings.connection())
    try:
        with naming("connecting"):
            await client.start()
        yield Admin(client)
    finally:
        await client.close()
