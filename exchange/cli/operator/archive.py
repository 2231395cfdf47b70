"""`exchange archive` and `exchange restore`: the exchange as files, and back.

An archive holds every event of every agency: it is restricted.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.cli.shared.tenths import each_tenth
from exchange.core.exit_status import ExitStatus
from exchange.core.words import number_of

if TYPE_CHECKING:
    from consumers.archive import Archived, CopyProgress, Restored
    from exchange.cli.shared.at_kafka import KafkaConnection

NEXT_STEPS = (
    "Next: point the workers and the agencies to this cluster, start `exchange worker`, and run `exchange replay` once it"
    " has counted. Agencies publish as before; what the archive lacks they send again by themselves."
)
INTERRUPTED = (
    "Interrupted. The archive is unchanged. Run `exchange restore` again: it says whether the cluster is still empty, or"
    " needs --again."
)
app = typer.Typer()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(
    epilog=ending(
        needs="the exchange's Kafka, with the right to read `events`, `agencies`, `epochs`, `draws` and `releases`.",
        example="exchange archive /backup/exchange",
        statuses={ExitStatus.ERROR: "nothing was archived; an earlier archive in the directory is as it was."},
    )
)
def archive(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new or empty directory, or that of this cluster's earlier archive.")
    ],
    *,
    last: Annotated[
        bool,
        typer.Option(
            "--last", help="Also record that the exchange leaves this cluster. No month is closed here any more."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the exchange's records to files. A repeat adds what is new.

    The files hold every event of every agency: keep them encrypted, and for operators only. Run it
    after each closed month, and copy the directory off this machine. It may run while workers run.
    """
    from consumers.archive import archive as write
    from consumers.archive.manifest import NOTICE
    from exchange.cli.shared.at_kafka import at_kafka
    from exchange.engine.errors import PartitionUnknown
    from exchange.wire.topics import EVENTS

    async def work(kafka: "KafkaConnection") -> "Archived":
        partitions = (await kafka.admin.partitions()).get(EVENTS)
        if partitions is None:
            raise PartitionUnknown(f"The cluster has no topic {EVENTS}.")
        with shown("archive") as progress:
            return await write(kafka.log, partitions, directory, progress, last=last)

    done = at_kafka(work, notice=False)
    if as_json:
        typer.echo(json.dumps(archived_plain(done), indent=2))
        return
    manifest = done.manifest
    events, epochs = number_of(manifest.records(EVENTS), "event"), number_of(len(manifest.epochs), "closed month")
    typer.echo(f"archived: {events}, {epochs}, to {done.directory} ({number_of(done.added, 'new file')})")
    typer.echo(f"digest: {manifest.digest}")
    typer.echo(NOTICE)


@app.command(
    epilog=ending(
        needs="an empty Kafka cluster, with the right to create the exchange's topics and to write to all of them.",
        example="exchange restore /backup/exchange",
        statuses={ExitStatus.ERROR: "the exchange was not restored; the message says why."},
    )
)
def restore(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The directory that `exchange archive` wrote.")],
    *,
    again: Annotated[
        bool,
        typer.Option("--again", help="After an interrupted restore: delete its topics first, and begin anew."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the exchange on an empty cluster from an archive.

    The cluster may have another number of partitions (EXCHANGE_PARTITIONS). Stop all workers first:
    two clusters of one exchange would release different figures about the same people.
    """
    from consumers.archive import Target
    from consumers.archive import restore as write
    from consumers.release.witness_file import WitnessFiles
    from exchange.cli.shared.at_kafka import at_kafka

    async def work(kafka: "KafkaConnection") -> "Restored":
        settings = kafka.settings
        target = Target(kafka.log, kafka.admin, settings.partitions, settings.replication)
        with shown("restore") as progress:
            return await write(target, directory, progress, again=again, witness=WitnessFiles(settings.state_folder))

    try:
        done = at_kafka(work, notice=False)
    except KeyboardInterrupt:
        typer.echo(INTERRUPTED, err=True)
        raise
    if as_json:
        typer.echo(json.dumps(restored_plain(done), indent=2))
        return
    months = number_of(done.epochs, "closed month")
    agencies = number_of(done.agencies, "agency", "agencies")
    typer.echo(f"restored: {number_of(done.records['events'], 'event')} of {agencies}, {months}")
    typer.echo(f"from cluster {done.origin} to cluster {done.cluster}")
    typer.echo(NEXT_STEPS)


def archived_plain(done: "Archived") -> dict[str, object]:
    """The result as JSON; docs/OPERATIONS.md names the fields."""
    from consumers.archive.books import SMALL_TOPICS
    from consumers.archive.manifest import NOTICE
    from exchange.core.model.epochs import epoch_text
    from exchange.wire.topics import EVENTS

    manifest = done.manifest
    return {
        "notice": NOTICE,
        "directory": str(done.directory),
        "digest": manifest.digest,
        "cluster": manifest.cluster,
        "records": {topic: manifest.records(topic) for topic in (EVENTS, *SMALL_TOPICS)},
        "epochs": [epoch_text(epoch) for epoch in manifest.epochs],
        "added": done.added,
    }


def restored_plain(done: "Restored") -> dict[str, object]:
    """The result as JSON; docs/OPERATIONS.md names the fields."""
    return {
        "origin": done.origin,
        "cluster": done.cluster,
        "archive": done.archive,
        "records": dict(done.records),
        "agencies": done.agencies,
        "epochs": done.epochs,
    }


@contextmanager
def shown(doing: str) -> Iterator["Callable[[CopyProgress], None]"]:
    """A progress bar at a terminal; in a log or a pipe a plain line each tenth of the way."""
    from exchange.cli.shared.console import console

    out = console(stderr=True)
    if not out.is_terminal:
        yield _plain_lines(doing)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn(doing), BarColumn(), TextColumn("{task.completed:,} events"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=out) as bar:
        task = bar.add_task("", total=None)
        yield lambda p: bar.update(task, completed=p.events, total=p.total)


def _plain_lines(doing: str) -> "Callable[[CopyProgress], None]":
    def line(progress: "CopyProgress") -> None:
        typer.echo(f"{doing}: {progress.events:,} of about {progress.total:,} events", err=True)

    return each_tenth(lambda progress: (progress.events, progress.total), line)
