"""Checks of this machine: Python, libraries, the age of the table of holes, the broker's disk."""

import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path
from typing import Final

from exchange.core.findings import CheckResult, fault, listed, ok, warning
from exchange.engine.kafka.cluster.holes import LIBRARIES, PYTHON_ENDS, REVIEW_DAYS, REVIEWED, Affected
from exchange.engine.kafka.cluster.versions import Version, VersionRange, parse_version

PYTHON: Final = "Python"
LIBRARY: Final = "libraries"
REVIEW: Final = "table of known holes"
DISK: Final = "disk of this Kafka"
DISK_FULL_BYTES: Final = 256 << 20
DISK_LOW_BYTES: Final = 2 << 30
UPDATE: Final = 'Update the exchange: `git pull`, then `make sync` or `pip install --upgrade ".[all]"` in the clone.'


def python_found(version: tuple[int, int], today: date) -> CheckResult:
    """Whether this Python is supported, by the exchange and by Python itself."""
    shown, supported = f"{version[0]}.{version[1]}", ", ".join(f"{a}.{b}" for a, b in PYTHON_ENDS)
    if version not in PYTHON_ENDS:
        return fault(
            PYTHON, f"{shown}; the exchange supports {supported}", "Install one of these, and the exchange in it."
        )
    ends = PYTHON_ENDS[version]
    if today > ends:
        return warning(PYTHON, f"{shown} has had no security fixes since {ends:%Y-%m}", "Install a newer Python.")
    return ok(PYTHON, f"{shown}, with security fixes until {ends:%Y-%m}")


def libraries_found(installed: Callable[[str], str | None]) -> Iterator[CheckResult]:
    """A line for each known hole in an installed library, or one that there is none.

    `installed`: a library's version, or None.
    """
    versions = {name: version for name in LIBRARIES if (version := installed(name)) is not None}
    clean = True
    for name, version in versions.items():
        found = parse_version(version)
        span = VersionRange(found, Version(found.major, found.minor, found.patch + 1))
        for hole in LIBRARIES[name]:
            if hole.affects(span) is not Affected.NO:
                clean = False
                yield warning(hole.name, f"{name} {version}: {hole.means}", UPDATE)
    if clean:
        yield ok(LIBRARY, f"no known hole in {listed([f'{name} {version}' for name, version in versions.items()])}")


def installed_version(name: str) -> str | None:
    """The version of an installed library."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def review_found(today: date, reviewed: date = REVIEWED) -> CheckResult:
    """Whether the table of known holes was compared with the advisories of late."""
    if today - reviewed > timedelta(days=REVIEW_DAYS):
        return warning(REVIEW, f"last reviewed on {reviewed}, over {REVIEW_DAYS} days ago", UPDATE)
    return ok(REVIEW, f"reviewed on {reviewed}")


def disk_found(folder: Path) -> CheckResult:
    """Whether the disk of the Kafka on this machine has room."""
    free = shutil.disk_usage(folder).free
    shown = f"{free / 2**30:,.1f} GiB free in {folder}"
    if free < DISK_FULL_BYTES:
        return fault(DISK, shown, "Free some space: Kafka ends when its disk is full.")
    if free < DISK_LOW_BYTES:
        return warning(DISK, shown, "Free some space.")
    return ok(DISK, shown)


def machine_found(today: date) -> Iterator[CheckResult]:
    """Every check that needs no Kafka."""
    yield python_found(sys.version_info[:2], today)
    yield from libraries_found(installed_version)
    yield review_found(today)
