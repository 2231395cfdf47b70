"""An agency's profile: one TOML file, written once; and where the secret of its vault comes from.

Rules kept: the legal class has no default, because it decides what may leave; sensitive codes stay
here unless the profile switches them on; relative paths start at the profile's own directory; an
error names the file and the key, never a secret. Of the edge, only this module and the command line
know of files and of the environment.

    agency = "harbor-light"
    state = "ca"
    legal_class = "tally_only"     # individual | year_only | tally_only
    small_counts = true            # only if the agency's counsel has signed it
    vault = "harbor-light.vault"
    sensitive = ["foreign_national", "service.immigration_relief"]

    [hmis]
    gender_from_sex = true

    [kafka]
    bootstrap_servers = "kafka.example.org:9093"
    security_protocol = "SASL_SSL"
    ssl_cafile = "ca.crt"
    sasl_username = "agency-harbor-light"
    sasl_password_file = "kafka.password"

The description of a field is the rule that a person reads when the value breaks it: "agency is not
right: it is the code …". A source with settings has a section of its own in
`producers.profile_sections`, such as `HmisProfile`.
"""

import codecs
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, StrictBool, ValidationError, field_validator, model_validator

from exchange.core.counting.tables import MISSING_CODES, NOT_APPLICABLE
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.wire.topics import AGENCY_CODE
from producers.errors import ProfileInvalid
from producers.profile_mistakes import ProfileMistakes, encoding_mistake, syntax_mistake
from producers.profile_sections import TRUE_OR_FALSE, HmisProfile, KafkaProfile, ProfileSection, SheetsProfile
from producers.secret_files import Secret, read_key_file, read_private
from producers.switches import SWITCHES

PASSPHRASE_VARIABLE = "EXCHANGE_VAULT_PASSPHRASE"  # noqa: S105 - the name of a variable


class Profile(ProfileSection):
    """One agency's profile."""

    agency: str = Field(
        description='is the code agreed with the operator, such as "harbor-light": a letter a–z, then 1 to 31 letters a–z, '
        "digits or hyphens"
    )
    state: UsState = Field(
        description='is one state or territory, by its two small letters, such as "ca"; a row of a file may name another '
        "(`exchange vocabulary us_state` shows them all)"
    )
    legal_class: LegalClass = Field(
        description='is "individual", "year_only" or "tally_only", without a default: ask your counsel what you may share'
    )
    vault: Path = Field(
        description='is the path of the encrypted file that remembers what was sent, such as "harbor-light.vault"'
    )
    small_counts: StrictBool = Field(
        default=False,
        description=f"{TRUE_OR_FALSE}; true only with legal_class tally_only and your counsel's signature",
    )
    passphrase_file: Path | None = Field(
        default=None, description="is the path of a file that holds the vault's passphrase, in quotation marks"
    )
    key_file: Path | None = Field(
        default=None,
        description="is the path of the vault's key file, in quotation marks (`exchange edge init --key-file` writes one)",
    )
    sensitive: tuple[str, ...] = Field(
        default=(),
        description=f'is a list of switches, such as ["foreign_national"]; known are {", ".join(sorted(SWITCHES))}',
    )
    """Sensitive codes that may leave; the others never do."""
    hmis: HmisProfile = Field(
        default=HmisProfile(), description="is a section of its own: a line [hmis], and its keys below it"
    )
    sheets: SheetsProfile = Field(
        default=SheetsProfile(), description="is a section of its own: a line [sheets], and its keys below it"
    )
    kafka: KafkaProfile = Field(
        default=KafkaProfile(), description="is a section of its own: a line [kafka], and its keys below it"
    )

    @field_validator("agency")
    @classmethod
    def _agency_code(cls, agency: str) -> str:
        if not AGENCY_CODE.fullmatch(agency):
            raise ValueError("no agency code")
        return agency

    @field_validator("state")
    @classmethod
    def _real_state(cls, state: UsState) -> UsState:
        if state in MISSING_CODES or state == NOT_APPLICABLE:
            raise ValueError("no state")
        return state

    @field_validator("legal_class")
    @classmethod
    def _real_class(cls, legal_class: LegalClass) -> LegalClass:
        if legal_class in MISSING_CODES or legal_class == NOT_APPLICABLE:
            raise ValueError("no legal class")
        return legal_class

    @field_validator("sensitive")
    @classmethod
    def _switches(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not set(names) <= SWITCHES:
            raise ValueError("unknown switches")
        return names

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        if self.small_counts and self.legal_class is not LegalClass.tally_only:
            raise ValueError("small_counts goes with legal_class tally_only alone: remove the line")
        if self.passphrase_file and self.key_file:
            raise ValueError("passphrase_file and key_file exclude each other: remove the one that you do not use")
        if self.kafka.ssl_keyfile and not self.kafka.ssl_certfile:
            raise ValueError("kafka.ssl_keyfile needs kafka.ssl_certfile: add the certificate that the key belongs to")
        if self.hmis.all_projects_trafficking and self.hmis.projects:
            raise ValueError(
                "hmis.all_projects_trafficking = true and hmis.projects exclude each other: every project of the export would "
                "be published; remove the one that you do not mean"
            )
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """The profile of a TOML file; raises ProfileInvalid with a sentence for each mistake."""
        data = _toml(path)
        try:
            profile = cls.model_validate(data)
        except ValidationError as error:
            raise ProfileInvalid("\n".join(_mistakes(path, error))) from None
        return profile.beside(path.parent)

    def beside(self, directory: Path) -> Self:
        """The same profile with relative paths that start at this directory."""
        paths = {name: getattr(self, name) for name in ("vault", "passphrase_file", "key_file")}
        placed = {name: directory / path for name, path in paths.items() if path is not None}
        return self.model_copy(update={**placed, "kafka": self.kafka.beside(lambda path: directory / path)})

    def secret(self, ask: Callable[[], str] | None = None) -> Secret:
        """The vault's secret.

        From key_file, else the variable, else passphrase_file, else `ask`.
        """
        if self.key_file:
            return read_key_file(self.key_file)
        if passphrase := os.environ.get(PASSPHRASE_VARIABLE, ""):
            return Secret(passphrase)
        if self.passphrase_file:
            return Secret(read_private(self.passphrase_file).rstrip("\r\n"))
        return Secret(ask() if ask else "")


def _toml(path: Path) -> dict[str, object]:
    try:
        octets = path.read_bytes()
        return tomllib.loads(_text(octets))
    except FileNotFoundError:
        raise ProfileInvalid(
            f"There is no profile {path}. Check --profile, or write one as docs/PUBLISHING.md shows."
        ) from None
    except OSError as error:
        raise ProfileInvalid(f"The profile {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ProfileInvalid(encoding_mistake(path, octets[: error.start])) from None
    except tomllib.TOMLDecodeError as error:
        raise ProfileInvalid(syntax_mistake(path, _text(octets), str(error))) from None


def _text(octets: bytes) -> str:
    """The text of a file in UTF-8. Editors on Windows put a byte-order mark before it."""
    return octets.removeprefix(codecs.BOM_UTF8).decode("utf-8")


def rules_of(profile: type[BaseModel]) -> dict[str, str]:
    """Key → rule of every field; the keys of a section as `section.key`."""
    rules: dict[str, str] = {}
    for name, known in profile.model_fields.items():
        rules[name] = str(known.description)
        if isinstance(known.default, BaseModel):
            rules |= {f"{name}.{key}": rule for key, rule in rules_of(type(known.default)).items()}
    return rules


def _mistakes(path: Path, error: ValidationError) -> list[str]:
    """A sentence for each mistake, each once, in the order of the profile's keys."""
    mistakes = ProfileMistakes(path, rules_of(Profile))
    sentences: dict[str, None] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        *section, name = [part for part in problem["loc"] if isinstance(part, str)] or [""]
        key = ".".join((*section, name))
        if not name:
            sentence = f"{path}: {problem['msg'].removeprefix('Value error, ')}."
        elif problem["type"] == "extra_forbidden":
            sentence = mistakes.unknown(".".join(section), name)
        elif problem["type"] == "missing":
            sentence = mistakes.missing(key)
        else:
            sentence = mistakes.broken(key)
        sentences[sentence] = None
    return list(sentences)
