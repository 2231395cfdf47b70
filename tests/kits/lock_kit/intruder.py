"""A program without the secret tries everything at a broker and prints what became of each try.

python -m tests.kits.lock_kit.intruder ACCOUNT TOPIC DATA_DIR LINKS PORT…

ACCOUNT: the number of the account that it becomes after its imports; -1 for its own. A line of its
output is a try and the name of the error that it ended with, or `done`.
"""

import asyncio
import concurrent.futures.thread  # used by the event loop, which would import it too late
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.protocol.admin import AlterConfigsRequest, CreateTopicsRequest, ListGroupsRequest
from aiokafka.protocol.metadata import MetadataRequest

from exchange.engine.own_brokers import MECHANISM, OWNER

TRY_S_MAX = 15.0
DONE = "done"
REQUESTS = {
    "metadata": MetadataRequest(None),
    "groups": ListGroupsRequest(),
    "create": CreateTopicsRequest([("intruded", 1, 1, [], [])], 1000, False),
    "configure": AlterConfigsRequest([(2, "intruded", [("retention.ms", "1")])]),
}
"""Sent as they are, without a sign-in."""
GUESSED = "0" * 64


def tries(topic: str, port: str, secret: str | None) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
    """Without a sign-in, with a guess, and, as a control, with the secret if it could be read."""
    passwords = {"nobody": None, "guessing": GUESSED} | ({"knowing": secret} if secret else {})
    address = f"127.0.0.1:{port}"
    for name in REQUESTS:
        yield f"{name} {port}", lambda name=name: _ask(int(port), name)
    for who, password in passwords.items():
        common = {
            "bootstrap_servers": address,
            "request_timeout_ms": 2000,
            **(_signed_in(password) if password else {}),
        }
        yield f"list {who} {port}", lambda c=common: _list(c)
        yield f"write {who} {port}", lambda c=common: _write(topic, c)
        yield f"read {who} {port}", lambda c=common: _read(topic, c)


def _signed_in(password: str) -> dict[str, object]:
    return {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": MECHANISM,
        "sasl_plain_username": OWNER,
        "sasl_plain_password": password,
    }


async def _ask(port: int, name: str) -> object:
    connection = await create_conn("127.0.0.1", port, request_timeout_ms=2000)
    try:
        return await connection.send(REQUESTS[name])
    finally:
        connection.close()


async def _list(common: dict[str, object]) -> object:
    client = AIOKafkaAdminClient(**common)
    try:
        await client.start()
        return await client.list_topics()
    finally:
        await client.close()


async def _read(topic: str, common: dict[str, object]) -> object:
    async with AIOKafkaConsumer(**common) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        return await consumer.getone()


async def _write(topic: str, common: dict[str, object]) -> object:
    async with AIOKafkaProducer(**common) as producer:
        return await producer.send_and_wait(topic, b"intruded")


def look_into(*folders: str) -> Iterator[tuple[str, str]]:
    for folder in map(Path, folders):
        for name, look in {"list": lambda f: list(f.iterdir()), "secret": lambda f: (f / "secret").read_text()}.items():
            try:
                look(folder)
            except OSError as error:
                yield f"{name} {folder.name}", type(error).__name__
            else:
                yield f"{name} {folder.name}", DONE


async def main(account: int, topic: str, data_dir: str, links: str, *ports: str) -> None:
    logging.disable()
    if account >= 0:
        os.setgroups([])
        os.setgid(account)
        os.setuid(account)
    found = list(look_into(data_dir, links))
    readable = os.access(Path(data_dir) / "secret", os.R_OK)
    secret = (Path(data_dir) / "secret").read_text() if readable else None
    for port in ports:
        for name, attempt in tries(topic, port, secret):
            try:
                async with asyncio.timeout(TRY_S_MAX):
                    await attempt()
            except Exception as error:  # noqa: BLE001 - its name is printed
                found.append((name, type(error).__name__))
            else:
                found.append((name, DONE))
    for name, outcome in found:
        print(name, outcome)
    print("account", os.geteuid())
    assert concurrent.futures.thread


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
