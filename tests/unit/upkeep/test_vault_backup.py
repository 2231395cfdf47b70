"""A backup of the vault: of one moment, checked, never beside the key, and put back whole."""

import stat
from datetime import date
from pathlib import Path

import pytest

from producers import errors
from producers.profile import Profile
from producers.secret_files import Secret
from producers.setup import look, make_vault
from producers.upkeep.vault_backup import BackupRefused, BackupUnusable, back_up, last_backup, put_back
from producers.vault.store import Vault
from tests.kits.edge_kit.desk import Desk, need

SECRET, OTHER = Secret(raw_key=bytes(range(32))), Secret(raw_key=bytes(32))
TODAY = date(2026, 10, 20)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    (tmp_path / "vault").mkdir()
    (tmp_path / "backups").mkdir()
    own = {"agency": "harbor-light", "state": "ca", "legal_class": "individual"}
    made = Profile.model_validate({**own, "vault": tmp_path / "vault" / "v"})
    make_vault(made, SECRET)
    return made


def test_a_backup_is_its_owners_alone_and_holds_the_same(profile: Profile, tmp_path: Path) -> None:
    made = back_up(profile, SECRET, tmp_path / "backups", TODAY)
    assert made.path.name == "harbor-light-2026-10-20.vault"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    copy = profile.model_copy(update={"vault": made.path})
    assert look(copy, SECRET) == look(profile, SECRET)
    assert [path.name for path in made.path.parent.iterdir()] == [made.path.name]


def test_a_backup_is_encrypted_and_opens_with_the_same_secret_alone(profile: Profile, tmp_path: Path) -> None:
    made = back_up(profile, SECRET, tmp_path / "backups", TODAY)
    assert b"SQLite format" not in made.path.read_bytes()
    assert b"harbor-light" not in made.path.read_bytes()
    with pytest.raises(errors.VaultNotOpened):
        look(profile.model_copy(update={"vault": made.path}), OTHER)


def test_the_vault_remembers_its_last_backup_and_the_copy_an_earlier_one(profile: Profile, tmp_path: Path) -> None:
    made = back_up(profile, SECRET, tmp_path / "backups", TODAY)
    with Vault.open(profile, SECRET) as vault:
        assert last_backup(vault) == (TODAY, 0)
    with Vault.open(profile.model_copy(update={"vault": made.path}), SECRET) as copy:
        assert last_backup(copy) is None


@pytest.mark.parametrize("kind", ["key_file", "passphrase_file"])
def test_no_backup_is_written_beside_what_opens_it(profile: Profile, tmp_path: Path, kind: str) -> None:
    beside = profile.model_copy(update={kind: tmp_path / "backups" / "secret"})
    with pytest.raises(BackupRefused, match="opens the vault"):
        back_up(beside, SECRET, tmp_path / "backups" / "new.vault", TODAY)
    assert [*(tmp_path / "backups").iterdir()] == []


def test_nothing_is_overwritten_and_no_link_followed(profile: Profile, tmp_path: Path) -> None:
    there = tmp_path / "backups" / "old.vault"
    there.write_text("old", encoding="ascii")
    (tmp_path / "backups" / "link").symlink_to(tmp_path / "nowhere")
    for taken in (there, tmp_path / "backups" / "link"):
        with pytest.raises(BackupRefused, match="already"):
            back_up(profile, SECRET, taken, TODAY)
    assert there.read_text(encoding="ascii") == "old"
    assert not (tmp_path / "nowhere").exists()


def test_while_something_publishes_no_backup_is_made(profile: Profile, tmp_path: Path) -> None:
    with Vault.open(profile, SECRET), pytest.raises(errors.VaultInUse):
        back_up(profile, SECRET, tmp_path / "backups", TODAY)
    assert [*(tmp_path / "backups").iterdir()] == []


def test_a_backup_is_put_back_only_where_there_is_no_vault(profile: Profile, tmp_path: Path) -> None:
    made = back_up(profile, SECRET, tmp_path / "backups", TODAY)
    before = look(profile, SECRET)
    with pytest.raises(errors.VaultExists):
        put_back(profile, SECRET, made.path)
    profile.vault.unlink()
    assert put_back(profile, SECRET, made.path) == 0
    assert look(profile, SECRET) == before
    assert stat.S_IMODE(profile.vault.stat().st_mode) == 0o600
    assert made.path.exists()


def test_what_is_no_backup_of_this_agency_is_not_put_back(profile: Profile, tmp_path: Path) -> None:
    made = back_up(profile, SECRET, tmp_path / "backups", TODAY)
    profile.vault.unlink()
    with pytest.raises(BackupUnusable):
        put_back(profile, SECRET, tmp_path / "backups" / "none")
    with pytest.raises(errors.VaultNotOpened):
        put_back(profile, OTHER, made.path)
    with pytest.raises(errors.VaultOfAnother):
        put_back(profile.model_copy(update={"agency": "north-star"}), SECRET, made.path)
    octets = bytearray(made.path.read_bytes())
    octets[len(octets) // 2] ^= 1
    made.path.write_bytes(octets)
    with pytest.raises(errors.VaultDamaged):
        put_back(profile, SECRET, made.path)
    assert [*profile.vault.parent.iterdir()] == []


def test_at_the_command_line_a_lost_vault_comes_back_and_publishing_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, monkeypatch)
    (desk.folder / "saved").mkdir()
    desk.write(need("1"))
    desk.run("publish", "facts.jsonl")
    assert "up to event 2" in desk.run("edge", "backup", "saved").stdout
    desk.write(need("1"), need("2"))
    desk.run("publish", "facts.jsonl")
    (desk.folder / "harbor.vault").unlink()
    (saved,) = (desk.folder / "saved").iterdir()
    assert "as it was at event 2" in desk.run("edge", "restore", "--from", str(saved)).stdout
    desk.run("publish", "facts.jsonl")
    assert desk.sent() == 2
