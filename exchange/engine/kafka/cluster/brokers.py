"""What each broker of a cluster says about itself: its version, its settings, its share of topics.

Rules kept: asking changes nothing. What a broker does not tell, or may not tell to this user, is
None, never a default. Each broker is asked by itself: during an update they differ.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from aiokafka import errors as kafka
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.protocol.admin import DescribeConfigsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from exchange import __version__
from exchange.engine.kafka.cluster.versions import VersionRange, of_level
from exchange.engine.kafka.errors import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiokafka.conn import AIOKafkaConnection

    from exchange.engine.kafka.clients import ClientSettings

ASK_S_MAX: Final = 5.0
METADATA_VERSION: Final = "metadata.version"
SUPPORTED_FEATURES: Final = 0
"""The tag of the features that a broker's software can use."""
BROKER: Final = 4
"""Kafka's kind of resource."""
_AWAY = (OSError, kafka.KafkaError, TimeoutError)
_FEATURES = CompactArray(
    ("name", CompactString("utf-8")), ("min_version", Int16), ("max_version", Int16), ("tags", TaggedFields)
)


@dataclass(frozen=True, slots=True)
class BrokerState:
    """One broker.

    `version` and `settings` are None where they are not known; a setting without a value is None.
    """

    node: int
    address: str
    answers: bool = False
    version: VersionRange | None = None
    settings: Mapping[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Replicas:
    """How a topic is replicated: of its partitions, the fewest replicas and those out of step."""

    wanted: int
    lagging: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """All brokers, and the replicas of the topics that were asked for and may be seen."""

    brokers: Sequence[BrokerState]
    replicas: Mapping[str, Replicas]


class _VersionsResponse(Response):  # type: ignore[misc]  # untyped base class of aiokafka
    API_KEY = 18
    API_VERSION = 3
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "api_versions",
            CompactArray(("api_key", Int16), ("min_version", Int16), ("max_version", Int16), ("tags", TaggedFields)),
        ),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class _VersionsStruct(RequestStruct):  # type: ignore[misc]  # as above
    FLEXIBLE_VERSION = True
    API_KEY = 18
    API_VERSION = 3
    RESPONSE_TYPE = _VersionsResponse
    SCHEMA = Schema(
        ("client_software_name", CompactString("utf-8")),
        ("client_software_version", CompactString("utf-8")),
        ("tags", TaggedFields),
    )

    def parse_response_header(self, read_buffer: BytesIO | bytes) -> ResponseHeader_v0:
        """Answers to this request alone have the old header, so that any client can read them."""
        return ResponseHeader_v0.decode(read_buffer)


class _Versions(Request[_VersionsStruct]):  # type: ignore[misc]  # as above
    """The question about a broker's features, which aiokafka's own request leaves out."""

    API_KEY = 18

    def build(self, request_struct_class: type[_VersionsStruct]) -> _VersionsStruct:
        """The request in Kafka's form."""
        return request_struct_class("service-events-exchange", __version__, {})


async def look_at_cluster(settings: ClientSettings, topics: Sequence[str]) -> Cluster:
    """Ask every broker. Raises LogUnavailable if the first does not answer."""
    with naming("asking the brokers"):
        async with asyncio.timeout(ASK_S_MAX):
            found = await _metadata(settings)
    replicas = {
        topic: Replicas(
            min(len(partition[3]) for partition in partitions),
            sum(len(partition[4]) < len(partition[3]) for partition in partitions),
        )
        for code, topic, _, partitions in found.topics
        if code == 0 and topic in topics and partitions
    }
    asked = (_ask(settings, node, host, port) for node, host, port, _ in found.brokers)
    return Cluster(sorted(await asyncio.gather(*asked), key=lambda broker: broker.node), replicas)


async def _metadata(settings: ClientSettings) -> Response:
    hosts = collect_hosts(settings.bootstrap_servers, randomize=False)
    for left, (host, port, _) in zip(reversed(range(len(hosts))), hosts, strict=True):
        try:
            connection = await _connect(settings, host, port)
            try:
                return await connection.send(MetadataRequest(None, False))
            finally:
                connection.close()
        except (OSError, kafka.KafkaError):
            if not left:
                raise
    raise kafka.KafkaConnectionError


async def _connect(settings: ClientSettings, host: str, port: int) -> AIOKafkaConnection:
    own = settings.connection()
    del own["bootstrap_servers"]
    own["request_timeout_ms"] = int(ASK_S_MAX * 1000)
    return await create_conn(host, port, **own)


async def _ask(settings: ClientSettings, node: int, host: str, port: int) -> BrokerState:
    address = f"{host}:{port}"
    try:
        async with asyncio.timeout(ASK_S_MAX):
            connection = await _connect(settings, host, port)
            try:
                return BrokerState(node, address, True, await _version(connection), await _settings(connection, node))
            finally:
                connection.close()
    except _AWAY:
        return BrokerState(node, address)


async def _version(connection: AIOKafkaConnection) -> VersionRange | None:
    try:
        answer = await connection.send(_Versions())
    except (kafka.IncompatibleBrokerVersion, NotImplementedError):
        return None  # a broker from before features: older than any that can be named
    features = answer.tags.get(SUPPORTED_FEATURES)
    if answer.error_code or features is None:
        return None
    levels = {name: newest for name, _, newest, _ in _FEATURES.decode(BytesIO(features)) or ()}
    return of_level(levels[METADATA_VERSION]) if METADATA_VERSION in levels else None


async def _settings(connection: AIOKafkaConnection, node: int) -> Mapping[str, str | None] | None:
    """Every setting of the broker; None where this user may not read them."""
    answer = await connection.send(DescribeConfigsRequest([(BROKER, str(node), None)]))
    [(code, _, _, _, entries)] = answer.resources
    if code:
        return None
    return {name: value for name, value, *_ in entries}
