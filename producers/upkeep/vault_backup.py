"""A backup of the vault, and how it is put back.

Rules kept: a copy is of one moment, because the vault's lock is held; its owner alone can read it;
it is opened and checked before it gets its name; nothing is overwritten. It is never written beside
the file that opens it: whoever took that folder would have both. A backup is put back only where
there is no vault.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from exchange.engine.private_file import OWNER_ONLY, sync_folder
from producers.errors import EdgeError, VaultDamaged
from producers.profile import Profile
from producers.secret_files import Secret
from producers.vault import holding
from producers.vault.store import Vault, expect_no_vault

BACKED_UP: Final = "backed_up"
"""The vault's own value: the day of the last backup, and the last event accepted until then."""
_DAY_OCTETS: Final = 4


class BackupRefused(EdgeError):
    """The backup was not made. The vault was not changed."""

    hint = (
        "Choose a new file in a folder of its own, best on another disk. Keep the key file or passphrase elsewhere: whoever "
        "has both can read who your clients are."
    )


class BackupUnusable(EdgeError):
    """The backup cannot be put back. Nothing was changed."""

    hint = "Check the path and the secret that the profile names, or take an older backup."


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made. `last_event`: the last event in it that the exchange has accepted."""

    path: Path
    octets: int
    last_event: int


def back_up(profile: Profile, secret: Secret, target: Path, today: date) -> Backup:
    """Copy the vault. `target`: a new file, or a folder, in which the copy is named by the day.

    Raises BackupRefused, a VaultError.
    """
    path = target / f"{profile.agency}-{today:%Y-%m-%d}.vault" if target.is_dir() else target
    _expect_place(profile, path)
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with Vault.open(profile, secret) as vault:
            _touch(unfinished)
            vault.copy_into(unfinished, secret)
            last = _checked(profile.model_copy(update={"vault": unfinished}), secret)
            _put(unfinished, path)
            vault.set(BACKED_UP, today.toordinal().to_bytes(_DAY_OCTETS, "big") + last.to_bytes(8, "big"))
            vault.set(holding.CHANGED, b"")
            vault.commit()
    except OSError as error:
        raise BackupRefused(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        for left in (unfinished, *_beside(unfinished)):
            left.unlink(missing_ok=True)
    return Backup(path, path.stat().st_size, last)


def put_back(profile: Profile, secret: Secret, backup: Path) -> int:
    """Put a copy of a backup where the profile's vault belongs; the last event accepted in it.

    Raises VaultExists, BackupUnusable, a VaultError.
    """
    expect_no_vault(profile)
    if not backup.is_file():
        raise BackupUnusable(f"There is no backup at {backup}.")
    unfinished = profile.vault.with_name(profile.vault.name + ".unfinished")
    try:
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        _touch(unfinished)
        shutil.copyfile(backup, unfinished)
        last = _checked(profile.model_copy(update={"vault": unfinished}), secret)
        expect_no_vault(profile)
        _put(unfinished, profile.vault)
    except OSError as error:
        raise BackupUnusable(f"{backup} cannot be put back: {error.strerror}.") from None
    finally:
        for left in (unfinished, *_beside(unfinished)):
            left.unlink(missing_ok=True)
    return last


def last_backup(vault: Vault) -> tuple[date, int] | None:
    """(day, last event accepted until then) of the last backup; None if none was made."""
    row = vault.one("SELECT value FROM meta WHERE name = ?", (BACKED_UP,))
    if row is None:
        return None
    value = bytes(row[0])
    return date.fromordinal(int.from_bytes(value[:_DAY_OCTETS], "big")), int.from_bytes(value[_DAY_OCTETS:], "big")


def secrets_beside(profile: Profile, folder: Path) -> list[Path]:
    """The files in a folder, or below it, that open the profile's vault."""
    files = (profile.key_file, profile.passphrase_file)
    return [file for file in files if file is not None and folder.resolve() == file.resolve().parent]


def _expect_place(profile: Profile, path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise BackupRefused(f"There is something at {path} already.")
    if not path.parent.is_dir():
        raise BackupRefused(f"There is no folder {path.parent}.")
    if beside := secrets_beside(profile, path.parent):
        raise BackupRefused(f"{beside[0]}, which opens the vault, is in the folder of the backup.")


def _touch(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY))


def _checked(profile: Profile, secret: Secret) -> int:
    """Open a copy and check it whole; the last event accepted in it. Raises a VaultError."""
    with Vault.open(profile, secret) as copy:
        faults = copy.all("PRAGMA cipher_integrity_check") + copy.all("PRAGMA quick_check")
        if [row for row in faults if row != ("ok",)]:
            raise VaultDamaged(f"{profile.vault} is damaged.")
        return int.from_bytes(copy.get("accepted"), "big")


def _put(unfinished: Path, path: Path) -> None:
    """Give a checked copy its name, on the disk; the log beside it was emptied when it closed."""
    with unfinished.open("rb+") as file:
        os.fsync(file.fileno())
    unfinished.rename(path)
    path.chmod(OWNER_ONLY)
    sync_folder(path.parent)


def _beside(path: Path) -> Iterator[Path]:
    """The files that SQLite writes beside a database."""
    return (path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal"))
