"""Practice: every command works on made-up data, and nothing reaches a real exchange."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange.cli import app
from exchange.settings import Settings
from exchange.trial.practice.practice_exchange import folder_of
from producers import Profile
from producers.delivery.address import kafka_link, servers_of
from producers.edge import Edge
from producers.errors import VaultOfAnother
from producers.practice import NOTICE, PracticeOnly

PROFILE = ("--profile", "agency.toml")
CLIENT = "P3\n"


def run(*words: str, ends: int = 0, typed: str | None = None) -> Result:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*words], input=typed)
    assert result.exit_code == ends, (result.output, result.exception)
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EXCHANGE_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    made = run("edge", "init", "--practice", str(tmp_path / "here")).stdout
    assert made.startswith("PRACTICE")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def published(file: str, ends: int = 3) -> dict[str, int]:
    plain: dict[str, int] = json.loads(run("publish", file, "--json", *PROFILE, ends=ends).stdout)
    return plain


def test_the_first_steps_that_it_prints_all_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run("edge", "init", "--practice", str(tmp_path / "here")).stdout
    steps = [line.split()[1:] for line in shown.splitlines() if line.startswith("  exchange ")]
    assert len(steps) == 6
    monkeypatch.chdir(tmp_path / "here")
    for step in steps:
        run(*step, ends=3 if step[0] == "publish" else 0)


@pytest.mark.usefixtures("folder")
def test_the_real_edge_publishes_to_the_practice_exchange_and_again_adds_nothing() -> None:
    first, again, later = published("export-1.zip"), published("export-1.zip"), published("export-2.zip")
    assert (first["published"], first["refused"]) == (first["delivered"] - 1, 2)
    assert first["published"] > 300
    assert (again["published"], again["corrected"], again["retracted"], again["delivered"]) == (0, 0, 0, 1)
    assert (later["published"] > 0, later["corrected"] > 0, later["retracted"]) == (True, True, 1)


@pytest.mark.usefixtures("folder")
def test_every_other_command_of_the_edge_works_too(folder: Path) -> None:
    published("export-1.zip")
    assert "Held" in run("edge", "hold", "--retract", *PROFILE, typed=CLIENT).output
    assert json.loads(run("edge", "status", "--json", *PROFILE).stdout)["clients_held"] == 1
    assert "No longer held" in run("edge", "unhold", *PROFILE, typed=CLIENT).output
    assert "0 events sent again" in run("edge", "retry", *PROFILE).output
    assert "read back" in run("edge", "restore", *PROFILE).output
    (folder / "saved").mkdir()
    run("edge", "backup", "saved", *PROFILE)
    (folder / "vault" / "practice.vault").unlink()
    run("edge", "restore", "--from", str(next((folder / "saved").iterdir())), *PROFILE)
    run("edge", "confirm-holds", *PROFILE)
    assert published("export-1.zip")["complete"]


def test_a_lost_vault_is_made_again_under_the_next_key(folder: Path) -> None:
    first = published("export-1.zip")
    (folder / "vault" / "practice.vault").unlink()
    run("edge", "init", "--key-number", "2", *PROFILE)
    again = published("export-1.zip")
    assert (again["claimed"], again["delivered"]) == (first["published"], again["heartbeats"])


@pytest.mark.parametrize(
    "words", [("edge", "status"), ("edge", "doctor"), ("publish", "export-1.zip", "--dry-run"), ("edge", "retry")]
)
@pytest.mark.usefixtures("folder")
def test_every_command_says_that_it_is_practice(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*words, *PROFILE])
    assert NOTICE in result.stderr
    assert result.stdout.splitlines()[-1] == NOTICE
    if words[1] != "retry":
        as_json = CliRunner().invoke(app, [*words, "--json", *PROFILE])
        assert NOTICE in as_json.stderr
        json.loads(as_json.stdout)


def test_no_way_to_kafka_is_ever_made_for_it(folder: Path) -> None:
    profile = Profile.load(folder / "agency.toml")
    settings = Settings.model_validate({"bootstrap_servers": "127.0.0.1:9093"})
    for way in (kafka_link, servers_of):
        with pytest.raises(PracticeOnly):
            way(profile, settings)


async def test_a_program_that_opens_the_practice_vault_by_itself_reaches_nothing(folder: Path) -> None:
    with pytest.raises(PracticeOnly):
        async with Edge.open(Profile.load(folder / "agency.toml")):
            pass


async def test_a_profile_that_renames_the_agency_does_not_open_the_practice_vault(folder: Path) -> None:
    renamed = Profile.load(folder / "agency.toml").model_copy(update={"agency": "harbor-light"})
    with pytest.raises(VaultOfAnother):
        async with Edge.open(renamed):
            pass


def test_an_inbox_that_a_kill_cut_off_is_read_as_far_as_it_is_whole(folder: Path) -> None:
    published("export-1.zip")
    inbox = folder_of(Profile.load(folder / "agency.toml")) / "inbox"
    inbox.write_bytes(inbox.read_bytes() + b"\x00\x00\x01\x00cut")
    assert published("export-1.zip")["delivered"] == 1


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine", encoding="ascii")
    assert "There is something" in str(run("edge", "init", "--practice", str(tmp_path), ends=1).exception)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_init_needs_a_profile_or_practice_and_not_both(tmp_path: Path) -> None:
    run("edge", "init", ends=2)
    run("edge", "init", "--practice", str(tmp_path / "x"), "--profile", "agency.toml", ends=2)
