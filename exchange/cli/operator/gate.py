"""`exchange gate`: mend the state of the gate."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus
from exchange.core.words import number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumers.admission.gate_rebuild import Rebuilt
    from exchange.cli.shared.at_kafka import KafkaConnection

app = typer.Typer(name="gate", help="The gate's state: make it anew.", no_args_is_help=True)


@app.callback()
def gate() -> None:
    """Mend the gate's state."""


@app.command(
    epilog=ending(
        needs="the exchange's Kafka with the worker's rights, and no running worker.",
        example="exchange gate rebuild",
        statuses={
            ExitStatus.DONE: "`gate-state` is what `events` says, and workers may be started.",
            ExitStatus.ERROR: "a worker runs, a chain in `events` is broken, or another named error.",
        },
    )
)
def rebuild(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Make `gate-state` anew from `events` and the inboxes, where it was lost or is older.

    Safe to repeat. It writes no event: agencies' records that were not admitted yet are admitted by
    the next worker.
    """
    from exchange.cli.shared.at_kafka import at_kafka

    done = at_kafka(_rebuilt, notice=False)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in done], indent=2))
        return
    for one in done:
        agencies = number_of(one.agencies, "agency", "agencies")
        late = number_of(one.inboxes_from_beginning, "inbox", "inboxes")
        typer.echo(
            f"gate-state-{one.partition}: {number_of(one.events, 'event')} of {agencies}"
            + (f"; {late} from the beginning" if one.inboxes_from_beginning else "")
        )
    typer.echo("Done. Start the workers: `exchange worker`.")


async def _rebuilt(kafka: "KafkaConnection") -> "list[Rebuilt]":
    from consumers.admission.gate_rebuild import WorkersRunning, rebuild_partition
    from consumers.admission.registry import read_registry
    from exchange.engine.errors import PartitionUnknown
    from exchange.engine.kafka.provision import exchange_topics, provision
    from exchange.wire.topics import AGENCIES, EVENTS, GATE_STATE

    found = await kafka.admin.partitions()
    partitions = found.get(EVENTS)
    if partitions is None:
        raise PartitionUnknown(f"The cluster has no topic {EVENTS}.")
    if members := await kafka.admin.members(kafka.settings.group):
        raise WorkersRunning(f"The group {kafka.settings.group} has members: {len(members)}.")
    topics = exchange_topics(partitions=partitions, replication=kafka.settings.replication)
    await provision(kafka.admin, [topic for topic in topics if topic.name == GATE_STATE])
    registry = (await read_registry(kafka.log)).agencies if AGENCIES in found else {}
    registered = [[one.agency for one in registry.values() if one.partition == number] for number in range(partitions)]
    return [
        await rebuild_partition(kafka.log, number, agencies, _progress(number))
        for number, agencies in enumerate(registered)
    ]


def _progress(partition: int) -> "Callable[[int], None]":
    """Lines on standard error, one for each 100,000 events."""
    read = 0

    def report(events: int) -> None:
        nonlocal read
        before, read = read, read + events
        if before // 100_000 < read // 100_000:
            typer.echo(f"events-{partition}: {read:,} events read", err=True)

    return report
