"""`exchange replay`: count the log again, compare with the aggregates, export the tables.

The result goes to standard output, progress to standard error. It holds exact restricted counts.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from exchange.cli.shared.help import ending
from exchange.cli.shared.tenths import each_tenth
from exchange.core.exit_status import ExitStatus
from exchange.core.words import number_of

if TYPE_CHECKING:
    from rich.console import Console

    from consumers.replay import PartitionReplay, ReplayProgress, ReplayResult
    from consumers.replay.table_files import Exported

app = typer.Typer()
BROKEN_SHOWN = 20
OPEN_SAYS = "nobody can count what is behind it. `kafka-transactions.sh find-hanging` finds it, `abort` ends it"


@app.command(
    epilog=ending(
        needs="the exchange's Kafka, with the right to read `events` and `aggregates`.",
        example="exchange replay --export rebuilt --format csv",
        statuses={
            ExitStatus.DONE: "every cell matches, or nothing was compared.",
            ExitStatus.DIFFERENT: "at least one cell differs.",
            ExitStatus.CHAIN_BROKEN: "an agency's events are not 1, 2, 3… once each; the output names agency and place.",
            ExitStatus.ERROR: "an open transaction hides part of the log; the output names the partition.",
        },
    )
)
def replay(
    *,
    to_offsets: Annotated[
        str,
        typer.Option(
            metavar="P:OFF,…", help="Count up to this cut: for each partition of `events`, the first offset left out."
        ),
    ] = "",
    to_heads: Annotated[
        str,
        typer.Option(metavar="CODE:SEQ,…", help="Count up to these events: for each agency, the last one inside."),
    ] = "",
    to_epoch: Annotated[
        str, typer.Option(metavar="MONTH", help="Count up to the cut of a closed month, such as 2026-10.")
    ] = "",
    at_aggregates: Annotated[
        bool,
        typer.Option("--at-aggregates", help="Count up to the position of the aggregates, and compare. The default."),
    ] = False,
    export_to: Annotated[
        Path | None, typer.Option("--export", metavar="DIR", help="Write the rebuilt tables to this directory.")
    ] = None,
    file_format: Annotated[
        Literal["csv", "parquet"], typer.Option("--format", help="The format of the exported files.")
    ] = "csv",
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export in this directory.")] = False,
    independent: Annotated[
        bool,
        typer.Option("--independent", help="Decode every event instead of using the fast path. Slower; for auditors."),
    ] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Number of worker processes.", show_default="one per core")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Count all events again and compare with the aggregates, the running counts.

    The result is `match`, or the first cell that differs. It holds exact counts: for operators and
    auditors only, never to be published.
    """
    from rich.console import Console

    from consumers.replay import KafkaSource, ReplayVerdict
    from consumers.replay import replay as fold_again
    from consumers.replay.at_heads import cut_of_epoch, parse_heads
    from consumers.replay.cut import parse_cut
    from consumers.replay.table_files import Format, check_destination, export
    from exchange.cli.shared.at_kafka import addressed, with_address
    from exchange.core.model.epochs import parse_epoch
    from exchange.settings import Settings

    if sum(map(bool, (to_offsets, to_heads, to_epoch, at_aggregates))) > 1:
        raise typer.BadParameter("give one of --to-offsets, --to-heads, --to-epoch and --at-aggregates")
    cut = parse_cut(to_offsets) if to_offsets else None
    heads = parse_heads(to_heads) if to_heads else None
    epoch = parse_epoch(to_epoch) if to_epoch else None
    format_ = Format(file_format)
    if export_to:
        check_destination(export_to, format_, force=force)
    settings = with_address(Settings.model_validate({}))
    source = KafkaSource(settings)
    with addressed(settings), shown(Console(stderr=True)) as progress:
        if epoch is not None:
            found, is_here = asyncio.run(cut_of_epoch(source, epoch))
            cut, heads = (dict(enumerate(found.offsets)), None) if is_here else (None, dict(found.heads))
        counting = fold_again(source, cut, progress, heads=heads, independent=independent, processes=processes)
        result = asyncio.run(counting)
    written = export(result, export_to, format_, force=force) if export_to else None
    typer.echo(json.dumps(as_plain(result, written), indent=2) if as_json else "\n".join(lines_of(result, written)))
    raise typer.Exit(
        {
            ReplayVerdict.BROKEN: ExitStatus.CHAIN_BROKEN,
            ReplayVerdict.DIFFERENT: ExitStatus.DIFFERENT,
            ReplayVerdict.INCOMPLETE: ExitStatus.ERROR,
        }.get(result.verdict, ExitStatus.DONE)
    )


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
    def line(progress: "ReplayProgress") -> None:
        console.print(
            f"replay: {progress.events:,} events, offset {progress.read:,} of {progress.total:,}",
            highlight=False,
            soft_wrap=True,
        )

    return each_tenth(lambda progress: (progress.read, progress.total), line)


def lines_of(result: "ReplayResult", written: "Exported | None") -> Iterator[str]:
    """The result for a person: the verdict first."""
    from consumers.replay.table_files import NOTICE

    partitions = number_of(len(result.partitions), "partition")
    size = f"{number_of(result.events, 'event')}, {number_of(len(result.counts), 'cell')}, {partitions}"
    differences = result.differences
    yield from _broken_chains(result)
    if differences:
        yield f"different: {number_of(len(differences), 'cell')}; {size}"
        yield f"first difference: {differences[0]}"
    else:
        yield f"{result.verdict.value}: {size}"
    if result.unsigned:
        yield (
            f"not signed: the newest events of {', '.join(result.unsigned)}. A run is arriving, or was refused in its"
            " middle: `exchange status` shows why; the agency's next run signs them"
        )
    yield from filter(None, map(_why_not_compared, result.partitions))
    for part in result.partitions:
        if part.undecided is not None:
            yield f"partition {part.partition}: a transaction is open from offset {part.undecided} on; {OPEN_SAYS}"
    behind = [part for part in result.partitions if not part.complete and part.undecided is None]
    if going_on := ", ".join(str(part.partition) for part in behind):
        yield f"the log continues after the cut in partition {going_on}"
    if written:
        size = f"{number_of(written.tables, 'table')}, {number_of(written.rows, 'row')}"
        yield f"exported: {size}, to {written.directory} ({written.format})"
        yield NOTICE


def _broken_chains(result: "ReplayResult") -> Iterator[str]:
    if result.breaks:
        yield f"broken chain: {number_of(result.breaks, 'event')} out of order"
        yield from map(str, result.broken[:BROKEN_SHOWN])
    for agency in result.in_two_partitions:
        yield f"broken chain: {agency} has events in more than one partition"


def _why_not_compared(part: "PartitionReplay") -> str:
    if part.compared:
        return ""
    if not part.clean:
        return f"partition {part.partition}: not compared, because the cut lies between other events"
    if part.live is None:
        return f"partition {part.partition}: not compared, because there are no aggregates"
    where = "after" if part.live.position > part.replayed.position else "before"
    return f"partition {part.partition}: not compared; the aggregates are at {part.live.position}, {where} the cut {part.cut}"


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
        "chains": {
            "breaks": result.breaks,
            "broken": [asdict(broken) for broken in result.broken],
            "in_two_partitions": result.in_two_partitions,
            "unsigned": result.unsigned if all(part.unsigned is not None for part in result.partitions) else None,
        },
        "partitions": [
            {
                "partition": part.partition,
                "cut": part.cut,
                "end": part.end,
                "complete": part.complete,
                "undecided_from": part.undecided,
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
