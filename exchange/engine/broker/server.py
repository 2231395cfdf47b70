"""The broker's JVM: its settings, its command lines, and the meaning of its last words.

Rules kept: listeners on the loopback only, and both ask for the secret (`own_brokers`, ADR 32): the
second because a controller may change every topic. The secret is in files of its owner alone, never
on a command line, which every account may see, nor in an environment. No topic is created by
itself; nothing expires unless its topic is set so; time-outs let a lane take over within seconds.
Paths in the settings are relative to the data directory, which is the JVM's working directory, so
no path ever needs quoting.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exchange.engine import own_brokers
from exchange.engine.broker.errors import BrokerDataUnusable, BrokerDidNotStart
from exchange.engine.broker.java import Java
from exchange.engine.broker.storage import KAFKA_LOGS, NODE, cluster_id, format_storage
from exchange.engine.errors import SecretUnusable
from exchange.engine.kafka.clients import ClientSettings, owners_client
from exchange.engine.private_file import write_private
from exchange.engine.wall_clock import wall_ms

HOST = "127.0.0.1"
SETTINGS_FILE = "server.properties"
LOG_FILE = "broker.log"
SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"
LAST_WORDS_LINES = 15

# Required of any broker of one node; the test containers get the same settings.
ONE_NODE_SETTINGS: Mapping[str, str] = {
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",  # a single worker need not wait for others to join
    # Take-over: a dead lane's transaction is aborted within a second of its time-out, not within
    # ten.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    "transaction.max.timeout.ms": "60000",  # no producer can hold back readers for longer
    # Nothing expires by default: only a topic's own settings may let it expire.
    "log.retention.ms": "-1",
    "log.retention.bytes": "-1",
    # A broker that comes back after a kill is rejected until its old session expires: 9 s by
    # default.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    # An idle controller writes that it is idle twice a minute, not twice a second.
    "metadata.max.idle.interval.ms": "30000",
    # Taken from the heap at start; 32 MB clean 1.2 million keys in one pass.
    "log.cleaner.dedupe.buffer.size": str(32 * 1024 * 1024),
}

# One account's clients need few threads. Each looks for work a few times a second, also when idle.
THREADS: Mapping[str, str] = {
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "4",
    "group.coordinator.threads": "1",
    "share.coordinator.threads": "1",
}

JVM_FLAGS = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-Xms64m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-Xshare:auto",
    "-XX:TieredStopAtLevel=1",  # the quick compiler alone: a start takes a third less time and processor
    "--enable-native-access=ALL-UNNAMED",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=warn",  # or it logs every setting
)
CLASSES_FILE = "classes.jsa"  # see `prepared_classes`; Java's own ending
# Java's remarks on that file would be the last words in the broker's log.
CLASSES_FLAGS = ("-Xlog:cds*=off",)

DISK_FULL = "The disk is full: free some space, or name another directory with --data-dir."
FREE_BYTES_MIN = 16 << 20
# A phrase in the broker's last words, and the remedy; the first that fits is shown.
REMEDIES: Sequence[tuple[str, str]] = (
    ("Address already in use", "Another program listens on that port: name a free one, or leave the choice to us."),
    ("No space left on device", DISK_FULL),
    ("Permission denied", "The data directory may not be written: name another with --data-dir."),
    ("Too many open files", "Raise the limit on open files (ulimit -n 65536)."),
    ("OutOfMemoryError", "The broker ran out of memory: stop other programs, or use a Kafka of your own."),
    ("Could not reserve enough space", "The machine has too little free memory: the broker needs about 512 MB."),
    ("UnsupportedClassVersionError", "This Java is too old: unset JAVA_HOME, or let it name Java 17 or newer."),
    ("metadata.version", "The data was written by a newer Kafka: name another directory with --data-dir."),
)
NO_REMEDY = "Name an empty directory with --data-dir, or a Kafka that runs already in EXCHANGE_BOOTSTRAP_SERVERS."


@dataclass(frozen=True, slots=True)
class Ports:
    """The broker's ports: for clients, and for itself as its own controller."""

    client: int
    controller: int


@dataclass(frozen=True, slots=True)
class Launch:
    """The needs of a start: a Java, its class path, the data directory, and the ports.

    `classes`: a file of prepared classes to read. `trains`: the broker writes such a file, to
    `written_classes`, when it is stopped.
    """

    java: Java
    class_path: Sequence[Path]
    data_dir: Path
    ports: Ports
    classes: Path | None = None
    trains: bool = False

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients."""
        return f"{HOST}:{self.ports.client}"

    def client(self) -> ClientSettings:
        """The settings of its owner's client; raises SecretUnusable."""
        return owners_client(self.bootstrap_servers, own_brokers.secret_in(self.data_dir), "exchange-broker")

    @property
    def log_path(self) -> Path:
        """The file of the broker's output."""
        return self.data_dir / LOG_FILE

    @staticmethod
    def written_classes(data_dir: Path) -> Path:
        """The file of prepared classes that a broker writes which trains."""
        return data_dir / CLASSES_FILE

    def command(self) -> list[str]:
        """The broker's command line, to be run inside the data directory."""
        reads = (f"-XX:SharedArchiveFile={self.classes}",) if self.classes else ()
        writes = (f"-XX:ArchiveClassesAtExit={CLASSES_FILE}",) if self.trains else ()
        jars = os.pathsep.join(map(str, self.class_path))
        java = str(self.java.executable)
        return [java, *JVM_FLAGS, *CLASSES_FLAGS, *reads, *writes, "-cp", jars, "kafka.Kafka", SETTINGS_FILE]


def _format(launch: Launch, secret: str) -> None:
    format_storage(launch.data_dir, secret, wall_ms())


def prepare(launch: Launch, formatting: Callable[[Launch, str], None] = _format) -> None:
    """Write the settings, and format the storage if it is new. Raises `BrokerDidNotStart`.

    `formatting`: of another Kafka than the pinned one.
    """
    try:
        formatted = cluster_id(launch.data_dir) is not None
        secret = _secret(launch.data_dir, formatted=formatted)
        write_private(launch.data_dir / SETTINGS_FILE, settings(launch.ports, secret).encode("ascii"))
        if not formatted:
            formatting(launch, secret)
    except OSError as error:
        raise BrokerDidNotStart(
            did_not_start(launch, f"its settings and storage cannot be written ({error.strerror})")
        ) from error


def _secret(data_dir: Path, *, formatted: bool) -> str:
    """The secret of the storage, made if there is none yet. Raises BrokerDataUnusable, OSError."""
    if not formatted:
        return own_brokers.new_secret(data_dir)
    try:
        return own_brokers.secret_in(data_dir)
    except SecretUnusable as error:
        raise BrokerDataUnusable(error.args[0]) from error


def settings(ports: Ports, secret: str) -> str:
    """The text of `server.properties`."""
    sign_in = f'{SCRAM_MODULE} required username="{own_brokers.OWNER}" password="{secret}";'
    own = {
        "process.roles": "broker,controller",
        "node.id": str(NODE),
        "controller.quorum.voters": f"{NODE}@{HOST}:{ports.controller}",
        "listeners": f"CLIENT://{HOST}:{ports.client},CONTROLLER://{HOST}:{ports.controller}",
        "advertised.listeners": f"CLIENT://{HOST}:{ports.client}",
        "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "sasl.enabled.mechanisms": own_brokers.MECHANISM,
        # The broker is a client of both: of itself for transactions, of itself as the controller.
        "sasl.mechanism.inter.broker.protocol": own_brokers.MECHANISM,
        "sasl.mechanism.controller.protocol": own_brokers.MECHANISM,
        f"listener.name.client.{own_brokers.MECHANISM.lower()}.sasl.jaas.config": sign_in,
        f"listener.name.controller.{own_brokers.MECHANISM.lower()}.sasl.jaas.config": sign_in,
        "inter.broker.listener.name": "CLIENT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": KAFKA_LOGS,
    }
    return "".join(f"{key}={value}\n" for key, value in (own | dict(ONE_NODE_SETTINGS) | dict(THREADS)).items())


def jvm_environment() -> dict[str, str]:
    """Our environment without the exchange's settings: the broker must not see our passphrases."""
    return {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}


def did_not_start(launch: Launch, what: str) -> str:
    """The message of `BrokerDidNotStart`: the cause, the broker's last lines, and the remedy."""
    lines = last_words(launch.log_path)
    remedy = next((remedy for phrase, remedy in REMEDIES if phrase in lines), NO_REMEDY)
    if shutil.disk_usage(launch.data_dir).free < FREE_BYTES_MIN:  # then the log is empty, and names no cause
        remedy = DISK_FULL
    return f"The broker did not start: {what}. Its last lines ({launch.log_path}):\n{lines}\n{remedy}"


def last_words(log_path: Path) -> str:
    """The last lines that the broker printed, without the frames of Java stack traces."""
    try:
        text = log_path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "  (it printed nothing)"
    told = [line for line in text.splitlines() if line.strip() and not line.startswith(("\tat ", "\t... "))]
    return "\n".join(f"  {line}" for line in told[-LAST_WORDS_LINES:]) or "  (it printed nothing)"
