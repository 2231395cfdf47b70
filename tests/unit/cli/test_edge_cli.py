"""`exchange edge`: what its commands print, and their exit status."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consumers.status.status import DIGEST_SHORT
from exchange.cli import app
from exchange.cli.agency.new_passphrase import LETTERS, PassphraseTooShort, expect_long_enough, made_passphrase
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import Heartbeat
from exchange.core.model.ledger_head import LedgerHead
from producers import errors
from tests.kits.at_a_terminal import at_a_terminal
from tests.kits.edge_kit.desk import Desk, need


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_init_prints_what_the_operator_types_and_never_overwrites(desk: Desk) -> None:
    (desk.folder / "harbor.vault").rename(desk.folder / "old.vault")
    said = desk.run("edge", "init").stdout
    assert "exchange agencies add harbor-light --legal-class individual --public-key " in said
    result = CliRunner().invoke(app, ["edge", "init", "--profile", "agency.toml"])
    assert isinstance(result.exception, errors.VaultExists)
    (desk.folder / "harbor.vault").unlink()
    again = CliRunner().invoke(app, ["edge", "init", "--key-file", "--profile", "agency.toml"])
    assert isinstance(again.exception, errors.KeyFileExists)
    assert "Leave --key-file out" in str(again.exception)


def test_init_beside_a_vault_writes_no_key_file(desk: Desk) -> None:
    (desk.folder / "harbor.key").unlink()
    result = CliRunner().invoke(app, ["edge", "init", "--key-file", "--profile", "agency.toml"])
    assert isinstance(result.exception, errors.VaultExists)
    assert not (desk.folder / "harbor.key").exists()


def test_a_missing_key_file_is_reported_with_how_to_make_it(desk: Desk) -> None:
    (desk.folder / "harbor.key").unlink()
    (desk.folder / "harbor.vault").unlink()
    result = CliRunner().invoke(app, ["edge", "init", "--profile", "agency.toml"])
    assert isinstance(result.exception, errors.KeyFileMissing)
    assert result.exception.exit_code == 2
    assert "`exchange edge init --key-file` makes it" in str(result.exception)


@pytest.mark.parametrize(
    "words", [("publish", "facts.jsonl"), ("edge", "status"), ("edge", "retry"), ("edge", "restore")]
)
def test_a_missing_vault_is_reported_before_anything_that_opens_it_is_looked_for(
    desk: Desk, words: tuple[str, ...]
) -> None:
    desk.write(need("1"))
    (desk.folder / "harbor.key").unlink()
    (desk.folder / "harbor.vault").unlink()
    result = CliRunner().invoke(app, [*words, "--profile", "agency.toml"])
    assert isinstance(result.exception, errors.VaultMissing)
    assert "`exchange edge init --key-number 2`" in str(result.exception)


def test_a_second_first_key_is_met_by_what_to_do_about_it(desk: Desk) -> None:
    """A lost vault, made again with the lost key's number, is reported with a way to go on."""
    (desk.folder / "harbor.vault").unlink()
    assert "--key-number 2 (the next free number)" in desk.run("edge", "init").stdout
    desk.impatient()
    desk.write(need("1"))
    result = CliRunner().invoke(app, ["publish", "facts.jsonl", "--profile", "agency.toml"])
    assert isinstance(result.exception, errors.Blocked)
    assert "If it is lost, put this one aside" in str(result.exception)
    (desk.folder / "harbor.vault").unlink()
    assert "published before" not in desk.run("edge", "init", "--key-number", "2").stdout


def test_a_short_passphrase_is_reported_before_it_is_typed_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_key_file(desk, monkeypatch)
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True)
    result = CliRunner().invoke(app, ["edge", "init", "--profile", "agency.toml"], input="short\n")
    assert isinstance(result.exception, PassphraseTooShort)
    assert "at least 12 characters" in result.output


def without_a_key_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk.folder / "harbor.vault").unlink()
    profile = desk.folder / "agency.toml"
    profile.write_text(profile.read_text(encoding="utf-8").replace('key_file = "harbor.key"\n', ""), encoding="utf-8")
    monkeypatch.delenv("EXCHANGE_VAULT_PASSPHRASE", raising=False)


def test_an_empty_passphrase_has_one_made_which_is_shown_once_and_opens_the_vault(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal of its own; the first repetition is wrong."""
    without_a_key_file(desk, monkeypatch)
    found = re.compile(rf"[{LETTERS}]{{5}}(-[{LETTERS}]{{5}}){{4}}")

    def made(shown: str) -> str:
        match = found.search(shown)
        assert match is not None, shown
        return match[0]

    words = ["edge", "init", "--profile", "agency.toml"]
    shown, _, status = at_a_terminal(words, ["", "not written down", made], desk.folder)
    assert status == 0, shown
    assert "That is another passphrase." in shown
    assert shown.count(made(shown)) == 1
    monkeypatch.setenv("EXCHANGE_VAULT_PASSPHRASE", made(shown))
    assert json.loads(desk.run("edge", "status", "--json").stdout)["last_event"] == 0


def test_made_passphrases_differ_and_are_long_enough() -> None:
    several = {made_passphrase() for _ in range(50)}
    assert len(several) == 50
    for one in several:
        expect_long_enough(one)
        assert {*one} <= {*LETTERS, "-"}


def test_a_key_file_in_a_folder_that_is_not_there_is_named(desk: Desk) -> None:
    (desk.folder / "harbor.vault").unlink()
    profile = desk.folder / "agency.toml"
    profile.write_text(profile.read_text(encoding="utf-8").replace("harbor.key", "nowhere/harbor.key"))
    refused = desk.run("edge", "init", "--key-file", ends=1)
    assert isinstance(refused.exception, errors.ProfileInvalid)
    assert "cannot be written: No such file or directory" in str(refused.exception)


def test_init_warns_of_a_key_file_beside_the_vault_and_not_of_one_elsewhere(desk: Desk) -> None:
    (desk.folder / "harbor.vault").unlink()
    beside = "whoever takes that folder has both"
    assert beside in desk.run("edge", "init").stdout
    (desk.folder / "harbor.vault").unlink()
    (desk.folder / "elsewhere").mkdir()
    (desk.folder / "harbor.key").rename(desk.folder / "elsewhere" / "harbor.key")
    profile = desk.folder / "agency.toml"
    profile.write_text(profile.read_text(encoding="utf-8").replace("harbor.key", "elsewhere/harbor.key"))
    assert beside not in desk.run("edge", "init").stdout


def test_a_new_key_after_a_lost_vault_has_another_number(desk: Desk) -> None:
    (desk.folder / "harbor.vault").unlink()
    assert "--key-number 2" in desk.run("edge", "init", "--key-number", "2").stdout
    assert json.loads(desk.run("edge", "status", "--json").stdout)["key_number"] == 2


def test_status_counts_what_the_vault_holds(desk: Desk) -> None:
    desk.exchange.unknown_rules = 1
    desk.write(need("1"), need("2", "housing"))
    desk.run("publish", "facts.jsonl", ends=3)
    plain = json.loads(desk.run("edge", "status", "--json").stdout)
    assert sum(plain["refused_by_the_exchange"].values()) == 2
    assert plain["events_waiting"] == 0
    assert plain["accepted_by_the_exchange"] == plain["last_event"] > 0
    assert plain["head"] == desk.exchange.state.head.digest.hex()[:DIGEST_SHORT]
    assert "harbor-light" in desk.run("edge", "status").stdout
    (desk.folder / "harbor.vault").unlink()
    desk.run("edge", "init")
    shown = desk.run("edge", "status").stdout
    assert re.search("head: +none", shown)
    assert "facts held back after a loss: 0" in shown


def test_retry_sends_again_what_was_refused(desk: Desk) -> None:
    desk.exchange.unknown_rules = 1
    desk.write(need("1"))
    desk.run("publish", "facts.jsonl", ends=3)
    desk.exchange.unknown_rules = 0
    assert "1 event sent again; 0 refused again" in desk.run("edge", "retry").stdout
    assert desk.sent() == 1


def test_a_retry_with_nothing_to_do_and_a_restore_say_so_before_they_wait(desk: Desk) -> None:
    desk.write(need("1"))
    desk.run("publish", "facts.jsonl")
    said = desk.run("edge", "retry")
    assert "no event of this vault is refused: nothing to send again" in said.stderr
    assert "0 events sent again; 0 refused again" in said.stdout
    assert "asking the exchange which events of this agency it has accepted" in desk.run("edge", "restore").stderr


def test_restore_after_a_fork_goes_on(desk: Desk) -> None:
    desk.write(need("1"))
    desk.run("publish", "facts.jsonl")
    backup = (desk.folder / "harbor.vault").read_bytes()
    desk.write(need("1"), need("2", "housing"))
    desk.run("publish", "facts.jsonl")
    (desk.folder / "harbor.vault").write_bytes(backup)
    kept = desk.exchange.receipts[-1:]
    del desk.exchange.receipts[-1:]
    desk.write(need("1"), need("3", "food"))
    result = CliRunner().invoke(app, ["publish", "facts.jsonl", "--profile", "agency.toml"])
    assert isinstance(result.exception, errors.Forked)
    assert "edge restore" in str(result.exception)
    said = desk.run("edge", "restore", "--retract-unclaimed").stdout
    assert "withdrawn: 1 event of the other copy" in said
    counts = [event.body for _, event in desk.exchange.events()]
    assert kept
    assert counts[-1].__class__ is Heartbeat
    desk.run("publish", "facts.jsonl")


def test_what_a_lost_vault_withdrew_waits_until_a_person_confirms_the_holds(desk: Desk) -> None:
    desk.write(need("1"), need("2", "housing"))
    desk.run("publish", "facts.jsonl")
    backup = (desk.folder / "harbor.vault").read_bytes()
    for client in ("client-1", "client-2"):
        desk.run("edge", "hold", "--retract", typed=client)
    sent = desk.sent()
    (desk.folder / "harbor.vault").write_bytes(backup)
    said = desk.run("publish", "facts.jsonl", ends=3).stdout
    assert "2 facts held back, because a lost copy of this vault withdrew the same" in said
    assert json.loads(desk.run("publish", "facts.jsonl", "--json", ends=3).stdout)["held_back_after_a_loss"] == 2
    assert json.loads(desk.run("edge", "status", "--json").stdout)["facts_held_back_after_a_loss"] == 2
    assert "2 facts held back" in desk.run("edge", "retry", ends=3).stdout
    desk.run("edge", "hold", typed="client-1")
    assert "1 fact held back until now is sent then" in desk.run("edge", "confirm-holds").stdout
    assert desk.sent() == sent
    desk.run("publish", "facts.jsonl")
    assert desk.sent() == sent + 1


def test_a_notice_about_the_ledger_ends_when_its_month_is_named(desk: Desk) -> None:
    desk.write(need("1"))
    for number, digest in enumerate((b"j", b"x")):
        desk.exchange.ledger = LedgerHead(epoch_of(2026, 6), digest * 32)
        desk.write(need(f"{number}"))
        desk.run("publish", "facts.jsonl")
    assert "exchange edge settle 2026-06" in desk.run("edge", "status").stdout
    assert "nothing was changed" in desk.run("edge", "settle", "2026-05", ends=1).stderr
    assert "Settled" in desk.run("edge", "settle", "2026-06").stdout
    assert "settle" not in desk.run("edge", "status").stdout


def test_a_hold_tells_of_a_known_client_whose_key_is_nearly_the_same(desk: Desk) -> None:
    desk.write(need("1", client="5001"), need("2", client="17"))
    desk.run("publish", "facts.jsonl")
    said = desk.run("edge", "hold", "--unseen", typed="05001.0\n").stdout
    assert "differs from this one only in its form (zeros, case, spaces): 1." in said
    assert "5001" not in said
    assert "differs" not in desk.run("edge", "hold", typed="17\n").stdout
