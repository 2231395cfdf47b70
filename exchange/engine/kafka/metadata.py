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
