"""An exchange on the Kafka that was found: real topic names, one test at a time, then deleted."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from exchange.engine.kafka.admin import Admin, administer
from exchange.engine.kafka.clients import client_at
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.provision import exchange_topics, provision
from exchange.settings import Settings
from tests.kits.command_line import CommandResult, Run, in_a_thread

PARTITIONS = 4


@pytest.fixture
async def admin(bootstrap_servers: str) -> AsyncIterator[Admin]:
    async with administer(client_at(bootstrap_servers)) as admin:
        yield admin


@pytest.fixture
async def log(bootstrap_servers: str) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(client_at(bootstrap_servers))
    yield log
    await log.close()


@pytest.fixture
async def exchange(admin: Admin, log: KafkaLog) -> AsyncIterator[KafkaLog]:
    """An exchange of four partitions, no agency; deleted after the test; refuses existing ones."""
    wanted = exchange_topics(partitions=PARTITIONS, replication=1)
    names = {spec.name for spec in wanted}
    there = names & set(await admin.partitions())
    assert not there, f"this Kafka holds an exchange already ({sorted(there)}): give the tests another one"
    await provision(admin, wanted)
    yield log
    await admin.delete(await _ours(admin, names))
    async with asyncio.timeout(30):
        while True:
            if not await _ours(admin, names):
                return
            await asyncio.sleep(0.05)


@pytest.fixture
def settings(exchange: KafkaLog, bootstrap_servers: str) -> Settings:
    """What workers and trials need to know of it."""
    return Settings(bootstrap_servers="").at(bootstrap_servers)


@pytest.fixture
def variables(bootstrap_servers: str) -> dict[str, str]:
    """The environment variables of an operator of it."""
    return {
        "EXCHANGE_BOOTSTRAP_SERVERS": bootstrap_servers,
        "EXCHANGE_PARTITIONS": str(PARTITIONS),
        "EXCHANGE_REPLICATION": "1",
        "COLUMNS": "10000",
    }


@pytest.fixture
def run(variables: dict[str, str]) -> Run:
    """A command of that operator; its keywords are further settings."""

    async def run(*words: str, **settings: str) -> CommandResult:
        return await in_a_thread(variables | settings, *words)

    return run


async def _ours(admin: Admin, names: set[str]) -> list[str]:
    return [t for t in await admin.partitions() if t in names or t.startswith(("inbox.", "receipts."))]
