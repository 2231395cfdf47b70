"""Runs of `exchange publish` of which every byte that a person, a log or a disk could keep is kept.

The exchange is the one in memory with the real gate. Every file that Python opens for writing is
noted, wherever it is, so that one that is removed again is seen, too.
"""

import io
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from exchange.core.model.vocabulary import LegalClass
from tests.kits.command_line import exchange
from tests.kits.edge_kit.desk import TODAY
from tests.kits.edge_kit.exchange import Exchange, registered

AGENCY: Final = "harbor-light"
PROFILE: Final = """
agency = "harbor-light"
state = "ca"
legal_class = "{}"
vault = "harbor.vault"
key_file = "harbor.key"

[hmis]
all_projects_trafficking = true

[sheets]
blank_consent = "publish"

[kafka]
bootstrap_servers = "127.0.0.1:1"
"""
PAGE: Final = "preview.html"
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
    """A person at an agency, who publishes files; `kept`: what, and its bytes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, legal_class: LegalClass) -> None:
        self.folder, self.temporary, self.kept = folder / "desk", folder / "temporary", dict[str, bytes]()
        self.records = b""
        """The lists of refused rows, which alone may name records."""
        for place in (self.folder, self.temporary):
            place.mkdir()
        monkeypatch.chdir(self.folder)
        for name in ("TMPDIR", "SQLITE_TMPDIR"):
            monkeypatch.setenv(name, str(self.temporary))
        monkeypatch.setattr(tempfile, "tempdir", None)
        Path("agency.toml").write_text(PROFILE.format(legal_class), encoding="utf-8")
        made = exchange("edge", "init", "--profile", "agency.toml", "--key-file", "--json")
        key = json.loads(made.stdout)
        keys = (key["key_number"], bytes.fromhex(key["public_key"]))
        self.exchange = Exchange(registered(AGENCY, legal_class, keys))
        monkeypatch.setattr("producers.edge.kafka_link", lambda _: self.exchange.link())

    def publish(self, what: str, write: Callable[[Path], Path]) -> set[int]:
        """Look at a file, check it, publish it, look at the vault; returns the exit statuses."""
        source = self.folder / "source"
        source.mkdir()
        words = ["--profile", "agency.toml"]
        file = str(write(source))
        publish = ["publish", file, *words, "--today", TODAY]
        statuses = {
            self._run(f"{what}, seen without a profile", "edge", "look", file),
            self._run(f"{what}, checked", "edge", "check", file, *words, "--burden"),
            self._run(
                f"{what}, for a privacy officer", "edge", "preview", file, *words, "--today", TODAY, "--html", PAGE
            ),
            self._run(f"{what}, looked at", *publish, "--dry-run"),
            self._run(f"{what}, looked at as JSON", *publish, "--dry-run", "--json"),
            self._run(f"{what}, published", *publish, "--refusals", "refused.csv", "--scheduled"),
            self._run(f"{what}, published again as JSON", *publish, "--json", "--withdraw"),
            self._run(f"{what}, vault", "edge", "status", *words, "--json"),
        }
        shutil.rmtree(source)
        return statuses

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
        ours = {"agency.toml", "harbor.key", "source", "refused.csv"}
        for path in self.folder.iterdir():
            if path.name not in ours:
                kept = path.name if path.name.startswith("harbor.vault") else f"{what}: {path.name}"
                self.kept[kept] = path.read_bytes()
        (self.folder / PAGE).unlink(missing_ok=True)
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
        return sorted(
            name for name in names if not name.startswith(("harbor.vault", "refused.csv", ".refused", PAGE, f".{PAGE}"))
        )


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
