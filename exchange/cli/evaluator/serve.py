"""`exchange serve`: the released figures by HTTP, for everybody who may see them."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus
from exchange.web.leaving import LEAVE_TO

if TYPE_CHECKING:
    import socket

    from consumers.serve.cache_file import CacheFile
    from consumers.serve.guard import Terms
    from consumers.serve.service import Service
    from exchange.settings import Settings

app = typer.Typer()


@dataclass(frozen=True, slots=True)
class PageOptions:
    """How the page is served."""

    address: str
    leave_to: str
    charts: bool


PORT: Final = 8500
PORT_MAX: Final = 65_535
PER_MINUTE: Final = 1_200
LOOK_S: Final = 0.1


@app.command(
    epilog=ending(
        needs="the extra `web`, and the exchange's Kafka with the right to read `metrics` and `releases`.",
        example="exchange serve --port 8500",
        statuses={ExitStatus.DONE: "stopped with Ctrl-C.", ExitStatus.ERROR: "it could not listen, or may not read."},
    )
)
def serve(
    *,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Listen here. Elsewhere than on this machine only behind TLS.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=PORT_MAX, metavar="PORT", help="Listen at this port; 0 takes a free one.")
    ] = PORT,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", dir_okay=False, help="Keep the figures in this file, to answer at once next time."
        ),
    ] = None,
    tokens: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            help="Answer only those who send a token of this file (`exchange tokens add`).",
        ),
    ] = None,
    per_minute: Annotated[
        int,
        typer.Option("--requests-per-minute", min=0, metavar="N", help="Of one reader; 0 sets no limit."),
    ] = PER_MINUTE,
    proxy: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Believe X-Forwarded-For of this proxy alone.", show_default=False)
    ] = "",
    public_address: Annotated[
        str, typer.Option(metavar="URL", help="Where others reach this service; in citations and copied texts.")
    ] = "",
    leave_to: Annotated[
        str, typer.Option(metavar="URL", help="The neutral site that `Leave this page` leads to.")
    ] = LEAVE_TO,
    charts: Annotated[
        bool, typer.Option(help="Draw charts, in a process of its own; without them pages have tables.")
    ] = True,
) -> None:
    """Serve the released figures by HTTP until Ctrl-C: a page, JSON, CSV, Parquet and Arrow.

    Reads the topics `metrics` and `releases`, and nothing else. Answers from the first second with
    the figures that it has read so far, and says how far that is. Nothing is written down about
    who asked. With --cache it starts with what the file has, even while Kafka is away.
    """
    import asyncio
    from contextlib import nullcontext

    from consumers.serve.cache_file import held
    from consumers.serve.guard import Terms
    from consumers.serve.server import listening
    from consumers.serve.tokens import read_tokens
    from exchange.cli.shared.at_kafka import with_address
    from exchange.logs import set_up_logs
    from exchange.settings import Settings

    settings = with_address(Settings.model_validate({}))
    set_up_logs("warning" if settings.log_level == "info" else settings.log_level)
    terms = Terms(read_tokens(tokens) if tokens else None, per_minute, proxy)
    with held(cache) if cache else nullcontext() as file:
        listener = listening(host, port)
        _announce(host, listener)
        page = PageOptions(public_address.rstrip("/"), leave_to, charts)
        asyncio.run(_whole(settings, listener, file, terms, page))


def _announce(host: str, listener: "socket.socket") -> None:
    name = f"[{host}]" if ":" in host else host
    typer.echo(f"Serving http://{name}:{listener.getsockname()[1]}/ (Ctrl-C stops)")
    if not _on_this_machine(listener.getsockname()[0]):
        typer.echo(
            "exchange: others can reach this address, and nothing here encrypts. Put a proxy with TLS in front of it:"
            " docs/SERVING.md.",
            err=True,
        )


def _on_this_machine(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


async def _whole(
    settings: "Settings", listener: "socket.socket", cache: "CacheFile | None", terms: "Terms", page: PageOptions
) -> None:
    import asyncio
    import signal

    from consumers.charts.charting import Charts
    from consumers.files.briefs import as_pdf
    from consumers.pages.charted_pages import SiteCharts
    from consumers.pages.keeping_ready import with_site
    from consumers.pages.rendering import SiteSetting
    from consumers.serve.caching import service_from
    from consumers.serve.server import run
    from exchange.engine.kafka.connection.look import check_connection
    from exchange.engine.kafka.log import KafkaLog

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop.set)
    client = settings.client("exchange-serve")
    await check_connection(client)
    log, service = KafkaLog(client), service_from(cache.path if cache else None)
    telling = asyncio.create_task(_tell(service))
    setting = SiteSetting(
        page.address or f"http://localhost:{listener.getsockname()[1]}", leave_to=page.leave_to, brief_pdf=as_pdf
    )
    try:
        async with Charts() as drawn, with_site(service, setting, SiteCharts(drawn) if page.charts else None):
            await run(service, log, listener, stop, cache=cache, terms=terms)
    finally:
        telling.cancel()
        await log.close()


async def _tell(service: "Service") -> None:
    """Say once that everything was read."""
    import asyncio

    from exchange.core.model.epochs import epoch_text

    loop = asyncio.get_running_loop()
    began_s = loop.time()
    while not service.hearing.complete or service.snapshot.arriving is not None:  # noqa: ASYNC110 - a line for a person
        await asyncio.sleep(LOOK_S)
    status, newest = service.status(), service.picture.newest
    as_of = f"as of {epoch_text(newest)}" if newest is not None else "nothing was released yet"
    typer.echo(f"Read {status['figures']:,} figures in {loop.time() - began_s:.1f} s: {as_of}.")
