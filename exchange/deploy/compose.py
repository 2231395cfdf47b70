"""`compose.yaml`: three brokers, two workers, and the tools of an operator, on one host.

Containers run as user 1000 without privileges. Workers and tools reach the brokers only, and
nothing outside. Secrets are files of the folder `secrets`, which `exchange deploy certificates` and
`exchange deploy credentials` make.
"""

from collections.abc import Iterator
from typing import Final

from exchange.deploy.broker_settings import (
    ADMIN,
    BROKERS,
    COMMON_SETTINGS,
    DATA,
    INSIDE,
    MECHANISM,
    NODES,
    PUBLIC,
    REPLICAS,
    SECRETS,
    broker_name,
    settings_of,
    variable_of,
)
from exchange.deploy.image import BASE, IMAGE, STATE
from exchange.deploy.yaml_text import Anchored, Node, TakenOver, yaml_text
from exchange.engine.broker.jars import KAFKA_VERSION
from exchange.engine.kafka.rights import PRINCIPALS
from exchange.settings import CLUSTER_PARTITIONS, CREDENTIALS_DIRECTORY
from exchange.wire.topics import Party

WORKERS: Final = 2
STOP_S: Final = 30
"""A worker ends by itself within 8 s; this is the engine's patience with it."""
BROKER_STOP_S: Final = 120
ALIVE: Final = "/tmp/alive"  # noqa: S108 - in a container's own memory
SECRETS_FOLDER: Final = "./secrets"
WITNESS: Final = "witness"
"""The volume of the witness files, which workers and tools of this host share."""
ADMIN_SETTINGS: Final = f"""\
# How the Kafka tools of the compose file reach the brokers: with the certificate of `{ADMIN}`.
security.protocol=SSL
ssl.keystore.type=PEM
ssl.keystore.location={SECRETS}/{ADMIN}.pem
ssl.truststore.type=PEM
ssl.truststore.location={SECRETS}/ca.crt
"""
_HEAD: Final = """\
# Made by `exchange deploy compose`. Put your own changes into compose.override.yaml, which compose
# reads too, and your values into the file .env; README.md beside this file says which.
"""


def compose_text() -> str:
    """The text of `compose.yaml`."""
    return _HEAD + yaml_text(
        {
            "name": "exchange",
            "x-contained": Anchored("contained", _CONTAINED),
            "x-broker-settings": Anchored("broker-settings", dict(_broker_variables())),
            "x-client-settings": Anchored("client-settings", _client_variables()),
            "services": {
                **{broker_name(node): _broker(node) for node in NODES},
                "worker": _worker(),
                "operator": _operator(),
                "kafka-tools": _kafka_tools(),
            },
            "networks": {
                "# Nothing in it reaches the outside, or is reached from there.": None,
                "inside": {"internal": True},
                "# Brokers only: the port for agencies and evaluators.": None,
                "outside": {},
            },
            "volumes": {
                **{broker_name(node): {} for node in NODES},
                "# What workers remember of the ledger: never in one backup with the brokers.": None,
                WITNESS: {},
            },
            "secrets": {name: {"file": f"{SECRETS_FOLDER}/{file}"} for name, file in _SECRETS.items()},
        }
    )


_CONTAINED: Final[dict[str, Node]] = {
    "restart": "unless-stopped",
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "# Logs are kept for a while and never fill the disk.": None,
    "logging": {"driver": "json-file", "options": {"max-size": "20m", "max-file": "5"}},
}
_SECRETS: Final = {
    "ca.crt": "ca.crt",
    **{f"{broker_name(node)}.pem": f"{broker_name(node)}.pem" for node in NODES},
    f"{ADMIN}.pem": f"{ADMIN}.pem",
    "worker-password": f"{PRINCIPALS[Party.WORKERS]}.password",
    "operator-password": f"{PRINCIPALS[Party.OPERATOR]}.password",
}


def _broker_variables() -> Iterator[tuple[str, Node]]:
    yield "CLUSTER_ID", "${EXCHANGE_CLUSTER_ID:?Write it into .env once; README.md says how}"
    yield "KAFKA_HEAP_OPTS", "-Xms1g -Xmx1g"
    for row in COMMON_SETTINGS:
        if row.why:
            yield f"# {row.why}", None
        yield variable_of(row.name), row.value.replace("$", "$$")


def _client_variables() -> dict[str, Node]:
    return {
        "EXCHANGE_BOOTSTRAP_SERVERS": ",".join(f"{broker_name(node)}:{INSIDE.port}" for node in NODES),
        "EXCHANGE_PARTITIONS": str(CLUSTER_PARTITIONS),
        "EXCHANGE_REPLICATION": str(REPLICAS),
        "EXCHANGE_STATE_DIR": STATE,
        "EXCHANGE_SECURITY_PROTOCOL": INSIDE.protocol,
        "EXCHANGE_SSL_CAFILE": f"{SECRETS}/ca.crt",
        "EXCHANGE_SASL_MECHANISM": MECHANISM,
        "# The password is read from a file of this folder, exchange_sasl_password.": None,
        CREDENTIALS_DIRECTORY: SECRETS,
    }


def _limits(cpus: str, memory: str, pids: int, **more: Node) -> dict[str, Node]:
    return {**more, "resources": {"limits": {"cpus": cpus, "memory": memory, "pids": pids}}}


def _broker(node: int) -> dict[str, Node]:
    """Not read-only: the start script of Apache's image writes into its own folders."""
    port = f"{node}{PUBLIC.port}"
    own = settings_of(node, public_address=f"${{EXCHANGE_PUBLIC_NAME:-localhost}}:{port}")
    listening = f"{PUBLIC.port:04X}"
    return {
        "<<": TakenOver("contained"),
        "image": f"apache/kafka:{KAFKA_VERSION}",
        "hostname": broker_name(node),
        "environment": {
            "<<": TakenOver("broker-settings"),
            **{variable_of(name): value for name, value in own.items()},
        },
        "secrets": ["ca.crt", {"source": f"{broker_name(node)}.pem", "target": "broker.pem"}],
        "volumes": [f"{broker_name(node)}:{DATA}"],
        "ports": [f"{port}:{PUBLIC.port}"],
        "networks": ["inside", "outside"],
        "ulimits": {"nofile": {"soft": 65536, "hard": 65536}},
        "# Whether the public port is open, from the kernel's list: a connection would be logged.": None,
        "healthcheck": {
            "test": ["CMD-SHELL", f"grep -qE ':{listening} [0-9A-F:]+ 0A ' /proc/net/tcp /proc/net/tcp6"],
            "interval": "10s",
            "timeout": "5s",
            "retries": 3,
            "start_period": "90s",
        },
        "# Time to hand over partitions and to close the log cleanly.": None,
        "stop_grace_period": f"{BROKER_STOP_S}s",
        "deploy": _limits("2.0", "2560M", 512),
    }


def _client(party: Party, password: str) -> dict[str, Node]:
    return {
        "<<": TakenOver("contained"),
        "image": IMAGE,
        "read_only": True,
        "tmpfs": ["/tmp:size=64m,mode=1777"],  # noqa: S108 - in a container's own memory
        "environment": {"<<": TakenOver("client-settings"), "EXCHANGE_SASL_USERNAME": PRINCIPALS[party]},
        "secrets": ["ca.crt", {"source": password, "target": "exchange_sasl_password"}],
        "volumes": [f"{WITNESS}:{STATE}"],
        "networks": ["inside"],
    }


def _worker() -> dict[str, Node]:
    client = _client(Party.WORKERS, "worker-password")
    environment = client.pop("environment")
    assert isinstance(environment, dict)
    return {
        **client,
        "build": {
            "context": "${EXCHANGE_SOURCE:-..}",
            "dockerfile": "deploy/Dockerfile",
            "args": {"BASE": f"${{EXCHANGE_BASE:-{BASE}}}"},
        },
        "command": ["worker", "--alive", ALIVE],
        "environment": {
            **environment,
            "# From what the agencies publish about themselves; fixed before the first release.": None,
            "EXCHANGE_CLIENTS_A_YEAR": "${EXCHANGE_CLIENTS_A_YEAR:-13631}",
        },
        "depends_on": {broker_name(node): {"condition": "service_healthy"} for node in NODES},
        "# The worker touches this file every 5 seconds.": None,
        "healthcheck": {
            "test": ["CMD-SHELL", f"find {ALIVE} -newermt '-30 seconds' | grep -q ."],
            "interval": "15s",
            "timeout": "5s",
            "retries": 3,
            "start_period": "120s",
        },
        "# Longer than a worker ever takes to end by itself.": None,
        "stop_grace_period": f"{STOP_S}s",
        "deploy": _limits("2.0", "1G", 256, replicas=WORKERS),
    }


def _operator() -> dict[str, Node]:
    """`docker compose run --rm operator status`, and every other command of an operator."""
    return {
        **_client(Party.OPERATOR, "operator-password"),
        "profiles": ["tools"],
        "restart": "no",
        "deploy": _limits("2.0", "2G", 256),
    }


def _kafka_tools() -> dict[str, Node]:
    """A shell with `kafka-acls.sh` and `kafka-configs.sh`, for lines that our commands print."""
    return {
        "<<": TakenOver("contained"),
        "image": f"apache/kafka:{KAFKA_VERSION}",
        "profiles": ["tools"],
        "restart": "no",
        "entrypoint": ["/bin/bash", "-eu"],
        "environment": {
            "PATH": "/opt/kafka/bin:/opt/java/openjdk/bin:/usr/local/bin:/usr/bin:/bin",
            "BOOTSTRAP": ",".join(f"{broker_name(node)}:{BROKERS.port}" for node in NODES),
            "ADMIN_CONFIG": "/etc/kafka/admin.properties",
            "KAFKA_HEAP_OPTS": "-Xmx256m",
        },
        "secrets": ["ca.crt", f"{ADMIN}.pem"],
        "volumes": ["./admin.properties:/etc/kafka/admin.properties:ro", f"{SECRETS_FOLDER}/users:/run/users:ro"],
        "networks": ["inside"],
        "deploy": _limits("2.0", "1G", 256),
    }
