"""A folder for the file that a browser sent: its owner's alone, and never left behind.

    with PrivatePlace(folder_of(profile)) as place:
        place.folder / "records.zip"

Rules kept: the folder is removed at the end, whatever ends the block. After a kill it is removed at
the next start: each running page holds a lock in its own folder, and a folder that nobody holds is
swept. Nothing is written to the folders for temporary files.
"""

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from exchange.core.errors import ExchangeError
from exchange.engine.own_brokers import account_home
from exchange.engine.private_file import OWNER_ONLY_FOLDER
from exchange.engine.wall_clock import wall_ms
from producers.profile import Profile

LOCK: Final = "in-use"
ENDING: Final = ".page"
WITHOUT_PROFILE: Final = "edge-page"
BEGINS_MS: Final = 60_000
"""A folder without a lock is left alone for so long: its page may be starting."""


class PlaceUnusable(ExchangeError):
    """The folder for a file that a browser sends cannot be made."""

    hint = "Make room, or correct the rights of the folder of the vault."


def folder_of(profile: Profile | None) -> Path:
    """Beside the vault; without a profile, in the folder of this account."""
    if profile is None:
        return account_home() / WITHOUT_PROFILE
    return profile.vault.with_name(profile.vault.name + ENDING)


class PrivatePlace:
    """One page's folder below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.folder = root
        self._lock: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Sweep, and make the folder. Raises PlaceUnusable."""
        try:
            self._root.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
            self._root.chmod(OWNER_ONLY_FOLDER)
            sweep(self._root)
            self.folder = Path(tempfile.mkdtemp(dir=self._root))
            self._lock = _held(self.folder / LOCK)
        except OSError as error:
            raise PlaceUnusable(f"{self._root}: {error.strerror}.") from None
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._lock is not None:
            self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # another page may be there
            self._root.rmdir()


def sweep(root: Path) -> None:
    """Remove what pages left that were killed."""
    for folder in [one for one in root.iterdir() if one.is_dir() and not one.is_symlink()]:
        if _is_left(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: Path) -> bool:
    lock = folder / LOCK
    if not lock.exists():
        return wall_ms() - folder.stat().st_mtime * 1_000 > BEGINS_MS
    with contextlib.suppress(sqlite3.Error):
        _held(lock).close()
        return True
    return False


def _held(lock: Path) -> sqlite3.Connection:
    """A lock that the system lets go with the process, on every system. Raises sqlite3.Error."""
    connection = sqlite3.connect(lock, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
