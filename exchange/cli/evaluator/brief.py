"""`exchange brief`: two pages about a place, for a funder, as HTML or as a tagged PDF."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from exchange.core.picture.asked.briefs import Brief

app = typer.Typer()


@app.command(
    epilog=ending(
        needs="the exchange's Kafka, with the right to read `metrics` and `releases`; with --pdf the extra `web`.",
        example="exchange brief --state ca --pdf",
        statuses={
            ExitStatus.ERROR: "no year of the place was released yet.",
            ExitStatus.USAGE: "there is no such place or month.",
        },
    )
)
def brief(
    *,
    state: Annotated[str, typer.Option(metavar="CODE", help="A state, such as ca.")] = "",
    division: Annotated[str, typer.Option(metavar="CODE", help="A Census division, such as pacific.")] = "",
    pdf: Annotated[bool, typer.Option("--pdf", help="Write a tagged PDF instead of HTML.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Where to write it.", show_default="brief-CODE.html or .pdf"),
    ] = None,
    epoch: Annotated[
        str, typer.Option(metavar="MONTH", help="As of this month, such as 2026-04.", show_default="the newest")
    ] = "",
) -> None:
    """Write a brief: needs, unmet needs, trend, how sure, what is missing, and sources.

    Both forms have the same sentences. Each number has its interval; what is not shown is named.
    """
    from consumers.files.brief_files import as_page, as_pdf
    from exchange.core.picture.asked.briefs import where_of

    if bool(state) == bool(division):
        raise typer.BadParameter("give one of --state and --division", param_hint="--state")
    place = state or division
    [(kind, _)] = where_of(place)
    if kind != ("state" if state else "division"):
        raise typer.BadParameter(f"{place} is a {kind}", param_hint=f"--{'state' if state else 'division'}")
    found = _read(place, epoch)
    path = out or Path(f"brief-{place}.{'pdf' if pdf else 'html'}")
    path.write_bytes(as_pdf(found) if pdf else as_page(found).encode())
    typer.echo(f"{found.title}: {path}")


def _read(place: str, epoch: str) -> "Brief":
    from consumers.files.published import read
    from consumers.metrics.subscribe import metrics_log
    from exchange.cli.shared.at_kafka import addressed, with_address
    from exchange.core.model.epochs import EpochInvalid, parse_epoch
    from exchange.core.picture.asked.briefs import brief_of
    from exchange.core.picture.comparisons.measured import Behind
    from exchange.core.release.released import Released
    from exchange.settings import Settings

    try:
        until = parse_epoch(epoch) if epoch else None
    except EpochInvalid as error:
        raise typer.BadParameter(str(error), param_hint="--epoch") from None
    settings = with_address(Settings.model_validate({}))

    async def whole() -> "Brief":
        async with metrics_log(settings) as log:
            points, releases = await read(log)
        released = Released().taking(one for one in releases if until is None or one.epoch <= until)
        there = [point for point in points if until is None or point.epoch <= until]
        return brief_of(there, Behind(released), place)

    with addressed(settings):
        return asyncio.run(whole())
