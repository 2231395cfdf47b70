"""`exchange worker`: the gate's and the fold's lanes, and the watch, until it is stopped."""

import asyncio
import os
import threading

import typer

app = typer.Typer()


@app.command()
def worker() -> None:
    """Run the exchange's lanes and its watch until Ctrl-C. Start as many as you like: they share the work.

    Ends with a message and a status other than 0 when a lane stalls or fails; start it again and it continues where it
    stopped. Logs go to standard error: readable at a terminal, else JSON lines.
    """
    from consumers.worker.faust_app import run_worker
    from exchange.cli.shared.at_kafka import addressed, with_address
    from exchange.logs import set_up_logs
    from exchange.settings import Settings

    settings = with_address(Settings.model_validate({}))
    set_up_logs(settings.log_level)
    if os.environ.get("EXCHANGE_DIE_WITH_STDIN"):
        threading.Thread(target=_die_with_stdin, name="parent", daemon=True).start()
    with addressed(settings):
        asyncio.run(run_worker(settings))


def _die_with_stdin() -> None:
    """A trial's worker ends with the trial: when the parent is gone, so is the other end of standard input."""
    while os.read(0, 4096):  # not through sys.stdin: its lock, held here, would abort the interpreter's own end
        pass
    os._exit(0)
