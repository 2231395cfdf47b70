"""Reading the public key that an agency gives: Ed25519, as PEM, raw, hexadecimal or base64.

Rules kept: only a public key is accepted. No message repeats any part of the input, so a private
key that was given by mistake appears nowhere.
"""

import base64
import binascii
import re
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from exchange.core.errors import ExchangeError

OCTETS: Final = 32
_HEX: Final = 2 * OCTETS
_FILE_OCTETS_MAX: Final = 4096
_FILE_NAME: Final = re.compile(r"^[~./]|\\|\.[A-Za-z]{2,4}$")
"""Neither base64 nor hexadecimal has a dot or begins so; a damaged key is called no file."""
_KEY_LETTERS_MIN: Final = 40
"""A key in base64 has 43 letters: a much shorter text is meant as a file."""


class PublicKeyInvalid(ExchangeError):
    """The input is neither an Ed25519 public key nor a file that holds one."""

    hint = "Give a PEM file, 64 hexadecimal digits or 44 characters of base64, as the agency's edge prints it."


class PublicKeyFileMissing(PublicKeyInvalid):
    """The input is no public key, and there is no file of that name."""

    hint = "Check its name and folder, or give the key itself: 64 hexadecimal digits or 44 characters of base64."


class PrivateKeyGiven(ExchangeError):
    """The input is a private key. The exchange must never see one."""

    hint = "Treat it as lost: make a new key at the agency and give only the public one."


def public_key(given: str) -> bytes:
    """The 32 bytes of a key, from a file name, hexadecimal or base64.

    Raises PublicKeyInvalid, PublicKeyFileMissing, PrivateKeyGiven.
    """
    text = given.strip()
    found = _from_text(text.encode())
    if found is not None:
        return found
    try:
        path = Path(text).expanduser()
        octets = path.read_bytes() if path.is_file() and path.stat().st_size <= _FILE_OCTETS_MAX else b""
    except (OSError, ValueError, RuntimeError):  # a text that is no path at all
        octets = b""
    found = octets if len(octets) == OCTETS else _from_text(octets.strip())
    if found is None:
        raise PublicKeyFileMissing if _names_no_file(text) else PublicKeyInvalid
    return found


def _names_no_file(text: str) -> bool:
    """Whether a text is meant as the name of a file, and there is none."""
    meant = 0 < len(text) < _KEY_LETTERS_MIN or _FILE_NAME.search(text) is not None
    try:
        return meant and not Path(text).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False


def _from_text(text: bytes) -> bytes | None:
    if b"PRIVATE KEY" in text:
        raise PrivateKeyGiven
    if text.startswith(b"-----BEGIN"):
        return _from_pem(text)
    try:
        octets = bytes.fromhex(text.decode("ascii")) if len(text) == _HEX else _from_base64(text)
    except (ValueError, binascii.Error):
        return None
    return octets if len(octets) == OCTETS else None


def _from_base64(text: bytes) -> bytes:
    padded = text.replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4)
    return base64.b64decode(padded, validate=True)


def _from_pem(text: bytes) -> bytes | None:
    try:
        key = load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw) if isinstance(key, Ed25519PublicKey) else None
