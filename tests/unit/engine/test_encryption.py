"""No client is made that would send in clear to another machine, whoever makes it."""

import ssl

import pytest
from aiokafka.conn import collect_hosts
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.exit_status import ExitStatus
from exchange.engine.encryption import PlaintextRefused, expect_encrypted, is_loopback
from exchange.engine.kafka.clients import ClientSettings
from exchange.settings import Settings

HERE = ["127.0.0.1:9092", "localhost:1", "LOCALHOST:1", "[::1]:9092", "127.8.9.10:2", "localhost:1, 127.0.0.1:2"]
AWAY = [
    "kafka.example.org:9092",
    "192.0.2.7:9092",
    "[2001:db8::1]:9092",
    "0.0.0.0:9092",
    "[::]:9092",
    "localhost.example.org:9092",
    "localhost.:9092",
    "127.0.0.1.example.org:9092",
    "127.1:9092",
    "[::ffff:127.0.0.1]:9092",
    "128.0.0.1:9092",
    "127.0.0.1:9092,192.0.2.7:9092",
    "192.0.2.7:9092,localhost:9092",
    "",
    ":",
]


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT"])
def test_without_tls_a_client_is_made_for_the_loopback_alone(protocol: str) -> None:
    for servers in HERE:
        assert ClientSettings(servers, security_protocol=protocol).bootstrap_servers == servers
    for servers in AWAY:
        with pytest.raises(PlaintextRefused, match="SASL_SSL") as raised:
            ClientSettings(servers, security_protocol=protocol, sasl_password="planted")
        assert raised.value.exit_code is ExitStatus.USAGE
        assert "planted" not in str(raised.value)


@pytest.mark.parametrize("protocol", ["SSL", "SASL_SSL"])
def test_with_tls_a_client_is_made_for_every_address(protocol: str) -> None:
    for servers in (*HERE, *AWAY):
        ClientSettings(servers, security_protocol=protocol, ssl_context=ssl.create_default_context())


def test_a_name_that_resolves_to_the_loopback_is_not_the_loopback() -> None:
    """Whoever answers for the name may send it elsewhere tomorrow."""
    for name in ("localhost.localdomain", "ip6-localhost", "kafka", "my-own-machine"):
        assert not is_loopback(name)


@pytest.mark.parametrize("given_by", [{}, {"security_protocol": "PLAINTEXT"}, {"security_protocol": "SASL_PLAINTEXT"}])
def test_settings_are_judged_whether_they_say_so_or_by_default(given_by: dict[str, str]) -> None:
    user = {"sasl_username": "u", "sasl_password": "p"} if given_by.get("security_protocol", "").startswith("S") else {}
    settings = Settings.model_validate({"bootstrap_servers": "kafka.example.org:9092", **given_by, **user})
    with pytest.raises(PlaintextRefused, match=r"kafka\.example\.org:9092 is refused"):
        settings.client("test")


hosts = st.one_of(
    st.sampled_from(["localhost", "127.0.0.1", "[::1]", "::1", "kafka.example.org", "192.0.2.7", "[::]", "]", "[", ""]),
    st.text("localhst.127:[]", max_size=12),
)


@given(
    st.lists(st.tuples(hosts, st.sampled_from(["", ":9092", ":", "]:1", " "])).map("".join), min_size=1).map(",".join)
)
def test_what_the_client_library_connects_to_is_what_was_judged(servers: str) -> None:
    try:
        expect_encrypted(servers, "PLAINTEXT")
        read = collect_hosts(servers, randomize=False)
    except (PlaintextRefused, ValueError):
        return
    assert all(is_loopback(host) for host, _, _ in read), read
