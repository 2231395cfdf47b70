"""The broker's settings, and the meaning of its last words."""

from pathlib import Path

import pytest

from exchange.engine.broker import server
from exchange.engine.broker.errors import BrokerDidNotStart
from exchange.engine.broker.java import Java
from exchange.engine.broker.server import (
    LAST_WORDS_LINES,
    NO_REMEDY,
    ONE_NODE_SETTINGS,
    REMEDIES,
    Launch,
    Ports,
    did_not_start,
    jvm_environment,
    last_words,
    settings,
)

SECRET = "5ec" * 21 + "0"


def launch_in(data_dir: Path) -> Launch:
    return Launch(
        Java(Path("java"), 21, "21.0.3", "PATH"), [Path("one.jar"), Path("two.jar")], data_dir, Ports(20_001, 20_002)
    )


def told() -> dict[str, str]:
    return dict(line.split("=", 1) for line in settings(Ports(20_001, 20_002), SECRET).splitlines())


def test_every_address_is_on_the_loopback() -> None:
    addresses = [value for value in told().values() if "://" in value or "@" in value]
    listeners = [listener for value in addresses for listener in value.split(",")]
    assert len(listeners) == 4
    assert all("127.0.0.1:" in listener for listener in listeners)


def test_the_settings_of_any_single_node_are_all_written() -> None:
    assert ONE_NODE_SETTINGS.items() <= told().items()


def test_no_topic_springs_up_and_nothing_expires_by_itself() -> None:
    settings_told = told()
    assert settings_told["auto.create.topics.enable"] == "false"
    assert settings_told["log.retention.ms"] == settings_told["log.retention.bytes"] == "-1"


def test_every_listener_asks_for_the_secret() -> None:
    listeners = dict(pair.split(":") for pair in told()["listener.security.protocol.map"].split(","))
    assert set(listeners.values()) == {"SASL_PLAINTEXT"}
    named = [listener.partition("://")[0] for listener in told()["listeners"].split(",")]
    assert sorted(named) == sorted(listeners)
    asks = [name for name, value in told().items() if name.endswith("sasl.jaas.config") and SECRET in value]
    assert len(asks) == len(named)


def test_the_secret_is_on_no_command_line(tmp_path: Path) -> None:
    launch = launch_in(tmp_path)
    assert not any(SECRET in word for word in launch.command())


def test_no_path_is_in_the_settings() -> None:
    """Kafka splits directories at commas and unescapes backslashes; a relative name has none."""
    assert told()["log.dirs"] == "log"
    assert not any(value.startswith("/") for value in told().values())


def test_the_class_path_is_given_by_file() -> None:
    command = launch_in(Path("/data")).command()
    assert command[command.index("-cp") + 1] == "one.jar:two.jar"
    assert command[-2:] == ["kafka.Kafka", "server.properties"]


def test_the_broker_does_not_see_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_VAULT_PASSPHRASE", "secret")
    monkeypatch.setenv("TZ", "UTC")
    environment = jvm_environment()
    assert environment["TZ"] == "UTC"
    assert "secret" not in environment.values()


@pytest.mark.parametrize(("phrase", "remedy"), REMEDIES)
def test_last_words_that_are_known_bring_their_remedy(tmp_path: Path, phrase: str, remedy: str) -> None:
    launch = launch_in(tmp_path)
    launch.log_path.write_text(f"INFO starting\nERROR something: {phrase}\n\tat kafka.Some.frame(Some.java:1)\n")
    message = did_not_start(launch, "its process ended")
    assert phrase in message
    assert "Some.java" not in message
    assert message.endswith(remedy)


def test_last_words_that_are_not_known_still_bring_something_to_do(tmp_path: Path) -> None:
    launch = launch_in(tmp_path)
    launch.log_path.write_text("ERROR who knows\n")
    assert did_not_start(launch, "its process ended").endswith(NO_REMEDY)


def test_a_full_disk_is_named_though_the_log_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "FREE_BYTES_MIN", 1 << 60)
    assert did_not_start(launch_in(tmp_path), "its process ended").endswith(server.DISK_FULL)


def test_settings_that_cannot_be_written_are_no_internal_error(tmp_path: Path) -> None:
    (tmp_path / server.SETTINGS_FILE).mkdir()
    with pytest.raises(BrokerDidNotStart, match="settings and storage cannot be written"):
        server.prepare(launch_in(tmp_path))


def test_only_the_last_lines_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    log.write_text("".join(f"line {n}\n" for n in range(1000)))
    shown = last_words(log).splitlines()
    assert len(shown) == LAST_WORDS_LINES
    assert shown[-1].strip() == "line 999"


def test_a_broker_that_printed_nothing_is_reported_as_such(tmp_path: Path) -> None:
    (tmp_path / "broker.log").touch()
    assert "nothing" in last_words(tmp_path / "broker.log")
    assert "nothing" in last_words(tmp_path / "none.log")
