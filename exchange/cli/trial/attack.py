"""`exchange attack --demo`: try to learn about one client from what is released, in every way of the privacy specification."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from exchange.trial.attack.findings import Finding, Measured
    from exchange.trial.attack.running import AttackReport

app = typer.Typer()
ONLY_GENERATED = "say --demo: only generated data is attacked, because the truth beside a release is its noise"
STOPPED = "Stopped. Nothing was changed: everything was generated, and in memory."


@app.command()
def attack(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Attack generated data: there is no other way.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Attack a naive release, ours, and ours with too little noise, on generated data. Takes some minutes.

    Touches no Kafka, whatever is configured. Exit status 0: ours is within every bound, the naive release falls to every
    attack, and half and a tenth of the noise are caught. 1: not so; the last line says what.
    """
    if not demo:
        raise typer.BadParameter(ONLY_GENERATED, param_hint="--demo")
    try:
        verdict = _carried_out()
    except KeyboardInterrupt:
        typer.echo(STOPPED, err=True)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps(_plain(verdict), indent=2, ensure_ascii=False))
    else:
        _print(verdict)
    if not verdict.passed:
        raise typer.Exit(1)


def _carried_out() -> "AttackReport":
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from exchange.cli.shared.console import console
    from exchange.trial.attack.running import carry_out

    columns = (
        TextColumn("attacking"),
        BarColumn(),
        TextColumn("{task.completed} of {task.total}"),
        TimeElapsedColumn(),
    )
    shown = console(stderr=True)
    if not shown.is_terminal:
        return carry_out(said_in_lines())
    with Progress(*columns, console=shown, transient=True) as progress:
        task = progress.add_task("attacking", total=None)
        return carry_out(lambda done, jobs: progress.update(task, completed=done, total=jobs))


def said_in_lines() -> "Callable[[int, int], None]":
    """Says how far it is, a line each tenth of the way: for logs, where no bar can move."""
    said = 0

    def progressed(done: int, jobs: int) -> None:
        nonlocal said
        if done * 10 >= (said + 1) * jobs:
            said = done * 10 // jobs
            typer.echo(f"attacking: {done} of {jobs}", err=True)

    return progressed


def _print(verdict: "AttackReport") -> None:
    from exchange.cli.shared.console import console, table
    from exchange.trial.attack.weakened_noise import Setting

    settings = (Setting.NAIVE, Setting.OURS, Setting.HALF, Setting.TENTH)
    shown = table(
        *("attack", "in", "naive", "ours", "bound", "σ/2", "σ/10"),
        right=("naive", "ours", "bound", "σ/2", "σ/10"),
        title="What each attack reaches; the bound with what a sample may add to it",
        caption="caught: beyond what the bound allows by chance; naive releases and too little noise must be, ours never.",
    )
    for one in verdict.outcomes:
        naive, ours, half, tenth = (_cell(one.measured.get(setting)) for setting in settings)
        shown.add_row(one.attack, one.unit, naive, ours, _bound(one), half, tenth)
    console().print(shown)
    typer.echo(verdict.words())


def _cell(found: "Measured | None") -> str:
    if found is None:
        return "–"
    return f"{_number(found.value)}{' caught' if found.caught else ''}"


def _bound(one: "Finding") -> str:
    sign, side = ("−", "at least") if one.least else ("+", "at most")
    slack = f" {sign} {one.slack:.2f}" if one.slack else ""
    return f"{side} {_number(one.bound)}{slack}"


def _number(value: float) -> str:
    return f"{value:.2f}" if isinstance(value, float) else f"{value}"


def _plain(verdict: "AttackReport") -> dict[str, object]:
    return {
        "passed": verdict.passed,
        "beyond": list(verdict.beyond),
        "toothless": list(verdict.toothless),
        "words": verdict.words(),
        "attacks": [
            {
                "attack": one.attack,
                "unit": one.unit,
                "bound": one.bound,
                "slack": one.slack,
                "bound_is": "least" if one.least else "most",
                "details": dict(one.details or {}),
                "settings": {
                    setting.value: {"value": found.value, "caught": found.caught, "trials": found.trials}
                    for setting, found in one.measured.items()
                },
            }
            for one in verdict.outcomes
        ],
    }
