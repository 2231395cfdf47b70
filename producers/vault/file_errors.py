"""Errors of a vault's file as named errors that say what to do; none quotes a statement."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlcipher3 import dbapi2 as sqlite

from producers import errors

OURS: Final = ("SQLITE_ERROR", "SQLITE_CONSTRAINT", "SQLITE_MISUSE", "SQLITE_MISMATCH", "SQLITE_RANGE")
"""Errors in this code, not in the file."""


@contextmanager
def naming_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors in the block into ours.

    Their text is dropped, because it may quote a statement.
    """
    try:
        yield
    except sqlite.Error as error:
        name = getattr(error, "sqlite_errorname", None) or ""
        if name.startswith(OURS) or isinstance(error, sqlite.ProgrammingError):
            raise  # an error in this code, not in the file; values are bound, so the text holds none
        raise _named(name, str(error), path) from None
    except MemoryError:  # SQLCipher says so where a commit meets a damaged page
        raise errors.VaultDamaged(f"{path} is damaged, or no memory is left.") from None
    except OSError as error:
        raise errors.VaultUnwritable(f"{path}: {error.strerror}.") from None


def _named(name: str, message: str, path: Path) -> errors.VaultError:
    if name.startswith("SQLITE_FULL") or "disk is full" in message:
        return errors.VaultFull(f"The disk that holds {path} is full.")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return errors.VaultInUse(f"Another process publishes from {path}.")
    if name.startswith("SQLITE_NOTADB"):
        return errors.VaultNotOpened(f"The passphrase does not open {path}, or the file is damaged at its beginning.")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH", "SQLITE_IOERR")):
        return errors.VaultUnwritable(f"{path} cannot be read or written.")
    return errors.VaultDamaged(f"{path} is damaged ({name or 'no further details'}).")
