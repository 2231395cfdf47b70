"""The compose file: what is committed is what the tables make, and it keeps its promises."""

import re
from pathlib import Path

import pytest
import yaml

from consumers.worker.watchdog import WatchdogLimits
from exchange.deploy.broker_settings import COMMON_SETTINGS, NODES, broker_name, variable_of
from exchange.deploy.compose import ADMIN_SETTINGS
from exchange.deploy.generated_files import committed_files
from exchange.deploy.image import BASE, DOCKERFILE, IMAGE, STATE, UV_VERSION
from exchange.engine.broker.jars import KAFKA_VERSION
from exchange.engine.kafka.rights import PRINCIPALS
from exchange.settings import PREFIX, Settings
from exchange.wire.topics import TOPICS
from tests.kits.command_line import exchange

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
FILE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES = FILE["services"]
BROKERS = [broker_name(node) for node in NODES]
each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text[:-1])


@pytest.mark.parametrize("name", sorted(committed_files()))
def test_what_is_committed_is_what_the_tables_make(name: str) -> None:
    assert (DEPLOY / name).read_text() == committed_files()[name], "run `make docs`"


def test_nothing_else_is_committed_that_looks_generated() -> None:
    there = {str(path.relative_to(DEPLOY)) for path in DEPLOY.rglob("*") if path.is_file()}
    assert there - {"README.md"} >= set(committed_files())
    assert {name for name in there if "Made by" in (DEPLOY / name).read_text()} <= {*committed_files(), "README.md"}


def test_the_commands_write_the_same_and_replace_only_what_differs(tmp_path: Path) -> None:
    for command, folder in (("compose", tmp_path), ("systemd", tmp_path / "systemd")):
        assert exchange("deploy", command, "--out", str(folder)).returncode == 0
    assert {name: (tmp_path / name).read_text() for name in committed_files()} == committed_files()
    (tmp_path / "compose.yaml").write_text("edited")
    (tmp_path / "compose.override.yaml").write_text("mine")
    assert exchange("deploy", "compose", "--out", str(tmp_path)).stdout == f"{tmp_path / 'compose.yaml'}: written\n"
    assert exchange("deploy", "compose", "--out", str(tmp_path)).stdout == "All files are up to date.\n"
    assert (tmp_path / "compose.override.yaml").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").mkdir()
    done = exchange("deploy", "compose", "--out", str(tmp_path))
    assert done.returncode == 1
    assert "compose.yaml could not be written" in done.stderr


# Containers


@each_service
def test_every_container_runs_without_privileges_and_within_limits(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"cpus", "memory", "pids"} == service["deploy"]["resources"]["limits"].keys()
    assert not {"privileged", "cap_add", "network_mode", "pid", "user"} & service.keys()


@each_service
def test_every_image_has_its_version(name: str) -> None:
    assert SERVICES[name]["image"] in {IMAGE, f"apache/kafka:{KAFKA_VERSION}"}


@pytest.mark.parametrize("name", [*BROKERS, "worker"])
def test_what_runs_on_is_started_again_checked_and_given_time_to_end(name: str) -> None:
    service, limits = SERVICES[name], WatchdogLimits()
    assert seconds(service["stop_grace_period"]) >= 2 * limits.end_s_max
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD-SHELL"
    assert name in BROKERS or seconds(service["healthcheck"]["start_period"]) >= limits.start_s_max


@pytest.mark.parametrize("name", ["worker", "operator"])
def test_our_containers_write_only_memory_and_the_witness(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert [mount.split(":")[0] for mount in SERVICES[name]["tmpfs"]] == ["/tmp"]
    assert SERVICES[name]["volumes"] == [f"witness:{STATE}"]  # and what workers remember of the ledger
    assert SERVICES[name]["environment"]["EXCHANGE_STATE_DIR"] == STATE


def test_there_are_three_brokers_and_two_workers() -> None:
    assert [name for name in SERVICES if name.startswith("broker-")] == BROKERS
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    assert sorted(SERVICES["worker"]["depends_on"]) == BROKERS


def test_only_the_public_port_of_brokers_is_open_and_only_brokers_reach_outside() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == set(BROKERS)
    assert {port.split(":")[1] for name in BROKERS for port in SERVICES[name]["ports"]} == {"9093"}
    assert {name for name, service in SERVICES.items() if "outside" in service["networks"]} == set(BROKERS)
    assert FILE["networks"]["inside"] == {"internal": True}


def test_a_secret_is_a_file_and_never_in_the_compose_file_or_the_image() -> None:
    for service in SERVICES.values():
        values = " ".join(map(str, service["environment"].values()))
        assert not re.search(r"password=|-----BEGIN", values)
        assert not any("PASSWORD" in name for name in service["environment"])
    assert all(secret["file"].startswith("./secrets/") for secret in FILE["secrets"].values())
    assert not re.search(r"COPY \. |secret|password", DOCKERFILE, re.IGNORECASE)


def test_secrets_are_those_that_the_commands_make(tmp_path: Path) -> None:
    for command in ("certificates", "credentials"):
        assert exchange("deploy", command, "--out", str(tmp_path / "secrets")).returncode == 0
    assert [secret for secret in FILE["secrets"].values() if not (tmp_path / secret["file"]).is_file()] == []


def test_secrets_in_the_clone_are_not_committed_nor_sent_to_a_build() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/deploy/secrets/", "/deploy/.env"} <= set(ignored)
    sent = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert sent[1] == "*"
    assert not [line for line in sent if line.startswith("!deploy")]


# Settings


def test_every_setting_of_a_client_is_one_that_there_is() -> None:
    for name in ("worker", "operator"):
        ours = {key for key in SERVICES[name]["environment"] if key.startswith(PREFIX)}
        assert {key.removeprefix(PREFIX).lower() for key in ours} <= set(Settings.model_fields)
    assert SERVICES["worker"]["environment"]["EXCHANGE_SASL_USERNAME"] in PRINCIPALS.values()


def test_the_password_is_found_where_it_is_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secret,) = [one for one in SERVICES["worker"]["secrets"] if isinstance(one, dict)]
    (tmp_path / secret["target"]).write_text("open sesame\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Settings().sasl_password.get_secret_value() == "open sesame"


def test_the_brokers_lose_no_record_with_one_of_them() -> None:
    (settings,) = {tuple((row.name, row.value) for row in COMMON_SETTINGS)}
    found = dict(settings)
    assert found["default.replication.factor"] == found["transaction.state.log.replication.factor"] == "3"
    assert found["min.insync.replicas"] == found["transaction.state.log.min.isr"] == "2"
    assert found["unclean.leader.election.enable"] == found["auto.create.topics.enable"] == "false"
    assert found["offsets.topic.replication.factor"] == "3"
    assert len(found["controller.quorum.voters"].split(",")) == 3


def test_topics_ask_for_no_more_brokers_in_sync_than_the_compose_file_has() -> None:
    asked = {topic.configs(3)["min.insync.replicas"] for topic in TOPICS}
    assert asked == {SERVICES["broker-1"]["environment"]["KAFKA_MIN_INSYNC_REPLICAS"]}


def test_every_listener_is_encrypted_and_asks_who_is_there() -> None:
    environment = SERVICES["broker-2"]["environment"]
    protocols = dict(pair.split(":") for pair in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    listening = {place.split("://")[0] for place in environment["KAFKA_LISTENERS"].split(",")}
    assert listening == set(protocols)
    for name, protocol in protocols.items():
        if protocol == "SSL":
            assert environment[f"KAFKA_LISTENER_NAME_{name}_SSL_CLIENT_AUTH"] == "required"
        else:
            assert protocol == "SASL_SSL"
            assert environment[f"KAFKA_LISTENER_NAME_{name}_SASL_ENABLED_MECHANISMS"] == "SCRAM-SHA-512"
    assert environment["KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND"] == "false"
    assert environment["KAFKA_AUTHORIZER_CLASS_NAME"].endswith("StandardAuthorizer")


def test_nobody_but_brokers_and_the_admin_may_do_everything() -> None:
    found = SERVICES["broker-1"]["environment"]["KAFKA_SUPER_USERS"].split(";")
    assert found == ["User:broker-1", "User:broker-2", "User:broker-3", "User:exchange-admin"]
    assert "exchange-admin" not in PRINCIPALS.values()
    assert "exchange-admin" in ADMIN_SETTINGS


def test_a_setting_becomes_the_variable_of_apaches_image() -> None:
    assert variable_of("listener.name.public.scram-sha-512.sasl.jaas.config") == (
        "KAFKA_LISTENER_NAME_PUBLIC_SCRAM___SHA___512_SASL_JAAS_CONFIG"
    )
    assert variable_of("a_b") == "KAFKA_A__B"


# Image


def test_the_image_is_built_in_two_stages_from_the_lock_and_runs_as_a_user() -> None:
    lines = DOCKERFILE.splitlines()
    assert len([line for line in lines if line.startswith("FROM ${BASE}")]) == 2
    last = DOCKERFILE.rpartition("FROM ")[2]
    assert "RUN" not in last
    assert "USER 1000:1000" in last
    assert len(re.findall(r"uv sync .*--frozen --no-dev --extra worker ", DOCKERFILE)) == 2
    assert f"ARG BASE={BASE}" in lines


def test_the_image_is_built_with_the_installer_of_the_makefile() -> None:
    assert f"UV_VERSION := {UV_VERSION}\n" in (ROOT / "Makefile").read_text()


def test_the_image_copies_every_package_and_nothing_that_is_missing() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert {"exchange", "consumers", "producers", "schemas", "uv.lock", "pyproject.toml"} <= names
    assert [name for name in names if not (ROOT / name).exists()] == []
    sent = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert names == {line[1:] for line in sent if line.startswith("!")}
