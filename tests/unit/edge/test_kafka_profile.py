"""`[kafka]` of a profile: what it names is used; secrets are in files for their owner alone."""

import os
from pathlib import Path

import pytest

from exchange.engine.encryption import PlaintextRefused
from exchange.settings import SettingInvalid, Settings
from producers.delivery.address import kafka_link
from producers.errors import ProfileInvalid, SecretExposed
from producers.profile import Profile
from tests.kits.secure_kit.certificates import Authority

GOOD = 'agency = "harbor-light"\nstate = "ca"\nlegal_class = "tally_only"\nvault = "a.vault"\n'
WHOLE = """
[kafka]
bootstrap_servers = "kafka.example.org:9093"
security_protocol = "SASL_SSL"
ssl_cafile = "authority.pem"
ssl_certfile = "agency.pem"
sasl_mechanism = "SCRAM-SHA-256"
sasl_username = "agency-harbor-light"
sasl_password_file = "kafka.password"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Authority.make(tmp_path, "authority").issue("agency")
    (tmp_path / "kafka.password").write_text("open sesame\n")
    for name in ("kafka.password", "agency.pem"):
        (tmp_path / name).chmod(0o600)
    return tmp_path


def load(folder: Path, text: str) -> Profile:
    (folder / "agency.toml").write_text(GOOD + text, encoding="utf-8")
    return Profile.load(folder / "agency.toml")


def client(profile: Profile, **settings: object):
    return kafka_link(profile, Settings.model_validate(settings))._settings


def test_everything_that_tls_and_signing_in_need_is_read_from_the_profile(folder: Path) -> None:
    found = client(load(folder, WHOLE))
    assert found.bootstrap_servers == "kafka.example.org:9093"
    assert (found.security_protocol, found.sasl_mechanism) == ("SASL_SSL", "SCRAM-SHA-256")
    assert (found.sasl_username, found.sasl_password) == ("agency-harbor-light", "open sesame")
    assert found.ssl_context is not None
    assert found.certificate_ends_s
    assert "sesame" not in repr(found)


def test_the_profile_goes_before_the_environment_and_the_rest_comes_from_there(folder: Path) -> None:
    """As for the address: what stands in the file is what is used."""
    lines = "\n".join(line for line in WHOLE.splitlines() if not line.startswith(("sasl_password", "sasl_mech")))
    found = client(load(folder, lines), sasl_password="from outside", sasl_username="another", bootstrap_servers="a:1")
    assert (found.sasl_username, found.sasl_password) == ("agency-harbor-light", "from outside")
    assert (found.bootstrap_servers, found.sasl_mechanism) == ("kafka.example.org:9093", "SCRAM-SHA-512")


@pytest.mark.parametrize("lines", ["", 'security_protocol = "PLAINTEXT"', 'security_protocol = "SASL_PLAINTEXT"'])
def test_the_edge_sends_nothing_in_clear_to_another_machine(folder: Path, lines: str) -> None:
    profile = load(folder, f'[kafka]\nbootstrap_servers = "kafka.example.org:9092"\n{lines}\n')
    with pytest.raises(PlaintextRefused, match=r"under \[kafka\]"):
        client(profile, sasl_username="u", sasl_password="p")
    here = load(folder, '[kafka]\nbootstrap_servers = "127.0.0.1:1"\n')
    assert client(here).security_protocol == "PLAINTEXT"


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
@pytest.mark.parametrize("name", ["kafka.password", "agency.pem"])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_password_or_private_key_that_others_can_reach_is_refused(folder: Path, name: str, mode: int) -> None:
    (folder / name).chmod(mode)
    with pytest.raises(SecretExposed, match=f"chmod 600 .*{name}") as raised:
        client(load(folder, WHOLE))
    assert "sesame" not in str(raised.value)


def test_the_certificate_may_be_read_by_others_where_its_key_has_a_file_of_its_own(folder: Path) -> None:
    octets = (folder / "agency.pem").read_bytes()
    (folder / "agency.key").write_bytes(octets)
    (folder / "agency.key").chmod(0o600)
    (folder / "agency.pem").chmod(0o644)
    client(load(folder, WHOLE + 'ssl_keyfile = "agency.key"\n'))


@pytest.mark.parametrize("name", ["authority.pem", "agency.pem", "kafka.password"])
def test_a_file_that_is_missing_is_named_with_its_key(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ProfileInvalid, match=rf"{name}, which kafka\.\w+ names, cannot be read"):
        client(load(folder, WHOLE))


def test_a_file_of_authorities_that_is_none_is_named_by_the_key_of_the_profile_too(folder: Path) -> None:
    (folder / "authority.pem").write_text("planted")
    with pytest.raises(
        SettingInvalid, match=r"SSL_CAFILE must be .* keys under \[kafka\], such as ssl_cafile"
    ) as raised:
        client(load(folder, WHOLE))
    assert "planted" not in str(raised.value)
