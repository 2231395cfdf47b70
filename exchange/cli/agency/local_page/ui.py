"""`exchange edge ui`: everything that an agency does, on a page on this machine only."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    import socket

    from exchange.cli.agency.local_page.agency_pages import AgencyPages

uis = typer.Typer()

PORT_MAX = 65_535
AFTER_MINUTES, AFTER_MINUTES_MAX = 10, 60
ADDRESS = "exchange: open this address in your browser. It opens once, in one browser (Ctrl-C ends the page):"
AGAIN = "exchange: the page is locked. This new address opens it again, once:"
USED_AGAIN = (
    "exchange: warning: the address was used a second time. If that was not you, another account of this machine may have "
    "read it: press Ctrl-C."
)
OPENED = "exchange: the page opens in your browser (Ctrl-C ends it)."
ENDED = "exchange: the page has ended. Nothing of it is left on this machine."


@uis.command(
    epilog=ending(
        needs="the extra `web`. Without a profile it looks at files, checks them, and makes a folder to practise in.",
        example="exchange edge ui --profile agency.toml",
        statuses={ExitStatus.DONE: "ended with Ctrl-C.", ExitStatus.ERROR: "it could not listen at this port."},
    )
)
def ui(
    *,
    profile_file: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE", help="The agency's profile, a TOML file.", show_default="none"),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=PORT_MAX, metavar="PORT", help="Listen at this port; 0 takes a free one.")
    ] = 0,
    browser: Annotated[
        bool, typer.Option(help="Open the page in the browser; else only its address is printed.")
    ] = True,
    lock_after: Annotated[
        int,
        typer.Option(min=1, max=AFTER_MINUTES_MAX, metavar="MINUTES", help="Lock the page after so long without use."),
    ] = AFTER_MINUTES,
) -> None:
    """Look, check, preview, publish, hold and back up on a page, for this machine only.

    Listens at 127.0.0.1 alone. The address opens once, in one browser. The page locks itself, and
    forgets the passphrase then. Nothing is uploaded: a file is read on this machine, and leaves it
    only as `exchange publish` sends it.
    """
    import asyncio

    from exchange.cli.agency.local_page.local_server import listening_here, serve_pages
    from exchange.cli.agency.local_page.private_place import PrivatePlace, folder_of
    from exchange.engine.gc_tuning import relax_collector
    from producers.profile import Profile

    profile = Profile.load(profile_file) if profile_file else None
    relax_collector()
    listener = listening_here(port)
    with PrivatePlace(folder_of(profile)) as place:
        pages = _pages(listener, place.folder, lock_after)
        if profile_file is not None:
            pages.use_profile(profile_file)
        asyncio.run(serve_pages(pages, listener, lambda: _begin(pages, browser=browser)))
    typer.echo(ENDED, err=True)


def _pages(listener: "socket.socket", folder: Path, lock_after: int) -> "AgencyPages":
    import time

    from exchange.cli.agency.local_page.agency_pages import AgencyPages
    from exchange.cli.agency.local_page.door import Door
    from exchange.cli.agency.local_page.idle_lock import MINUTE_S, IdleLock

    lock = IdleLock(lock_after * MINUTE_S, time.monotonic)
    return AgencyPages(Door(listener.getsockname()[1]), lock, folder, _announce)


def _announce(address: str) -> None:
    typer.echo(f"{AGAIN}\n  {address}" if address else USED_AGAIN)


def _begin(pages: "AgencyPages", *, browser: bool) -> None:
    address = pages.door.issue()
    if browser and _opened(address, pages.folder):
        typer.echo(OPENED, err=True)
    typer.echo(f"{ADDRESS}\n  {address}")


def _opened(address: str, folder: Path) -> bool:
    """Whether a browser was asked to open it.

    The address goes through a file that its owner alone can read: what stands on a command line,
    such as a browser's, every account of the machine can read.
    """
    import webbrowser

    from exchange.engine.private_file import write_private

    leads = folder / "open.html"
    page = f'<!doctype html><meta charset="utf-8"><title> </title><meta http-equiv="refresh" content="0;url={address}">'
    write_private(leads, page.encode())
    try:
        return webbrowser.open(leads.as_uri())
    except webbrowser.Error:
        return False
