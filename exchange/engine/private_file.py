"""Files for their owner's eyes only, written whole or not at all, also if the power fails."""

import os
import secrets
from pathlib import Path
from typing import Final

OWNER_ONLY: Final = 0o600
OWNER_ONLY_FOLDER: Final = 0o700
OTHERS: Final = 0o077
UMASK: Final = OTHERS
"""For a child whose own files are to be its owner's alone."""


def write_private(path: Path, content: bytes) -> None:
    """Put a new file (0600) in the place of what was there, by one rename. Raises OSError.

    When it returns, content and name are on the disk.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(path)
        sync_folder(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk, where folders can be opened. Raises OSError."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def is_private(status: os.stat_result) -> bool:
    """Whether it belongs to this account, and no other has any right to it."""
    return status.st_uid == os.geteuid() and not status.st_mode & OTHERS
