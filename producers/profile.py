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

The description of a field is the rule that a person reads when the value breaks it: "agency is not
right: it is the code …". A source with settings has a section of its own, such as `HmisProfile`.
"""

import codecs
import os
import re
import shlex
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, field_validator, model_validator

from exchange.core.counting.tables import MISSING_CODES, NOT_APPLICABLE
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.wire.topics import AGENCY_CODE
from producers.errors import KeyFileMissing, PassphraseMissing, ProfileInvalid, SecretExposed
from producers.profile_mistakes import ProfileMistakes, encoding_mistake, syntax_mistake
from producers.switches import SWITCHES

PASSPHRASE_VARIABLE = "EXCHANGE_VAULT_PASSPHRASE"  # noqa: S105 - the name of a variable
KEY_OCTETS = 32
ADDRESS = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
OTHERS = 0o077
"""The bits of a file's mode that give rights to others than its owner."""
TRUE_OR_FALSE = "is true or false, without quotation marks"


@dataclass(frozen=True, slots=True)
class Secret:
    """The secret of a vault: a passphrase, or a raw key of 32 bytes.

    A passphrase is stretched at every opening (0.1 s and more).
    """

    passphrase: str = field(default="", repr=False)
    raw_key: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        """Raise PassphraseMissing when it is empty."""
        if not self.passphrase and len(self.raw_key) != KEY_OCTETS:
            raise PassphraseMissing


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HmisProfile(_Strict):
    """How an HMIS export is read. HMIS 2026 has no gender: `gender_from_sex` reads Sex as gender.

    Every project of the export serves trafficked persons (`all_projects_trafficking`), or the
    listed `projects` do.
    """

    gender_from_sex: StrictBool = Field(default=False, description=TRUE_OR_FALSE)
    all_projects_trafficking: StrictBool = Field(default=False, description=TRUE_OR_FALSE)
    projects: tuple[str, ...] = Field(
        default=(), description='is a list of ProjectIDs in quotation marks, such as ["17", "23"]'
    )


class Profile(_Strict):
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
    bootstrap_servers: str = Field(
        default="",
        description='is one text of host:port, with commas between several, such as "kafka.example.org:9093": ask the '
        "operator",
    )
    """Without it: EXCHANGE_BOOTSTRAP_SERVERS, else the embedded broker."""
    scheduled: StrictBool = Field(default=False, description=TRUE_OR_FALSE)
    """Whether this profile runs on a schedule; feeds reporting coverage."""
    sensitive: tuple[str, ...] = Field(
        default=(),
        description=f'is a list of switches, such as ["foreign_national"]; known are {", ".join(sorted(SWITCHES))}',
    )
    """Sensitive codes that may leave; the others never do."""
    hmis: HmisProfile = Field(
        default=HmisProfile(), description="is a section of its own: a line [hmis], and its keys below it"
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

    @field_validator("bootstrap_servers")
    @classmethod
    def _addresses(cls, servers: str) -> str:
        if servers and not all(_is_address(server.strip()) for server in servers.split(",")):
            raise ValueError("no addresses")
        return servers

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
        return self.model_copy(update={name: directory / path for name, path in paths.items() if path is not None})

    def secret(self, ask: Callable[[], str] | None = None) -> Secret:
        """The vault's secret.

        From key_file, else the variable, else passphrase_file, else `ask`.
        """
        if self.key_file:
            return read_key_file(self.key_file)
        if passphrase := os.environ.get(PASSPHRASE_VARIABLE, ""):
            return Secret(passphrase)
        if self.passphrase_file:
            return Secret(_read(self.passphrase_file).rstrip("\r\n"))
        return Secret(ask() if ask else "")


def _is_address(server: str) -> bool:
    """Whether it is host:port, an IPv6 address in square brackets."""
    found = ADDRESS.fullmatch(server)
    return found is not None and 0 < int(found[1]) < 1 << 16


def read_key_file(path: Path) -> Secret:
    """The raw key in a file of 64 hexadecimal digits."""
    if not path.exists():
        raise KeyFileMissing(f"There is no key file {path}.")
    try:
        key = bytes.fromhex(_read(path).strip())
    except ValueError:
        key = b""
    if len(key) != KEY_OCTETS:
        raise ProfileInvalid(f"{path} is not a key file: 64 hexadecimal digits.")
    return Secret(raw_key=key)


def write_key_file(path: Path, raw_key: bytes) -> None:
    """Write a new key file that its owner alone can read; raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(raw_key.hex() + "\n")


def _read(path: Path) -> str:
    """The text of a file that holds a secret.

    Raises SecretExposed unless its owner alone can read it.
    """
    try:
        if os.name == "posix" and path.stat().st_mode & OTHERS:
            raise SecretExposed(
                f"Others on this machine can read or change {path}. Type `chmod 600 {shlex.quote(str(path))}`."
            )
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ProfileInvalid(f"{path}, which the profile names, cannot be read.") from None


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
