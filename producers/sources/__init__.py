"""Sources: each reads one format of agency records and yields `producers.facts`.

Nothing here writes to a network.

A source is chosen by the suffix of the path. docs/ARCHITECTURE.md says how to add one; its
class also has a `for_profile(path, profile)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from producers.errors import SourceUnreadable
from producers.facts import Source
from producers.profile import Profile
from producers.sources.hmis import HmisExport
from producers.sources.jsonl import JsonLines
from producers.sources.sheets import SUFFIXES, Spreadsheet


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """One format.

    `suffixes`: in small letters, with the dot; `folder`: whether a folder is read as this format.
    """

    name: str
    suffixes: tuple[str, ...]
    folder: bool
    for_profile: Callable[[Path, Profile], Source]

    def reads(self, path: Path) -> bool:
        """Whether a path has this format, by its kind and suffix alone."""
        return self.folder if path.is_dir() else path.suffix.lower() in self.suffixes

    def __str__(self) -> str:
        """The name, with the paths that are read: `an HMIS CSV export (a folder or .zip)`."""
        return f"{self.name} ({' or '.join((*('a folder',) * self.folder, *self.suffixes))})"


FORMATS: Final = (
    SourceFormat("an HMIS CSV export", (".zip",), True, HmisExport.for_profile),
    SourceFormat("JSON Lines", (".jsonl", ".ndjson"), False, JsonLines.for_profile),
    SourceFormat("a spreadsheet", SUFFIXES, False, Spreadsheet.for_profile),
)


def open_source(path: Path, profile: Profile) -> Source:
    """The source that reads this path, with the profile's settings.

    Raises SourceUnreadable when no format fits, ProfileInvalid when the profile lacks the format's
    settings. The file itself is opened by `rows` and `read`.
    """
    for known in FORMATS:
        if known.reads(path):
            return known.for_profile(path, profile)
    raise SourceUnreadable(f"{path} has no format that can be published: {', '.join(map(str, FORMATS))}.")
