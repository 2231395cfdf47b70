"""`exchange doctor`: whether the cluster, this machine and this user are fit for an exchange."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus
from exchange.engine.loop_time import loop_s
from exchange.engine.wall_clock import utc_today, wall_ms

if TYPE_CHECKING:
    from exchange.cli.shared.at_kafka import KafkaConnection
    from exchange.core.findings import CheckResult

app = typer.Typer()
PROGRESS_AFTER_S = 2.0


@app.command(
    epilog=ending(
        needs="the exchange's Kafka, with the operator's rights; without a Kafka it checks this machine.",
        example="exchange doctor",
        statuses={
            ExitStatus.DONE: "every check was made, and none found a fault. There may be warnings.",
            ExitStatus.ERROR: "a check found a fault or could not be made.",
        },
    )
)
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check the cluster, this machine and your rights, and name what to do. It changes nothing.

    It looks at the connection, the brokers, Kafka's version and its known security holes, the
    brokers' settings, topics, replicas, lost state, the clock, your rights, Python and libraries.
    What could not be found out is shown as `not known`, never as ok.
    """
    from exchange.cli.shared.findings_table import end_with

    end_with(_findings(), as_json=as_json)


def _findings() -> "list[CheckResult]":
    from consumers.doctor.examine import Examination, of_this_machine, unreached
    from exchange.cli.shared.at_kafka import at_kafka
    from exchange.engine.errors import EngineError
    from exchange.kafka_address import NoKafka
    from exchange.settings import Settings

    settings = Settings.model_validate({})

    async def work(kafka: "KafkaConnection") -> "list[CheckResult]":
        return await Examination(kafka.log, kafka.admin, kafka.settings, wall_ms, _progress()).findings()

    try:
        found = at_kafka(work)
    except (EngineError, NoKafka) as error:
        found = unreached(error)
    return [*found, *of_this_machine(settings, utc_today())]


def _progress() -> Callable[[str], None]:
    """Once it takes longer than two seconds: a line for each check that begins."""
    began_s = loop_s()

    def report(check: str) -> None:
        if loop_s() - began_s > PROGRESS_AFTER_S:
            typer.echo(f"exchange: checking {check} …", err=True)

    return report
