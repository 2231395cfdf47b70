"""Kafka's versions, and how much of its own version a broker reveals.

No request asks a broker for its version. It does name the newest `metadata.version` that its
software can use, and every minor version has levels of its own. So the minor version is known and
the patch is not: a `VersionRange` holds every version that is possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Version(NamedTuple):
    """A version of Kafka, or of a library."""

    major: int
    minor: int = 0
    patch: int = 0

    def __str__(self) -> str:
        """As it is written: 4.2.0."""
        return f"{self.major}.{self.minor}.{self.patch}"


def parse_version(text: str) -> Version:
    """The version that a text such as 4.2.0 or 46.0.7rc1 names. Raises ValueError for no number."""
    numbers = [_leading(part) for part in text.split(".")[:3]]
    return Version(*numbers)


def _leading(part: str) -> int:
    digits = part[: next((place for place, letter in enumerate(part) if not letter.isdigit()), len(part))]
    return int(digits)


OLDEST_SUPPORTED: Final = Version(4, 0)
"""The oldest that the exchange supports; `make test-oldest` runs its last patch.

4.0 is the first without ZooKeeper, and whose brokers all check that a partition belongs to the
transaction that writes to it (KIP-890), which bounds how long a transaction can stay open.
"""
LEVELS: Final[Mapping[int, Version]] = {
    **dict.fromkeys(range(22, 26), Version(4, 0)),
    **dict.fromkeys(range(26, 28), Version(4, 1)),
    **dict.fromkeys(range(28, 30), Version(4, 2)),
    30: Version(4, 3),
    **dict.fromkeys(range(31, 34), Version(4, 4)),
}
"""Level of `metadata.version` → minor version, from Kafka's `MetadataVersion`."""


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Every version from `first` on and before `end`; without `end`, every later one."""

    first: Version
    end: Version | None

    def __str__(self) -> str:
        """For a person: 4.2.x, "before 4.0" or "4.5 or newer"."""
        if self.end is None:
            return f"{self.first.major}.{self.first.minor} or newer"
        if self.first == Version(0):
            return f"before {self.end.major}.{self.end.minor}"
        return f"{self.first.major}.{self.first.minor}.x"


def of_level(level: int) -> VersionRange:
    """The versions whose newest `metadata.version` is this level."""
    if level in LEVELS:
        found = LEVELS[level]
        return VersionRange(found, Version(found.major, found.minor + 1))
    if level < min(LEVELS):
        return VersionRange(Version(0), min(LEVELS.values()))
    newest = max(LEVELS.values())
    return VersionRange(Version(newest.major, newest.minor + 1), None)
