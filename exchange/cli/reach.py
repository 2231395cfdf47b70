"""How a command reaches Kafka: the cluster that EXCHANGE_BOOTSTRAP_SERVERS names, else the broker of `exchange up`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from exchange.core.errors import ExchangeError
from exchange.engine.clients import Admin, administer
from exchange.engine.kafka_log import KafkaLog
from exchange.settings import Settings

T = TypeVar("T")


class NoKafka(ExchangeError):
    """There is no Kafka to talk to."""

    hint = "Set EXCHANGE_BOOTSTRAP_SERVERS to a cluster, or start one here with `exchange up`."


@dataclass(frozen=True, slots=True)
class Reached:
    """A cluster with which a command works."""

    settings: Settings
    log: KafkaLog
    admin: Admin


def located(settings: Settings) -> Settings:
    """The settings with an address in them; raises NoKafka. The broker of `exchange up` is known by its address too."""
    from exchange.engine.broker.directory import data_home, living_holder

    holder = living_holder(data_home())
    if holder is not None and settings.bootstrap_servers in ("", holder.bootstrap_servers):
        return settings.at(holder.bootstrap_servers)
    if not settings.bootstrap_servers:
        raise NoKafka
    return settings


@asynccontextmanager
async def reached(settings: Settings, client_id: str) -> AsyncIterator[Reached]:
    """The cluster, for as long as the block lasts."""
    client = located(settings).client(client_id)
    log = KafkaLog(client)
    try:
        async with administer(client) as admin:
            yield Reached(located(settings), log, admin)
    finally:
        await log.close()


def at_kafka(work: Callable[[Reached], Coroutine[None, None, T]]) -> T:
    """Do this with the cluster, and return what it returns. What goes wrong is said once, by our named error."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    async def whole() -> T:
        async with reached(Settings.model_validate({}), "exchange-operator") as kafka:
            return await work(kafka)

    return asyncio.run(whole())
