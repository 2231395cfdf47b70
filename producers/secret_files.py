"""The secret of a vault, and the files that hold secrets: for their owner's eyes only.

Rules kept: no secret shows in `repr` or in an error; a file that others can read is refused, with
the command that mends it.
"""

import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from producers.errors import KeyFileMissing, PassphraseMissing, ProfileInvalid, SecretExposed

KEY_OCTETS: Final = 32
OTHERS: Final = 0o077
"""The bits of a file's mode that give rights to others than its owner."""


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


def read_key_file(path: Path) -> Secret:
    """The raw key in a file of 64 hexadecimal digits."""
    if not path.exists():
        raise KeyFileMissing(f"There is no key file {path}.")
    try:
        key = bytes.fromhex(read_private(path).strip())
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


def read_private(path: Path) -> str:
    """The text of a file that holds a secret.

    Raises SecretExposed unless its owner alone can read it.
    """
    try:
        expect_private(path)
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ProfileInvalid(f"{path}, which the profile names, cannot be read.") from None


def expect_private(path: Path) -> None:
    """Raise SecretExposed if others than its owner can read or change this file, or OSError."""
    if os.name == "posix" and path.stat().st_mode & OTHERS:
        raise SecretExposed(
            f"Others on this machine can read or change {path}. Type `chmod 600 {shlex.quote(str(path))}`."
        )
