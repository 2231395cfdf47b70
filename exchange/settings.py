"""The settings of the exchange, from environment variables `EXCHANGE_…`; read once, by the command that starts.

Nothing else reads the environment. Secrets never show in `repr`. With no `EXCHANGE_BOOTSTRAP_SERVERS` commands use the
embedded broker that `exchange up` started, or start one of their own where they say so.
"""

import ssl
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from exchange.engine.clients import ClientSettings

EMBEDDED_PARTITIONS = 4
CLUSTER_PARTITIONS = 12


class Settings(BaseSettings):
    """How to reach Kafka, and how the worker behaves."""

    model_config = SettingsConfigDict(env_prefix="EXCHANGE_", frozen=True, extra="ignore")

    bootstrap_servers: str = Field(default="", description="host:port,… of a Kafka cluster; empty: the embedded broker")
    partitions: int = Field(
        default=CLUSTER_PARTITIONS, ge=1, le=128, description="of events; fixed for the life of a cluster"
    )
    replication: int = Field(default=3, ge=1, le=9, description="replicas of every topic")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ssl_cafile: Path | None = Field(default=None, description="certificate authority of the cluster, PEM")
    ssl_certfile: Path | None = Field(default=None, description="client certificate, PEM")
    ssl_keyfile: Path | None = Field(default=None, description="key of the client certificate, PEM")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    group: str = Field(default="exchange-workers", description="consumer group in which workers share the lanes")
    silent_after_days: float = Field(default=45, gt=0, description="an agency not heard for this long raises an alert")
    batch_records: int = Field(
        default=50_000, ge=1, le=200_000, description="at most so many records in one transaction of a lane"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def at(self, bootstrap_servers: str) -> "Settings":
        """The same settings for an embedded broker: its address, four partitions, one replica."""
        return self.model_copy(
            update={"bootstrap_servers": bootstrap_servers, "partitions": EMBEDDED_PARTITIONS, "replication": 1}
        )

    def client(self, client_id: str) -> ClientSettings:
        """What a Kafka client needs."""
        context = None
        if self.security_protocol.endswith("SSL"):
            context = ssl.create_default_context(cafile=self.ssl_cafile)
            if self.ssl_certfile:
                context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile)
        password = self.sasl_password.get_secret_value() if self.sasl_password else None
        return ClientSettings(
            self.bootstrap_servers,
            client_id,
            self.security_protocol,
            context,
            self.sasl_mechanism,
            self.sasl_username,
            password,
        )
