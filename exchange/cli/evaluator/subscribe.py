"""`exchange subscribe`: the metrics as they are published, in a terminal, as JSON Lines or as CSV.

Rules kept: with `--bookmark` a kill loses no point; points printed since the bookmark was kept may
come twice at standard output, and never in a file of `--output`. Notes go to standard error, so
that a pipe holds points and nothing else.
"""

import os
import sys
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus
from exchange.core.words import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from consumers.metrics.subscribe import Batch
    from exchange.cli.evaluator.bookmark import Bookmark
    from exchange.core.metrics.figures import MetricPoint
    from exchange.core.metrics.query import Selection

app = typer.Typer()


class Form(Enum):
    """How points are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@app.command(
    epilog=ending(
        needs="the exchange's Kafka, with the right to read the topic `metrics`.",
        example="exchange subscribe unmet_need_share --division pacific",
        statuses={
            ExitStatus.DONE: "also when stopped with Ctrl-C while it follows.",
            ExitStatus.INTERRUPTED: "`--once` was stopped with Ctrl-C before the end.",
        },
    )
)
def subscribe(
    metrics: Annotated[
        list[str] | None,
        typer.Argument(metavar="METRIC", help="Metrics, such as unmet_need_share.", show_default="every metric"),
    ] = None,
    *,
    since: Annotated[str, typer.Option(metavar="2026-03", help="Only points of this month and later.")] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=CODE", help="Only points with this code, such as service=legal. May be repeated."),
    ] = None,
    division: Annotated[str, typer.Option(metavar="CODE", help="Short for `--where division=CODE`.")] = "",
    everything: Annotated[bool, typer.Option("--all", help='Include points marked "not usable" (too noisy).')] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines, one point per line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Print the points published so far, then stop.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write to this file. With --bookmark, continue it, each point once."),
    ] = None,
    bookmark_file: Annotated[
        Path | None,
        typer.Option("--bookmark", metavar="FILE", help="Resume from, and update, this bookmark file."),
    ] = None,
) -> None:
    """Follow the published metrics until Ctrl-C.

    The table shows each figure as of its newest month; JSON Lines and CSV have every point. Points
    that are not usable are left out unless you give --all. If a point comes again, with the same
    metric, dimensions, period and epoch, it replaces the earlier one.
    """
    from exchange.core.metrics.query import select
    from exchange.core.model.epochs import EpochInvalid

    if as_json and as_csv:
        raise typer.BadParameter("give --json or --csv, not both", param_hint="--csv")
    form = Form.JSON if as_json else Form.CSV if as_csv else Form.TABLE
    if form is Form.TABLE and (output or bookmark_file):
        raise typer.BadParameter("needs --json or --csv", param_hint="--output" if output else "--bookmark")
    pairs = dict(_pair(text) for text in where or ())
    pairs |= {"division": division} if division else {}
    try:
        asked = select(metrics or (), since=since, where=pairs, everything=everything)
    except EpochInvalid as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
    try:
        if form is Form.TABLE:
            _show(asked, once=once)
        else:
            _write(asked, form, once=once, output=output, bookmark_file=bookmark_file)
    except KeyboardInterrupt:  # the usual end of following, which leaves nothing undone
        if once:
            raise
    except BrokenPipeError:  # the reader went away; the interpreter would complain when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _pair(text: str) -> tuple[str, str]:
    name, equals, code = text.partition("=")
    if not (name and equals and code):
        raise typer.BadParameter("write NAME=CODE, such as service=legal", param_hint="--where")
    return name, code


def _each(
    asked: "Selection", take: "Callable[[Batch], None]", bookmark: "Bookmark | None" = None, *, once: bool
) -> None:
    """Hand over batch after batch, from the bookmark on."""
    import asyncio
    import logging
    from contextlib import aclosing

    from consumers.metrics.subscribe import follow, metrics_log
    from exchange.cli.shared.at_kafka import addressed, with_address
    from exchange.settings import Settings

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settings = with_address(Settings.model_validate({}))

    async def whole() -> None:
        start, mark = (bookmark.go_on, bookmark.mark) if bookmark else (0, "")
        async with (
            metrics_log(settings) as log,
            aclosing(follow(log, asked, start=start, mark=mark, once=once)) as batches,
        ):
            async for batch in batches:
                take(batch)

    with addressed(settings):
        asyncio.run(whole())


# As a table


def _show(asked: "Selection", *, once: bool) -> None:
    from rich.live import Live

    from exchange.cli.evaluator.points import Newest, points_table
    from exchange.cli.shared.console import console

    screen, newest, hidden, unreadable, first = console(), Newest(), 0, 0, True
    lively = screen.is_terminal and not once
    live = Live(console=screen, screen=True, auto_refresh=False) if lively else None

    def show(batch: "Batch") -> None:
        nonlocal hidden, unreadable, first
        newest.add(batch.points)
        hidden, unreadable = hidden + batch.hidden, unreadable + batch.unreadable
        if not batch.whole or not (batch.points or first):
            return
        first = False
        if live is not None:
            room = max(1, screen.height - _FURNITURE)
            live.update(points_table(newest.points(), hidden=hidden, rows_max=room), refresh=True)
        elif newest.points():
            screen.print(points_table(newest.points(), hidden=hidden))
        else:
            _note(_nothing(hidden))

    try:
        if live is None:
            _each(asked, show, once=once)
        else:
            with live:
                _each(asked, show, once=once)
    finally:
        _report_unreadable(unreadable)
        if live is not None and newest.points():  # the other screen is gone, and the table with it
            screen.print(points_table(newest.points(), hidden=hidden, rows_max=screen.height))


_FURNITURE = 10
"""Lines that a table takes beside its rows."""


def _nothing(hidden: int) -> str:
    return f"No matching point is usable yet; --all shows {hidden:,}." if hidden else "No matching point was published."


# As lines


def _write(asked: "Selection", form: Form, *, once: bool, output: Path | None, bookmark_file: Path | None) -> None:
    from exchange.cli.evaluator.bookmark import Bookmark, keep, opened, read_bookmark
    from exchange.core.metrics.table import CAVEAT

    question = {**asked.plain(), "form": form.value, "output": str(output) if output else ""}
    bookmark = read_bookmark(bookmark_file, question) if bookmark_file else Bookmark(question)
    with _named():
        out: BinaryIO = opened(output, bookmark) if output else os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    _note(CAVEAT)
    hidden = unreadable = 0

    def write(batch: "Batch") -> None:
        nonlocal bookmark, hidden, unreadable
        hidden, unreadable = hidden + batch.hidden, unreadable + batch.unreadable
        new = batch.go_on > bookmark.go_on
        with _named():
            if batch.points or (new and not bookmark.go_on):
                out.write(_lines(form, batch.points, header=not bookmark.go_on).encode())
                out.flush()
            if new:
                bookmark = _moved(bookmark, batch, out if output else None)
                if bookmark_file:
                    keep(bookmark_file, bookmark)

    try:
        _each(asked, write, bookmark, once=once)
    finally:
        with suppress(OSError):  # the error was reported already
            out.close()
        _report_unreadable(unreadable)
        if hidden:
            _note(f"{number_of(hidden, 'point')} left out, as not usable; --all writes them.")


@contextmanager
def _named() -> "Iterator[None]":
    """Raise OutputFailed for the system's errors about a file; a closed pipe is no failure."""
    from exchange.cli.evaluator.bookmark import OutputFailed

    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(f"Points could not be written: {error.strerror}.") from None


def _moved(bookmark: "Bookmark", batch: "Batch", out: BinaryIO | None) -> "Bookmark":
    """Behind what has just been written; a file is on the disk before the bookmark is."""
    from dataclasses import replace

    if out is None:
        return replace(bookmark, go_on=batch.go_on, mark=batch.mark)
    os.fsync(out.fileno())
    return replace(bookmark, go_on=batch.go_on, length=out.tell(), mark=batch.mark)


def _lines(form: Form, points: "tuple[MetricPoint, ...]", *, header: bool) -> str:
    import json

    from exchange.cli.evaluator.points import as_csv, as_plain

    if form is Form.CSV:
        return as_csv(points, header=header)
    return "".join(json.dumps(as_plain(point), separators=(",", ":")) + "\n" for point in points)


def _report_unreadable(unreadable: int) -> None:
    if unreadable:
        _note(f"{number_of(unreadable, 'record')} could not be read: a newer version wrote this. Upgrade this install.")


def _note(line: str) -> None:
    typer.echo(line, err=True)
