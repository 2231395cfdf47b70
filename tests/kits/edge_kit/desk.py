"""A person at an agency who types `exchange publish` and `exchange edge`.

The exchange is the one in memory with the real gate; it is put where Kafka's link would be made.
"""

import json
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange.cli import app
from exchange.core.model.events import Heartbeat
from exchange.core.model.vocabulary import LegalClass
from producers.delivery.run_options import RunOptions
from tests.kits.edge_kit.exchange import Exchange, registered

PLANTED = "Jane Q. Planted"
TODAY = "2026-10-05"
PROFILE = """
agency = "harbor-light"
state = "ca"
legal_class = "individual"
vault = "harbor.vault"
key_file = "harbor.key"

[kafka]
bootstrap_servers = "127.0.0.1:1"
"""


def need(key: str, service: str = "food", **more: object) -> dict[str, object]:
    """A need of a client of its own."""
    row = {"key": key, "period": "2024Q1", "client": f"client-{key}", "body": "need_identified"}
    return {**row, "fields": {"service": service}, **more}


class Desk:
    """A person at the agency: a folder, a profile, a terminal."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        monkeypatch.chdir(folder)
        (folder / "agency.toml").write_text(PROFILE, encoding="utf-8")
        key = json.loads(self.run("edge", "init", "--key-file", "--json").stdout)
        keys = (key["key_number"], bytes.fromhex(key["public_key"]))
        self.exchange = Exchange(registered("harbor-light", LegalClass.individual, keys))
        monkeypatch.setattr("producers.edge.kafka_link", lambda _: self.exchange.link())

    def run(self, *words: str, ends: int = 0, typed: str | None = None) -> Result:
        """`typed`: what is on standard input."""
        today = ["--today", TODAY] if words[0] == "publish" and "--today" not in words else []
        result = CliRunner(env={"COLUMNS": "10000"}).invoke(
            app, [*words, *today, "--profile", "agency.toml"], input=typed
        )
        assert result.exit_code == ends, result.output
        assert PLANTED not in result.output
        return result

    def impatient(self) -> None:
        """Waiting is done on the exchange's own clock, which moves only while nothing happens."""
        clock, pause = self.exchange.clock, self.exchange.pause
        self._monkeypatch.setattr(
            "producers.delivery.run_options.RunOptions", partial(RunOptions, clock=clock, pause=pause)
        )

    def write(self, *lines: object) -> None:
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        (self.folder / "facts.jsonl").write_text(text, encoding="utf-8")

    def sent(self) -> int:
        return sum(not isinstance(event.body, Heartbeat) for _, event in self.exchange.events())
