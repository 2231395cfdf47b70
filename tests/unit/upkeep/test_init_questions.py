"""`exchange edge init` at a terminal: at most six questions, and none that the profile answers."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exchange.cli import app
from exchange.cli.agency.upkeep.init_questions import put
from producers import Profile
from tests.kits.at_a_terminal import at_a_terminal
from tests.kits.hmis_exports import sample

INIT = ["edge", "init", "--profile", "agency.toml"]


def drafted(folder: Path) -> None:
    """The profile of an export with three projects."""
    written = sample()
    for project in ("J2", "J3"):
        written.add("Project.csv", ProjectID=project, OrganizationID="O1", ProjectType="4")
        written.change("Project.csv", row=-1, ProjectName="Other Street")
    written.change("Project.csv", ProjectName="Second Street")
    result = CliRunner().invoke(
        app, ["edge", "look", str(written.zip(folder)), "--profile-out", str(folder / "agency.toml")]
    )
    assert result.exit_code == 0, result.output


def test_after_a_look_five_answers_make_the_vault(tmp_path: Path) -> None:
    drafted(tmp_path)
    (tmp_path / "keys").mkdir()
    answers = ["harbor-light", "tally_only+small", "J1, J3", "keys/harbor.key"]
    shown, _, status = at_a_terminal(INIT, answers, tmp_path)
    assert status == 0, shown
    profile = Profile.load(tmp_path / "agency.toml")
    assert (profile.agency, profile.state, profile.small_counts) == ("harbor-light", "ca", True)
    assert profile.legal_class == "tally_only"
    assert profile.hmis.projects == ("J1", "J3")
    assert profile.vault.exists()
    assert profile.key_file is not None
    assert profile.key_file.exists()
    assert "exchange agencies add harbor-light --legal-class tally_only --small-counts" in shown
    again, _, status = at_a_terminal(["edge", "status", "--profile", "agency.toml"], [], tmp_path)
    assert status == 0, again


def test_without_any_profile_it_asks_six_questions_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXCHANGE_VAULT_PASSPHRASE", raising=False)
    secret = "correct horse battery"
    answers = ["harbor-light", "CA", "individual", "", secret, secret]
    shown, _, status = at_a_terminal(INIT, answers, tmp_path)
    assert status == 0, shown
    profile = Profile.load(tmp_path / "agency.toml")
    assert (profile.agency, profile.state, profile.legal_class) == ("harbor-light", "ca", "individual")
    assert profile.vault.exists()


def test_a_wrong_answer_is_met_by_the_rule_and_asked_again(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    answers = ["Harbor Light", "practice", "harbor-light", "California", "ca", "all", "year_only", "keys/k"]
    shown, _, status = at_a_terminal(INIT, answers, tmp_path)
    assert status == 0, shown
    assert Profile.load(tmp_path / "agency.toml").legal_class == "year_only"
    assert "it is the code agreed with the operator" in " ".join(shown.split())


def test_elsewhere_than_at_a_terminal_nobody_is_asked_and_the_draft_stays(tmp_path: Path) -> None:
    drafted(tmp_path)
    before = (tmp_path / "agency.toml").read_bytes()
    result = CliRunner().invoke(app, ["edge", "init", "--profile", str(tmp_path / "agency.toml")], input="x\n" * 9)
    assert "legal_class is missing" in str(result.exception)
    assert (tmp_path / "agency.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('# agency = "x"\nstate = 1\n', 'agency = "a"\nstate = 1\n'),
        ("state = 1\n[hmis]\n", 'agency = "a"\nstate = 1\n[hmis]\n'),
        ("# the agency is ours\n", 'agency = "a"\n# the agency is ours\n'),
    ],
)
def test_an_answer_takes_the_place_of_its_comment_or_stands_first(text: str, wanted: str) -> None:
    assert put(text, "agency", "a") == wanted
    assert not re.search(r"^# *agency *=", put(text, "agency", "a"), re.MULTILINE)
