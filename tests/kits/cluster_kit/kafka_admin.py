"""What `kafka-configs.sh` and `kafka-acls.sh` ask of a cluster, without a Java for each line.

The requests are Kafka's own, sent by aiokafka's client.
"""

import asyncio
import hashlib
import re
import secrets
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import CreateAclsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactBytes, CompactString, Int8, Int16, Int32, Schema, TaggedFields

from exchange.engine.kafka.clients import ClientSettings
from exchange.engine.kafka.rights import Right
from tests.kits.acl_codes import acl

SCRAM_SHA_512 = 2
START_S_MAX = 180
FILE = re.compile(r"SCRAM-SHA-512=\[iterations=(\d+),password=(\S+)\]\n")


class AlterUserScramCredentialsResponse_v0(Response):  # noqa: N801 - as aiokafka names them
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterUserScramCredentialsRequest_v0(RequestStruct):  # noqa: N801 - as aiokafka names them
    FLEXIBLE_VERSION = True
    API_KEY = 51
    API_VERSION = 0
    RESPONSE_TYPE = AlterUserScramCredentialsResponse_v0
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields))),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterUserScramCredentials(Request[AlterUserScramCredentialsRequest_v0]):
    API_KEY = 51
    ALLOW_UNKNOWN_API_VERSION = True  # a client asks for these versions only of what it knows itself

    def __init__(self, users: list[tuple[str, int, bytes, bytes]]) -> None:
        self._users = users

    def build(self, request_struct_class: type[AlterUserScramCredentialsRequest_v0]) -> Any:
        upsertions = [(name, SCRAM_SHA_512, times, salt, salted, {}) for name, times, salt, salted in self._users]
        return request_struct_class([], upsertions, {})


def is_open(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


@asynccontextmanager
async def kafka_admin(settings: ClientSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An administrative client, as soon as the cluster has all its brokers."""
    servers = [server.rpartition(":") for server in settings.bootstrap_servers.split(",")]
    async with asyncio.timeout(START_S_MAX):
        while not all(is_open(host, int(port)) for host, _, port in servers):  # noqa: ASYNC110 - brokers give no event
            await asyncio.sleep(0.2)
        while True:
            client = AIOKafkaAdminClient(**settings.connection())
            try:
                await client.start()
                if len((await client.describe_cluster())["brokers"]) == len(servers):
                    break
            except KafkaError:
                pass
            await client.close()
            await asyncio.sleep(0.5)
    try:
        yield client
    finally:
        await client.close()


async def give_passwords(client: AIOKafkaAdminClient, files: Iterable[Path]) -> None:
    """Give each of these users the password of its file, `users/NAME.properties`."""
    users = []
    for file in files:
        found = FILE.fullmatch(file.read_text())
        assert found
        salt = secrets.token_bytes(24)
        salted = hashlib.pbkdf2_hmac("sha512", found[2].encode(), salt, int(found[1]))
        users.append((file.stem, int(found[1]), salt, salted))
    response = await client._send_request(AlterUserScramCredentials(users))
    assert [code for _, code, *_ in response.results] == [0] * len(users)


async def give_rights(client: AIOKafkaAdminClient, rights: Iterable[Right]) -> None:
    """Grant each of these rights, and nothing else."""
    for right in rights:
        pattern = "prefixed" if right.prefixed else "literal"
        given = acl(right.resource.value, right.name, pattern, f"User:{right.principal}", right.operation.value)
        response = await client._send_request(CreateAclsRequest(*given))
        assert [result[0] for result in response.creation_responses] == [0]
