"""`exchange metrics list`: what may be subscribed to."""

import json
from typing import Annotated

import typer

app = typer.Typer()
group = typer.Typer(no_args_is_help=True)
app.add_typer(group, name="metrics", help="What may be subscribed to.")


@group.command("list")
def list_metrics(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print every metric: its name, dimensions, unit and what it says. Needs no Kafka."""
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

    shown = table("metric", "by", "unit", "says", caption=CAVEAT)
    for metric in METRICS:
        by = "; ".join(", ".join(kind) or "the nation" for kind in metric.dimensions)
        shown.add_row(metric.name, by, metric.unit.name, metric.says)
    console().print(shown)
