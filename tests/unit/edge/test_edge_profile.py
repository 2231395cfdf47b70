"""The profile: errors name file and key, nothing sensitive is on by default, no secret is shown."""

import os
from pathlib import Path

import pytest

from exchange.core.model.vocabulary import LegalClass
from producers.errors import ProfileInvalid, SecretExposed, VaultOfAnother
from producers.profile import Profile, rules_of
from producers.profile_sections import HmisProfile, KafkaProfile, ProfileSection, SheetsProfile
from producers.secret_files import Secret, read_key_file, write_key_file
from producers.vault.store import Vault

ROOT = Path(__file__).parents[3]
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
    assert not read.hmis.gender_from_sex


@pytest.mark.parametrize(
    "servers", ["127.0.0.1:1", "kafka.example.org:9093", "kafka_1:9092,kafka_2:9092", "a:1, b:2", "[::1]:9092"]
)
def test_addresses_are_read_as_written(tmp_path: Path, servers: str) -> None:
    assert load(tmp_path, GOOD + f'[kafka]\nbootstrap_servers = "{servers}"\n').kafka.bootstrap_servers == servers


def own(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ProfileInvalid) as caught:
        load(folder, text)
    assert "planted" not in str(caught.value)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_every_key_has_its_rule() -> None:
    rules = rules_of(Profile)
    sections: dict[str, type[ProfileSection]] = {"hmis": HmisProfile, "sheets": SheetsProfile, "kafka": KafkaProfile}
    inside = {f"{name}.{key}" for name, section in sections.items() for key in section.model_fields}
    assert set(rules) == set(Profile.model_fields) | inside
    assert all(rule.startswith("is ") for rule in rules.values())


@pytest.mark.parametrize("missing", ["agency", "state", "legal_class", "vault"])
def test_what_has_no_default_must_be_written(tmp_path: Path, missing: str) -> None:
    said = complaint(tmp_path, "\n".join(line for line in GOOD.splitlines() if not line.startswith(missing)))
    assert f"agency.toml: {missing} is missing: it is " in said
    assert said.endswith("Correct the file and run again.")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('agency = "Harbor Planted"', "agency is not right: it is the code"),
        ('state = "not_known"', "state is not right: it is one state or territory"),
        ('state = "zz"', "`exchange vocabulary us_state` shows them all"),
        ('state = ["ca", "nv"]', "state is not right: it is one state or territory"),
        ('legal_class = "planted"', '"individual", "year_only" or "tally_only"'),
        ('legal_class = "not_known"', '"individual", "year_only" or "tally_only"'),
        ('legal_class = "individual"\nsmall_counts = true', "small_counts goes with legal_class tally_only alone"),
        ("passphrase = 'planted'", "passphrase is no key: a secret never goes into the profile"),
        ("vaults = 'planted'", "no key of the profile (did you mean vault?); known are agency, "),
        ("bootstrap_servers = 'planted'", "no key of the profile (it belongs below a line [kafka])"),
        ("[kafka]\nbootstrap_server = 'planted'", "no key of [kafka] (did you mean bootstrap_servers?); known are "),
        ("[kafka]\nsasl_password = 'planted'", "Name a sasl_password_file below a line [kafka]"),
        ("sasl_password = 'planted'", "Name a sasl_password_file below a line [kafka]"),
        ("[kafka]\nsecurity_protocol = 'planted'", 'kafka.security_protocol is not right: it is "SASL_SSL" or "SSL"'),
        ("[kafka]\nsasl_username = ''", "kafka.sasl_username is not right: it is your user name"),
        ("[kafka]\nssl_keyfile = 'planted'", "kafka.ssl_keyfile needs kafka.ssl_certfile"),
        ("projects = ['planted']", "projects is no key of the profile (it belongs below a line [hmis])"),
        ("[hmis]\nsmall_counts = true", "small_counts is no key of [hmis] (it belongs above the first section)"),
        ('"Planted Jane" = 1', "a key of the profile does not look like one"),
        ('sensitive = ["planted"]', "sensitive is not right: it is a list of switches"),
        ('sensitive = "foreign_national"', "known are control_method, foreign_national"),
        ('passphrase_file = "a"\nkey_file = "b"', "exclude each other: remove the one"),
        (
            '[hmis]\nproject = ["planted"]',
            "project is no key of [hmis] (did you mean projects?); known are gender_from_sex",
        ),
        ("[hmis]\nprojects = [17, 23]", "hmis.projects is not right: it is a list of ProjectIDs in quotation marks"),
        ('small_counts = "planted"', "small_counts is not right: it is true or false, without quotation marks"),
        ("small_counts = 1", "small_counts is not right: it is true or false, without quotation marks"),
        ('[hmis]\nall_projects_trafficking = "yes"', "hmis.all_projects_trafficking is not right: it is true or false"),
        ('[hmis]\ngender_from_sex = "true"', "hmis.gender_from_sex is not right: it is true or false"),
        (
            '[hmis]\nall_projects_trafficking = true\nprojects = ["planted"]',
            "hmis.projects exclude each other: every project",
        ),
        ('[kafka]\nbootstrap_servers = "…"', "kafka.bootstrap_servers is not right: it is one text of host:port"),
        (
            '[kafka]\nbootstrap_servers = "localhost"',
            "kafka.bootstrap_servers is not right: it is one text of host:port",
        ),
        (
            '[kafka]\nbootstrap_servers = "planted:0"',
            "kafka.bootstrap_servers is not right: it is one text of host:port",
        ),
        (
            '[kafka]\nbootstrap_servers = "planted:65536"',
            "kafka.bootstrap_servers is not right: it is one text of host:port",
        ),
        (
            '[kafka]\nbootstrap_servers = "planted:9092,"',
            "kafka.bootstrap_servers is not right: it is one text of host:port",
        ),
        ('hmis = "planted"', "hmis is not right: it is a section of its own"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_key_and_rule_and_without_its_value(
    tmp_path: Path, line: str, said: str
) -> None:
    kept = [old for old in GOOD.splitlines() if old.split(" ")[0] != line.split(" ", maxsplit=1)[0]]
    whole = complaint(tmp_path, "\n".join([*kept, line]))
    assert said in whole
    assert len(whole.splitlines()) == 1
    assert "pydantic" not in whole
    assert "Input" not in whole


def test_each_mistake_has_a_line_of_its_own(tmp_path: Path) -> None:
    whole = complaint(tmp_path, 'agency = "harbor-light"\nstate = "zz"\nvaults = "planted"\n')
    assert [line.split(": ")[1].split()[0] for line in whole.splitlines()] == [
        "state",
        "legal_class",
        "vault",
        "vaults",
    ]
    assert all(line.split(": ")[0].endswith("agency.toml") for line in whole.splitlines())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("small_counts true", "line 5, column 14: a line is a key, an equals sign and a value"),
        ("passphrase_file = planted", "line 5, column 19: a text stands between quotation marks"),
        ('passphrase_file = "planted', "line 5, column 27: a quotation mark is not closed"),
        ('agency = "planted"', "line 5, column 19: the key is there twice"),
        ('vault2 = "C:\\planted"', "line 5, column 15: write a path with / instead of"),
        ('sensitive = ["planted"', "at its end: the closing ] of the list is missing"),
        ('a = "planted" b', "line 5, column 15: there is something after the value"),
        ("a = 'planted", "at its end: a quotation mark is not closed"),
        ("vault", "line 5, column 6: a line is a key, an equals sign and a value"),
        ("b = true c", "line 5, column 10: there is something after the value"),
        ("[hmis]\n[hmis]", "line 6, column 6: the section is there twice"),
        ("small counts = true", "line 5, column 7: a line is a key, an equals sign and a value"),
        ("passphrase_file =", "line 5, column 18: the value is missing"),
        ('sensitive = ["planted" "x"]', "line 5, column 24: a list has commas between its values"),
        ("[[[", "line 5"),
        ("\x00", "line 5"),
    ],
)
def test_what_is_not_toml_is_named_by_its_line_and_without_its_text(tmp_path: Path, line: str, said: str) -> None:
    whole = complaint(tmp_path, GOOD + line + "\n")
    assert f"agency.toml, {said}" in whole


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('agency = "planted"', "the key is there twice"),
        ("[hmis]\n[hmis]", "the section is there twice"),
        ("planted", "a line is a key, an equals sign and a value"),
        ("vault2 =", "the value is missing"),
        ('vault2 = "planted', "a quotation mark is not closed"),
        ("vault2 = '''planted\nplanted", "a quotation mark is not closed"),
        ('sensitive = ["planted",', "the closing ] of the list is missing"),
    ],
)
def test_a_mistake_in_the_last_line_is_named_though_no_line_ends_there(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "agency.toml").write_text(GOOD + line)
    with pytest.raises(ProfileInvalid) as caught:
        Profile.load(tmp_path / "agency.toml")
    assert said in str(caught.value)
    assert "planted" not in str(caught.value)


def test_what_is_not_utf_8_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "agency.toml"
    path.write_bytes(GOOD.encode() + b"# planted \xe9\n")
    with pytest.raises(ProfileInvalid, match="line 5: a character is not UTF-8") as caught:
        Profile.load(path)
    assert "planted" not in str(caught.value)


def test_a_byte_order_mark_before_the_profile_is_no_mistake(tmp_path: Path) -> None:
    """Editors on Windows write one when they save as UTF-8."""
    path = tmp_path / "agency.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert Profile.load(path).agency == load(tmp_path, GOOD).agency
    path.write_text(GOOD + "planted", encoding="utf-8-sig")
    with pytest.raises(ProfileInvalid, match="a line is a key, an equals sign and a value"):
        Profile.load(path)


def test_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileInvalid, match="no profile"):
        Profile.load(tmp_path / "none.toml")


def test_where_the_secret_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXCHANGE_VAULT_PASSPHRASE", raising=False)
    own(tmp_path / "words", "from the file\n")
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
    own(tmp_path / "key", text)
    with pytest.raises(ProfileInvalid, match="not a key file") as caught:
        load(tmp_path, GOOD + 'key_file = "key"\n').secret()
    assert "planted" not in str(caught.value)


def test_a_named_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXCHANGE_VAULT_PASSPHRASE", raising=False)
    with pytest.raises(ProfileInvalid, match="words, which the profile names"):
        load(tmp_path, GOOD + 'passphrase_file = "words"\n').secret()


def test_a_changed_legal_class_is_answered_alike_by_the_vault_and_by_the_docs(tmp_path: Path) -> None:
    """What is done: a vault keeps its class.

    The advice to the agency and to the operator: a new code and a new vault.
    """
    secret = Secret(raw_key=bytes(range(32)))
    Vault.create(load(tmp_path, GOOD), secret).close()
    with pytest.raises(VaultOfAnother) as caught:
        Vault.open(load(tmp_path, GOOD.replace("tally_only", "individual")), secret)
    operations, publishing = (
        (ROOT / "docs" / f"{n}.md").read_text(encoding="utf-8") for n in ("OPERATIONS", "PUBLISHING")
    )
    for said in (str(caught.value), operations, publishing):
        assert "new code" in " ".join(said.split())
        assert "new vault" in " ".join(said.split())


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
@pytest.mark.parametrize("key", ["key_file", "passphrase_file"])
def test_a_secret_that_others_can_reach_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, mode: int
) -> None:
    monkeypatch.delenv("EXCHANGE_VAULT_PASSPHRASE", raising=False)
    path = own(tmp_path / "the words", "ab" * 32, mode)
    profile = load(tmp_path, GOOD + f'{key} = "the words"\n')
    with pytest.raises(SecretExposed, match=r"`chmod 600 '.*the words'`\. Then run again") as caught:
        profile.secret()
    assert "abab" not in str(caught.value)
    path.chmod(0o600)
    profile.secret()
