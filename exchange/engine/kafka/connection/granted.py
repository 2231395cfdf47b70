"""Which rights this user lacks, asked of the brokers before the work begins.

A client that lacks a right mostly learns nothing: a topic that may not be seen looks missing, and a
group that may not be joined is waited for without an end. So the worker asks for its rights by name
at its start. Others ask when a topic seems to be missing (`forbidden`).

Rules kept: asking changes nothing. A heartbeat of nobody shows whether a group may be joined; the
search for a coordinator, whether a transactional id may be used; the description of a topic lists
what may be done with it. Without an authorizer, everything may be done.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiokafka import errors as kafka
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from exchange.engine.errors import NotAuthorized
from exchange.engine.kafka.errors import naming
from exchange.engine.kafka.rights import Operation, Resource, Right

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aiokafka.conn import AIOKafkaConnection

    from exchange.engine.kafka.clients import ClientSettings

ASK_S_MAX: Final = 5.0
SHOWN_MAX: Final = 6
"""Rights that a message names."""
BITS: Final = {
    Operation.READ: 1 << 3,
    Operation.WRITE: 1 << 4,
    Operation.CREATE: 1 << 5,
    Operation.DESCRIBE: 1 << 8,
    Operation.DESCRIBE_CONFIGS: 1 << 10,
    Operation.ALTER_CONFIGS: 1 << 11,
}
"""Bits of Kafka's `AclOperation`, as the description of a topic has them."""
TRANSACTION: Final = 1
"""Kafka's kind of coordinator."""


class _DescriptionResponse(Response):  # type: ignore[misc]  # untyped base class of aiokafka
    """Kafka's answer about topics, in the version that lists what may be done with each."""

    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(("node_id", Int32), ("host", String("utf-8")), ("port", Int32), ("rack", String("utf-8"))),
        ),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("operations", Int32),
            ),
        ),
        ("cluster_operations", Int32),
    )


class _DescriptionStruct(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _DescriptionResponse
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
    )


class Description(Request[_DescriptionStruct]):  # type: ignore[misc]  # as above
    """A question about topics and what may be done with them, and with the cluster."""

    API_KEY = 3

    def __init__(self, topics: Sequence[str], *, cluster: bool = False) -> None:
        self._topics = topics
        self._cluster = cluster

    def build(self, request_struct_class: type[_DescriptionStruct]) -> _DescriptionStruct:
        """The request in Kafka's form; asking never creates a topic."""
        return request_struct_class(list(self._topics), False, self._cluster, True)


async def require_rights(settings: ClientSettings, wanted: Collection[Right]) -> None:
    """Raise NotAuthorized with the rights that are lacking. `wanted`: of this user, none prefixed.

    Raises LogUnavailable if no broker answers in time.
    """
    with naming("asking for rights"):
        async with asyncio.timeout(ASK_S_MAX):
            connection = await _any_broker(settings)
            try:
                held = await _held(connection, wanted)
            finally:
                connection.close()
    if found := [right for right in wanted if right not in held]:
        user = f"The Kafka user {settings.sasl_username}" if settings.sasl_username else "This Kafka user"
        lacking = list(dict.fromkeys(f"{right.operation} {right.resource} {right.name}" for right in found))
        shown = lacking[:SHOWN_MAX]
        more = f", and {len(lacking) - SHOWN_MAX} more" if len(lacking) > SHOWN_MAX else ""
        raise NotAuthorized(f"{user} lacks these rights: {', '.join(shown)}{more}.")


async def _any_broker(settings: ClientSettings) -> AIOKafkaConnection:
    own = settings.connection()
    hosts = collect_hosts(own.pop("bootstrap_servers"))
    for number, (host, port, _) in enumerate(hosts, 1):
        try:
            return await create_conn(host, port, **own)
        except (OSError, kafka.KafkaError):
            if number == len(hosts):
                raise
    raise kafka.KafkaConnectionError


async def _held(connection: AIOKafkaConnection, wanted: Collection[Right]) -> set[Right]:
    topics = sorted({right.name for right in wanted if right.resource is Resource.TOPIC})
    may = await operations(connection, topics)
    held = {right for right in wanted if right.resource is Resource.TOPIC and may[right.name] & BITS[right.operation]}
    for right in wanted:
        if right.resource is Resource.GROUP and await may_join(connection, right.name):
            held.add(right)
        if right.resource is Resource.TRANSACTIONAL_ID and await may_use(connection, right.name):
            held.add(right)
    return held


async def operations(connection: AIOKafkaConnection, topics: Sequence[str]) -> dict[str, int]:
    """What may be done with each topic, in bits; everything with a topic that does not exist."""
    answer = await connection.send(Description(topics))
    unseen = kafka.TopicAuthorizationFailedError.errno
    missing = kafka.UnknownTopicOrPartitionError.errno
    return {topic: 0 if code == unseen else -1 if code == missing else may for code, topic, _, _, may in answer.topics}


async def may_join(connection: AIOKafkaConnection, group: str) -> bool:
    """Whether this user may be a member of a group; nobody joins it."""
    answer = await connection.send(HeartbeatRequest(group, -1, ""))
    return bool(answer.error_code != kafka.GroupAuthorizationFailedError.errno)


async def may_use(connection: AIOKafkaConnection, transactional_id: str) -> bool:
    """Whether this user may ask about a transactional id; nothing is fenced."""
    answer = await connection.send(FindCoordinatorRequest(transactional_id, TRANSACTION))
    return bool(answer.error_code != kafka.TransactionalIdAuthorizationFailed.errno)
