"""`exchange kill-test`: kill processes at random, and look for lost or doubled events.

It runs on a Kafka of its own, or on your own empty cluster.
"""

import asyncio
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus
from exchange.core.words import number_of

if TYPE_CHECKING:
    from exchange.trial.kill_test_result import KillTestResult

app = typer.Typer()


@app.command(
    "kill-test",
    epilog=ending(
        needs="the extra `worker`; the extra `broker`, or an empty test cluster. Some minutes.",
        example="exchange kill-test --rounds 3 --events 20000",
        statuses={
            ExitStatus.DONE: "exact: nothing was lost, doubled or miscounted, and every attack was refused.",
            ExitStatus.DIFFERENT: "something was lost, doubled or miscounted, or an attack on state was not refused.",
        },
    ),
)
def kill_test(
    rounds: Annotated[
        int,
        typer.Option(min=1, max=1000, metavar="N", help="How many times a process is killed, stopped or restarted."),
    ] = 20,
    events: Annotated[
        int, typer.Option(min=5_000, metavar="N", help="About how many events are sent meanwhile.")
    ] = 200_000,
    seed: Annotated[int, typer.Option(metavar="N", help="The seed of the sample and of the kills.")] = 1,
    *,
    states: Annotated[
        bool,
        typer.Option(
            "--states", help="Between rounds, also lose, roll back, cut off or hold open a topic that holds state."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Kill workers and Kafka at random, then compare every cell with an independent count.

    Uses a Kafka of its own, or the empty test cluster that EXCHANGE_BOOTSTRAP_SERVERS names. It
    does not stop the brokers of that cluster.

    With --states, the workers are stopped after each round, and a topic is damaged: each of 14
    attacks in turn. A worker must refuse by name; then the command that its message names must mend
    it. `exchange kill-test --states --rounds 14` shows each attack once.
    """
    try:
        result = asyncio.run(_run(rounds, events, seed, states=states))
    except KeyboardInterrupt:
        typer.echo("Stopped. Nothing of the kill test is left on this machine.", err=True)
        raise typer.Exit(ExitStatus.INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps(asdict(result)))
    else:
        _show_attacks(result)
        typer.echo(
            f"kill-test: {number_of(result.rounds, 'round')}, {result.events} events, "
            f"{result.lost} lost, {result.duplicated} duplicated"
        )
        if result.disordered:
            typer.echo(f"kill-test: {result.disordered} agencies' chains are out of order", err=True)
        if result.cells_differing:
            typer.echo(f"kill-test: {result.cells_differing} of {result.cells} cells differ", err=True)
    if missed := [one.attack for one in result.attacks if one.missed]:
        typer.echo(f"kill-test: not refused: {', '.join(missed)}", err=True)
    if not result.exact:
        raise typer.Exit(ExitStatus.DIFFERENT)


def _show_attacks(result: "KillTestResult") -> None:
    from exchange.cli.shared.console import console, table

    if not result.attacks:
        return
    shown = table("attack", "refused with", "after", "mended by", right=("after",))
    for one in result.attacks:
        refused = [*one.refused_with, *([f"NOT with {one.missed}"] if one.missed else [])]
        shown.add_row(one.attack, ", ".join(refused), f"{one.after_s:.1f} s", ", ".join(one.mended_by))
    console().print(shown)


async def _run(rounds: int, events: int, seed: int, *, states: bool) -> "KillTestResult":
    from exchange.cli.operator.broker import ConsoleAnnouncer
    from exchange.cli.shared.console import console
    from exchange.settings import Settings
    from exchange.trial.empty_cluster import trial_exchange
    from exchange.trial.kill_test import BATCH, OPEN_S, KillTest
    from exchange.trial.state_attacks import seeded_order

    announcer, attacks = ConsoleAnnouncer(console(stderr=True)), seeded_order(seed) if states else []
    with tempfile.TemporaryDirectory(prefix="exchange-kill-test-") as folder:
        settings = Settings.model_validate({}).model_copy(update={"batch_records": BATCH, "open_transaction_s": OPEN_S})
        async with trial_exchange(settings, Path(folder), announcer) as ground:
            test = KillTest(ground, rounds=rounds, events=events, seed=seed, say=announcer.say, attacks=attacks)
            return await test.run()
