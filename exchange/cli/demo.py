"""`exchange demo`: the whole exchange in one command, on this machine, with sample agencies."""

import asyncio
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from exchange.cli.broker import ConsoleAnnouncer
from exchange.settings import Settings

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from exchange.trial.demo import DemoResult, Look
    from producers.report import Report
    from producers.sample import SampleExchange

app = typer.Typer()
AGENCIES = 40
EVENTS = 100_000
DIFFERENT = 4
RESTRICTED = "restricted view: exact counts, operators only, not for publishing"


@app.command()
def demo(
    *,
    leave: Annotated[bool, typer.Option("--exit", help="End when all is counted, instead of staying up.")] = False,
    hmis: Annotated[
        Path | None, typer.Option(exists=True, help="Also publish this HMIS CSV export, a zip or a folder.")
    ] = None,
    events: Annotated[
        int, typer.Option(min=10_000, help="About how many events the sample agencies publish.")
    ] = EVENTS,
    scale: Annotated[
        str, typer.Option(help="`national`: all 288 agencies for a year, instead of --events.", metavar="national")
    ] = "",
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 1,
) -> None:
    """Start a Kafka, a worker and 40 sample agencies; watch the picture grow; check it against the truth; replay it.

    Everything is temporary and on this machine. Exit status 0: every table is true and the replay matches; 4: not.
    """
    if scale not in {"", "national"}:
        raise typer.BadParameter("only `national` is known", param_hint="--scale")
    from producers.sample import sample_exchange

    national = scale == "national"
    sample = sample_exchange(seed, scale=1.0) if national else sample_exchange(seed, AGENCIES, events=events)
    try:
        result = asyncio.run(_run(sample, hmis, stay=not leave))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if not (result.true and result.replay.matched and result.replay.complete):
        raise typer.Exit(DIFFERENT)


async def _run(sample: "SampleExchange", hmis: Path | None, *, stay: bool) -> "DemoResult":
    from exchange.trial.demo import Demo
    from exchange.trial.ground import trial_ground

    console = Console()
    announcer = ConsoleAnnouncer(console)
    with tempfile.TemporaryDirectory(prefix="exchange-demo-") as folder:
        # never a configured cluster: truth is shown beside counts, and it exists for generated agencies only
        settings = Settings.model_validate({}).model_copy(update={"bootstrap_servers": ""})
        async with trial_ground(settings, Path(folder), announcer) as ground:
            live, show = _view(console)
            with live:
                result = await Demo(ground, sample, show=show, say=announcer.say, hmis=hmis).run()
            if result.hmis:
                console.print(_hmis_table(result.hmis))
            truth = "match" if result.true else f"differs in {result.differing} cells"
            console.print(
                f"demo: {result.look.events} events, truth {truth}, replay {result.replay.verdict.value}",
                highlight=False,
            )
            for difference in result.replay.differences[:1]:
                announcer.say(f"first difference: {difference}")
            if stay:
                await _stay(ground.settings.bootstrap_servers, announcer)
    return result


async def _stay(bootstrap_servers: str, announcer: ConsoleAnnouncer) -> None:
    announcer.say("")
    announcer.say("The exchange stays up until Ctrl-C. In another terminal:")
    for line in ("exchange status", "exchange replay", "exchange agencies list"):
        announcer.say(f"  EXCHANGE_BOOTSTRAP_SERVERS={bootstrap_servers} EXCHANGE_PARTITIONS=4 .venv/bin/{line}")
    await asyncio.Event().wait()


def _view(console: Console) -> tuple[AbstractContextManager[object], "Callable[[Look], None]"]:
    """A picture that is redrawn at a terminal; else a plain line a look."""
    if console.is_terminal:
        live = Live(console=console, refresh_per_second=4, transient=False)
        return live, lambda look: live.update(_picture(look))
    return nullcontext(), lambda look: console.print(_line(look), highlight=False, soft_wrap=True)


def _line(look: "Look") -> str:
    picture = look.picture
    return (
        f"{look.events:>7} of about {look.total} events counted, lag {look.lag}, "
        f"{picture.heard} of {look.agencies} agencies heard from: {picture.cases} cases, {picture.needs.total()} needs, "
        f"{picture.services.total()} services, {picture.unmet.total()} unmet"
    )


def _picture(look: "Look") -> RenderableType:
    picture = look.picture
    states = Table(title="by state", title_justify="left")
    for name in ("state", "needs", "services", "unmet"):
        states.add_column(name, justify="left" if name == "state" else "right")
    for state, counts in sorted(picture.states.items(), key=lambda item: -item[1][0])[:10]:
        states.add_row(state, *(f"{n:,}" for n in counts))
    tables = [
        _top("needs", picture.needs),
        _top("services", picture.services),
        _top("unmet needs", picture.unmet),
        _top("why unmet", picture.reasons),
        states,
    ]
    return Group(Panel(Columns(tables), title="the national picture", subtitle=RESTRICTED), _line(look))


def _top(title: str, counts: "Counter[str]") -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("code")
    table.add_column("count", justify="right")
    for code, n in counts.most_common(10):
        table.add_row(code, f"{n:,}")
    return table


def _hmis_table(report: "Report") -> Table:
    table = Table(title="the agency of the HMIS export", title_justify="left")
    table.add_column("")
    table.add_column("count", justify="right")
    table.add_row("rows read", f"{report.rows:,}")
    for outcome, n in sorted(report.outcomes.items(), key=lambda item: -item[1]):
        table.add_row(outcome.value, f"{n:,}")
    for reason, n in report.refused.most_common():
        table.add_row(f"refused: {reason}", f"{n:,}")
    table.add_row("events accepted by the exchange", f"{report.delivered:,}")
    return table
