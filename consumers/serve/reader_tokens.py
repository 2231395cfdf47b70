"""Tokens of readers, where the figures are not for everybody: random, and kept as SHA-256 only.

A file has one line a token: a name, a space, the digest in hexadecimal. Lines with `#` are notes.
Names are for whoever keeps the file; nothing is written down about their use.

Rules kept: a token has 256 random bits, so its hash needs no salt and no slow function; comparing
takes the same time whichever line fits; the file is its owner's alone.
"""

import base64
import binascii
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.engine.private_file import is_private, write_private

OCTETS: Final = 32
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LINE: Final = re.compile(rf"({_NAME.pattern}) ([0-9a-f]{{64}})")
_SCHEME: Final = re.compile(r"(bearer|basic) +(\S+)", re.IGNORECASE)


class TokensUnusable(ExchangeError):
    """The file of tokens cannot be used."""

    exit_code = ExitStatus.USAGE
    hint = "Make it with `exchange tokens add`. Only its owner may have rights to it (chmod 600)."


class TokenNameInvalid(ExchangeError):
    """The name of a token is a–z, digits and hyphens, 40 at most, and in the file only once."""

    exit_code = ExitStatus.USAGE
    hint = "Choose another name. To withdraw a token, delete its line and start the service again."


@dataclass(frozen=True, slots=True)
class Tokens:
    """Those of a file: (name, digest)."""

    known: tuple[tuple[str, str], ...]

    def reader(self, authorization: str) -> str | None:
        """The name of the token in a header `Authorization`; None: there is no such token.

        A token is a bearer's, or the password of any user name (RFC 7617): some clients know no
        other way.
        """
        token = _token_in(authorization)
        digest = sha256(token).hexdigest() if token else ""
        fits = [name for name, known in self.known if hmac.compare_digest(known, digest)]
        return fits[0] if fits else None


def _token_in(authorization: str) -> bytes:
    found = _SCHEME.fullmatch(authorization.strip())
    if found is None:
        return b""
    if found[1].lower() == "bearer":
        return found[2].encode()
    try:
        return base64.b64decode(found[2], validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


def read_tokens(path: Path) -> Tokens:
    """The tokens of a file. Raises TokensUnusable."""
    try:
        with path.open(encoding="ascii") as file:
            if not is_private(os.fstat(file.fileno())):
                raise TokensUnusable(f"{path} is open to others.")
            lines = [line.strip() for line in file]
    except OSError as error:
        raise TokensUnusable(f"{path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise TokensUnusable(f"{path} holds no tokens.") from None
    known = [(number, _LINE.fullmatch(line)) for number, line in enumerate(lines, 1) if line and line[0] != "#"]
    for number, found in known:
        if found is None:
            raise TokensUnusable(f"{path} line {number} is not a name and a digest.")
    return Tokens(tuple((found[1], found[2]) for _, found in known if found))


def add_token(path: Path, name: str) -> str:
    """A new token, whose digest is in the file now. It cannot be had again.

    Raises TokensUnusable and TokenNameInvalid.
    """
    known = read_tokens(path).known if path.exists() else ()
    if not _NAME.fullmatch(name) or name in dict(known):
        raise TokenNameInvalid
    token = secrets.token_urlsafe(OCTETS)
    before = path.read_bytes() if path.exists() else b""
    ended = before if not before or before.endswith(b"\n") else before + b"\n"
    try:
        write_private(path, ended + f"{name} {sha256(token.encode()).hexdigest()}\n".encode())
    except OSError as error:
        raise TokensUnusable(f"{path}: {error.strerror}.") from None
    return token
