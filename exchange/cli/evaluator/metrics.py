"""`exchange metrics`: the metrics that can be subscribed to, and the questions that they answer."""

import json
from typing import Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.cli.shared.questions import show_questions

app = typer.Typer()
group = typer.Typer(no_args_is_help=True)
app.add_typer(group, name="metrics", help="The published metrics, and the questions that they answer.")


@group.command("list", epilog=ending(needs="no Kafka.", example="exchange metrics list --json"))
def list_metrics(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the published metrics: name, dimensions, unit and meaning."""
    from exchange.core.metrics.table import CAVEAT, METRICS

    rows: list[dict[str, object]] = [
        {
            "metric": metric.name,
            "dimensions": [list(kind) for kind in metric.dimensions],
            "unit": metric.unit.name,
            "says": metric.says,
            "tables": list(metric.tables),
            "answers": list(metric.answers),
        }
        for metric in METRICS
    ]
    if as_json:
        typer.echo(json.dumps({"caveat": CAVEAT, "metrics": rows}, indent=2))
        return
    from exchange.cli.shared.console import console, table

    shown = table("metric", "by", "unit", "meaning", caption=CAVEAT)
    for metric in METRICS:
        by = "; ".join(", ".join(kind) or "the nation" for kind in metric.dimensions)
        shown.add_row(metric.name, by, metric.unit.name, metric.says)
    console().print(shown)


@group.command("questions", epilog=ending(needs="no Kafka.", example="exchange metrics questions --json"))
def list_questions(
    *,
    clients: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="At this many new clients a year.", show_default="the nation's"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what evaluators ask, how precisely the figures will answer, and what is not met.

    Worked out from public sizes and the noise of the budget. No record and no release is read.
    """
    show_questions(clients, as_json=as_json)
