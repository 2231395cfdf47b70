"""`exchange attack --demo`: try to learn about one client from released figures.

It tries every way of the privacy specification.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from exchange.trial.attack.attack_findings import Finding, Measured
    from exchange.trial.attack.running import AttackReport

app = typer.Typer()
ONLY_GENERATED = (
    "give --demo: only generated data may be attacked, because a release beside its truth would give the noise away"
)
STOPPED = "Stopped. Nothing was changed: all data was generated, in memory."


@app.command(
    epilog=ending(
        needs="the extra `attack`, and some minutes. It uses no Kafka, whatever is configured.",
        example="exchange attack --demo",
        statuses={
            ExitStatus.DONE: "our release keeps every bound; the naive release and too little noise are caught.",
            ExitStatus.ERROR: "one of these does not hold; the last line says which.",
        },
    )
)
def attack(
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Attack generated data. Required: no other data may be attacked.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Attack the privacy of released figures, on generated data.

    Attacks three releases: ours, a naive one, and ours with too little noise. Ours must keep every
    bound; the other two must be caught.
    """
    if not demo:
        raise typer.BadParameter(ONLY_GENERATED, param_hint="--demo")
    try:
        verdict = _carried_out()
    except KeyboardInterrupt:
        typer.echo(STOPPED, err=True)
        raise typer.Exit(ExitStatus.INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps(_plain(verdict), indent=2, ensure_ascii=False))
    else:
        _print(verdict)
    if not verdict.passed:
        raise typer.Exit(ExitStatus.ERROR)


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
    """Progress as a line each tenth of the way: for logs, where no bar can move."""
    shown_tenths = 0

    def progressed(done: int, jobs: int) -> None:
        nonlocal shown_tenths
        if done * 10 >= (shown_tenths + 1) * jobs:
            shown_tenths = done * 10 // jobs
            typer.echo(f"attacking: {done} of {jobs}", err=True)

    return progressed


def _print(verdict: "AttackReport") -> None:
    from exchange.cli.shared.console import console, table
    from exchange.trial.attack.weakened_noise import Setting

    settings = (Setting.NAIVE, Setting.OURS, Setting.HALF, Setting.TENTH)
    shown = table(
        *("attack", "in", "naive", "ours", "bound", "σ/2", "σ/10"),
        right=("naive", "ours", "bound", "σ/2", "σ/10"),
        title="The result of each attack, and its bound (with the chance error of a sample)",
        caption="caught: beyond the bound by more than chance. Naive releases and too little noise must be caught, ours never.",
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
