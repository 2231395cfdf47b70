"""The commands to copy from README and docs/PUBLISHING.md do what the pages say."""

import json
import re
import textwrap
from pathlib import Path

import pytest

from exchange.core.model.events import Heartbeat
from producers import NeedIdentified, Profile
from tests.kits.edge_kit.desk import Desk

ROOT = Path(__file__).parents[3]
PUBLISHING = (ROOT / "docs" / "PUBLISHING.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(text: str, kind: str) -> list[str]:
    found = re.findall(rf"^( *)```{kind}\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


def profile_of(folder: Path, text: str) -> Profile:
    (folder / "agency.toml").write_text(text, encoding="utf-8")
    return Profile.load(folder / "agency.toml")


def test_both_profiles_can_be_used_and_are_of_two_agencies(tmp_path: Path) -> None:
    (publishing,) = blocks(PUBLISHING, "toml")
    (readme,) = re.findall(r"<<'TOML'\n(.*?)^TOML", README, re.DOTALL | re.MULTILINE)
    one, other = profile_of(tmp_path, publishing), profile_of(tmp_path, readme)
    assert one.agency != other.agency
    assert one.vault != other.vault


def test_the_lines_are_published_and_then_withdrawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, monkeypatch)
    said, withdrawn = blocks(PUBLISHING, "json")
    facts = desk.folder / "facts.jsonl"
    facts.write_text(said, encoding="utf-8")
    words = ("publish", facts.name, "--json", "--today", "2026-06-30")
    plain = json.loads(desk.run(*words).stdout)
    assert (plain["published"], plain["retracted"], plain["ignored"], plain["delivered"]) == (2, 0, 0, 3)
    facts.write_text(withdrawn, encoding="utf-8")
    assert json.loads(desk.run(*words).stdout)["retracted"] == 2


def test_the_program_publishes_its_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, monkeypatch)
    (program,) = blocks(PUBLISHING, "python")
    exec(compile(program, "PUBLISHING.md", "exec"), {})
    assert capsys.readouterr().out == "2 events accepted\n"
    assert [type(event.body) for _, event in desk.exchange.events()] == [NeedIdentified, Heartbeat]
