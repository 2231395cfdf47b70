"""`exchange serve`: the released figures by HTTP, for everybody who may see them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exchange.cli.shared.help import ending
from exchange.cli.shared.parent import end_with_parent
from exchange.cli.shared.serving import HERE, PageOptions, announce, serve_log
from exchange.core.exit_status import ExitStatus
from exchange.web.leaving import LEAVE_TO

if TYPE_CHECKING:
    from exchange.engine.log import Log

app = typer.Typer()
PORT: Final = 8500
PORT_MAX: Final = 65_535
PER_MINUTE: Final = 1_200


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
    ] = HERE,
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
    preface: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="A sentence that stands first on every page, and in copied texts and citations."
        ),
    ] = "",
) -> None:
    """Serve the released figures by HTTP until Ctrl-C: a page, JSON, CSV, Parquet and Arrow.

    Reads the topics `metrics` and `releases`, and nothing else. Answers from the first second with
    the figures that it has read so far, and says how far that is. Nothing is written down about
    who asked. With --cache it starts with what the file has, even while Kafka is away.
    """
    import asyncio
    from contextlib import AsyncExitStack, nullcontext

    from consumers.serve.access import Terms
    from consumers.serve.http_server import listening
    from consumers.serve.reader_tokens import read_tokens
    from consumers.serve.snapshot.cache_file import held
    from exchange.cli.shared.at_kafka import with_address
    from exchange.engine.kafka.connection.look import check_connection
    from exchange.engine.kafka.log import KafkaLog
    from exchange.logs import set_up_logs
    from exchange.settings import Settings

    settings = with_address(Settings.model_validate({}))
    set_up_logs("warning" if settings.log_level == "info" else settings.log_level)
    end_with_parent()
    terms = Terms(read_tokens(tokens) if tokens else None, per_minute, proxy)
    page = PageOptions(public_address.rstrip("/"), leave_to, charts, preface)

    async def whole() -> None:
        async with AsyncExitStack() as opened:

            async def connected() -> "Log":
                client = settings.client("exchange-serve")
                await check_connection(client)
                log = KafkaLog(client)
                opened.push_async_callback(log.close)
                return log

            await serve_log(connected, listener, page, cache=file, terms=terms)

    with held(cache) if cache else nullcontext() as file:
        listener = listening(host, port)
        announce(host, listener)
        asyncio.run(whole())
