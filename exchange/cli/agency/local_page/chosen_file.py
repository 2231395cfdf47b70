"""The file that a person works with: sent by the browser, or named by its path.

Rules kept: a body goes straight into one file of the private place, without a copy in memory or in
a folder for temporary files (a form with parts would make one, in clear). Of its name only a known
suffix is kept: a name may be a client's. It is never longer than said, nor than `OCTETS_MAX`, and a
body that stalls ends. The file is gone when another is chosen, at the lock, and at the end.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from exchange.core.errors import ExchangeError
from exchange.engine.private_file import OWNER_ONLY
from producers.sources import FORMATS

OCTETS_MAX: Final = 2 << 30
SPARE_OCTETS: Final = 256 << 20
"""Of the disk, that stay free."""
STALL_S: Final = 30.0
RECEIVED: Final = "records"
SUFFIXES: Final = tuple(suffix for known in FORMATS for suffix in known.suffixes)


class FileTooLarge(ExchangeError):
    """The file is too large for the page, or for the free disk. Nothing of it was kept."""

    hint = "Use its path on this machine instead: then it is read where it is."


class FileOfNoFormat(ExchangeError):
    """The file has no format that can be published. Nothing of it was kept."""

    hint = f"Its name must end with one of {', '.join(SUFFIXES)}."


class FileStalled(ExchangeError):
    """The browser stopped sending the file. Nothing of it was kept."""

    hint = "Choose it again, or use its path on this machine."


class NoSuchFile(ExchangeError):
    """There is no file or folder at this path."""

    hint = "Copy the whole path, as your file manager shows it."


@dataclass(frozen=True, slots=True)
class ChosenFile:
    """The file. `received`: it is a copy in the private place; `octets`: 0 for a folder."""

    path: Path = field(repr=False)
    received: bool
    octets: int

    def forget(self) -> None:
        """Remove a copy; a person's own file stays where it is."""
        if self.received:
            self.path.unlink(missing_ok=True)


def named_file(typed: str) -> ChosenFile:
    """The file of a path that a person typed. Raises NoSuchFile."""
    try:
        path = Path(typed.strip().strip('"')).expanduser()
        if not typed.strip() or not path.is_absolute() or not (path.is_file() or path.is_dir()):
            raise NoSuchFile
        return ChosenFile(path, received=False, octets=0 if path.is_dir() else path.stat().st_size)
    except (OSError, ValueError, RuntimeError):  # the last: ~ of an account that there is not
        raise NoSuchFile from None


async def received_file(name: str, body: AsyncIterator[bytes], octets: int, folder: Path) -> ChosenFile:
    """The file that a body is, of so many bytes.

    Raises FileTooLarge, FileOfNoFormat, FileStalled.
    """
    path = folder / f"{RECEIVED}{_suffix(name)}"
    if octets > min(OCTETS_MAX, shutil.disk_usage(folder).free - SPARE_OCTETS):
        raise FileTooLarge
    part = path.with_name("unfinished")
    part.unlink(missing_ok=True)
    try:
        if await _written(part, body, octets) != octets:
            raise FileStalled
        part.replace(path)
    except OSError:
        raise FileTooLarge from None
    finally:
        part.unlink(missing_ok=True)
    return ChosenFile(path, received=True, octets=octets)


def _suffix(name: str) -> str:
    suffix = max((PurePosixPath(name).suffix, PureWindowsPath(name).suffix), key=len).lower()
    if suffix not in SUFFIXES:
        raise FileOfNoFormat
    return suffix


async def _written(path: Path, body: AsyncIterator[bytes], octets: int) -> int:
    written = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
        while chunk := await _next_of(body):
            written += len(chunk)
            if written > octets:
                raise FileTooLarge
            file.write(chunk)
    return written


async def _next_of(body: AsyncIterator[bytes]) -> bytes:
    """The next bytes; empty at the end. Raises FileStalled."""
    try:
        async with asyncio.timeout(STALL_S):
            async for chunk in body:
                if chunk:
                    return chunk
    except TimeoutError:
        raise FileStalled from None
    return b""
