"""Runs of `exchange publish` of which every byte that a person, a log or a disk could keep is kept.

The exchange is the one in memory with the real gate, or a Kafka. Every file that Python opens for
writing is noted, wherever it is, so that one that is removed again is seen, too.
"""

import csv
import io
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from exchange.core.model.vocabulary import LegalClass
from tests.kits.command_line import exchange
from tests.kits.edge_kit.desk import TODAY
from tests.kits.edge_kit.exchange import Exchange, registered
from tests.kits.planted_kit.finder import Finder
from tests.kits.planted_kit.identifiers import Identifier

AGENCY: Final = "harbor-light"
PROFILE: Final = """
agency = "harbor-light"
state = "ca"
legal_class = "{}"
vault = "harbor.vault"
key_file = "keys/harbor.key"

[hmis]
all_projects_trafficking = true

[sheets]
blank_consent = "publish"

[kafka]
bootstrap_servers = "{}"
"""
NOWHERE: Final = "127.0.0.1:1"
PAGE: Final = "preview.html"
REPORTED: Final = ("report.html", "report.csv", "report.xlsx")
WRITTEN: Final = (
    "harbor.",
    "harbor-light-",
    "refused.csv",
    ".refused",
    PAGE,
    f".{PAGE}",
    *REPORTED,
    *(f".{name}" for name in REPORTED),
    "services.toml",
    ".services.toml",
)
"""The vault, its key and backup, the list of refused rows, the page, the report, the mapping."""
BACKUPS: Final = "backups"
WORDS: Final = ("--profile", "agency.toml")
VERBOSE: Final = {"EXCHANGE_LOG_LEVEL": "debug"}
WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Opened:
    """The files that were opened for writing while `watching`; a process can have one such hook."""

    watching: bool = False
    paths: list[str] = field(default_factory=list)

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.watching or event != "open":
            return
        path, _, flags = arguments[:3]
        if isinstance(path, str | bytes | os.PathLike) and isinstance(flags, int) and flags & WRITING:
            self.paths.append(os.fsdecode(path))


OPENED: Final = Opened()
sys.addaudithook(OPENED)


class WatchedDesk:
    """A person at an agency, who publishes files; `kept`: what, and its bytes.

    `kafka`: the address of a real exchange, which knows the agency once somebody registers `key`.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, legal_class: LegalClass, kafka: str = "") -> None:
        self.folder, self.temporary, self.kept = folder / "desk", folder / "temporary", dict[str, bytes]()
        self.records = b""
        """The lists of refused rows, which alone may name records."""
        for place in (self.folder, self.temporary, self.folder / "keys"):
            place.mkdir()
        monkeypatch.chdir(self.folder)
        for name in ("TMPDIR", "SQLITE_TMPDIR"):
            monkeypatch.setenv(name, str(self.temporary))
        monkeypatch.setattr(tempfile, "tempdir", None)
        Path("agency.toml").write_text(PROFILE.format(legal_class, kafka or NOWHERE), encoding="utf-8")
        self._run("making the vault", "edge", "init", *WORDS, "--key-file", "--json")
        self.key = json.loads(self.kept["making the vault: output"])
        keys = (self.key["key_number"], bytes.fromhex(self.key["public_key"]))
        self.exchange = Exchange(registered(AGENCY, legal_class, keys))
        if not kafka:
            monkeypatch.setattr("producers.edge.kafka_link", lambda _: self.exchange.link())

    def publish(self, what: str, write: Callable[[Path], Path]) -> set[int]:
        """Look at a file, check it, publish it, look at the vault; returns the exit statuses."""
        with self._source(write) as file:
            return self._look(what, file) | self._send(what, file)

    def send(self, what: str, write: Callable[[Path], Path]) -> set[int]:
        """Publish a file twice and look at the vault; returns the exit statuses."""
        with self._source(write) as file:
            return self._send(what, file)

    def map(self, write: Callable[[Path], Path], *words: str) -> set[int]:
        """Say which columns of a sheet hold what, and publish it; returns the exit statuses."""
        with self._source(write) as file:
            mapped = {
                self._run("a sheet, not sure", "edge", "map", file, *WORDS),
                self._run("a sheet, mapped", "edge", "map", file, *WORDS, *words, "--json"),
            }
            return mapped | self._look("a mapped sheet", file) | self._send("a mapped sheet", file)

    def look_after(self, *, offline: bool) -> set[int]:
        """Check the set-up, look at the vault and back it up; returns the exit statuses."""
        (self.folder / BACKUPS).mkdir()
        return {
            self._run("the set-up checked", "edge", "doctor", *WORDS, *(["--offline"] if offline else [])),
            self._run("the vault", "edge", "status", *WORDS),
            self._run("the vault reported", "edge", "report", "otip", "--period", "2026", *WORDS, "--json"),
            self._run("a backup", "edge", "backup", BACKUPS, *WORDS),
        }

    @contextmanager
    def _source(self, write: Callable[[Path], Path]) -> Iterator[str]:
        source = self.folder / "source"
        source.mkdir()
        yield str(write(source))
        shutil.rmtree(source)

    def _look(self, what: str, file: str) -> set[int]:
        preview = ["edge", "preview", file, *WORDS, "--today", TODAY, "--html", PAGE]
        publish = ["publish", file, *WORDS, "--today", TODAY, "--dry-run"]
        report = ["edge", "report", *WORDS, "--period", "2026", "--today", TODAY]
        return {
            self._run(f"{what}, seen without a profile", "edge", "look", file),
            self._run(f"{what}, checked", "edge", "check", file, *WORDS, "--burden"),
            self._run(f"{what}, for a privacy officer", *preview),
            self._run(f"{what}, looked at", *publish),
            self._run(f"{what}, looked at as JSON", *publish, "--json"),
            self._run(f"{what}, reported", *report, "hmis", "--file", file, *_written()),
        }

    def _send(self, what: str, file: str) -> set[int]:
        publish = ["publish", file, *WORDS, "--today", TODAY]
        return {
            self._run(f"{what}, published", *publish, "--refusals", "refused.csv", "--scheduled"),
            self._run(f"{what}, published again as JSON", *publish, "--json", "--withdraw"),
            self._run(f"{what}, vault", "edge", "status", *WORDS, "--json"),
        }

    def _run(self, what: str, *words: str) -> int:
        log = io.StringIO()
        with _logged(log), _watched(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(logging, "raiseExceptions", False)
            done = exchange(*words, **VERBOSE)
        for name, text in {"output": done.stdout, "errors": done.stderr, "log": log.getvalue()}.items():
            self.kept[f"{what}: {name}"] = text.encode()
        self._keep_files(what)
        return done.returncode

    def _keep_files(self, what: str) -> None:
        ours = {"agency.toml", "keys", "harbor.key", "source", "refused.csv"}
        for path in self.folder.rglob("*"):
            if path.is_file() and not ours.intersection(path.relative_to(self.folder).parts):
                kept = path.name if path.name.startswith("harbor.vault") else f"{what}: {path.name}"
                self.kept[kept] = path.read_bytes()
        for name in (PAGE, *REPORTED):
            (self.folder / name).unlink(missing_ok=True)
        for path in self.temporary.rglob("*"):
            self.kept[f"{what}: temporary {path.name}"] = path.name.encode() + path.read_bytes() * path.is_file()
        compiled = "__pycache__"  # what Python keeps of a module that it imports for the first time
        paths = [path for path in OPENED.paths if compiled not in path and not path.startswith("/dev/")]
        elsewhere = [path for path in paths if Path(path).name not in ours]
        self.kept[f"{what}: names of written files"] = "\n".join(elsewhere).encode()
        if (self.folder / "refused.csv").exists():
            self.records += (self.folder / "refused.csv").read_bytes()
            (self.folder / "refused.csv").unlink()

    @property
    def sent(self) -> bytes:
        """Everything in the inbox."""
        return b"\n".join(self.exchange.inbox)

    def written_elsewhere(self) -> list[str]:
        """Files that a run opened for writing, other than the vault's and its own list."""
        told = (value for name, value in self.kept.items() if name.endswith("names of written files"))
        names = {Path(line).name for text in told for line in text.decode().splitlines()}
        return sorted(name for name in names if not name.startswith(WRITTEN))

    def leaks(self, finder: Finder, others: Mapping[str, bytes]) -> dict[str, set[Identifier]]:
        """Where an identifier was found, and which; `others`: further places."""
        places = {**self.kept, **others, "inbox": self.sent, "list of refused rows": without_records(self.records)}
        seen: dict[bytes, set[Identifier]] = {}
        found = {place: seen.setdefault(content, finder.found(content)) for place, content in places.items() if content}
        return {place: ones for place, ones in found.items() if ones}


def without_records(listed: bytes) -> bytes:
    """A list of refused rows without the column that names records."""
    rows = csv.DictReader(io.StringIO(listed.decode()))
    return "\n".join(str({**row, "record": ""}) for row in rows).encode()


def _written() -> list[str]:
    """The options by which a report is written to every kind of file."""
    return [word for name in REPORTED for word in (f"--{name.rpartition('.')[2]}", name)]


@contextmanager
def _logged(log: io.StringIO) -> Iterator[None]:
    handler, root = logging.StreamHandler(log), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@contextmanager
def _watched() -> Iterator[None]:
    OPENED.paths.clear()
    OPENED.watching = True
    try:
        yield
    finally:
        OPENED.watching = False
