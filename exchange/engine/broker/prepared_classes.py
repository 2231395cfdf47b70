"""A file of Kafka's classes as Java has them in memory: with it, a broker starts in half the time.

Java writes such a file when a program ends and reads it at a later start (application class-data
sharing). `training` has it written once for each Java.

Rules kept:
- A file is kept only after the Java that is to read it has checked it whole and accepted it.
- Its name holds its digest, which every start checks. Java itself does not: a file that is cut
  short crashes it, whatever the options.
- Its name also holds a digest of all that must be the same: Java's version, and the name, pinned
  digest, size and time of every archive on the class path. The broker's settings are in it too:
  with others it loads other classes.
- It enters the cache whole, by one atomic rename. Two processes may do so at once.
- It is code. A file that another account owns or may write is not read.
- No failure here hinders a start. A damaged file is removed and made again.
"""

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exchange.engine.broker.jars import pinned_jars
from exchange.engine.broker.java import Java
from exchange.engine.broker.server import Ports, settings
from exchange.engine.wall_clock import wall_ms

PREFIX = "classes-"
SUFFIX = ".jsa"  # Java's own ending
FAILED = ".failed"
FAILED_S = 86_400  # after a failure, a day passes before the next attempt
JAVA_WAIT_S = 30
FILES_MAX = 4  # one for each Java that was used of late
_KEY_HEX = 16
_OTHERS_MAY_WRITE = 0o022


@dataclass(frozen=True, slots=True)
class PreparedClasses:
    """The file for one Java and one class path, in this cache directory."""

    java: Java
    class_path: Sequence[Path]
    cache: Path

    def found(self) -> Path | None:
        """A whole file of our own, or None. Damaged ones are removed."""
        for path in sorted(self.cache.glob(f"{PREFIX}{self._key()}-*{SUFFIX}")):
            with contextlib.suppress(OSError):
                if _is_whole(path):
                    os.utime(path)  # used last
                    return path
                path.unlink()
        return None

    def may_be_made(self) -> bool:
        """Whether this Java can write such a file, and has not failed to within a day."""
        with contextlib.suppress(OSError):
            if wall_ms() / 1000 - self._failed().stat().st_mtime < FAILED_S:
                return False
        return self._starts("-Xshare:on")

    def keep(self, written: Path) -> Path | None:
        """Move a file that Java wrote into its place, if Java accepts it.

        Returns the place; None if the file is missing or refused, and then notes the failure.
        """
        checked = ("-Xshare:on", "-XX:+UnlockDiagnosticVMOptions", "-XX:+VerifySharedSpaces")
        try:
            if not written.is_file() or not self._starts(*checked, f"-XX:SharedArchiveFile={written}"):
                self._failed().touch()
                return None
            written.chmod(0o600)
            path = self.cache / f"{PREFIX}{self._key()}-{_digest(written)}{SUFFIX}"
            written.replace(path)
            self._remove_unused()
        except OSError:
            return None
        return path

    def _starts(self, *flags: str) -> bool:
        command = [str(self.java.executable), *flags, "-cp", os.pathsep.join(map(str, self.class_path)), "-version"]
        try:
            ran = subprocess.run(  # noqa: S603 - our own command line
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=JAVA_WAIT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return ran.returncode == 0

    def _failed(self) -> Path:
        return self.cache / f"{PREFIX}{self._key()}{FAILED}"

    def _remove_unused(self) -> None:
        files = sorted(self.cache.glob(f"{PREFIX}*{SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[FILES_MAX:]:
            path.unlink(missing_ok=True)

    def _key(self) -> str:
        """A digest of all that must be the same for a file to fit."""
        parts = [
            self.java.version,
            settings(Ports(0, 0), ""),
            *(f"{jar.coordinate} {jar.sha256}" for jar in pinned_jars()),
        ]
        for path in self.class_path:
            status = path.stat()
            parts.append(f"{path} {status.st_size} {status.st_mtime_ns}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_KEY_HEX]


def _is_whole(path: Path) -> bool:
    status = path.stat()
    ours = status.st_uid in {0, os.getuid()} and not status.st_mode & _OTHERS_MAY_WRITE
    return ours and _digest(path) == path.stem.rpartition("-")[2]


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
