"""Making an aiokafka client know topics, for good.

What it knows of a topic, its leaders above all, it forgets at the next look at the cluster unless the topic is on its list
of topics; and the first look, when the list is empty, brings every topic and puts none of them there. A client that
sends to a topic which it knows from that first look alone loses the leader as soon as one new topic is added, and then
waits for it for ever: the lane of a worker to which an agency is added stood still (run). So: every topic that is used is
put on the list. Left alone, aiokafka also puts one topic on it in each tenth of a second.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiokafka.client import AIOKafkaClient

PAUSE_S = 0.1


async def keep_in_mind(client: AIOKafkaClient, topics: Collection[str]) -> None:
    """Put topics on the client's list and wait until it knows them all; the caller bounds the time."""
    await asyncio.gather(*(client.add_topic(topic) for topic in topics))
    while not set(topics) <= client.cluster.topics():
        await asyncio.sleep(PAUSE_S)
        await client.force_metadata_update()
