"""`exchange budget`: what each released table may cost a client's privacy, the noise that follows, and what is usable.

Where an exchange can be reached it also shows, from the ledger, what each period has paid and has left; else the plan alone.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from consumers.release.history import PeriodSpent

app = typer.Typer()

PAID_ONCE = (
    "A quarter pays for a table once, with the first release that may hold one of its events, and never gets it back."
)
BEFORE = "Periods before the first one shown have paid no more than it."
NOTHING_SPENT = f"Spent so far: nothing. No epoch was ever closed, so of every quarter all is left. {PAID_ONCE}"
NO_LEDGER = f"What is spent stands in the ledger of an exchange, and none can be read from here. {PAID_ONCE}"


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
    """Print the privacy budget: sensitivity, noise and usable cells of every released table. Works without Kafka too.

    Where an exchange can be reached, also what each quarter and year has spent and has left, by its ledger; operators
    only. Usable cells are a planning figure, from generated agencies scaled to the number of clients; nothing real is read.
    """
    from dataclasses import asdict

    from exchange.trial.sample.planning import budget_lines
    from exchange.trial.sample.volumes import yearly_volumes

    volumes = yearly_volumes(clients) if clients else yearly_volumes()
    lines = [asdict(line) for line in budget_lines(volumes)]
    paid = ledger()
    if as_json:
        of_ledger = None if paid is None else [asdict(one) for one in paid]
        plain = {**totals(), "ledger": of_ledger, "clients_a_year": volumes.clients, "tables": lines}
        typer.echo(json.dumps(plain, indent=2))
        return
    from exchange.cli.shared.console import console, table

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
        f"of {whole['epsilon_total']:.3f} at delta {whole['delta']:g}; the rest is held back for tables added later."
    )
    if not paid:
        typer.echo(NOTHING_SPENT if paid is not None else NO_LEDGER)
        return
    shown = table("period", "rho spent", "rho left", right=("rho spent", "rho left"), title="What each period has paid")
    for one in paid:
        shown.add_row(one.period, f"{one.spent:.6f}", f"{one.left:.6f}")
    console().print(shown)
    typer.echo(f"{PAID_ONCE} {BEFORE}")


def ledger() -> "tuple[PeriodSpent, ...] | None":
    """What each period has paid, by the exchange that can be reached; None where there is none."""
    from consumers.release.history import periods_spent, read_closings
    from exchange.cli.shared.at_kafka import KafkaConnection, NoKafka, at_kafka
    from exchange.engine.errors import LogUnavailable, NotAuthorized, PartitionUnknown

    async def work(kafka: KafkaConnection) -> "tuple[PeriodSpent, ...]":
        closed = (await read_closings(kafka.log))[0].closed
        return periods_spent(closed.ledger, min(closed.cuts, default=0))

    try:
        return at_kafka(work)
    except NoKafka:
        return None
    except (LogUnavailable, NotAuthorized, PartitionUnknown) as error:
        typer.echo(f"The ledger cannot be read: {error}", err=True)
        return None


def totals() -> dict[str, object]:
    """Budget and plan as a whole."""
    from exchange.core.release.budget import DELTA, RHO_PLANNED, RHO_TOTAL, epsilon_of

    total, planned = float(RHO_TOTAL), float(RHO_PLANNED)
    return {
        "rho_total": total,
        "rho_planned": planned,
        "delta": DELTA,
        "epsilon_total": epsilon_of(total),
        "epsilon_planned": epsilon_of(planned),
    }
