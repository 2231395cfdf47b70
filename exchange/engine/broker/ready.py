"""Whether a broker answers: a real client's request and answer, not just an open port.

Ready means: the broker's own listing names itself as controller and as a live node, under the
cluster id that its storage was formatted with, so another program on the same port is never
mistaken for it.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from exchange.engine.kafka.clients import ClientSettings

ANSWER_WAIT_S = 5
CONNECT_WAIT_S = 0.5
_NO_ANSWER = (KafkaError, OSError, TimeoutError, ValueError, LookupError)
"""The last two: of a program that does not prove that it knows the secret."""


def answers(settings: ClientSettings, cluster: str | None) -> bool:
    """Ask once. Blocks for a few seconds at most; an event loop in this thread is no hindrance."""
    host, _, port = settings.bootstrap_servers.rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_WAIT_S).close()  # aiokafka logs a closed port as an error
    except OSError:
        return False
    with ThreadPoolExecutor(1) as other_thread:
        return other_thread.submit(asyncio.run, _lists_itself(settings, host, int(port), cluster)).result()


async def _lists_itself(settings: ClientSettings, host: str, port: int, cluster: str | None) -> bool:
    """One connection: a client of aiokafka would open two, and each signs in."""
    own = settings.connection() | {"request_timeout_ms": ANSWER_WAIT_S * 1000}
    del own["bootstrap_servers"]
    try:
        async with asyncio.timeout(ANSWER_WAIT_S):
            connection = await create_conn(host, port, **own)
            try:
                answer = await connection.send(MetadataRequest([]))
            finally:
                connection.close()
    except _NO_ANSWER:
        return False
    return bool(answer.brokers) and answer.controller_id >= 0 and answer.cluster_id == cluster
