"""The settings of the exchange: environment variables `EXCHANGE_…`, read once at the start.

Other modules read only variables that are no settings of an exchange: `producers.profile` the
passphrase of a vault (`EXCHANGE_VAULT_PASSPHRASE`), `exchange worker` a mark by which a trial ends
it (`EXCHANGE_DIE_WITH_STDIN`), and the embedded broker the machine's own (`JAVA_HOME`, `PATH`,
`XDG_…`). A variable that is not set is read from the folder `CREDENTIALS_DIRECTORY`, if that is
set: from a file such as `exchange_sasl_password`. systemd sets it for `LoadCredential=`, the
compose file for its secrets. Secrets never show in `repr`. Without `EXCHANGE_BOOTSTRAP_SERVERS`,
commands use the embedded broker that `exchange up` started, or start one of their own where their
help says so.
"""

import os
import re
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args, get_origin

from pydantic import Field, ModelWrapValidatorHandler, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.engine.encryption import IN_A_PROFILE, SaslMechanism, SecurityProtocol
from exchange.engine.kafka.clients import ClientSettings, client_at
from exchange.engine.log import OPEN_S_MAX
from exchange.engine.wall_clock import wall_ms

EMBEDDED_PARTITIONS = 4
EMBEDDED: Final = {"partitions": EMBEDDED_PARTITIONS, "replication": 1, "calendar": "off"}
CLUSTER_PARTITIONS = 12
PREFIX: Final = "EXCHANGE_"
CREDENTIALS_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"
"""The variable with the folder of secret files, in the word of systemd."""
SECURITY: Final = frozenset({"security_protocol", "sasl_username", "sasl_password"})
BROKER: Final = re.compile(r"(?:[^\s:,]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})")
PORT_MAX: Final = 65_535


class SettingInvalid(ExchangeError):
    """A setting has a wrong value. The message has its name and its rule, never the value."""

    exit_code = ExitStatus.USAGE
    hint = f"Correct the variable in the environment, or unset it. {IN_A_PROFILE}"


class Settings(BaseSettings):
    """The address of Kafka, and the behaviour of the worker."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    bootstrap_servers: str = Field(default="", description="host:port,… of a Kafka cluster; empty: the embedded broker")
    partitions: int = Field(
        default=CLUSTER_PARTITIONS, ge=1, le=128, description="of events; fixed for the life of a cluster"
    )
    replication: int = Field(default=3, ge=1, le=9, description="replicas of every topic")
    security_protocol: SecurityProtocol = "PLAINTEXT"
    ssl_cafile: Path | None = Field(default=None, description="certificate authority of the cluster, PEM")
    ssl_certfile: Path | None = Field(default=None, description="client certificate, PEM")
    ssl_keyfile: Path | None = Field(default=None, description="key of the client certificate, PEM")
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    group: str = Field(default="exchange-workers", description="consumer group in which workers share the lanes")
    silent_after_days: float = Field(
        default=45, gt=0, allow_inf_nan=False, description="an agency that sends nothing for this long raises an alert"
    )
    calendar: Literal["on", "off"] = Field(
        default="on",
        description="whether workers close each month by themselves; on an embedded broker it is off",
    )
    close_after_hours: float = Field(
        default=6,
        gt=0,
        le=240,
        allow_inf_nan=False,
        description="hours after a month's end, UTC, at which the calendar closes it",
    )
    clients_a_year: int = Field(
        default=13_631,
        ge=1,
        description="new clients a year of all agencies together, from public sources; fixed before the first release",
    )
    batch_records: int = Field(
        default=50_000, ge=1, le=200_000, description="most records in one transaction of a lane"
    )
    open_transaction_s: float = Field(
        default=OPEN_S_MAX,
        ge=1,
        le=OPEN_S_MAX,
        allow_inf_nan=False,
        description="after so long an open transaction is named as foreign; ours end within 25 s",
    )
    state_dir: Path | None = Field(
        default=None, description="folder of the witness files, beside the worker and in no backup of Kafka"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the files of `CREDENTIALS_DIRECTORY`."""
        del dotenv_settings, file_secret_settings
        files = (_secret_files(settings_cls),) if os.environ.get(CREDENTIALS_DIRECTORY) else ()
        return (init_settings, env_settings, *files)

    @field_validator("bootstrap_servers")
    @classmethod
    def _brokers(cls, servers: str) -> str:
        found = [BROKER.fullmatch(each.strip()) for each in servers.split(",")] if servers else []
        if not all(one is not None and 0 < int(one[1]) <= PORT_MAX for one in found):
            raise ValueError
        return servers

    @model_validator(mode="wrap")
    @classmethod
    def _named(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(values)
        except ValidationError as error:
            wrong = sorted({str(detail["loc"][0]) for detail in error.errors(include_input=False)})
            rules = (f"{PREFIX}{name.upper()} must be {rule_of(name)}." for name in wrong)
            raise SettingInvalid(" ".join(rules)) from None

    def at(self, bootstrap_servers: str) -> "Settings":
        """The same settings for an embedded broker: four partitions, one replica, no calendar."""
        return self.model_copy(update={"bootstrap_servers": bootstrap_servers, **EMBEDDED})

    def where_unset(self) -> "Settings":
        """Those of an embedded broker, but for what was set: its address was given."""
        return self.model_copy(update={name: EMBEDDED[name] for name in EMBEDDED.keys() - self.model_fields_set})

    @property
    def state_folder(self) -> Path:
        """`state_dir`; by default under `$XDG_STATE_HOME`, else `~/.local/state`."""
        if self.state_dir is not None:
            return self.state_dir
        root = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return Path(root) / "service-events-exchange"

    def client(self, client_id: str) -> ClientSettings:
        """The settings of a Kafka client.

        Without a setting about security, they are those of this account's broker if the address is
        its. Raises SettingInvalid, SecretUnusable, BrokerMoved, PlaintextRefused.
        """
        if not self.model_fields_set & SECURITY:
            return replace(client_at(self.bootstrap_servers, client_id), open_s_max=self.open_transaction_s)
        self._expect_sign_in()
        context = self._context() if self.security_protocol.endswith("SSL") else None
        password = self.sasl_password.get_secret_value() if self.sasl_password else None
        return ClientSettings(
            self.bootstrap_servers,
            client_id,
            self.security_protocol,
            context,
            self.sasl_mechanism,
            self.sasl_username,
            password,
            _end_of(self.ssl_certfile) if context is not None and self.ssl_certfile else None,
            self.open_transaction_s,
        )

    def _expect_sign_in(self) -> None:
        """Raise SettingInvalid where SASL lacks its user name or password."""
        if not self.security_protocol.startswith("SASL"):
            return
        given = {"SASL_USERNAME": self.sasl_username, "SASL_PASSWORD": self.sasl_password}
        if missing := [f"{PREFIX}{name}" for name, value in given.items() if not value]:
            raise SettingInvalid(
                f"{PREFIX}SECURITY_PROTOCOL is {self.security_protocol}, which needs {' and '.join(missing)}."
            )

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ssl_cafile)
        except OSError:
            raise SettingInvalid(f"{PREFIX}SSL_CAFILE must be a readable file of certificates in PEM.") from None
        if self.ssl_certfile:
            try:
                context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile)
            except OSError:
                both = f"{PREFIX}SSL_CERTFILE and {PREFIX}SSL_KEYFILE"
                raise SettingInvalid(f"{both} must be readable files in PEM: a certificate and its key.") from None
        return context


class _SecretFiles(SecretsSettingsSource):
    """Reads one file a setting; a file that cannot be read is named, never passed over."""

    def __call__(self) -> dict[str, Any]:
        try:
            return super().__call__()
        except (OSError, SettingsError):
            raise SettingInvalid(
                f"Every file in {CREDENTIALS_DIRECTORY} must be text that this user may read."
            ) from None


def _secret_files(settings_class: type[BaseSettings]) -> _SecretFiles:
    folder = Path(os.environ[CREDENTIALS_DIRECTORY])
    if not folder.is_dir():
        raise SettingInvalid(f"{CREDENTIALS_DIRECTORY} must be a folder that holds one file for each secret.")
    return _SecretFiles(settings_class, secrets_dir=folder)


def _end_of(certificate: Path) -> float:
    """When this readable certificate expires, in seconds since 1970; 0.0 before it is valid."""
    from cryptography import x509  # takes a while, which commands without a certificate do not spend

    held = x509.load_pem_x509_certificate(certificate.read_bytes())
    began = wall_ms() >= held.not_valid_before_utc.timestamp() * 1000
    return held.not_valid_after_utc.timestamp() if began else 0.0


def rule_of(name: str) -> str:
    """The values that a setting may have, from its declaration."""
    if name == "bootstrap_servers":
        return f"host:port of a broker, or several, separated by commas; a port is at most {PORT_MAX:,}"
    field = Settings.model_fields[name]
    if get_origin(field.annotation) is Literal:
        return "one of " + ", ".join(get_args(field.annotation))
    bounds = {
        bound: getattr(rule, bound) for rule in field.metadata for bound in ("ge", "gt", "le") if hasattr(rule, bound)
    }
    kind = "a whole number" if field.annotation is int else "a number" if field.annotation is float else "text"
    if {"ge", "le"} <= bounds.keys():
        return f"{kind} from {bounds['ge']} to {bounds['le']:,}"
    return f"{kind} above {bounds['gt']}" if "gt" in bounds else kind
