"""`exchange demo`: the whole exchange in one command, on this machine, with sample agencies."""

import asyncio
import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus
from exchange.web.leaving import LEAVE_TO

if TYPE_CHECKING:
    from exchange.cli.operator.broker import ConsoleAnnouncer
    from exchange.engine.log import Log
    from exchange.trial.demo.demo import DemoResult
    from exchange.trial.sample import SampledQuarters, SampleExchange

app = typer.Typer()
AGENCIES = 40
EVENTS = 40_000
YEARS = 1
PORT_MAX = 65_535


@app.command(
    epilog=ending(
        needs="the extras `worker` and `broker`, and `web` for its page; the first time a network, to fetch Kafka"
        " (45 MB). A few minutes; with --serve-only seconds, and `web` alone.",
        example="exchange demo --exit",
        statuses={
            ExitStatus.DONE: "every count is true and the replay matches; or the page was stopped with Ctrl-C.",
            ExitStatus.DIFFERENT: "a count is wrong, or the replay differs.",
        },
    )
)
def demo(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            dir_okay=False,
            show_default="demo.figures in your data directory",
            help="Where the released figures stay when it has finished; --serve-only opens this file.",
        ),
    ] = None,
    *,
    serve_only: Annotated[
        bool, typer.Option("--serve-only", help="Open the page on the figures of a finished demo, at once.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=PORT_MAX, metavar="PORT", help="Of the page of --serve-only; 0 takes a free one.")
    ] = 0,
    leave: Annotated[
        bool, typer.Option("--exit", help="End when everything is counted, instead of staying up.")
    ] = False,
    hmis: Annotated[
        Path | None,
        typer.Option(exists=True, metavar="PATH", help="Also publish this HMIS CSV export (zip or folder)."),
    ] = None,
    events: Annotated[
        int, typer.Option(min=10_000, metavar="N", help="About how many events the sample agencies publish.")
    ] = EVENTS,
    scale: Annotated[
        str, typer.Option(help="All 288 agencies of the nation, instead of --events.", metavar="national")
    ] = "",
    seed: Annotated[int, typer.Option(metavar="N", help="The seed of the sample: another seed, other agencies.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, and the progress on standard error.")
    ] = False,
) -> None:
    """Try the whole exchange: a Kafka, a worker and 40 sample agencies that live through a year.

    Every month is closed, and a page shows the published figures as they come. At the end, the
    counts are compared with the truth and replayed. The published figures, and the answers to what
    evaluators ask, are shown beside the truth. Everything stays on this machine. Only the published
    figures are kept, in FILE; with --hmis, nothing is.
    """
    if scale not in {"", "national"}:
        raise typer.BadParameter("the only scale is `national`", param_hint="--scale")
    if serve_only:
        _serve(file or default_file(), port)
        return
    from exchange.trial.sample import sample_exchange

    left: list[Path] = []

    national = scale == "national"
    size, events_wanted = (1.0, None) if national else (None, events)
    sample = sample_exchange(seed, AGENCIES, scale=size, events=events_wanted, span=_past_years())
    try:
        result = asyncio.run(_run(sample, hmis, file or default_file(), left, stay=not leave, as_json=as_json))
    except KeyboardInterrupt:
        only = f"Only its released figures are left: {left[0]}" if left else "Nothing of the demo is left"
        typer.echo(f"Stopped. {only}{'' if left else ' on this machine.'}")
        raise typer.Exit(ExitStatus.INTERRUPTED) from None
    if not (result.true and result.replay.matched and result.replay.complete):
        raise typer.Exit(ExitStatus.DIFFERENT)


def _past_years() -> "SampledQuarters":
    """The last year before a month that is over, in which it is counted."""
    from exchange.core.model.period import period_of
    from exchange.engine.wall_clock import utc_today
    from exchange.trial.sample import SampledQuarters

    today = utc_today()
    counted_in = today.year if today.month > 1 else today.year - 1
    return SampledQuarters(period_of(counted_in - YEARS, 1), quarters=4 * YEARS)


def default_file() -> Path:
    """Where a demo leaves its figures, unless it is told otherwise."""
    from exchange.engine.own_brokers import account_home

    return account_home() / "demo.figures"


def _serve(file: Path, port: int) -> None:
    """The page over the figures of a finished demo, until Ctrl-C."""
    from consumers.serve.http_server import listening
    from exchange.cli.shared.serving import HERE, PageOptions, announce, serve_log
    from exchange.logs import set_up_logs
    from exchange.trial.demo.demo_page import MADE_UP
    from exchange.trial.demo.kept_figures import KeptFigures

    figures = KeptFigures.of(file)
    set_up_logs("warning")
    listener = listening(HERE, port)
    announce(HERE, listener)

    async def connected() -> "Log":
        return figures

    asyncio.run(serve_log(connected, listener, PageOptions("", LEAVE_TO, charts=True, preface=MADE_UP)))


async def _run(
    sample: "SampleExchange", hmis: Path | None, file: Path, left: list[Path], *, stay: bool, as_json: bool
) -> "DemoResult":
    from exchange.cli.operator.broker import ConsoleAnnouncer
    from exchange.cli.shared.console import console as console_of
    from exchange.cli.trial.demo_tables import as_plain, hmis_table, protected_table, view
    from exchange.cli.trial.question_tables import question_tables
    from exchange.settings import Settings
    from exchange.trial.demo.demo import Demo
    from exchange.trial.demo.demo_page import MADE_UP, WITH_AN_EXPORT, start_page
    from exchange.trial.demo.kept_figures import keep_figures
    from exchange.trial.empty_cluster import trial_exchange

    console = console_of(stderr=as_json)
    announcer = ConsoleAnnouncer(console)
    with tempfile.TemporaryDirectory(prefix="exchange-demo-") as folder:
        # never a configured cluster: only generated agencies have a truth to show beside counts
        clients = round(sum(agency.clients_a_year for agency in sample.agencies))
        settings = Settings.model_validate({}).model_copy(update={"bootstrap_servers": "", "clients_a_year": clients})
        async with trial_exchange(settings, Path(folder), announcer) as ground:
            page = asyncio.create_task(start_page(ground, charts=stay, preface=WITH_AN_EXPORT if hmis else MADE_UP))
            page.add_done_callback(lambda done: None if done.cancelled() else announcer.say(done.result()))
            try:
                live, show = view(console)
                with live:
                    result = await Demo(ground, sample, show=show, say=announcer.say, hmis=hmis).run()
                if as_json:
                    typer.echo(json.dumps(as_plain(result), indent=2))
                else:
                    if result.hmis:
                        console.print(hmis_table(result.hmis))
                    console.print(protected_table(result.protected))
                    console.print(*question_tables(result.protected.answered), sep="")
                    _say_result(result, announcer)
                if not hmis:
                    await keep_figures(ground.log, file)
                    left.append(file)
                    announcer.say(f"The released figures stay in {file}. To see them again, at once:")
                    announcer.say(
                        f"  .venv/bin/exchange demo --serve-only{'' if file == default_file() else f' {file}'}"
                    )
                if stay:
                    await _stay(ground.settings.bootstrap_servers, await page, announcer)
            except asyncio.CancelledError:
                announcer.say("Stopping the worker, the page and the Kafka of the demo …")
                raise
            finally:
                page.cancel()
                with suppress(asyncio.CancelledError):
                    await page
    return result


def _say_result(result: "DemoResult", announcer: "ConsoleAnnouncer") -> None:
    truth = "match" if result.true else f"differs in {result.differing} cells"
    announcer.say(
        f"demo: {result.look.events} events, truth {truth}, replay {result.replay.verdict.value}, "
        f"{result.protected.epochs} epochs released"
    )
    for difference in result.replay.differences[:1]:
        announcer.say(f"first difference: {difference}")


async def _stay(bootstrap_servers: str, page: str, announcer: "ConsoleAnnouncer") -> None:
    announcer.say("")
    announcer.say(f"The exchange stays up until Ctrl-C; {page}")
    announcer.say("In another terminal:")
    for line in (
        "exchange status",
        "exchange replay",
        "exchange agencies list",
        "exchange subscribe",
        "exchange release list",
    ):
        announcer.say(f"  EXCHANGE_BOOTSTRAP_SERVERS={bootstrap_servers} .venv/bin/{line}")
    await asyncio.Event().wait()
