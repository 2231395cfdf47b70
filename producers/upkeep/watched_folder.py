"""A folder whose new and changed files are to be published, found by looking, not by events.

Events of a file system are lost on network shares, so each look compares size and time of the last
change. A file is due once two looks in a row have found it the same: until then somebody may be
writing it. Oldest first, so that after a restart the newest file has the last word.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from producers.sources import FORMATS
from producers.sources.file_state import FileState

NOT_FILES: Final = (".", "~$")
"""How names begin that programs give to files which are nobody's."""


@dataclass(slots=True)
class WatchedFolder:
    """A folder. Files in folders inside are not looked at, nor links. `clock`: seconds."""

    folder: Path
    clock: Callable[[], float]
    _before: dict[Path, FileState] = field(default_factory=dict)
    _done: dict[Path, FileState] = field(default_factory=dict)
    _not_before: dict[Path, float] = field(default_factory=dict)

    def look(self) -> list[Path]:
        """The files that are due now, oldest first; raises OSError if the folder is not there."""
        found = {path: state for path in self.folder.iterdir() if (state := _state(path))}
        same = [path for path, state in found.items() if self._before.get(path) == state]
        self._before = found
        due = [path for path in same if self._done.get(path) != found[path] and self._may(path)]
        return sorted(due, key=lambda path: (found[path].changed_ns, path.name))

    def _may(self, path: Path) -> bool:
        return self._not_before.get(path, 0.0) <= self.clock()

    def done(self, path: Path) -> None:
        """The file, as the last look found it, needs nothing more."""
        self._done[path] = self._before[path]

    def put_off(self, path: Path, seconds: float) -> None:
        """The file is not due before so many seconds have passed."""
        self._not_before[path] = self.clock() + seconds


def _state(path: Path) -> FileState | None:
    """The state of a file that has a format; None for anything else, or what is gone already."""
    try:
        if path.name.startswith(NOT_FILES) or path.is_symlink() or not path.is_file():
            return None
        return FileState.of(path) if any(known.reads(path) for known in FORMATS) else None
    except OSError:
        return None
