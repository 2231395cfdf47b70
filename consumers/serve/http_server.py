"""The service on a socket, beside its reader of Kafka, in one event loop.

Rules kept: it ends when it is told to (`stop`), or with the error that ended its reader; it ends in
bounded time, whoever still reads. Nothing is written down about requests: uvicorn's access log is
off, and so are its own messages, which would tell of each reader; the application logs its faults.
"""

import asyncio
import logging
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

import uvicorn

from consumers.serve.access import Terms
from consumers.serve.app import faces
from consumers.serve.caching import keep
from consumers.serve.service import Service
from consumers.serve.snapshot.cache_file import CacheFile
from exchange.core.errors import ExchangeError
from exchange.engine.log import Log

BACKLOG: Final = 1_024
END_S_MAX: Final = 2
"""Seconds that answers in progress have at the end."""
HEADERS_MAX: Final = 16_384
"""Bytes of a request's line and headers."""
SEND_BUFFER: Final = 1 << 18
"""Bytes that the system holds for a reader that takes nothing; left to itself, megabytes."""
SILENT_PEER_S: Final = 20
"""Seconds after which the system gives up a connection whose other side takes nothing."""


class AddressUnusable(ExchangeError):
    """The service cannot listen at this address."""

    hint = "Another program may listen there: choose another --port, or stop it."


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; `port` 0: one that is free. Raises AddressUnusable."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_PEER_S * 1_000)
            found.bind(address)
            found.listen(BACKLOG)
        except OSError:
            found.close()
            raise
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "no such address"
        raise AddressUnusable(f"{host} port {port}: {reason}.") from None
    return found


class _Server(uvicorn.Server):
    """uvicorn, which leaves signals to the command that runs it."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Nothing."""
        yield


def _config(service: Service, terms: Terms | None) -> uvicorn.Config:
    return uvicorn.Config(
        faces(service, terms),
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=HEADERS_MAX,
        timeout_graceful_shutdown=END_S_MAX,
    )


async def run(
    service: Service,
    log: Log,
    listener: socket.socket,
    stop: asyncio.Event,
    *,
    cache: CacheFile | None = None,
    terms: Terms | None = None,
) -> None:
    """Serve until `stop` is set. Raises the engine's named errors that waiting does not cure."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # it logs each reader that is dropped
    follower = service.follower(log)
    server = _Server(_config(service, terms))
    following = asyncio.create_task(follower.run(), name="follow")
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="serve")
    keeping = asyncio.create_task(keep(service, cache), name="keep") if cache else None
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait({following, serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        service.readers.close()
        server.should_exit = True
        stopping.cancel()
        await asyncio.wait({serving})
        failed = following.done()
        for task in (following, keeping):
            if task is not None:
                task.cancel()
        if keeping is not None:
            with suppress(asyncio.CancelledError):
                await keeping
        with suppress(asyncio.CancelledError, *(() if failed else (ExchangeError,))):
            await following
    await serving
