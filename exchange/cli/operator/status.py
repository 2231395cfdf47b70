"""`exchange status` and `exchange alerts`: the state of the exchange, and its open alerts."""

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus
from exchange.engine.wall_clock import wall_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType

    from consumers.status.status import ExchangeStatus
    from exchange.cli.shared.at_kafka import KafkaConnection

app = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; with --watch, one line per look.")]
WATCH_S = 2.0
WORKER = "exchange-worker"
"""The client id of every worker."""
UNKNOWN_MEANS = "a topic could not be read; its figures are shown as unknown. Or a named error."
NEEDS = "the extra `worker`, and the exchange's Kafka with the operator's rights."


@app.command(
    epilog=ending(
        needs=NEEDS,
        example="exchange status --watch",
        statuses={ExitStatus.DONE: "also for `--watch`, stopped with Ctrl-C.", ExitStatus.ERROR: UNKNOWN_MEANS},
    )
)
def status(
    *,
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds until Ctrl-C.")] = False,
    every_agency: Annotated[bool, typer.Option("--all", help="Show every agency, not only the first 20.")] = False,
) -> None:
    """Show lag, rates, agencies, refusals and alerts. For operators only: it holds exact counts.

    Works without a worker too: it reads the stored state from Kafka, and reports that no worker is
    running. A topic that cannot be read takes only its own figures away; they are shown as unknown.
    """
    import consumers.status.status  # noqa: F401 - an install without the extra reports it before it connects
    from exchange.cli.shared.console import console

    if watch:
        _watch(console(), as_json=as_json, every_agency=every_agency)
        return
    found: list[ExchangeStatus] = []
    _look(found.append, once=True)
    if as_json:
        typer.echo(json.dumps(asdict(found[0]), indent=2))
    else:
        from exchange.cli.operator.status_tables import rendered

        console().print(rendered(found[0], every_agency=every_agency))
    _end(found[0])


@app.command(epilog=ending(needs=NEEDS, example="exchange alerts", statuses={ExitStatus.ERROR: UNKNOWN_MEANS}))
def alerts(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the open alerts, each with the next step. For operators only."""
    import consumers.status.status  # noqa: F401 - as in `status`
    from exchange.cli.operator.status_tables import alerts_table
    from exchange.cli.shared.console import console

    found: list[ExchangeStatus] = []
    _look(found.append, once=True)
    open_alerts, unknown = found[0].alerts, found[0].unknown
    if as_json:
        typer.echo(json.dumps([asdict(alert) for alert in open_alerts], indent=2))
    elif open_alerts:
        console().print(alerts_table(open_alerts, wall_ms()))
    else:
        typer.echo("No alerts." if not unknown else "No alerts in the sections that could be read.")
    _end(found[0])


def _end(found: "ExchangeStatus") -> None:
    """Name the sections that could not be read, and end with the exit status that says so."""
    for one in found.unknown:
        _note(f"exchange: unknown: {one.section}. {one.says}")
    if found.unknown:
        raise typer.Exit(ExitStatus.ERROR)


def _watch(console: "Console", *, as_json: bool, every_agency: bool) -> None:
    from rich.live import Live

    from exchange.cli.operator.status_tables import rendered

    last: RenderableType = ""
    try:
        if as_json:
            _look(lambda found: typer.echo(json.dumps(asdict(found))))
        elif not console.is_terminal:
            _look(lambda found: console.print(rendered(found, every_agency=every_agency)))
        else:
            with Live(console=console, screen=True, auto_refresh=False) as live:

                def show(what: "RenderableType") -> None:
                    nonlocal last
                    last = what
                    live.update(what, refresh=True)

                _look(lambda found: show(rendered(found, every_agency=every_agency)), on_trouble=show)
    except KeyboardInterrupt:
        if last:  # the terminal's other screen is gone, and the tables with it
            console.print(last)
        _note("Stopped watching. The exchange keeps running.")


def _look(
    show: "Callable[[ExchangeStatus], object]",
    *,
    once: bool = False,
    on_trouble: "Callable[[str], object] | None" = None,
) -> None:
    """Look and show, once or until interrupted; retry when no broker answers."""
    from exchange.cli.shared.at_kafka import at_kafka
    from exchange.engine.errors import LogUnavailable

    async def work(kafka: "KafkaConnection") -> None:
        while True:
            try:
                await _looks(kafka, show, once=once)
            except LogUnavailable as error:
                if once:
                    raise
                (on_trouble or _note)(f"{error} Trying again…")
                await asyncio.sleep(WATCH_S)
            else:
                return

    at_kafka(work, notice=once)


async def _looks(kafka: "KafkaConnection", show: "Callable[[ExchangeStatus], object]", *, once: bool) -> None:
    from consumers.status.open_alerts import expected_lanes
    from consumers.status.reader import looking
    from consumers.status.status import status_of
    from exchange.engine.errors import PartitionUnknown
    from exchange.wire.topics import BY_NAME, DAY_MS, EVENTS

    found, settings = await kafka.admin.partitions(), kafka.settings
    partitions = max((found.get(topic.name, 0) for topic in BY_NAME.values() if topic.partitioned), default=0)
    if not partitions:
        raise PartitionUnknown(f"The cluster has no topic {EVENTS}.")
    lanes = expected_lanes(partitions, calendar=False)  # workers know whether theirs is on
    silent_after_ms = int(settings.silent_after_days * DAY_MS)

    async def strangers() -> list[str]:
        members = await kafka.admin.members(settings.group)
        return [f"{member.client_id} at {member.host}" for member in members if member.client_id != WORKER]

    async with looking(kafka.log, partitions, group=settings.group, members=strangers) as looker:
        while True:
            seen = await looker.look()
            show(status_of(seen, wall_ms(), silent_after_ms=silent_after_ms, lanes=lanes))
            if once:
                return
            await asyncio.sleep(WATCH_S)


def _note(line: str) -> None:
    typer.echo(line, err=True)
