"""What an agency says about itself, once, in a TOML file; and where the key of its vault comes from.

Rules kept: the legal class has no default, because it decides what may leave; whatever is sensitive is off unless the
profile switches it on; relative paths are meant from the profile's own directory; an error names the file and the key,
never a secret. Only this module and the command line know of files and of the environment.

    agency = "harbor-light"
    state = "ca"
    legal_class = "tally_only"     # individual | year_only | tally_only
    small_counts = true            # only if the agency's counsel has signed it
    vault = "harbor-light.vault"
    sensitive = ["foreign_national", "service.immigration_relief"]

    [hmis]
    gender_from_sex = true
"""

import os
import re
import shlex
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, field_validator, model_validator

from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.wire.topics import AGENCY_CODE
from producers import profile_mistakes
from producers.errors import KeyFileMissing, PassphraseMissing, ProfileInvalid, SecretExposed
from producers.switches import SWITCHES

PASSPHRASE_VARIABLE = "EXCHANGE_VAULT_PASSPHRASE"  # noqa: S105 - the name of a variable
KEY_OCTETS = 32
ADDRESS = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
OTHERS = 0o077
"""The bits of a file's mode that let anybody but its owner do anything."""
MISSING_STATES = frozenset({"not_known", "declined", "not_collected", "worker_does_not_know", "withheld_by_agency"})


@dataclass(frozen=True, slots=True)
class Secret:
    """What opens a vault: a passphrase (stretched at every opening, 0.1 s and more) or a raw key of 32 bytes."""

    passphrase: str = field(default="", repr=False)
    raw_key: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        """Raise PassphraseMissing when it is empty."""
        if not self.passphrase and len(self.raw_key) != KEY_OCTETS:
            raise PassphraseMissing


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HmisProfile(_Strict):
    """How an HMIS export is read."""

    gender_from_sex: StrictBool = Field(default=False, description="read Sex as gender: HMIS 2026 has no gender")
    all_projects_trafficking: StrictBool = Field(
        default=False, description="every project of the export serves trafficked persons"
    )
    projects: tuple[str, ...] = Field(default=(), description="the projects that do, where not all do")


class Profile(_Strict):
    """One agency's profile."""

    agency: str = Field(description="the code that the operator registered")
    state: UsState = Field(description="where the agency works; a row may name another state")
    legal_class: LegalClass = Field(description="individual, year_only or tally_only")
    vault: Path = Field(description="the encrypted file that keeps what was sent")
    small_counts: StrictBool = Field(
        default=False, description="tallies may hold counts of 1–10: counsel has signed it"
    )
    passphrase_file: Path | None = None
    key_file: Path | None = Field(
        default=None, description="32 random bytes instead of a passphrase: `exchange edge init --key-file`"
    )
    bootstrap_servers: str = Field(
        default="", description="host:port,… (default: EXCHANGE_BOOTSTRAP_SERVERS, else the embedded broker)"
    )
    scheduled: StrictBool = Field(default=False, description="runs on a schedule: feeds reporting coverage")
    sensitive: tuple[str, ...] = Field(default=(), description="what is off unless it is named here")
    hmis: HmisProfile = HmisProfile()

    @field_validator("agency")
    @classmethod
    def _agency_code(cls, agency: str) -> str:
        if not AGENCY_CODE.fullmatch(agency):
            raise ValueError("no agency code")
        return agency

    @field_validator("state")
    @classmethod
    def _real_state(cls, state: UsState) -> UsState:
        if state in MISSING_STATES or state == "not_applicable":
            raise ValueError("no state")
        return state

    @field_validator("legal_class")
    @classmethod
    def _real_class(cls, legal_class: LegalClass) -> LegalClass:
        if legal_class in MISSING_STATES or legal_class == "not_applicable":
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
        """The same profile with relative paths meant from this directory."""
        paths = {name: getattr(self, name) for name in ("vault", "passphrase_file", "key_file")}
        return self.model_copy(update={name: directory / path for name, path in paths.items() if path is not None})

    def secret(self, ask: Callable[[], str] | None = None) -> Secret:
        """What opens the vault: key_file, else the variable, else passphrase_file, else what `ask` returns."""
        if self.key_file:
            return read_key_file(self.key_file)
        if passphrase := os.environ.get(PASSPHRASE_VARIABLE, ""):
            return Secret(passphrase)
        if self.passphrase_file:
            return Secret(_read(self.passphrase_file).rstrip("\r\n"))
        return Secret(ask() if ask else "")


def _is_address(server: str) -> bool:
    """Whether it is host:port; an IPv6 address stands in square brackets."""
    found = ADDRESS.fullmatch(server)
    return found is not None and 0 < int(found[1]) < 1 << 16


def read_key_file(path: Path) -> Secret:
    """The raw key of a file of 64 hexadecimal digits."""
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
    """A file that holds a secret; raises SecretExposed where its owner is not the only one who can read it."""
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
        return tomllib.loads(octets.decode("utf-8"))
    except FileNotFoundError:
        raise ProfileInvalid(
            f"There is no profile {path}. Check --profile, or write one as docs/PUBLISHING.md shows."
        ) from None
    except OSError as error:
        raise ProfileInvalid(f"The profile {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ProfileInvalid(profile_mistakes.encoding_mistake(path, octets[: error.start])) from None
    except tomllib.TOMLDecodeError as error:
        raise ProfileInvalid(profile_mistakes.syntax_mistake(path, str(error))) from None


def _mistakes(path: Path, error: ValidationError) -> list[str]:
    """A sentence for each mistake, each once, in the order of the profile's keys."""
    said: dict[str, None] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        *section, name = [part for part in problem["loc"] if isinstance(part, str)] or [""]
        key = ".".join((*section, name))
        if not name:
            sentence = f"{path}: {problem['msg'].removeprefix('Value error, ')}."
        elif problem["type"] == "extra_forbidden":
            sentence = profile_mistakes.unknown(path, ".".join(section), name)
        elif problem["type"] == "missing":
            sentence = profile_mistakes.missing(path, key)
        else:
            sentence = profile_mistakes.broken(path, key)
        said[sentence] = None
    return list(said)
