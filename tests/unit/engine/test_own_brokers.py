"""Where the secret of an embedded broker is found, and from what it is never read."""

import os
import shutil
from pathlib import Path

import pytest

from exchange.engine import own_brokers
from exchange.engine.broker.directory import choose_ports, record
from exchange.engine.broker.server import Ports
from exchange.engine.encryption import PlaintextRefused
from exchange.engine.errors import BrokerMoved, SecretUnusable
from exchange.engine.kafka.clients import client_at
from exchange.kafka_address import with_address
from exchange.settings import Settings

PORT = 20_001
ADDRESS = f"127.0.0.1:{PORT}"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("EXCHANGE_")]:
        monkeypatch.delenv(name)
    return tmp_path / "home"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir(mode=0o700)
    return made


def a_broker(data_dir: Path, port: int = PORT) -> str:
    secret = own_brokers.new_secret(data_dir)
    own_brokers.link_port(port, data_dir)
    return secret


def test_a_client_with_the_address_alone_signs_in_with_the_secret(data_dir: Path) -> None:
    secret = a_broker(data_dir)
    for address in (ADDRESS, f"localhost:{PORT}"):
        client = Settings(bootstrap_servers=address).client("test")
        assert (client.security_protocol, client.sasl_mechanism) == ("SASL_PLAINTEXT", "SCRAM-SHA-512")
        assert (client.sasl_username, client.sasl_password) == (own_brokers.OWNER, secret)
        assert secret not in repr(client)


def shape(settings: Settings) -> tuple[str, int, int, str]:
    return settings.bootstrap_servers, settings.partitions, settings.replication, settings.calendar


@pytest.mark.parametrize("address", [ADDRESS, f"localhost:{PORT}"])
def test_a_living_broker_of_this_account_gets_its_settings_by_its_address(data_dir: Path, address: str) -> None:
    """`exchange up --data-dir DIR`, then a command with the address that it printed."""
    record(data_dir, os.getpid(), Ports(PORT, PORT + 1))
    assert shape(with_address(Settings(bootstrap_servers=address))) == (address, 4, 1, "off")
    told = Settings(bootstrap_servers=address, partitions=7, calendar="on")
    assert shape(with_address(told)) == (address, 7, 1, "on")


@pytest.mark.parametrize("address", ["127.0.0.1:20002", f"kafka.example.org:{PORT}"])
def test_another_cluster_keeps_the_settings_of_a_cluster(data_dir: Path, address: str) -> None:
    record(data_dir, os.getpid(), Ports(PORT, PORT + 1))
    assert shape(with_address(Settings(bootstrap_servers=address))) == (address, 12, 3, "on")


def test_a_port_that_a_broker_left_says_nothing_about_who_has_it_now(data_dir: Path) -> None:
    record(data_dir, 2**22 + 1, Ports(PORT, PORT + 1))  # above every process number
    assert shape(with_address(Settings(bootstrap_servers=ADDRESS))) == (ADDRESS, 12, 3, "on")


@pytest.mark.parametrize("address", ["127.0.0.1:20002", f"{ADDRESS},{ADDRESS}"])
def test_another_address_gets_no_secret(data_dir: Path, address: str) -> None:
    a_broker(data_dir)
    assert client_at(address).security_protocol == "PLAINTEXT"


@pytest.mark.parametrize("address", [f"kafka.example.org:{PORT}", "", ":"])
def test_an_address_elsewhere_gets_neither_the_secret_nor_a_client_without_tls(data_dir: Path, address: str) -> None:
    a_broker(data_dir)
    with pytest.raises(PlaintextRefused):
        client_at(address)


def test_settings_that_name_a_security_win(data_dir: Path) -> None:
    a_broker(data_dir)
    plain = Settings(bootstrap_servers=ADDRESS, security_protocol="PLAINTEXT").client("test")
    assert (plain.security_protocol, plain.sasl_password) == ("PLAINTEXT", None)


@pytest.mark.parametrize("security", [{}, {"security_protocol": "PLAINTEXT"}, {"security_protocol": "SSL"}])
def test_how_long_a_foreign_transaction_may_be_open_is_told_to_every_client(
    data_dir: Path, security: dict[str, str]
) -> None:
    a_broker(data_dir)
    for address in (ADDRESS, "127.0.0.1:20002"):
        settings = Settings.model_validate({"bootstrap_servers": address, "open_transaction_s": 3.0, **security})
        assert settings.client("test").open_s_max == 3.0


def test_the_files_are_for_their_owner_alone(home: Path, data_dir: Path) -> None:
    a_broker(data_dir)
    assert (data_dir / own_brokers.SECRET_FILE).stat().st_mode & 0o777 == 0o600
    assert own_brokers.links().stat().st_mode & 0o777 == 0o700
    assert own_brokers.links().is_relative_to(home)


@pytest.mark.parametrize("content", ["", "short", "g" * 63 + '"', "0" * 65])
def test_a_damaged_secret_is_named(data_dir: Path, content: str) -> None:
    a_broker(data_dir)
    (data_dir / own_brokers.SECRET_FILE).write_text(content)
    with pytest.raises(SecretUnusable, match=f"{data_dir} is damaged"):
        client_at(ADDRESS)


def test_a_secret_that_others_may_read_is_not_used(data_dir: Path) -> None:
    secret = a_broker(data_dir)
    (data_dir / own_brokers.SECRET_FILE).chmod(0o640)
    with pytest.raises(SecretUnusable, match="another account") as raised:
        client_at(ADDRESS)
    assert secret not in str(raised.value)


def test_a_secret_of_another_account_is_not_used(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever could set a link would otherwise have us sign in at a broker of theirs."""
    a_broker(data_dir)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(SecretUnusable):
        client_at(ADDRESS)


def test_a_link_without_a_secret_is_not_taken_for_a_kafka_without_a_lock(data_dir: Path) -> None:
    a_broker(data_dir)
    (data_dir / own_brokers.SECRET_FILE).unlink()
    with pytest.raises(SecretUnusable):
        client_at(ADDRESS)


def test_a_link_whose_data_are_gone_says_nothing_and_goes_at_the_next_start(data_dir: Path, tmp_path: Path) -> None:
    a_broker(data_dir)
    shutil.rmtree(data_dir)
    assert client_at(ADDRESS).security_protocol == "PLAINTEXT"
    (tmp_path / "other").mkdir()
    a_broker(tmp_path / "other", PORT + 1)
    assert [path.name for path in own_brokers.links().iterdir()] == [str(PORT + 1)]


def test_a_port_that_a_broker_left_leads_to_its_new_one(data_dir: Path) -> None:
    """A program on the old port could pass the proof on to the broker."""
    secret = a_broker(data_dir)
    for port in (PORT + 1, PORT + 2):
        own_brokers.link_port(port, data_dir)
    for old in (PORT, PORT + 1):
        with pytest.raises(BrokerMoved, match=f"127.0.0.1:{PORT + 2} now"):
            client_at(f"127.0.0.1:{old}")
    assert client_at(f"127.0.0.1:{PORT + 2}").sasl_password == secret
    own_brokers.link_port(PORT, data_dir)
    assert client_at(ADDRESS).sasl_password == secret


def test_only_the_broker_that_has_a_port_gives_it_back(data_dir: Path, tmp_path: Path) -> None:
    a_broker(data_dir)
    own_brokers.unlink_port(PORT, tmp_path)
    assert own_brokers.is_linked(PORT)
    own_brokers.unlink_port(PORT, data_dir)
    own_brokers.unlink_port(PORT, data_dir)
    assert not own_brokers.is_linked(PORT)


def test_no_broker_is_given_a_port_of_another(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.engine.broker.directory.PORTS", range(20_001, 20_004))
    a_broker(data_dir, 20_002)
    assert {port for _ in range(20) for port in (choose_ports().client, choose_ports().controller)} == {20_001, 20_003}
