"""Gives rights by the lines that `exchange topics rights --format acl` prints.

A line is read as `kafka-acls.sh` reads it; a word that is not expected is refused. The embedded
Kafka does not have that script's archive, so its request is sent from here.
"""

import argparse
import asyncio
import shlex
from collections.abc import Iterable, Iterator

from aiokafka.conn import create_conn
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from tests.kits.acl_codes import OPERATIONS, RESOURCES, Acl, acl

THE_CLUSTER = "kafka-cluster"
SHOWN_S = 0.5
"""Until every part of a broker of one node knows a change."""


def parsed(line: str) -> Iterator[Acl]:
    """The requests of one line."""
    program, *words = shlex.split(line)
    assert program == "kafka-acls.sh"
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    for name in ("--bootstrap-server", "--command-config", "--allow-principal", "--resource-pattern-type"):
        parser.add_argument(name, required=True)
    parser.add_argument("--add", action="store_true", required=True)
    parser.add_argument("--operation", action="append", choices=OPERATIONS, required=True)
    resource = parser.add_mutually_exclusive_group(required=True)
    for name in RESOURCES.keys() - {"cluster"}:
        resource.add_argument(f"--{name}")
    resource.add_argument("--cluster", action="store_const", const=THE_CLUSTER)
    found = vars(parser.parse_args(words))
    [kind] = [name for name in RESOURCES if found[name.replace("-", "_")] is not None]
    for operation in found["operation"]:
        name, pattern = found[kind.replace("-", "_")], found["resource_pattern_type"]
        yield acl(kind, name, pattern, found["allow_principal"], operation)


async def give(address: str, lines: Iterable[str]) -> None:
    """Give the rights of these lines. `address`: where a super user needs no password."""
    connection = await create_conn(*_host_and_port(address))
    try:
        for line in lines:
            for right in parsed(line):
                answer = await connection.send(CreateAclsRequest(*right))
                assert [code for code, _ in answer.creation_responses] == [0], line
    finally:
        connection.close()
    await asyncio.sleep(SHOWN_S)


async def take(address: str, lines: Iterable[str]) -> None:
    """Take the rights of these lines again."""
    connection = await create_conn(*_host_and_port(address))
    try:
        for line in lines:
            for right in parsed(line):
                answer = await connection.send(DeleteAclsRequest(*right))
                assert [response[0] for response in answer.filter_responses] == [0], line
    finally:
        connection.close()
    await asyncio.sleep(SHOWN_S)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)
