"""`exchange replay`: fold the log again, say whether the aggregates are what it gives, and export the rebuilt tables.

Exit status: 0 for `match` and for `not compared`, 4 when a cell differs, 1 for a named error, 130 for Ctrl-C. The result
goes to standard output, progress to standard error. What is shown are exact restricted counts.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from consumers.replay import PartitionReplay, ReplayProgress, ReplayResult
    from consumers.replay.table_files import Exported

DIFFERENT = 4
"""Exit status when aggregates and replay disagree."""

app = typer.Typer()


@app.command()
def replay(
    *,
    to_offsets: Annotated[
        str, typer.Option(metavar="P:OFF,…", help="The cut: for each partition of events, the first offset left out.")
    ] = "",
    at_aggregates: Annotated[
        bool, typer.Option("--at-aggregates", help="Cut where the aggregates stand, and compare. The default.")
    ] = False,
    export_to: Annotated[
        Path | None, typer.Option("--export", metavar="DIR", help="Write the rebuilt tables to this directory.")
    ] = None,
    file_format: Annotated[Literal["csv", "parquet"], typer.Option("--format", help="Of the exported files.")] = "csv",
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export in the directory.")] = False,
    independent: Annotated[
        bool, typer.Option("--independent", help="Decode every event, past the fast plan: slower, for auditors.")
    ] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many beside this one.", show_default="one a core")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Fold events from offset 0 again and compare with the aggregates: `match`, or the first cell that differs."""
    from rich.console import Console

    from consumers.replay import KafkaSource, ReplayVerdict
    from consumers.replay import replay as fold_again
    from consumers.replay.cut import parse_cut
    from consumers.replay.table_files import Format, check_destination, export
    from exchange.cli.shared.at_kafka import addressed, with_address
    from exchange.settings import Settings

    if to_offsets and at_aggregates:
        raise typer.BadParameter("--to-offsets and --at-aggregates name two cuts: give one.")
    cut = parse_cut(to_offsets) if to_offsets else None
    format_ = Format(file_format)
    if export_to:
        check_destination(export_to, format_, force=force)
    settings = with_address(Settings.model_validate({}))
    source = KafkaSource(settings)
    with addressed(settings), shown(Console(stderr=True)) as progress:
        result = asyncio.run(fold_again(source, cut, progress, independent=independent, processes=processes))
    written = export(result, export_to, format_, force=force) if export_to else None
    typer.echo(json.dumps(as_plain(result, written), indent=2) if as_json else "\n".join(lines_of(result, written)))
    raise typer.Exit(DIFFERENT if result.verdict is ReplayVerdict.DIFFERENT else 0)


@contextmanager
def shown(console: "Console") -> Iterator["Callable[[ReplayProgress], None]"]:
    """A progress bar at a terminal; in a log or a pipe a plain line each tenth of the way."""
    if not console.is_terminal:
        yield _plain_lines(console)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("replaying"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    events = TextColumn("{task.fields[events]:,} events")
    with Progress(*columns, events, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("", total=None, events=0)
        yield lambda p: bar.update(task, completed=p.read, total=p.total, events=p.events)


def _plain_lines(console: "Console") -> "Callable[[ReplayProgress], None]":
    said = 0

    def say(progress: "ReplayProgress") -> None:
        nonlocal said
        tenths = 10 * progress.read // max(1, progress.total)
        if tenths > said:
            said = tenths
            console.print(
                f"replay: {progress.events:,} events, offset {progress.read:,} of {progress.total:,}",
                highlight=False,
                soft_wrap=True,
            )

    return say


def lines_of(result: "ReplayResult", written: "Exported | None") -> Iterator[str]:
    """The result for a person: the verdict first."""
    from consumers.replay.table_files import NOTICE

    partitions = f"{len(result.partitions)} partition{'s' * (len(result.partitions) != 1)}"
    size = f"{result.events:,} events, {len(result.counts):,} cells, {partitions}"
    differences = result.differences
    if differences:
        yield f"different: {len(differences):,} cell{'s' * (len(differences) != 1)}; {size}"
        yield f"the first: {differences[0]}"
    else:
        yield f"{result.verdict.value}: {size}"
    yield from filter(None, map(_why_not_compared, result.partitions))
    if going_on := ", ".join(str(part.partition) for part in result.partitions if not part.complete):
        yield f"the log goes on beyond the cut in partition {going_on}"
    if written:
        yield f"exported: {written.tables} tables, {written.rows:,} rows, to {written.directory} ({written.format})"
        yield NOTICE


def _why_not_compared(part: "PartitionReplay") -> str:
    if part.compared:
        return ""
    if part.live is None:
        return f"partition {part.partition}: there are no aggregates to compare with"
    where = "beyond" if part.live.position > part.replayed.position else "before"
    return f"partition {part.partition}: the aggregates stand at {part.live.position}, {where} the cut {part.cut}"


def as_plain(result: "ReplayResult", written: "Exported | None") -> dict[str, object]:
    """The result as JSON; docs/REPLAY.md names the fields."""
    from consumers.replay.table_files import NOTICE

    first = result.differences[0] if result.differences else None
    return {
        "notice": NOTICE,
        "verdict": result.verdict.value,
        "events": result.events,
        "cells": len(result.counts),
        "cut": result.cut,
        "complete": result.complete,
        "digest": f"{result.digest:064x}",
        "fingerprint": result.fingerprint,
        "differing": len(result.differences),
        "first_difference": first
        and {"cell": first.name, "partition": first.partition, "aggregates": first.live, "replay": first.replayed},
        "partitions": [
            {
                "partition": part.partition,
                "cut": part.cut,
                "end": part.end,
                "complete": part.complete,
                "events": part.replayed.events,
                "digest": f"{part.replayed.digest:064x}",
                "aggregates_at": part.live and part.live.position,
                "compared": part.compared,
            }
            for part in result.partitions
        ],
        "export": written
        and {
            "directory": str(written.directory),
            "format": written.format.value,
            "tables": written.tables,
            "rows": written.rows,
        },
    }
