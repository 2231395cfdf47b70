"""Whether the files of a source are the same as when it began to read them.

A file that another program writes meanwhile (an export that is still being made, a copy that is not
complete) would be read half as it was and half as it is. Shown by size and time of the last change.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from producers.errors import SourceChanged, SourceUnreadable


@dataclass(frozen=True, slots=True)
class FileState:
    """What shows that a file is the same as before: its size and the time of its last change."""

    octets: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> "FileState":
        """The state of a file now; raises OSError."""
        found = path.stat()
        return cls(found.st_size, found.st_mtime_ns)


@contextmanager
def unchanged(path: Path, files: Callable[[], Sequence[Path]]) -> Iterator[None]:
    """A block that reads these files, a source's at `path`; raises SourceChanged at its end.

    Whatever else the block could not read is then only a consequence.
    """
    before = _states(files)
    try:
        yield
    except SourceUnreadable:
        if _states(files) != before:
            raise SourceChanged(f"{path} changed while it was read.") from None
        raise
    if _states(files) != before:
        raise SourceChanged(f"{path} changed while it was read.")


def _states(files: Callable[[], Sequence[Path]]) -> dict[Path, FileState] | None:
    """None where they cannot be looked at: whoever reads them says why."""
    try:
        return {file: FileState.of(file) for file in files()}
    except (OSError, SourceUnreadable):
        return None
