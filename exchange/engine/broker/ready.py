"""Whether a broker answers: a real client's request and answer, not just an open port.

Ready means: the broker's own listing names itself as controller and as a live node, under the
cluster id that its storage was formatted with, so another program on the same port is never
mistaken for it.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from exchange.engine.kafka.clients import ClientSettings

ANSWER_WAIT_S = 5
CONNECT_WAIT_S = 0.5


def answers(settings: ClientSettings, cluster: str | None) -> bool:
    """Ask once. Blocks for a few seconds at most; an event loop in this thread is no hindrance."""
    host, _, port = settings.bootstrap_servers.rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_WAIT_S).close()  # aiokafka logs a closed port as an error
    except OSError:
        return False
    with ThreadPoolExecutor(1) as other_thread:
        return other_thread.submit(asyncio.run, _lists_itself(settings, cluster)).result()


async def _lists_itself(settings: ClientSettings, cluster: str | None) -> bool:
    client = AIOKafkaAdminClient(**settings.connection() | {"request_timeout_ms": ANSWER_WAIT_S * 1000})
    try:
        async with asyncio.timeout(ANSWER_WAIT_S):
            await client.start()
            answer = await client.describe_cluster()
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
    return bool(answer["brokers"]) and answer["controller_id"] >= 0 and answer["cluster_id"] == cluster
