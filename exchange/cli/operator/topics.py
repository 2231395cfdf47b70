"""`exchange topics`: create the topics, compare a cluster with the table, print rights."""

import json
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from exchange.cli.shared.at_kafka import KafkaConnection
    from exchange.engine.kafka.rights import Right

app = typer.Typer(
    name="topics", help="The Kafka topics of the exchange: create, compare, rights.", no_args_is_help=True
)


class RightsFormat(StrEnum):
    """How to print rights."""

    table = "table"
    acl = "acl"


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NEEDS = "the exchange's Kafka, with the operator's rights."


@app.command(epilog=ending(needs=NEEDS, example="exchange topics apply"))
def apply(
    *,
    anew: Annotated[
        list[str] | None,
        typer.Option(metavar="TOPIC", help="Make this lost topic empty, as the error about it says. May be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create missing topics and correct settings that differ. Safe to repeat.

    Never deletes a topic, and never changes a number of partitions. In an exchange that has worked,
    a topic with state that was lost is not made empty: the error says what to do.
    """
    from consumers.admission.wanted_topics import wanted_topics
    from exchange.cli.shared.at_kafka import at_kafka
    from exchange.engine.kafka.lost_state import refuse_lost_state
    from exchange.engine.kafka.provision import Provisioned, provision

    async def work(kafka: "KafkaConnection") -> Provisioned:
        wanted = await wanted_topics(kafka.log, kafka.admin, kafka.settings)
        await refuse_lost_state(kafka.log, await kafka.admin.partitions(), [spec.name for spec in wanted], anew or ())
        return await provision(kafka.admin, wanted)

    done = at_kafka(work)
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=2))
        return
    for topic in done.created:
        typer.echo(f"{topic}: created")
    for difference in done.corrected:
        typer.echo(f"{difference.topic}: {difference.setting} corrected from {difference.found} to {difference.wanted}")
    if not done.created and not done.corrected:
        typer.echo("All topics are correct.")


@app.command(
    epilog=ending(
        needs=NEEDS,
        example="exchange topics check",
        statuses={ExitStatus.ERROR: "the cluster differs from the table, or a named error."},
    )
)
def check(as_json: AsJson = False) -> None:
    """Compare the cluster with the table of topics, and list every difference."""
    from consumers.admission.wanted_topics import wanted_topics
    from exchange.cli.shared.at_kafka import at_kafka
    from exchange.engine.kafka.provision import MISSING, PARTITIONS, TopicDifference
    from exchange.engine.kafka.provision import check as compare

    async def work(kafka: "KafkaConnection") -> list[TopicDifference]:
        return await compare(kafka.admin, await wanted_topics(kafka.log, kafka.admin, kafka.settings))

    differences = at_kafka(work)
    if as_json:
        typer.echo(json.dumps([asdict(difference) for difference in differences], indent=2))
    elif not differences:
        typer.echo("All topics are correct.")
    else:
        for difference in differences:
            typer.echo(str(difference))
        if any(difference.setting != PARTITIONS or difference.found == MISSING for difference in differences):
            typer.echo("`exchange topics apply` creates missing topics and corrects settings.", err=True)
    raise typer.Exit(ExitStatus.ERROR if differences else ExitStatus.DONE)


@app.command(epilog=ending(needs="no Kafka.", example="exchange topics rights --format acl --agency harbor-light"))
def rights(
    *,
    output: Annotated[
        RightsFormat, typer.Option("--format", help="A table, or one line for kafka-acls.sh per right.")
    ] = RightsFormat.table,
    agency: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Print only this agency's rights, one per line. May be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who may read and write each topic.

    The lines of `--format acl` use the shell variables BOOTSTRAP and ADMIN_CONFIG. They need
    brokers that deny every right that is not granted.
    """
    from exchange.engine.kafka.rights import acl_lines
    from exchange.engine.kafka.rights import rights as every_right
    from exchange.settings import Settings

    granted = every_right(agency or (), group=Settings.model_validate({}).group)
    if as_json:
        typer.echo(json.dumps([asdict(right) for right in granted], indent=2))
    elif output is RightsFormat.acl:
        for line in acl_lines(granted):
            typer.echo(line)
    elif agency:
        _print_rights_of(agency, granted)
    else:
        _print_rights()


def _print_rights_of(agencies: "list[str]", granted: "list[Right]") -> None:
    from exchange.cli.shared.console import console, table

    principals = {f"agency-{code}" for code in agencies}
    shown = table("principal", "may", "what", "name")
    for right in granted:
        if right.principal in principals:
            name = f"{right.name}*" if right.prefixed else right.name
            shown.add_row(right.principal, right.operation.value, right.resource.value, name)
    console().print(shown)


def _print_rights() -> None:
    from exchange.cli.shared.console import console, table
    from exchange.engine.kafka.rights import PRINCIPALS, readers, writers
    from exchange.wire.topics import TOPICS, Party

    shown = table("topic", "holds", "kept", "written by", "read by")
    for topic in TOPICS:
        name = f"{topic.name}.<{topic.per}>" if topic.per else topic.name
        shown.add_row(name, topic.holds, topic.kept.value, "\n".join(writers(topic)), "\n".join(readers(topic)))
    console().print(shown)
    evaluators = PRINCIPALS[Party.EVALUATORS]
    if not any(evaluators in readers(topic) for topic in TOPICS):
        typer.echo(f"{evaluators}: no rights yet; all of these topics are restricted")
