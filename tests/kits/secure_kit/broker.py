"""A real Kafka of one node with every kind of listener, SCRAM users and the authorizer.

Nobody may do anything without a right, but for the users of the listener OPEN, who are super users:
tests set the cluster up from there.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exchange.engine.broker import directory, supervise
from exchange.engine.broker.announce import Silent
from exchange.engine.broker.jars import cache_directory
from exchange.engine.broker.ready import answers
from exchange.engine.broker.server import HOST, ONE_NODE_SETTINGS, SETTINGS_FILE, Launch, jvm_environment
from exchange.engine.broker.starting import Start
from exchange.engine.broker.storage import KAFKA_LOGS, cluster_id
from exchange.engine.kafka.clients import ClientSettings
from tests.kits.secure_kit.certificates import Authority
from tests.kits.storage_tool import format_by_kafka

START_S_MAX = 90.0
NOWHERE = "broker.nowhere.invalid"
LISTENERS: Mapping[str, str] = {
    "OPEN": "PLAINTEXT",
    "MOVED": "SSL",
    "BARE": "PLAINTEXT",
    "NAMED": "SASL_PLAINTEXT",
    "SECRET": "SASL_SSL",
    "MUTUAL": "SSL",
    "EXPIRED": "SSL",
    "CONTROLLER": "PLAINTEXT",
}
"""A listener and its protocol. MOVED advertises a name that resolves nowhere; BARE an
address elsewhere; MUTUAL wants a
certificate of the client; the certificate of EXPIRED has expired."""
ADVERTISED = {"MOVED": NOWHERE, "BARE": "192.0.2.7"}
PASSWORD = "correct horse"


@dataclass(frozen=True, slots=True)
class SecureBroker:
    """A running one. `authority`: the one that it trusts and whose certificates it shows."""

    ports: Mapping[str, int]
    authority: Authority
    pid: int

    def at(self, listener: str, host: str = HOST) -> str:
        """The address of a listener."""
        return f"{host}:{self.ports[listener]}"


@contextmanager
def secure_broker(users: tuple[str, ...]) -> Iterator[SecureBroker]:
    """For the length of the block. Every user's password is `PASSWORD`."""
    with tempfile.TemporaryDirectory(prefix="exchange-secure-") as made:
        folder = Path(made)
        lock = directory.take(folder)
        launch = Start(Silent(), cache_directory(), None, threading.Event()).plan(folder)
        authority = Authority.make(folder, "authority")
        ports = {name: directory.choose_ports().client for name in LISTENERS}
        (folder / SETTINGS_FILE).write_text(_settings(ports, authority))
        format_by_kafka(launch, dict.fromkeys(users, PASSWORD))
        supervisor = subprocess.Popen(
            [sys.executable, "-I", "-S", supervise.__file__, str(launch.log_path), str(lock), "", *launch.command()],
            cwd=folder,
            env=jvm_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(lock,),
        )
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        try:
            broker = SecureBroker(ports, authority, int(supervisor.stdout.readline()))
            _wait(broker.at("OPEN"), launch, supervisor)
            yield broker
        finally:
            with supervisor.stdout, supervisor.stdin as wishes:
                wishes.write(supervise.AT_ONCE)
            supervisor.wait()


def _wait(address: str, launch: Launch, supervisor: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_S_MAX
    while not answers(ClientSettings(address), cluster_id(launch.data_dir)):
        log = launch.log_path.read_text(errors="replace")[-3000:]
        assert supervisor.poll() is None, log
        assert time.monotonic() < until, log
        time.sleep(0.1)


def _settings(ports: Mapping[str, int], authority: Authority) -> str:
    listeners = [f"{name}://{HOST}:{port}" for name, port in ports.items()]
    advertised = {name: ADVERTISED.get(name, HOST) for name in ports if name != "CONTROLLER"}
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    plain = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    own: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{ports['CONTROLLER']}",
        "listeners": ",".join(listeners),
        "advertised.listeners": ",".join(f"{name}://{host}:{ports[name]}" for name, host in advertised.items()),
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in LISTENERS.items()),
        "inter.broker.listener.name": "OPEN",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": KAFKA_LOGS,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": "User:ANONYMOUS",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "ssl.keystore.type": "PEM",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority.file,
        "ssl.keystore.location": authority.issue("broker"),
        "listener.name.expired.ssl.keystore.location": authority.issue("expired-broker", expired=True),
        "listener.name.mutual.ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
    }
    for listener in ("named", "secret"):
        own[f"listener.name.{listener}.scram-sha-512.sasl.jaas.config"] = scram
        own[f"listener.name.{listener}.plain.sasl.jaas.config"] = f'{plain} user_someone="{PASSWORD}";'
    return "".join(f"{key}={value}\n" for key, value in (own | dict(ONE_NODE_SETTINGS)).items())
