"""`exchange worker`: check, count, release and monitor, until it is stopped."""

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exchange.cli.shared.help import ending
from exchange.cli.shared.parent import end_with_parent
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ALIVE_EVERY_S: Final = 5.0
app = typer.Typer()


@app.command(
    epilog=ending(
        needs="the extra `worker`, and the exchange's Kafka with the worker's rights.",
        example="exchange worker",
        statuses={
            ExitStatus.DONE: "stopped with Ctrl-C.",
            ExitStatus.ERROR: "a lane stalled or failed.",
            ExitStatus.HUNG: "it had to end and did not in time, or did not start or go on. Start it again.",
            ExitStatus.INTERRUPTED: "a second Ctrl-C ended it at once.",
        },
    )
)
def worker(
    *,
    alive: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            help="Touch this file every 5 seconds while the worker runs: a health check.",
        ),
    ] = None,
) -> None:
    """Run the exchange until Ctrl-C: check, count, release and monitor.

    Start as many workers as you like: they share the work. If a lane stalls or fails, the worker
    ends with a message; start it again, and it continues where it stopped. From the first failure
    or Ctrl-C it ends within 8 seconds, whatever it waits for; a second Ctrl-C ends it at once. Logs
    go to standard error: readable at a terminal, else JSON lines.
    """
    from consumers.worker.faust_app import run_worker
    from consumers.worker.watchdog import Watchdog
    from exchange.cli.shared.at_kafka import addressed, with_address
    from exchange.logs import set_up_logs
    from exchange.settings import Settings

    settings = with_address(Settings.model_validate({}))
    set_up_logs(settings.log_level)
    end_with_parent()
    watchdog = Watchdog()
    watchdog.start()
    with addressed(settings):
        run = partial(run_worker, settings, watchdog)
        asyncio.run(run() if alive is None else _with_sign(alive, run))


async def _with_sign(alive: Path, run: "Callable[..., Awaitable[None]]") -> None:
    started = asyncio.Event()
    touching = asyncio.create_task(_touch(alive, started), name="alive")
    try:
        await run(ready=started.set)
    finally:
        touching.cancel()


async def _touch(alive: Path, started: asyncio.Event) -> None:
    """From the moment when the lanes run, and only while the loop turns."""
    await started.wait()
    while True:
        alive.touch()  # noqa: ASYNC240 - one system call, on a file in memory
        await asyncio.sleep(ALIVE_EVERY_S)
