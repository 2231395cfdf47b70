"""The profile: an error names the file and the key, nothing sensitive is on by itself, and no secret is ever shown."""

from pathlib import Path

import pytest

from exchange.core.vocabulary import LegalClass
from producers.errors import ProfileInvalid
from producers.profile import Profile, read_key_file, write_key_file

GOOD = 'agency = "harbor-light"\nstate = "ca"\nlegal_class = "tally_only"\nvault = "a.vault"\n'


def load(folder: Path, text: str) -> Profile:
    path = folder / "agency.toml"
    path.write_text(text, encoding="utf-8")
    return Profile.load(path)


def test_a_profile_reads_as_written(tmp_path: Path) -> None:
    read = load(tmp_path, GOOD + 'small_counts = true\nsensitive = ["foreign_national"]\n[hmis]\nprojects = ["7"]\n')
    assert (read.agency, read.state, read.legal_class) == ("harbor-light", "ca", LegalClass.tally_only)
    assert (read.small_counts, read.sensitive, read.hmis.projects) == (True, ("foreign_national",), ("7",))
    assert read.vault == tmp_path / "a.vault"
    assert (read.scheduled, read.hmis.gender_from_sex) == (False, False)


@pytest.mark.parametrize("missing", ["agency", "state", "legal_class", "vault"])
def test_what_has_no_default_must_be_said(tmp_path: Path, missing: str) -> None:
    text = "\n".join(line for line in GOOD.splitlines() if not line.startswith(missing))
    with pytest.raises(ProfileInvalid, match=rf"agency\.toml: {missing}: Field required"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('agency = "Harbor Light"', "agency: "),
        ('state = "not_known"', "state: "),
        ('state = "zz"', "state: "),
        ('legal_class = "any"', "legal_class: "),
        ('legal_class = "individual"\nsmall_counts = true', "small_counts goes with"),
        ("passphrase = 'planted'", "passphrase: Extra inputs"),
        ('sensitive = ["planted"]', "sensitive: known switches: .*foreign_national"),
        ('passphrase_file = "a"\nkey_file = "b"', "exclude each other"),
        ('[hmis]\nproject = ["planted"]', r"hmis\.project: Extra inputs"),
        ('scheduled = "planted"', "scheduled: "),
    ],
)
def test_what_is_wrong_is_named_with_its_key_and_without_its_value(tmp_path: Path, line: str, said: str) -> None:
    kept = [old for old in GOOD.splitlines() if old.split(" ")[0] != line.split(" ", maxsplit=1)[0]]
    with pytest.raises(ProfileInvalid, match=rf"agency\.toml: .*{said}") as caught:
        load(tmp_path, "\n".join([*kept, line]))
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("text", ["agency = ", "\x00", "[[["])
def test_what_is_not_toml_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProfileInvalid, match="not TOML"):
        load(tmp_path, text)


def test_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileInvalid, match="no profile"):
        Profile.load(tmp_path / "none.toml")


def test_where_the_secret_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXCHANGE_VAULT_PASSPHRASE", raising=False)
    (tmp_path / "words").write_text("from the file\n", encoding="utf-8")
    plain, filed = load(tmp_path, GOOD), load(tmp_path, GOOD + 'passphrase_file = "words"\n')
    assert plain.secret(lambda: "asked").passphrase == "asked"
    assert filed.secret(lambda: "asked").passphrase == "from the file"
    monkeypatch.setenv("EXCHANGE_VAULT_PASSPHRASE", "from the environment")
    assert filed.secret(lambda: "asked").passphrase == "from the environment"


def test_a_key_file_is_for_its_owner_alone_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_key_file(path, bytes(range(32)))
    assert path.stat().st_mode & 0o077 == 0
    assert read_key_file(path).raw_key == bytes(range(32))
    with pytest.raises(FileExistsError):
        write_key_file(path, bytes(32))


@pytest.mark.parametrize("text", ["", "planted", "00" * 31, "0g" * 32])
def test_a_broken_key_file_is_named_without_its_content(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text, encoding="utf-8")
    with pytest.raises(ProfileInvalid, match="not a key file") as caught:
        load(tmp_path, GOOD + 'key_file = "key"\n').secret()
    assert "planted" not in str(caught.value)


def test_a_named_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXCHANGE_VAULT_PASSPHRASE", raising=False)
    with pytest.raises(ProfileInvalid, match="words, which the profile names"):
        load(tmp_path, GOOD + 'passphrase_file = "words"\n').secret()
