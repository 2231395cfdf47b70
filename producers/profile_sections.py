"""The sections of an agency's profile: `[hmis]`, `[sheets]` and `[kafka]`.

Rules kept: `[kafka]` has the words and the rules of `exchange.settings`; what it names goes before
the environment. A password is never in the profile, only in a file that its owner alone can read,
and so is the private key of a certificate. The description of a field is its rule, in words.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StrictBool, field_validator

from exchange.engine.encryption import SaslMechanism, SecurityProtocol
from producers.errors import ProfileInvalid
from producers.secret_files import expect_private, read_private

ADDRESS: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
TRUE_OR_FALSE: Final = "is true or false, without quotation marks"
FILES: Final = ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "sasl_password_file")
"""The keys of `[kafka]` that are paths."""


class ProfileSection(BaseModel):
    """A part of a profile: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HmisProfile(ProfileSection):
    """How an HMIS export is read. HMIS 2026 has no gender: `gender_from_sex` reads Sex as gender.

    Every project of the export serves trafficked persons (`all_projects_trafficking`), or the
    listed `projects` do. Of a household, the head alone is a case, or `everyone` enrolled is.
    """

    gender_from_sex: StrictBool = Field(default=False, description=TRUE_OR_FALSE)
    all_projects_trafficking: StrictBool = Field(default=False, description=TRUE_OR_FALSE)
    projects: tuple[str, ...] = Field(
        default=(), description='is a list of ProjectIDs in quotation marks, such as ["17", "23"]'
    )
    household_cases: Literal["head", "everyone"] = Field(
        default="head", description='is "head" or "everyone": who of a household is a case'
    )


class SheetsProfile(ProfileSection):
    """How a spreadsheet is read. `blank_consent`: of a client of whom no row answers on consent."""

    blank_consent: Literal["publish", "keep_back"] | None = Field(
        default=None,
        description='is "publish" or "keep_back", without a default: what an empty cell of a consent column means',
    )


class KafkaProfile(ProfileSection):
    """How the agency reaches the exchange's Kafka: address, encryption, sign-in.

    A key that is left out is read from its variable, such as EXCHANGE_SSL_CAFILE; without an
    address in either, the broker of `exchange up` is used.
    """

    bootstrap_servers: str = Field(
        default="",
        description='is one text of host:port, with commas between several, such as "kafka.example.org:9093": ask the '
        "operator",
    )
    security_protocol: SecurityProtocol | None = Field(
        default=None, description='is "SASL_SSL" or "SSL"; only on this machine also "SASL_PLAINTEXT" or "PLAINTEXT"'
    )
    ssl_cafile: Path | None = Field(
        default=None,
        description='is the path of the file with the cluster\'s certificate authority, such as "ca.crt": from the operator',
    )
    ssl_certfile: Path | None = Field(
        default=None, description="is the path of your client certificate, in quotation marks"
    )
    ssl_keyfile: Path | None = Field(
        default=None,
        description="is the path of your client certificate's key, in quotation marks",
    )
    sasl_mechanism: SaslMechanism | None = Field(
        default=None, description='is "SCRAM-SHA-512", "SCRAM-SHA-256" or "PLAIN": ask the operator'
    )
    sasl_username: str | None = Field(
        default=None, min_length=1, description='is your user name at Kafka, such as "agency-harbor-light"'
    )
    sasl_password_file: Path | None = Field(
        default=None, description="is the path of a file that holds your password at Kafka, in quotation marks"
    )

    @field_validator("bootstrap_servers")
    @classmethod
    def _addresses(cls, servers: str) -> str:
        if servers and not all(_is_address(server.strip()) for server in servers.split(",")):
            raise ValueError("no addresses")
        return servers

    def beside(self, place: Callable[[Path], Path]) -> Self:
        """The same section with its paths put in place."""
        paths = {name: getattr(self, name) for name in FILES}
        return self.model_copy(update={name: place(path) for name, path in paths.items() if path is not None})

    def given(self) -> dict[str, Any]:
        """Setting of `exchange.settings` → value, for every key of the profile but the address.

        Raises ProfileInvalid, SecretExposed.
        """
        named = self.model_dump(exclude={"bootstrap_servers", "sasl_password_file"}, exclude_none=True)
        for name in FILES:
            path = getattr(self, name)
            if path is not None and not path.is_file():
                raise ProfileInvalid(f"{path}, which kafka.{name} names, cannot be read.")
        if holder := self.ssl_keyfile or self.ssl_certfile:
            expect_private(holder)
        if self.sasl_password_file is not None:
            named["sasl_password"] = SecretStr(read_private(self.sasl_password_file).rstrip("\r\n"))
        return named


def _is_address(server: str) -> bool:
    """Whether it is host:port, an IPv6 address in square brackets."""
    found = ADDRESS.fullmatch(server)
    return found is not None and 0 < int(found[1]) < 1 << 16
