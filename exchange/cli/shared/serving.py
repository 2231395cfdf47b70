"""Serving released figures until Ctrl-C: for `exchange serve`, and for the demo's own page."""

import asyncio
import ipaddress
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from consumers.serve.access import Terms
    from consumers.serve.service import Service
    from consumers.serve.snapshot.cache_file import CacheFile
    from exchange.engine.log import Log

HERE: Final = "127.0.0.1"
"""This machine alone."""
LOOK_S: Final = 0.1
SWITCH_S: Final = 0.0005
"""So long a thread that makes a page may keep the interpreter from one that answers. Python's own
5 ms come again at each step of an answer."""


@dataclass(frozen=True, slots=True)
class PageOptions:
    """How the page is served. `address`: the public one; empty: that of this machine.

    `preface`: a sentence that stands first on every page; empty: none.
    """

    address: str
    leave_to: str
    charts: bool
    preface: str = ""


def announce(host: str, listener: "socket.socket") -> None:
    """Print the address, and a warning if others reach it."""
    name = f"[{host}]" if ":" in host else host
    typer.echo(f"Serving http://{name}:{listener.getsockname()[1]}/ (Ctrl-C stops)")
    if not ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback:
        typer.echo(
            "exchange: others can reach this address, and nothing here encrypts. Put a proxy with TLS in front of it:"
            " docs/SERVING.md.",
            err=True,
        )


async def serve_log(
    connected: "Callable[[], Awaitable[Log]]",
    listener: "socket.socket",
    page: PageOptions,
    *,
    cache: "CacheFile | None" = None,
    terms: "Terms | None" = None,
) -> None:
    """Serve the public topics of a log until Ctrl-C. Raises what `connected` and the log raise."""
    from consumers.files.brief_files import as_pdf
    from consumers.pages.beside.page_process import PageProcess
    from consumers.pages.keeping_ready import with_site
    from consumers.pages.rendering import SiteSetting
    from consumers.serve.caching import service_from
    from consumers.serve.http_server import run
    from consumers.serve.snapshot.memory import leave_pandas_out
    from exchange.engine.gc_tuning import relax_collector

    relax_collector()
    sys.setswitchinterval(SWITCH_S)
    leave_pandas_out()
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop.set)
    log, service = await connected(), service_from(cache.path if cache else None)
    telling = asyncio.create_task(_tell(service))
    address = page.address or f"http://localhost:{listener.getsockname()[1]}"
    setting = SiteSetting(address, leave_to=page.leave_to, brief_pdf=as_pdf, preface=page.preface, drawn=page.charts)
    try:
        async with PageProcess(service, setting) as pages, with_site(service, setting, pages):
            service.charts = pages if page.charts else None
            await run(service, log, listener, stop, cache=cache, terms=terms)
    finally:
        telling.cancel()


async def _tell(service: "Service") -> None:
    """Print one line when everything was read."""
    from exchange.core.model.epochs import epoch_text

    loop = asyncio.get_running_loop()
    began_s = loop.time()
    while not service.hearing.complete or service.snapshot.arriving is not None:  # noqa: ASYNC110 - a line for a person
        await asyncio.sleep(LOOK_S)
    status, newest = service.status(), service.picture.newest
    as_of = f"as of {epoch_text(newest)}" if newest is not None else "nothing was released yet"
    typer.echo(f"Read {status['figures']:,} figures in {loop.time() - began_s:.1f} s: {as_of}.")
