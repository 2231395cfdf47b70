"""The cache of archives, against a Maven repository on the loopback that can misbehave."""

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from exchange.engine.broker import (
    BrokerAbandoned,
    BrokerExtraMissing,
    CacheNotWritable,
    KafkaDamaged,
    KafkaNotFetched,
    Silent,
    jars,
)
from exchange.engine.broker.jars import Jar, class_path
from tools.derive.broker_jars import LISTS, needed

CONTENTS = {f"org.example:part-{n}:1.{n}": bytes([n]) * 30_000 for n in range(1, 5)}
PARTS = [Jar(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in CONTENTS.items()]
CONTENT_OF = {
    f"/org/example/part-{n}/1.{n}/part-{n}-1.{n}.jar": CONTENTS[f"org.example:part-{n}:1.{n}"] for n in range(1, 5)
}


@dataclass
class Repository:
    """A Maven repository.

    `spoil` may change what is answered: (path, how often it was asked before) → (status, body).
    """

    url: str = ""
    asked: list[str] = field(default_factory=list)
    spoil: Callable[[str, int], tuple[int, bytes] | None] = lambda _path, _before: None

    def answer(self, path: str) -> tuple[int, bytes]:
        before = self.asked.count(path)
        self.asked.append(path)
        if (spoilt := self.spoil(path, before)) is not None:
            return spoilt
        return (200, CONTENT_OF[path]) if path in CONTENT_OF else (404, b"")

    def archives_asked(self) -> list[str]:
        return sorted(path for path in self.asked if path.endswith(".jar"))


class Counting:
    """An announcer that remembers how far the fetch came."""

    def __init__(self) -> None:
        self.total_bytes = 0
        self.done_bytes: list[int] = []
        self.said: list[str] = []

    def say(self, message: str, /) -> None:
        self.said.append(message)

    @contextmanager
    def fetching(self, total_bytes: int, /) -> Iterator[Callable[[int], None]]:
        self.total_bytes = total_bytes
        yield self.done_bytes.append


@pytest.fixture(autouse=True)
def no_wait_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "RETRY_WAIT_S", 0)


@pytest.fixture
def repository() -> Iterator[Repository]:
    repository = Repository()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = repository.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        repository.url = f"http://127.0.0.1:{server.server_port}"
        yield repository
        server.shutdown()


def fetch(cache: Path, repository: Repository, announcer: Counting | None = None) -> list[Path]:
    return list(class_path(cache, announcer or Silent(), threading.Event(), repository.url, PARTS))


def kept(cache: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in cache.iterdir()}


WHOLE = {Path(path).name: content for path, content in CONTENT_OF.items()}


def test_a_first_fetch_brings_every_archive_and_reports_how_far_it_is(tmp_path: Path, repository: Repository) -> None:
    announcer = Counting()
    paths = fetch(tmp_path / "cache", repository, announcer)
    assert [path.name for path in paths] == [jar.file_name for jar in PARTS]
    assert kept(tmp_path / "cache") == WHOLE
    assert announcer.done_bytes[-1] == announcer.total_bytes == sum(map(len, WHOLE.values()))
    assert announcer.done_bytes == sorted(announcer.done_bytes)


def test_an_archive_that_two_processes_brought_has_not_changed(tmp_path: Path, repository: Repository) -> None:
    """Classes that were prepared between the two fetches would be refused by Java."""
    paths = fetch(tmp_path / "cache", repository)
    before = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    again = fetch(tmp_path / "other", repository)
    for path in again:
        path.replace(tmp_path / "cache" / path.name)
    assert [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths] == before


def test_a_full_cache_asks_nobody(tmp_path: Path, repository: Repository) -> None:
    fetch(tmp_path, repository)
    repository.asked.clear()
    announcer = Counting()
    fetch(tmp_path, repository, announcer)
    assert repository.asked == announcer.said == []


def test_a_damaged_archive_is_fetched_again_and_no_other(tmp_path: Path, repository: Repository) -> None:
    fetch(tmp_path, repository)
    repository.asked.clear()
    (tmp_path / "part-2-1.2.jar").write_bytes(CONTENTS["org.example:part-2:1.2"][:-1])
    fetch(tmp_path, repository)
    assert kept(tmp_path) == WHOLE
    assert repository.archives_asked() == ["/org/example/part-2/1.2/part-2-1.2.jar"]


@pytest.mark.parametrize("first", [(500, b""), (200, b"another archive"), (200, b"")])
def test_one_bad_answer_is_tried_again(tmp_path: Path, repository: Repository, first: tuple[int, bytes]) -> None:
    repository.spoil = lambda path, before: first if "part-3" in path and not before else None
    fetch(tmp_path, repository)
    assert kept(tmp_path) == WHOLE


def test_an_archive_without_its_pinned_digest_is_refused_and_not_kept(tmp_path: Path, repository: Repository) -> None:
    repository.spoil = lambda path, _before: (200, b"x" * 30_000) if "part-3" in path else None
    with pytest.raises(KafkaDamaged, match=r"org\.example:part-3:1\.3"):
        fetch(tmp_path, repository)
    assert kept(tmp_path).items() <= WHOLE.items()
    assert "part-3-1.3.jar" not in kept(tmp_path)


def test_what_one_run_fetched_the_next_need_not(tmp_path: Path, repository: Repository) -> None:
    repository.spoil = lambda path, _before: (404, b"") if "part-4" in path else None
    with pytest.raises(KafkaNotFetched):
        fetch(tmp_path, repository)
    had = set(kept(tmp_path))
    assert had
    repository.asked.clear()
    repository.spoil = lambda _path, _before: None
    fetch(tmp_path, repository)
    assert kept(tmp_path) == WHOLE
    assert {Path(path).name for path in repository.archives_asked()} == set(WHOLE) - had


def test_without_a_network_the_error_names_the_three_ways_out(tmp_path: Path) -> None:
    nobody_listens = "http://127.0.0.1:1"
    with pytest.raises(KafkaNotFetched) as raised:
        class_path(tmp_path, Silent(), threading.Event(), nobody_listens)
    said = str(raised.value)
    assert "EXCHANGE_BOOTSTRAP_SERVERS" in said
    assert "docker run" in said
    assert "cache" in said
    assert str(tmp_path) in said
    assert kept(tmp_path) == {}


def test_a_fetch_that_is_called_off_ends_and_keeps_nothing_half(tmp_path: Path, repository: Repository) -> None:
    called_off = threading.Event()
    called_off.set()
    with pytest.raises(BrokerAbandoned):
        class_path(tmp_path, Silent(), called_off, repository.url, PARTS)
    assert kept(tmp_path) == {}


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CacheNotWritable, match=str(tmp_path)):
        fetch(tmp_path / "file" / "cache", repository)


def test_without_jgo_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    with pytest.raises(BrokerExtraMissing, match=r"\.\[broker\]"):
        class_path(tmp_path, Silent(), threading.Event())


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert jars.cache_directory().is_relative_to(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert jars.cache_directory().is_relative_to(tmp_path / ".cache")


@pytest.mark.slow
@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.parent.name)
def test_the_pinned_archives_are_what_maven_resolves(path: Path, tmp_path: Path) -> None:
    """Asks Maven Central: each list is jgo's answer for its roots, no more and no less."""
    from jgo.maven import MavenContext

    pinned = {jar.coordinate for jar in jars.jars_of(path.read_text(encoding="utf-8"))}
    assert pinned == needed(LISTS[path], MavenContext(repo_cache=tmp_path))
