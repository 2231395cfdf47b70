"""Apache Kafka as a set of pinned archives in the user's cache, fetched once.

`jars.csv` beside this file pins every archive that jgo resolves for the coordinates in `ROOTS`,
with its size and SHA-256. A slow test resolves them anew and compares, so the list never drifts
from Maven's own answer.

Rules kept: an archive enters the cache only whole and with its pinned digest, by one atomic rename.
So a broken or interrupted download leaves nothing behind, and the next run continues where this one
stopped. Every start checks every digest again, so a damaged cache heals itself. Two processes may
fetch at once: an archive has one time of change, whoever brought it, since Java reads no prepared
classes (`prepared_classes`) of an archive whose time has changed.

Not promised: no search of `~/.m2`, no other version.
"""

import csv
import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from exchange.engine.broker.announce import Announcer
from exchange.engine.broker.errors import (
    BrokerAbandoned,
    BrokerExtraMissing,
    CacheNotWritable,
    KafkaDamaged,
    KafkaNotFetched,
)
from exchange.engine.wall_clock import wall_ms

if TYPE_CHECKING:
    from jgo.maven import Artifact, MavenContext

KAFKA_VERSION = "4.4.0"
# Kafka brings no SLF4J binding: without the second root, the broker logs nothing.
ROOTS = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    "org.slf4j:slf4j-simple:1.7.36",
    "at.yawk.lz4:lz4-java:1.14.0",
)
"""The last is newer than the one that this Kafka asks for, 1.11.2, which has CVE-2026-106451."""
CONNECTIONS = 6
READERS = 2
ATTEMPTS = 3
RETRY_WAIT_S = 0.5
STAGING = ".fetching-"
STALE_S = 3600
CHANGED_S = 1_000_000_000
"""The time of change of every archive in the cache, in seconds of the Unix clock."""
# jgo raises the first if an archive is missing, the others if a proxy answers with something else.
_ODD_ANSWERS = (RuntimeError, LookupError, ValueError)


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned archive: `group:artifact:version`, size in bytes, SHA-256 in hexadecimal."""

    coordinate: str
    size_bytes: int
    sha256: str

    @property
    def file_name(self) -> str:
        """The archive's file name in Maven and in the cache."""
        _group, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def is_at(self, path: Path) -> bool:
        """Whether the file there is this archive, byte for byte."""
        try:
            content = path.read_bytes()
        except OSError:  # missing or unreadable: fetching it shows which
            return False
        return hashlib.sha256(content).hexdigest() == self.sha256


def pinned_jars() -> tuple[Jar, ...]:
    """Every archive of the broker, the roots first."""
    return jars_of(resources.files(__package__).joinpath("jars.csv").read_text(encoding="utf-8"))


def jars_of(text: str) -> tuple[Jar, ...]:
    """The archives that a list such as `jars.csv` pins."""
    return tuple(Jar(row["coordinate"], int(row["bytes"]), row["sha256"]) for row in csv.DictReader(text.splitlines()))


def cache_directory() -> Path:
    """The directory of the archives: under `$XDG_CACHE_HOME`, else `~/.cache`."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "service-events-exchange" / f"kafka-{KAFKA_VERSION}"


def class_path(
    cache: Path,
    announcer: Announcer,
    abandoned: threading.Event,
    repository: str | None = None,
    jars: Sequence[Jar] | None = None,
) -> Sequence[Path]:
    """Paths of all archives (of `jars`, if given). Fetches those that the cache lacks.

    `repository` is the base address of a Maven repository, instead of Maven Central; `abandoned`
    cancels a fetch. Raises `KafkaNotFetched`, `KafkaDamaged`, `CacheNotWritable`,
    `BrokerExtraMissing` or `BrokerAbandoned`.
    """
    jars = pinned_jars() if jars is None else jars
    if missing := _missing(cache, jars):
        _fetch(missing, cache, announcer, abandoned, repository)
    return [cache / jar.file_name for jar in jars]


def cached_class_path(cache: Path) -> Sequence[Path] | None:
    """Paths of all archives; None if the cache lacks one, or holds a damaged one."""
    jars = pinned_jars()
    return None if _missing(cache, jars) else [cache / jar.file_name for jar in jars]


def _missing(cache: Path, jars: Sequence[Jar]) -> list[Jar]:
    with ThreadPoolExecutor(READERS, thread_name_prefix="digest") as pool:
        whole = pool.map(lambda jar: jar.is_at(cache / jar.file_name), jars)
        return [jar for jar, is_whole in zip(jars, whole, strict=True) if not is_whole]


def _fetch(
    jars: Sequence[Jar], cache: Path, announcer: Announcer, abandoned: threading.Event, repository: str | None
) -> None:
    total_bytes = sum(jar.size_bytes for jar in jars)
    announcer.say(f"fetching Apache Kafka {KAFKA_VERSION} ({total_bytes / 1e6:.0f} MB, once) into {cache}")
    with _staging(cache) as staging, announcer.fetching(total_bytes) as report:
        context = _maven(staging, repository, _FetchProgress(report, abandoned))
        with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="fetch") as pool:
            fetches = [pool.submit(_fetch_one, context, jar, cache) for jar in jars]
            try:
                for fetch in fetches:
                    fetch.result()
            except BaseException:
                abandoned.set()  # ends the downloads under way, at their next chunk
                pool.shutdown(cancel_futures=True)
                raise


@contextmanager
def _staging(cache: Path) -> Iterator[Path]:
    """A directory inside the cache, so that a rename into the cache never crosses a file system."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for left in cache.glob(f"{STAGING}*"):  # by a fetch that was killed
            if wall_ms() / 1000 - left.stat().st_mtime > STALE_S:
                shutil.rmtree(left, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=cache))
    except OSError as error:
        raise CacheNotWritable(f"The cache {cache} could not be written: {error.strerror}.") from error
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _fetch_one(context: "MavenContext", jar: Jar, cache: Path) -> None:
    from requests import RequestException

    group, artifact_name, version = jar.coordinate.split(":")
    artifact = context.project(group, artifact_name).at_version(version).artifact()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _keep(_download(artifact), jar, cache)
        except (RequestException, *_ODD_ANSWERS, KafkaDamaged) as error:
            if attempt < ATTEMPTS:
                time.sleep(RETRY_WAIT_S * attempt)
                continue
            if isinstance(error, KafkaDamaged):
                raise
            raise KafkaNotFetched(
                f"Apache Kafka {KAFKA_VERSION} is not in the cache {cache} and {jar.coordinate} could not be fetched "
                f"({type(error).__name__})."
            ) from error
        except OSError as error:
            raise CacheNotWritable(f"The cache {cache} could not be written: {error.strerror}.") from error
        else:
            return


def _download(artifact: "Artifact") -> Path:
    """The staged file. Remains of an earlier attempt are dropped: jgo would treat them as whole."""
    staged = artifact.cached_path
    assert staged is not None
    staged.unlink(missing_ok=True)
    return artifact.resolve()


def _keep(staged: Path, jar: Jar, cache: Path) -> None:
    if not jar.is_at(staged):
        raise KafkaDamaged(f"{jar.coordinate} does not have the digest that is pinned for it.")
    os.utime(staged, (CHANGED_S, CHANGED_S))
    staged.replace(cache / jar.file_name)


def _maven(staging: Path, repository: str | None, progress: "_FetchProgress") -> "MavenContext":
    try:
        from jgo.maven import MavenContext, PythonResolver
    except ImportError as error:
        raise BrokerExtraMissing from error
    remote = None if repository is None else {"given": repository.rstrip("/")}
    return MavenContext(PythonResolver(progress_callback=progress.of_file), repo_cache=staging, remote_repos=remote)


class _FetchProgress:
    """Sums the bytes of parallel downloads; a file that is tried again starts at zero."""

    def __init__(self, report: Callable[[int], None], abandoned: threading.Event) -> None:
        self._report = report
        self._abandoned = abandoned
        self._done_bytes: dict[str, int] = {}
        self._mutex = threading.Lock()

    @contextmanager
    def of_file(self, file_name: str, _size_bytes: int) -> Iterator[Callable[[int], None]]:
        """A progress callback for jgo: a function that takes the bytes of each chunk."""
        with self._mutex:
            self._done_bytes[file_name] = 0

        def add(chunk_bytes: int) -> None:
            if self._abandoned.is_set():
                raise BrokerAbandoned
            with self._mutex:
                self._done_bytes[file_name] += chunk_bytes
                self._report(sum(self._done_bytes.values()))

        yield add
