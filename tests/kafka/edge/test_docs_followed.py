"""A person follows docs/STARTING.md and docs/PUBLISHING.md, and nothing else, until all is done.

Every block of both pages is typed, in an empty home, with a wheel of this tree that pip installs,
against a real broker and worker. Only the names that stand for the reader's own are replaced, and
each of them must be on the pages. What the operator does is done beside it. The minutes of each
step are printed.
"""

import asyncio
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from exchange.settings import Settings
from exchange.trial.empty_cluster import TrialExchange, trial_exchange
from tests.kits.command_line import as_a_process
from tests.kits.docs_pages import ROOT, Block, blocks
from tests.kits.export_damage import town

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]
STARTING, PUBLISHING = "STARTING.md", "PUBLISHING.md"
WAY: Final = (
    (STARTING, "Install"),
    (STARTING, "Look at a file"),
    (STARTING, "Practise"),
    (PUBLISHING, "Once"),
    (STARTING, "Set up"),
    (STARTING, "Is all well?"),
    (PUBLISHING, "Each time"),
    (STARTING, "Back up, and put back"),
    (PUBLISHING, "When a client withdraws consent"),
    (PUBLISHING, "After a vault was restored"),
    (PUBLISHING, "Spreadsheet"),
    (PUBLISHING, "JSON Lines"),
    (PUBLISHING, "From code"),
)
"""The sections with blocks, in the order in which an agency meets them."""
CLIENT: Final = "P1"
PROJECTS: Final = {"J1": "17", "J2": "23"}
"""The ids of the profile on the page, for two projects of the export."""
STEP_S_MAX: Final = 900.0
DOCTOR: Final = "exchange edge doctor --profile agency.toml"
MENDS: Final = {"exchange edge check": {0, 3}, "exchange edge preview": {0, 3}, DOCTOR: {0, 1}}
"""Commands that may find something to mend, or know not all yet. All others end with status 0."""
KAFKA: Final = re.compile(r"^\[kafka\].*\Z", re.MULTILINE | re.DOTALL)


@dataclass
class Follower:
    """A person at an agency with an empty home; `spent`: section → seconds."""

    home: Path
    kafka: str
    spent: dict[str, float] = field(default_factory=dict)
    typed: str = ""

    def __post_init__(self) -> None:
        self.folder = self.home / "agency"
        for place in (self.folder, self.home / "keys", self.home / "backups", self.home / "tmp"):
            place.mkdir(parents=True)
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTP"))}
        # the secret of this machine's broker stands for the user name and the password of [kafka]
        kept["XDG_DATA_HOME"] = os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local" / "share"))
        path = f"{self.home}/exchange-edge/bin:{sys.base_prefix}/bin:{os.environ['PATH']}"
        self._variables = {
            **kept,
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "PATH": path,
            "LANG": "C.UTF-8",
        }
        self._names = {
            "/etc/exchange-edge": str(self.home / "keys"),
            "/backups": str(self.home / "backups"),
            "2026-10-20.vault": f"{time.strftime('%Y-%m-%d')}.vault",
        }

    def own(self, text: str) -> str:
        """A text of the pages with the reader's own names in it."""
        for name, mine in self._names.items():
            text = text.replace(name, mine)
        return text

    async def types(self, command: str, where: Path, answers: str = "") -> str:
        """What a command prints; it must end as the pages say."""
        shell = await asyncio.create_subprocess_exec(
            "bash", "-ec", self.own(command), cwd=where, env=self._variables, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(STEP_S_MAX):
            output, _ = await shell.communicate(answers.encode())
        allowed = next((statuses for begin, statuses in MENDS.items() if command.startswith(begin)), {0})
        assert shell.returncode in allowed, f"{command}\n{output.decode()}"
        self.typed += command + "\n"
        return output.decode()


def sections() -> Iterator[tuple[str, str]]:
    yield from dict.fromkeys((page, block.section) for page in (STARTING, PUBLISHING) for block in blocks(page))


def test_the_way_leads_through_every_section_with_blocks() -> None:
    assert set(WAY) == set(sections())


@pytest.mark.parametrize("name", ["/etc/exchange-edge", "/backups", "2026-10-20.vault", "export.zip"])
def test_every_name_that_a_reader_replaces_is_on_the_pages(name: str) -> None:
    assert any(name in block.text for page in (STARTING, PUBLISHING) for block in blocks(page))


async def test_whoever_follows_the_pages_publishes(
    settings: Settings, variables: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    follower = Follower(tmp_path / "home", variables["EXCHANGE_BOOTSTRAP_SERVERS"])
    written = town()
    for file in ("Project.csv", "ProjectCoC.csv", "Funder.csv", "Enrollment.csv"):
        for row in written.tables[file]:
            row["ProjectID"] = PROJECTS.get(row["ProjectID"], row["ProjectID"])
    written.zip(follower.folder)
    began = time.monotonic()
    published = 0.0
    async with trial_exchange(settings, tmp_path) as ground:
        await ground.start_worker()
        for page, section in WAY:
            start = time.monotonic()
            for block in [one for one in blocks(page) if one.section == section]:
                await follow(follower, section, block, variables)
            follower.spent[f"{page}, {section}"] = time.monotonic() - start
            if section == "Each time":
                published = time.monotonic() - began
        accepted = await events_of(ground)
        assert "not known" not in await follower.types(DOCTOR, follower.folder), "in the end, all is well"
    with capsys.disabled():
        print()
        for step, seconds in follower.spent.items():
            print(f"{seconds / 60:6.2f} min  {step}")
        print(f"{published / 60:6.2f} min  from pip install to the first publish, {accepted} events accepted in all")
    assert accepted


async def events_of(ground: TrialExchange) -> int:
    return len([1 async for _ in ground.all_events()])


async def follow(follower: Follower, section: str, block: Block, operator: dict[str, str]) -> None:
    """Do what a block is for."""
    folder = follower.folder
    match block.kind:
        case "toml":
            kafka = f'[kafka]\nbootstrap_servers = "{follower.kafka}"\n'
            assert KAFKA.search(block.text)
            (folder / "agency.toml").write_text(KAFKA.sub(kafka, follower.own(block.text)), encoding="utf-8")
        case "json":
            await in_json_lines(follower, block)
        case "python":
            (folder / "publish.py").write_text(block.text, encoding="utf-8")
            assert "events accepted" in await follower.types("python publish.py", folder)
        case "sh":
            for command in commands_of(section, block):
                await typed(follower, section, command, operator)


def commands_of(section: str, block: Block) -> list[str]:
    """Installing is one block of one terminal; elsewhere each line may be typed alone."""
    return [block.text] if section == "Install" else block.commands()


async def typed(follower: Follower, section: str, command: str, operator: dict[str, str]) -> None:
    folder = follower.folder
    if "restore --from" in command:
        (folder / "vault").rename(folder / "lost")  # what is left of the vault is moved aside
        (folder / "vault").mkdir()
    asked = "hold" in command.split() or "unhold" in command.split()
    output = await follower.types(command, ROOT if section == "Install" else folder, f"{CLIENT}\n" if asked else "")
    if section == "Set up":
        [line] = [line for line in output.splitlines() if "exchange agencies add" in line]
        words = line[line.index("agencies add") :].split()
        added = await as_a_process(operator, *words)
        assert added.returncode == 0, added.stderr


async def in_json_lines(follower: Follower, block: Block) -> None:
    """The lines of the page, written to a file and published as each time."""
    (follower.folder / "facts.jsonl").write_text(block.text, encoding="utf-8")
    await follower.types("exchange publish facts.jsonl --profile agency.toml", follower.folder)
