"""A file of an export, and writing all of them at once.

Rules kept: a folder that holds anything is refused. Files are written into a folder beside it, and
to the disk, and then it is renamed: a folder with a README is whole.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus


class FolderTaken(ExchangeError):
    """The export cannot go into this folder."""

    exit_code = ExitStatus.USAGE
    hint = "Name a folder that is new or empty."


class FilesNotWritten(ExchangeError):
    """The files could not be written."""

    hint = "Nothing was left behind. Check the disk space and your rights to the folder."


@dataclass(frozen=True, slots=True)
class ExportFile:
    """`path`: within the export, with slashes. `says`: what it is, in a few words."""

    path: str
    content: bytes
    media_type: str
    says: str


def check_folder(folder: Path) -> None:
    """Raise FolderTaken if `write` would; call it before the long work."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(f"{folder} is there already, and is not an empty folder.")
    if not folder.absolute().parent.is_dir():
        raise FolderTaken(f"{folder.absolute().parent} is no folder.")


def write(files: Iterable[ExportFile], folder: Path) -> int:
    """Write all files, or none; how many bytes. Raises FolderTaken and FilesNotWritten."""
    check_folder(folder)
    try:
        staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
        try:
            size = sum(_written(staged / file.path, file.content) for file in files)
            staged.chmod(0o755)
            if folder.exists():
                folder.rmdir()
            staged.rename(folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise FilesNotWritten(f"{folder}: {error.strerror or type(error).__name__}.") from None
    return size


def _written(path: Path, content: bytes) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    return len(content)
