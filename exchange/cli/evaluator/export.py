"""`exchange export`: the shared national picture up to a month, as files that others read.

Rules kept: nothing is left in the folder unless all of it is. The same month has the same bytes.
Progress goes to standard error.
"""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from consumers.files.published import DataPublisher, PublishedMonth
    from consumers.files.static_site import SiteTold
    from consumers.files.written_files import ExportFile
    from exchange.core.metrics.figures import MetricPoint
    from exchange.core.release.released import Release

app = typer.Typer()
SITE_BYTES: Final = 256 << 20
"""Of charts that are kept until all pages are written: those of a whole site are some megabytes."""
TOLD_S: Final = 5.0
"""Between two lines about charts and pages."""
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@app.command(
    epilog=ending(
        needs="the exchange's Kafka, with the right to read `metrics` and `releases`, and the extra `web`.",
        example="exchange export --epoch 2026-04 --out picture-2026-04",
        statuses={
            ExitStatus.DONE: "all files are there.",
            ExitStatus.ERROR: "not all figures of the month are published yet, or the files could not be written.",
            ExitStatus.USAGE: "the folder is not empty, or nothing was released for the month.",
        },
    )
)
def export(
    *,
    epoch: Annotated[str, typer.Option(metavar="MONTH", help="Everything released up to this month, such as 2026-04.")],
    out: Annotated[Path, typer.Option(metavar="DIR", file_okay=False, help="A new or empty folder for the files.")],
    publisher: Annotated[str, typer.Option(metavar="NAME", help="Who publishes the files.")] = "",
    contact: Annotated[str, typer.Option(metavar="NAME", help="Who answers questions about them.")] = "",
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="Where questions may be sent.")] = "",
    site: Annotated[bool, typer.Option("--site", help="Also write the page as static files, into site/.")] = False,
    charts: Annotated[
        bool, typer.Option(help="Draw the charts of --site: some minutes. Without them, pages have tables.")
    ] = True,
    address: Annotated[
        str, typer.Option(metavar="URL", help="Where the page and the API are, such as https://picture.example.org.")
    ] = "",
) -> None:
    """Write all figures as files: CSV, Parquet, XLSX, SDMX, ADX, catalogues and noisy counts.

    The README in the folder says what each file is. A number that is not shown has words in its
    place, never a blank or a 0.
    """
    from consumers.files.exporting import files_of
    from consumers.files.published import published
    from consumers.files.written_files import check_folder, write
    from exchange.cli.shared.tenths import each_tenth
    from exchange.core.model.epochs import EpochInvalid, parse_epoch

    try:
        month = parse_epoch(epoch)
    except EpochInvalid as error:
        raise typer.BadParameter(str(error), param_hint="--epoch") from None
    who = _publisher(publisher, contact, email, address)
    check_folder(out)
    points, releases = _read()
    found = published(points, releases, month, who)

    def line(progress: tuple[int, int]) -> None:
        typer.echo(f"export: {progress[0]} of {progress[1]} parts", err=True)

    told = each_tenth(lambda progress: progress, line)
    pages = _site(found, charts=charts) if site else []
    files = files_of(found, lambda done, whole: told((done, whole)), more=pages)
    size = write(files, out)
    typer.echo(f"{len(files)} files, {size:,} bytes, {len(found.points):,} figures up to {found.month}: {out}")


def _publisher(name: str, contact: str, email: str, address: str) -> "DataPublisher":
    from consumers.files.published import DataPublisher

    if email and not _EMAIL.fullmatch(email):
        raise typer.BadParameter("write an address such as data@example.org", param_hint="--email")
    if address and not address.startswith(("https://", "http://")):
        raise typer.BadParameter("write an address such as https://picture.example.org", param_hint="--address")
    plain = DataPublisher()
    return DataPublisher(name or plain.name, contact or plain.contact, email, address.rstrip("/"))


def _site(found: "PublishedMonth", *, charts: bool) -> "list[ExportFile]":
    from consumers.charts.charting import Charts
    from consumers.files.static_site import site_files
    from consumers.pages.charted_pages import SiteCharts

    async def whole() -> "list[ExportFile]":
        async with Charts(kept_bytes=SITE_BYTES) as drawn:
            return await site_files(found, SiteCharts(drawn) if charts else None, _site_told())

    typer.echo("export: drawing charts and writing pages" if charts else "export: writing pages", err=True)
    return asyncio.run(whole())


def _site_told() -> "SiteTold":
    """A line every few seconds: some hundred charts and pages take minutes."""
    from exchange.engine.loop_time import loop_s

    shown_s = loop_s()

    def told(what: str, done: int, of: int) -> None:
        nonlocal shown_s
        if loop_s() - shown_s >= TOLD_S:
            shown_s = loop_s()
            typer.echo(f"export: {what}: {done} of {of}", err=True)

    return told


def _read() -> "tuple[list[MetricPoint], list[Release]]":
    from consumers.files.published import read
    from consumers.metrics.subscribe import metrics_log
    from exchange.cli.shared.at_kafka import addressed, with_address
    from exchange.settings import Settings

    settings = with_address(Settings.model_validate({}))

    async def whole() -> "tuple[list[MetricPoint], list[Release]]":
        async with metrics_log(settings) as log:
            return await read(log)

    typer.echo(f"export: reading from {settings.bootstrap_servers}", err=True)
    with addressed(settings):
        return asyncio.run(whole())
