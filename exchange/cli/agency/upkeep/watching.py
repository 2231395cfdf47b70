"""`exchange publish --watch FOLDER`: each file that is new or changed there, until Ctrl-C."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from exchange.cli.shared.interrupts import stopped_by_interrupt
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.core.words import number_of

if TYPE_CHECKING:
    from exchange.cli.agency.previewing.file_run import FileRun
    from producers.upkeep.watched_folder import WatchedFolder

POLL_S: Final = 10.0
AGAIN_S: Final = 300.0
"""A file that the exchange or the vault could not take now is tried again after this time."""
ALIVE_S: Final = 3_600.0
STOPPED: Final = "exchange: stopped watching. What was published stays; start again to go on."
NOT_WATCHED: Final = "goes without a file, and without an option that a person decides about one file"
Publish = Callable[[Path], None]
"""Publishes one file, and ends like the command: with its exit status, or a named error."""


@dataclass(slots=True)
class FolderPublishing:
    """One watching. `published`, `failed`: files so far."""

    folder: "WatchedFolder"
    publish: Publish
    published: int = 0
    failed: int = 0
    gone: bool = False

    def look(self) -> None:
        """Publish what is due now."""
        try:
            due = self.folder.look()
            self.gone = False
        except OSError as error:
            self._say_gone(error)
            return
        for path in due:
            typer.echo(f"exchange: publishing {path.name}", err=True)
            self._publish(path)

    def _say_gone(self, error: OSError) -> None:
        if not self.gone:
            typer.echo(f"exchange: the folder cannot be read: {error.strerror}. Looking again.", err=True)
        self.gone = True

    def _publish(self, path: Path) -> None:
        try:
            self.publish(path)
        except typer.Exit as ended:
            if ended.exit_code == ExitStatus.INTERRUPTED:
                raise
            self.published += 1
        except ExchangeError as error:
            typer.echo(f"exchange: {error}", err=True)
            self.failed += 1
            if isinstance(error, _later()):
                self.folder.put_off(path, AGAIN_S)
                return
        self.folder.done(path)

    def says(self) -> str:
        """How far it is, for a person."""
        return f"watching: {number_of(self.published, 'file')} published, {self.failed} not"


def _later() -> tuple[type[ExchangeError], ...]:
    """The errors after which the same file may be taken later."""
    from producers import errors

    away = (errors.ExchangeAway, errors.ExchangeSilent, errors.ExchangeUnnamed, errors.InboxMissing, errors.Blocked)
    return (*away, errors.VaultInUse, errors.VaultFull, errors.VaultUnwritable)


def watch_folder(asked: "FileRun", folder: Path) -> None:
    """Publish what comes into a folder; nobody is asked anything but, once, for the passphrase."""
    from exchange.cli.agency.publish import publish_file, secret_of
    from producers.profile import Profile

    single = (asked.file, asked.nothing, asked.dry_run, asked.scheduled, asked.closes, asked.withdraw, asked.refusals)
    if any(single):
        raise typer.BadParameter(NOT_WATCHED, param_hint="--watch")
    if not folder.is_dir():
        raise typer.BadParameter("there is no such folder", param_hint="--watch")
    secret = secret_of(Profile.load(asked.profile_file))
    watch(folder, lambda path: publish_file(replace(asked, file=path, attended=False), secret))


def watch(folder: Path, publish: Publish) -> None:
    """Look at the folder again and again until Ctrl-C; now and then say that it is alive."""
    from producers.upkeep.watched_folder import WatchedFolder

    watching = FolderPublishing(WatchedFolder(folder, time.monotonic), publish)
    said_s = time.monotonic()
    with stopped_by_interrupt(STOPPED, before=lambda: None):
        typer.echo(f"exchange: watching {folder}. Ctrl-C ends it.", err=True)
        while True:
            watching.look()
            if time.monotonic() - said_s >= ALIVE_S:
                said_s = time.monotonic()
                typer.echo(f"exchange: {watching.says()}", err=True)
            pause(POLL_S)


def pause(seconds: float) -> None:
    """Wait between two looks."""
    time.sleep(seconds)
