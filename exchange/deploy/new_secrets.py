"""Files that hold secrets: made for their owner only, all of them or none, never overwritten."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus

OWNER_ONLY: Final = 0o600
EVERYBODY: Final = 0o644


class SecretExists(ExchangeError):
    """A file that would be written is there already. Nothing was written."""

    exit_code = ExitStatus.USAGE
    hint = "Name another folder with --out. Delete the old file only when no broker or client uses it any more."


class SecretUnwritten(ExchangeError):
    """The folder for the secrets cannot be written. Nothing was written."""

    hint = "Name a folder that you may write with --out."


def write_secrets(folder: Path, files: Mapping[str, bytes], *, public: frozenset[str] = frozenset()) -> list[Path]:
    """Write these files and return their paths. `public`: names that hold no secret.

    Raises SecretExists before anything is written, SecretUnwritten after taking everything back.
    """
    paths = {name: folder / name for name in files}
    there = [str(path) for path in paths.values() if os.path.lexists(path)]
    if there:
        raise SecretExists(f"There already: {', '.join(there)}. Nothing was written.")
    written: list[Path] = []
    try:
        for name, path in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(path, files[name], EVERYBODY if name in public else OWNER_ONLY, written)
    except OSError as error:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise SecretUnwritten(f"{error.filename} could not be written: {error.strerror}.") from None
    return written


def _write(path: Path, content: bytes, mode: int, written: list[Path]) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    written.append(path)
    with os.fdopen(file, "wb") as opened:
        opened.write(content)
        os.fchmod(opened.fileno(), mode)
