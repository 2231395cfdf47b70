"""Making an aiokafka client know topics, for good.

A client keeps a list of topics. At each look at the cluster it forgets everything about topics that
are not on the list, above all their leaders. The first look, with an empty list, brings every topic
but puts none on the list. So a client that knows a topic from the first look alone loses its leader
as soon as a new topic is added, and then waits for it for ever: after an agency was added, a
worker's lane stood still (run). So we put every topic in use on the list. By itself, aiokafka adds
only one topic in each tenth of a second.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka.errors import TopicAuthorizationFailedError
from aiokafka.protocol.metadata import MetadataRequest

from exchange.engine.errors import NotAuthorized
from exchange.engine.kafka.errors import naming

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiokafka.client import AIOKafkaClient

PAUSE_S = 0.1


async def keep_in_mind(client: AIOKafkaClient, topics: Collection[str]) -> None:
    """Put topics on the client's list and wait until it knows them; the caller bounds the time."""
    await asyncio.gather(*(client.add_topic(topic) for topic in topics))
    while not set(topics) <= client.cluster.topics():
        await asyncio.sleep(PAUSE_S)
        await client.force_metadata_update()


async def refuse_forbidden(client: AIOKafkaClient, topics: Collection[str]) -> None:
    """Raise NotAuthorized for a topic that this user may not see: otherwise it looks missing."""
    with naming("asking for topics"):
        answer = await client.send(client.get_random_node(), MetadataRequest(sorted(topics), False))
    hidden = sorted(topic for code, topic, *_ in answer.topics if code == TopicAuthorizationFailedError.errno)
    if hidden:
        user = client._sasl_plain_username  # noqa: SLF001 (no public way to ask)
        who = f"The Kafka user {user}" if user else "This Kafka user"
        raise NotAuthorized(f"{who} has no right to the topic {', '.join(hidden)}.")
