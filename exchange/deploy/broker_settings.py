"""The settings of the three brokers, as a table with a reason for each.

Four listeners, each encrypted:

- `PUBLIC`, for agencies and evaluators from outside, and `INSIDE`, for workers: a user name and a
  password (SCRAM-SHA-512), and then only what `exchange topics rights` grants.
- `BROKERS` and `CONTROLLERS`: a certificate of this deployment's authority. The subject of a
  certificate is its principal. Brokers and `exchange-admin` may do everything, and nobody else has
  a certificate.

So the first passwords and rights are given like all later ones, by `exchange-admin` with a
certificate. No password has to be known to a broker before it starts.

Not promised: settings of topics. `exchange topics apply` sets those, for each topic.
"""

from dataclasses import dataclass
from typing import Final

ADMIN: Final = "exchange-admin"
"""The principal of the certificate that gives passwords and rights."""
NODES: Final = (1, 2, 3)
REPLICAS: Final = 3
IN_SYNC_REPLICAS: Final = 2
OWN_PARTITIONS: Final = 12
"""Of each topic that Kafka keeps for itself; its default, 50, is for thousands of clients."""
SECRETS: Final = "/run/secrets"
DATA: Final = "/var/lib/kafka/data"
MECHANISM: Final = "SCRAM-SHA-512"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_PREFIX: Final = "KAFKA_"


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener of each broker. `port`: inside the container."""

    name: str
    port: int
    protocol: str
    advertised: bool = True

    def at(self, host: str) -> str:
        """Its address, as Kafka writes it."""
        return f"{self.name}://{host}:{self.port}"


INSIDE: Final = Listener("INSIDE", 9092, "SASL_SSL")
PUBLIC: Final = Listener("PUBLIC", 9093, "SASL_SSL")
BROKERS: Final = Listener("BROKERS", 9094, "SSL")
CONTROLLERS: Final = Listener("CONTROLLERS", 9095, "SSL", advertised=False)
LISTENERS: Final = (INSIDE, PUBLIC, BROKERS, CONTROLLERS)


@dataclass(frozen=True, slots=True)
class BrokerSetting:
    """A row: a setting in Kafka's word, and its reason. An empty reason: see the row above."""

    name: str
    value: str
    why: str = ""


def _of_listeners() -> tuple[BrokerSetting, ...]:
    rows = []
    for listener in LISTENERS:
        prefix = f"listener.name.{listener.name.lower()}"
        if listener.protocol == "SASL_SSL":
            rows.append(BrokerSetting(f"{prefix}.sasl.enabled.mechanisms", MECHANISM))
            rows.append(BrokerSetting(f"{prefix}.{MECHANISM.lower()}.sasl.jaas.config", _SCRAM))
        else:
            rows.append(BrokerSetting(f"{prefix}.ssl.client.auth", "required"))
    return tuple(rows)


def broker_name(node: int) -> str:
    """The host name of a broker among the containers, and the subject of its certificate."""
    return f"broker-{node}"


COMMON_SETTINGS: Final[tuple[BrokerSetting, ...]] = (
    BrokerSetting("process.roles", "broker,controller", "Three nodes hold both records and metadata; one may be lost."),
    BrokerSetting("controller.quorum.voters", ",".join(f"{n}@{broker_name(n)}:{CONTROLLERS.port}" for n in NODES)),
    BrokerSetting("controller.listener.names", CONTROLLERS.name),
    BrokerSetting("inter.broker.listener.name", BROKERS.name),
    BrokerSetting("listeners", ",".join(listener.at("") for listener in LISTENERS)),
    BrokerSetting(
        "listener.security.protocol.map", ",".join(f"{one.name}:{one.protocol}" for one in LISTENERS), "All encrypted."
    ),
    BrokerSetting("log.dirs", DATA),
    BrokerSetting("ssl.keystore.type", "PEM", "Made by `exchange deploy certificates`."),
    BrokerSetting("ssl.keystore.location", f"{SECRETS}/broker.pem"),
    BrokerSetting("ssl.truststore.type", "PEM"),
    BrokerSetting("ssl.truststore.location", f"{SECRETS}/ca.crt"),
    BrokerSetting("ssl.enabled.protocols", "TLSv1.3"),
    BrokerSetting("ssl.principal.mapping.rules", "RULE:^CN=([a-z0-9-]+)$/$1/", "A certificate's subject is its name."),
    *_of_listeners(),
    BrokerSetting(
        "authorizer.class.name",
        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "Whatever `exchange topics rights` does not grant is denied.",
    ),
    BrokerSetting("allow.everyone.if.no.acl.found", "false"),
    BrokerSetting("super.users", ";".join(f"User:{name}" for name in (*map(broker_name, NODES), ADMIN))),
    BrokerSetting("auto.create.topics.enable", "false", "An inbox that Kafka made by itself would keep seven days."),
    BrokerSetting("default.replication.factor", str(REPLICAS), "A record is on two brokers before it counts as sent."),
    BrokerSetting("min.insync.replicas", str(IN_SYNC_REPLICAS)),
    BrokerSetting("unclean.leader.election.enable", "false", "A broker that lacks records never becomes the leader."),
    BrokerSetting("offsets.topic.replication.factor", str(REPLICAS)),
    BrokerSetting(
        "offsets.topic.num.partitions", str(OWN_PARTITIONS), "Two groups and a few dozen lanes; fixed for ever."
    ),
    BrokerSetting("transaction.state.log.num.partitions", str(OWN_PARTITIONS)),
    BrokerSetting("transaction.state.log.replication.factor", str(REPLICAS)),
    BrokerSetting("transaction.state.log.min.isr", str(IN_SYNC_REPLICAS)),
    BrokerSetting("log.retention.ms", "-1", "Nothing expires unless its topic is set so."),
    BrokerSetting("log.retention.bytes", "-1"),
    BrokerSetting("transaction.max.timeout.ms", "60000", "No producer can hold back readers for longer."),
    BrokerSetting(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        "1000",
        "A dead worker's work is taken over soon.",
    ),
)
"""The same for every broker."""


def settings_of(node: int, *, public_address: str, inside_host: str = "") -> dict[str, str]:
    """The settings that one broker alone has. `public_address`: host and port, from outside."""
    host = inside_host or broker_name(node)
    advertised = [listener.at(host) for listener in LISTENERS if listener.advertised and listener is not PUBLIC]
    return {
        "node.id": str(node),
        "advertised.listeners": ",".join((*advertised, f"{PUBLIC.name}://{public_address}")),
    }


def variable_of(setting: str) -> str:
    """The environment variable by which Apache's image takes a setting."""
    word = setting.replace("_", "__").replace("-", "___").replace(".", "_")
    return f"{_PREFIX}{word.upper()}"
