"""`exchange budget`: the privacy cost of each released table, its noise and its usable cells.

Where an exchange can be reached it also shows, from the ledger, how much each period has spent and
has left; else the plan alone.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.cli.shared.questions import show_questions
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from consumers.release.history import PeriodSpent
    from exchange.core.metrics.planning import Line

app = typer.Typer()

PAID_ONCE = (
    "A quarter pays for a table once, with the first release that can hold one of its events. "
    "It never gets the budget back."
)
BEFORE = "Periods before the first one shown have spent no more than it has."
NOTHING_SPENT = (
    f"Spent so far: nothing. No month was ever closed, so every quarter has its whole budget left. {PAID_ONCE}"
)
NO_LEDGER = (
    f"Spent so far: not shown. That is in the ledger of an exchange, and no exchange can be read from here. {PAID_ONCE}"
)
COSTS = ("table", "released", "cap", "cells are", "L2²", "rho")
BUYS = ("table", "noise σ", "cells", "usable", "usable, year")
COSTS_TITLE = "How much privacy a table can cost one client in one quarter at one agency"
BUYS_TITLE = "Noise, and the cells usable at {:,} new clients a year"
COSTS_NOTE = "cap: the events about one client in one period that a release counts."
BUYS_NOTE = (
    "usable: cells whose noise is small compared with the expected count, in one release, and in a year's figure."
)


@app.command(
    epilog=ending(
        needs="no Kafka. With the operator's rights on the exchange's Kafka, it shows the ledger too.",
        example="exchange budget --clients 2000",
        statuses={ExitStatus.ERROR: "the ledger of the exchange could not be read; the plan is shown."},
    )
)
def budget(
    *,
    clients: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Count usable cells for this many new clients a year.", show_default="the nation's"
        ),
    ] = None,
    questions: Annotated[
        bool, typer.Option("--questions", help="Show what evaluators ask, and whether it will be met.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the privacy budget: cost, noise and usable cells of every released table.

    Where an exchange can be reached, it also shows how much each quarter and year has spent and has
    left. Usable cells are a planning figure: expected sizes from generated agencies, scaled to the
    number of clients. No real record is read.
    """
    if questions:
        show_questions(clients, as_json=as_json)
        return
    from dataclasses import asdict

    from exchange.core.metrics.planning import budget_lines
    from exchange.wire.planned_sizes import national_clients, planned_sizes

    a_year = clients or national_clients()
    lines = list(budget_lines(planned_sizes(a_year)))
    paid, unreadable = ledger()
    if as_json:
        from_ledger = None if paid is None else [asdict(one) for one in paid]
        tables = [asdict(line) for line in lines]
        typer.echo(
            json.dumps({**totals(), "ledger": from_ledger, "clients_a_year": a_year, "tables": tables}, indent=2)
        )
    else:
        _print_plan(lines, a_year)
        _print_paid(paid)
    if unreadable:
        typer.echo(f"exchange: unknown: the ledger. {unreadable}", err=True)
        raise typer.Exit(ExitStatus.ERROR)


def _print_plan(lines: "list[Line]", clients: int) -> None:
    from exchange.cli.shared.console import console, table

    costs = table(*COSTS, right=("cap", "L2²", "rho"), title=COSTS_TITLE, caption=COSTS_NOTE)
    buys = table(*BUYS, right=BUYS[1:], title=BUYS_TITLE.format(clients), caption=BUYS_NOTE)
    for line in lines:
        row = (line.table, line.released, str(line.within), line.cells_are, str(line.squared_l2), f"{line.rho:.6f}")
        costs.add_row(*row)
        buys.add_row(line.table, f"{line.sigma}", *map(str, (line.cells, line.usable, line.usable_in_a_year)))
    whole, screen = totals(), console()
    screen.print(costs)
    screen.print(buys)
    screen.print(
        f"In all: rho {whole['rho_planned']:.6f} of {whole['rho_total']:.5f}, that is epsilon {whole['epsilon_planned']:.3f} "
        f"of {whole['epsilon_total']:.3f} at delta {whole['delta']:g}. The rest is held back for tables added later."
    )


def _print_paid(paid: "tuple[PeriodSpent, ...] | None") -> None:
    from exchange.cli.shared.console import console, table

    if not paid:
        console().print(NOTHING_SPENT if paid is not None else NO_LEDGER)
        return
    shown = table("period", "rho spent", "rho left", right=("rho spent", "rho left"), title="Spent by each period")
    for one in paid:
        shown.add_row(one.period, f"{one.spent:.6f}", f"{one.left:.6f}")
    console().print(shown)
    console().print(f"{PAID_ONCE} {BEFORE}")


def ledger() -> "tuple[tuple[PeriodSpent, ...] | None, str]":
    """How much each period has spent; None where that cannot be read, and why.

    An exchange that nobody named is no reason.
    """
    from consumers.release.history import periods_spent, read_ledger
    from exchange.cli.shared.at_kafka import KafkaConnection, NoKafka, at_kafka
    from exchange.core.errors import ExchangeError

    async def work(kafka: KafkaConnection) -> "tuple[PeriodSpent, ...]":
        closed = (await read_ledger(kafka.log)).closed
        return periods_spent(closed.ledger, min(closed.cuts, default=0))

    try:
        return at_kafka(work), ""
    except NoKafka:
        return None, ""
    except ExchangeError as error:
        return None, str(error)


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
