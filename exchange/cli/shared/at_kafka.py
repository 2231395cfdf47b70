"""How a command reaches Kafka: the configured cluster, else the broker of `exchange up`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TypeVar

import typer

from exchange.engine.errors import LogUnavailable
from exchange.engine.kafka.admin import Admin, administer
from exchange.engine.kafka.log import KafkaLog
from exchange.kafka_address import NoKafka, with_address
from exchange.logs import log_beside_output
from exchange.settings import Settings

__all__ = ["KafkaAway", "KafkaConnection", "NoKafka", "addressed", "at_kafka", "reached", "with_address"]

T = TypeVar("T")
NOTICE_AFTER_S = 2.0


class KafkaAway(LogUnavailable):
    """No broker answers."""

    hint = "Check that EXCHANGE_BOOTSTRAP_SERVERS names the right cluster, and that its brokers are up."


@dataclass(frozen=True, slots=True)
class KafkaConnection:
    """A cluster with which a command works."""

    settings: Settings
    log: KafkaLog
    admin: Admin


@contextmanager
def addressed(settings: Settings) -> Iterator[None]:
    """Add the address to the error when no broker answers: raises KafkaAway for LogUnavailable."""
    try:
        yield
    except LogUnavailable as error:
        where, happened = settings.bootstrap_servers, str(error.args[0]) if error.args else ""
        if not happened or happened.startswith("connecting"):
            raise KafkaAway(f"No broker answers at {where}.") from None
        raise KafkaAway(f"{happened} The brokers are at {where}.") from None


@asynccontextmanager
async def reached(settings: Settings, client_id: str) -> AsyncIterator[KafkaConnection]:
    """The cluster, for as long as the block lasts."""
    client = with_address(settings).client(client_id)
    log = KafkaLog(client)
    try:
        async with administer(client) as admin:
            yield KafkaConnection(with_address(settings), log, admin)
    finally:
        await log.close()


def at_kafka(work: Callable[[KafkaConnection], Coroutine[None, None, T]], *, notice: bool = True) -> T:
    """Do this with the cluster and return its result. Every failure is one named error.

    `notice`: after two seconds, report on standard error that the command waits; without it, `work`
    reports by itself.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    log_beside_output()

    settings = with_address(Settings.model_validate({}))

    def report() -> None:
        typer.echo(f"exchange: waiting for Kafka at {settings.bootstrap_servers} …", err=True)

    async def whole() -> T:
        late = asyncio.get_running_loop().call_later(NOTICE_AFTER_S, report) if notice else None
        try:
            async with reached(settings, "exchange-operator") as kafka:
                return await work(kafka)
        finally:
            if late:
                late.cancel()

    with addressed(settings):
        return asyncio.run(whole())
