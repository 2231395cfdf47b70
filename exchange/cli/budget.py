"""`exchange budget`: what each released table may cost a client's privacy, the noise that follows, and what is usable."""

import json
from typing import Annotated

import typer

app = typer.Typer()

NOTHING_SPENT = (
    "Spent so far: nothing. There is no ledger, because nothing has been released; so of every quarter all is left. "
    "A quarter pays for a table once, with the first release that may hold one of its events, and never gets it back."
)


@app.command()
def budget(
    *,
    clients: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="New clients a year to reckon usable cells with.", show_default="the nation's"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the privacy budget: sensitivity, noise and usable cells of every released table. Needs no Kafka.

    Usable cells are a planning figure, from generated agencies scaled to the number of clients; nothing real is read.
    """
    from dataclasses import asdict

    from producers.sample.planning import budget_lines
    from producers.sample.volumes import yearly_volumes

    volumes = yearly_volumes(clients) if clients else yearly_volumes()
    lines = [asdict(line) for line in budget_lines(volumes)]
    if as_json:
        typer.echo(json.dumps({**totals(), "clients_a_year": volumes.clients, "tables": lines}, indent=2))
        return
    from exchange.cli.console import console, table

    whole = totals()
    columns = [name.replace("_", " ") for name in lines[0]]
    shown = table(
        *columns,
        right=tuple(name for name, value in zip(columns, lines[0].values(), strict=True) if not isinstance(value, str)),
        title=f"What one client in one quarter at one agency may cost, at {volumes.clients:,} new clients a year",
    )
    for line in lines:
        shown.add_row(*(f"{value:.6f}" if name == "rho" else str(value) for name, value in line.items()))
    console().print(shown)
    typer.echo(
        f"In all: rho {whole['rho_planned']:.6f} of {whole['rho_total']:.5f}, that is epsilon {whole['epsilon_planned']:.3f} "
        f"of {whole['epsilon_total']:.3f} at delta {whole['delta']:g}; the rest is held back for tables added later.\n"
        f"{NOTHING_SPENT}"
    )


def totals() -> dict[str, object]:
    """Budget and plan as a whole, and what is spent of every quarter: nothing while there is no ledger."""
    from exchange.core.budget import DELTA, RHO_PLANNED, RHO_TOTAL, epsilon_of

    total, planned = float(RHO_TOTAL), float(RHO_PLANNED)
    return {
        "rho_total": total,
        "rho_planned": planned,
        "delta": DELTA,
        "epsilon_total": epsilon_of(total),
        "epsilon_planned": epsilon_of(planned),
        "ledger": None,
        "spent": 0.0,
        "left": total,
    }
