"""Certificates: a client believes a broker at its addresses, and nobody else, until a day."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from exchange.deploy.certificates import (
    AddressInvalid,
    AuthorityEnds,
    AuthorityUnreadable,
    CertificateAuthority,
    deployment_certificates,
)
from exchange.deploy.new_secrets import SecretExists, SecretUnwritten, write_secrets
from exchange.engine.wall_clock import utc_now
from tests.kits.command_line import exchange

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = {"broker-1.pem", "broker-2.pem", "broker-3.pem", "exchange-admin.pem"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets of a deployment that clients reach as kafka.example.org or 192.0.2.7."""
    folder = tmp_path_factory.mktemp("certificates") / "secrets"
    words = ["--name", "kafka.example.org", "--name", "192.0.2.7"]
    done = exchange("deploy", "certificates", "--out", str(folder), *words)
    assert done.returncode == 0, done.stderr
    return folder


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def handshake(folder: Path, address: str, *, server: str = "broker-1", client: str = "", ca: str = "ca.crt") -> str:
    """Two ends of a connection in memory: the subject that the server sees in its client."""
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.load_cert_chain(folder / f"{server}.pem")
    of_client = ssl.create_default_context(cafile=folder / ca)
    if client:
        of_server.load_verify_locations(folder / ca)
        of_server.verify_mode = ssl.CERT_REQUIRED
        of_client.load_cert_chain(folder / f"{client}.pem")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = of_client.wrap_bio(to_client, to_server, server_hostname=address)
    other = of_server.wrap_bio(to_server, to_client, server_side=True)
    open_ends = [one, other]
    for _ in range(10):
        for end in list(open_ends):
            try:
                end.do_handshake()
                open_ends.remove(end)
            except ssl.SSLWantReadError:
                continue
    assert open_ends == []
    subject = dict(pair for part in (other.getpeercert() or {}).get("subject", ()) for pair in part)
    return subject.get("commonName", "")


@pytest.mark.parametrize("address", ["kafka.example.org", "192.0.2.7", "broker-1"])
def test_a_client_believes_a_broker_at_each_of_its_addresses(made: Path, address: str) -> None:
    handshake(made, address)


@pytest.mark.parametrize("address", ["kafka.example.net", "192.0.2.8", "broker-2", "localhost"])
def test_a_client_does_not_believe_it_anywhere_else(made: Path, address: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(made, address)


def test_brokers_and_the_admin_are_known_by_their_certificates(made: Path) -> None:
    assert handshake(made, "broker-1", client="broker-3") == "broker-3"
    assert handshake(made, "broker-1", client="exchange-admin") == "exchange-admin"


def test_the_admin_cannot_pass_for_a_broker(made: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(made, "exchange-admin", server="exchange-admin")


def test_another_authority_is_not_believed(made: Path, tmp_path: Path) -> None:
    other = CertificateAuthority.new(utc_now()).files()
    (made / "other.crt").write_bytes(other["ca.crt"])
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(made, "broker-1", ca="other.crt")


def test_keys_are_for_their_owner_only(made: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made.iterdir() if path.name != "other.crt"}
    assert modes == {"ca.crt": 0o644, "ca.key": 0o600, **dict.fromkeys(NAMES, 0o600)}
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_certificate_is_valid_for_thirteen_months_and_the_authority_for_ten_years() -> None:
    authority = CertificateAuthority.new(NOW)
    assert authority.certificate.not_valid_after_utc == NOW + timedelta(days=3650)
    issued = x509.load_pem_x509_certificates(authority.issue("broker-1", ["broker-1"], NOW))[0]
    assert issued.not_valid_before_utc == NOW - timedelta(hours=1)
    assert issued.not_valid_after_utc == NOW + timedelta(days=397)
    assert (
        0 < x509.load_pem_x509_certificates(authority.issue("a", [], NOW, days=1))[0].serial_number.bit_length() < 160
    )


def test_a_certificate_never_outlives_its_authority() -> None:
    authority = CertificateAuthority.new(NOW - timedelta(days=3600))
    authority.issue("broker-1", [], NOW, days=50)
    with pytest.raises(AuthorityEnds):
        authority.issue("broker-1", [], NOW, days=51)


@pytest.mark.parametrize(
    "address",
    ["", "kafka.example.org:9093", "https://kafka", "a b", "-kafka", "kafka-", "1.2.3", "a..b", "x" * 64, "é"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(AddressInvalid):
        deployment_certificates(CertificateAuthority.new(NOW), [address], NOW)


def test_nothing_is_overwritten_and_then_nothing_else_is_written(made: Path, tmp_path: Path) -> None:
    (tmp_path / "broker-2.pem").write_text("in use")
    done = exchange("deploy", "certificates", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "broker-2.pem" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["broker-2.pem"]
    assert (tmp_path / "broker-2.pem").read_text() == "in use"
    before = {path: path.read_bytes() for path in made.iterdir()}
    assert exchange("deploy", "certificates", "--out", str(made)).returncode == 2
    assert {path: path.read_bytes() for path in made.iterdir()} == before


def test_a_link_that_leads_nowhere_is_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "ca.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SecretExists):
        write_secrets(tmp_path, {"ca.key": b"secret"})
    assert not (tmp_path / "elsewhere").exists()


def test_what_cannot_be_written_whole_is_removed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SecretUnwritten):
        write_secrets(tmp_path, {"first": b"secret", "file/second": b"secret"})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_renewed_certificates_are_believed_by_those_who_have_the_old_authority(made: Path, tmp_path: Path) -> None:
    words = ["--ca", str(made), "--name", "kafka.example.org", "--days", "30"]
    done = exchange("deploy", "certificates", "--out", str(tmp_path / "renewed"), *words)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "renewed").iterdir()} == NAMES
    (tmp_path / "renewed" / "ca.crt").write_bytes((made / "ca.crt").read_bytes())
    handshake(tmp_path / "renewed", "kafka.example.org", client="broker-2")
    renewed = certificate(tmp_path / "renewed" / "broker-1.pem")
    assert timedelta(days=30) < renewed.not_valid_after_utc - renewed.not_valid_before_utc < timedelta(days=31)


@pytest.mark.parametrize("damage", ["no key", "no certificate", "another key", "cut"])
def test_an_authority_that_is_damaged_signs_nothing(made: Path, tmp_path: Path, damage: str) -> None:
    for name in ("ca.crt", "ca.key"):
        (tmp_path / name).write_bytes((made / name).read_bytes())
    if damage == "no key":
        (tmp_path / "ca.key").unlink()
    elif damage == "no certificate":
        (tmp_path / "ca.crt").unlink()
    elif damage == "another key":
        (tmp_path / "ca.key").write_bytes(CertificateAuthority.new(NOW).files()["ca.key"])
    else:
        (tmp_path / "ca.key").write_bytes((made / "ca.key").read_bytes()[:100])
    with pytest.raises(AuthorityUnreadable):
        CertificateAuthority.read(tmp_path)
    assert exchange("deploy", "certificates", "--out", str(tmp_path / "new"), "--ca", str(tmp_path)).returncode == 2
    assert not (tmp_path / "new").exists()
