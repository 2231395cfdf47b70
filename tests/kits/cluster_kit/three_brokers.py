"""Three brokers of the committed compose file, as processes on the loopback.

Their settings go the way that they go in a container: Apache's own start program
(`KafkaDockerWrapper`) reads the environment of `deploy/compose.yaml`, writes `server.properties`
and formats the storage. Only places differ: the loopback for host names, free ports, folders.
Certificates and passwords are made by `exchange deploy`, the rights by `exchange topics rights`.
"""

import ctypes
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from exchange.deploy.broker_settings import ADMIN, BROKERS, DATA, INSIDE, LISTENERS, NODES, PUBLIC, SECRETS, broker_name
from exchange.deploy.certificates import CertificateAuthority, deployment_certificates
from exchange.deploy.credentials import credential_files, principals_of
from exchange.deploy.new_secrets import write_secrets
from exchange.engine.broker import Silent
from exchange.engine.broker.directory import choose_ports
from exchange.engine.broker.jars import cache_directory, class_path
from exchange.engine.broker.java import choose_java
from exchange.engine.broker.server import JVM_FLAGS, jvm_environment
from exchange.engine.wall_clock import utc_now
from exchange.settings import Settings

COMPOSE: Final = Path(__file__).parents[3] / "deploy" / "compose.yaml"
HOST: Final = "127.0.0.1"
STOP_S_MAX: Final = 30
PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class ThreeBrokers:
    """Three running brokers. `secrets`: the folder of certificates and passwords."""

    folder: Path
    ports: Mapping[tuple[int, int], int]
    processes: Mapping[int, "subprocess.Popen[bytes]"]

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    def servers(self, listener: int) -> str:
        """The addresses of one listener of all brokers."""
        return ",".join(f"{HOST}:{self.ports[node, listener]}" for node in NODES)

    def of_user(self, principal: str, *, listener: int = INSIDE.port) -> Settings:
        """The settings of a client with a password."""
        password = (self.secrets / f"{principal}.password").read_text().strip()
        return Settings.model_validate(
            {
                "bootstrap_servers": self.servers(listener),
                "security_protocol": "SASL_SSL",
                "ssl_cafile": self.secrets / "ca.crt",
                "sasl_username": principal,
                "sasl_password": password,
            }
        )

    def of_admin(self) -> Settings:
        """The settings of the client with the admin's certificate."""
        return Settings.model_validate(
            {
                "bootstrap_servers": self.servers(BROKERS.port),
                "security_protocol": "SSL",
                "ssl_cafile": self.secrets / "ca.crt",
                "ssl_certfile": self.secrets / f"{ADMIN}.pem",
            }
        )


@contextmanager
def three_brokers(folder: Path, *, agencies: Iterable[str] = ()) -> Iterator[ThreeBrokers]:
    """The brokers for the length of a block, with secrets made for them. Nobody has a right yet."""
    authority = CertificateAuthority.new(utc_now())
    users = [*principals_of(()), *principals_of(agencies)] if agencies else principals_of(())
    made = {**authority.files(), **deployment_certificates(authority, [HOST], utc_now()), **credential_files(users)}
    write_secrets(folder / "secrets", made)
    ports = _free_ports()
    jars = class_path(cache_directory(), Silent(), threading.Event())
    java = [str(choose_java().executable), *JVM_FLAGS, "-cp", os.pathsep.join(map(str, jars))]
    cluster = secrets.token_hex(11)
    with ExitStack() as running:
        processes = {}
        for node in NODES:
            home = folder / broker_name(node)
            for name in ("default", "mounted", "config", "data"):
                (home / name).mkdir(parents=True)
            environment = {**jvm_environment(), **_variables(node, ports, home, folder / "secrets")}
            environment["CLUSTER_ID"] = cluster
            _set_up(java, home, environment)
            processes[node] = running.enter_context(_broker(java, home))
        yield ThreeBrokers(folder, ports, processes)


def _variables(node: int, ports: Mapping[tuple[int, int], int], home: Path, secret_files: Path) -> dict[str, str]:
    """A broker's environment in the compose file, with the places of this machine."""
    service = yaml.safe_load(COMPOSE.read_text())["services"][broker_name(node)]
    return {name: _here(str(value), node, ports, home, secret_files) for name, value in service["environment"].items()}


def _here(value: str, node: int, ports: Mapping[tuple[int, int], int], home: Path, secret_files: Path) -> str:
    value = value.replace("$$", "$")
    value = re.sub(r"broker-(\d):(\d{4})", lambda at: f"{HOST}:{ports[int(at[1]), int(at[2])]}", value)
    value = re.sub(r"\$\{EXCHANGE_PUBLIC_NAME:-localhost\}:\d+", f"{HOST}:{ports[node, PUBLIC.port]}", value)
    value = re.sub(r"://:(\d{4})", lambda at: f"://{HOST}:{ports[node, int(at[1])]}", value)
    value = value.replace(f"{SECRETS}/broker.pem", str(secret_files / f"{broker_name(node)}.pem"))
    return value.replace(SECRETS, str(secret_files)).replace(DATA, str(home / "data"))


def _set_up(java: list[str], home: Path, environment: Mapping[str, str]) -> None:
    names = {"default": "default", "mounted": "mounted", "final": "config"}
    folders = [f"--{word}-configs-dir={home / name}" for word, name in names.items()]
    done = subprocess.run(
        [*java, "-XX:TieredStopAtLevel=1", "kafka.docker.KafkaDockerWrapper", "setup", *folders],
        env=dict(environment),
        check=False,
        timeout=120,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout.decode()[-3000:]


@contextmanager
def _broker(java: list[str], home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with (home / "broker.log").open("wb") as log:
        process = subprocess.Popen(
            [*java, "kafka.Kafka", str(home / "config" / "server.properties")],
            env=jvm_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_dies_with_us,  # noqa: PLW1509 - one system call
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _dies_with_us() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGKILL)


def _free_ports() -> dict[tuple[int, int], int]:
    taken: dict[tuple[int, int], int] = {}
    for node in NODES:
        for listener in LISTENERS:
            port = choose_ports().client
            while port in taken.values():
                port = choose_ports().client
            taken[node, listener.port] = port
    return taken
