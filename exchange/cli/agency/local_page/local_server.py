"""The pages on a socket of this machine, until Ctrl-C.

Rules kept: it listens at 127.0.0.1 and nowhere else; it writes down nothing about requests; it ends
in bounded time, and a run that goes on then commits what it has read.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import uvicorn

from exchange.cli.agency.local_page.agency_pages import AgencyPages
from exchange.cli.agency.local_page.door import HERE
from exchange.cli.agency.local_page.local_app import faces
from exchange.core.errors import ExchangeError

BACKLOG: Final = 64
END_S_MAX: Final = 2
HEADERS_MAX: Final = 16_384
LOOK_S: Final = 1.0
ENDING: Final = (signal.SIGINT, signal.SIGTERM)


class PortUnusable(ExchangeError):
    """The page cannot listen at this port."""

    hint = "Leave out --port: then a free one is taken."


def listening_here(port: int) -> socket.socket:
    """A socket of this machine alone; `port` 0: one that is free. Raises PortUnusable."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.bind((HERE, port))
        found.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        found.close()
        raise PortUnusable(f"Port {port}: {getattr(error, 'strerror', None) or 'no such port'}.") from None
    return found


class _LocalServer(uvicorn.Server):
    """uvicorn, which ends at Ctrl-C without an error; also on Windows."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """End the pages at a signal."""

        def end(_: int, __: FrameType | None) -> None:
            self.should_exit = True

        with contextlib.ExitStack() as back:
            for one in ENDING:
                back.callback(signal.signal, one, signal.signal(one, end))
            yield


async def serve_pages(pages: AgencyPages, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C. `ready`: called once it answers."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    server = _LocalServer(
        uvicorn.Config(
            faces(pages),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=HEADERS_MAX,
            timeout_graceful_shutdown=END_S_MAX,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    watching = asyncio.create_task(_watch(pages, server, ready))
    try:
        await serving
    finally:
        watching.cancel()
        await asyncio.to_thread(pages.end)


async def _watch(pages: AgencyPages, server: uvicorn.Server, ready: Callable[[], None]) -> None:
    """Say when it answers; then lock when it is time."""
    while not server.started:  # noqa: ASYNC110 - uvicorn has no other sign
        await asyncio.sleep(0.01)
    ready()
    warned = False
    while True:
        pages.lock_if_due()
        if pages.door.used_again and not warned:
            warned = True
            pages.announce("")
        await asyncio.sleep(LOOK_S)
