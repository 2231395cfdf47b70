"""The few administrative calls, for any number of topics."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from aiokafka import TopicPartition
from aiokafka import errors as kafka
from aiokafka.admin import NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from exchange.engine.errors import SettingRefused
from exchange.engine.kafka.clients import ClientSettings, admin_client
from exchange.engine.kafka.connection.look import check_connection
from exchange.engine.kafka.errors import named, naming
from exchange.engine.kafka.metadata import refuse_forbidden

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence

    from aiokafka.admin import AIOKafkaAdminClient

    from exchange.engine.log import Partition

T = TypeVar("T")


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
    client = admin_client(settings)
    try:
        with naming("connecting"):
            await client.start()
        yield Admin(client)
    finally:
        await client.close()
