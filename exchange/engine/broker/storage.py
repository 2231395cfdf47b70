"""The storage of a new broker, as `kafka-storage format --add-scram` writes it, without Java.

Kafka's tool is a Java program of its own, and took a quarter of a broker's start. What it writes is
small: `meta.properties`, which names the cluster and the node, and a first snapshot of the metadata
log. The snapshot holds the level of each of Kafka's features and the broker's only user.

Rules kept: the levels are those of the pinned Kafka; a test formats with Kafka's own tool and
compares. The secret is not in the storage, only keys that were derived from it. `meta.properties`
is written last, so storage that was cut short is formatted again.

Formats: record batches (magic 2) and Kafka's message schemas `FeatureLevelRecord`,
`UserScramCredentialRecord`, `SnapshotHeaderRecord` and `SnapshotFooterRecord`.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path
from struct import pack
from typing import Final

from aiokafka.record.util import calc_crc32c, encode_varint

from exchange.engine import own_brokers
from exchange.engine.private_file import OWNER_ONLY_FOLDER, write_private

NODE: Final = 1
KAFKA_LOGS: Final = "log"  # Kafka's word for the folder of the records
IDENTITY: Final = "meta.properties"
SNAPSHOT: Final = "__cluster_metadata-0/00000000000000000000-0000000000.checkpoint"
FEATURES: Final = (
    ("metadata.version", 33),
    ("eligible.leader.replicas.version", 1),
    ("group.version", 1),
    ("share.version", 2),
    ("streams.version", 1),
    ("transaction.version", 2),
)
"""Kafka's features, with the level that a new cluster of the pinned release has."""
ITERATIONS: Final = 4096  # Kafka's least, and enough: nobody guesses 32 random bytes
SALT_BYTES: Final = 32
_CONTROL: Final = 0x20
_HEADER, _FOOTER = 3, 4
_FRAME, _FEATURE, _SCRAM = b"\x01", b"\x0c\x00", b"\x0b\x00"
_SHA_512: Final = b"\x02"
_NO_TAGS: Final = b"\x00"
_Pair = tuple[bytes | None, bytes]


def format_storage(data_dir: Path, secret: str, at_ms: int) -> None:
    """Make the storage of a cluster of one node whose only user has this secret. Raises OSError."""
    logs = data_dir / KAFKA_LOGS
    snapshot = logs / SNAPSHOT
    for folder in (logs, snapshot.parent):
        folder.mkdir(exist_ok=True, mode=OWNER_ONLY_FOLDER)
    write_private(snapshot, first_snapshot(secret, secrets.token_bytes(SALT_BYTES), at_ms))
    identity = {"version": 1, "cluster.id": new_id(), "node.id": NODE, "directory.id": new_id()}
    write_private(logs / IDENTITY, "".join(f"{key}={value}\n" for key, value in identity.items()).encode("ascii"))


def cluster_id(data_dir: Path) -> str | None:
    """The cluster id of the storage; None if it was never formatted."""
    try:
        text = (data_dir / KAFKA_LOGS / IDENTITY).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return next(
        (line.removeprefix("cluster.id=") for line in text.splitlines() if line.startswith("cluster.id=")), None
    )


def new_id() -> str:
    """Sixteen random bytes as Kafka writes them; no leading dash, which means an option."""
    while True:
        drawn = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        if not drawn.startswith("-"):
            return drawn


def first_snapshot(secret: str, salt: bytes, at_ms: int) -> bytes:
    """The bytes of the first snapshot. `salt`: of the keys; `at_ms`: now, since 1970."""
    records: list[_Pair] = [(None, _feature(name, level)) for name, level in FEATURES]
    records.append((None, _user(secret, salt)))
    header = (_control_key(_HEADER), pack(">hq", 0, at_ms) + _NO_TAGS)
    footer = (_control_key(_FOOTER), pack(">h", 0) + _NO_TAGS)
    return b"".join(
        (
            _batch(0, at_ms, [header], _CONTROL),
            _batch(1, at_ms, records),
            _batch(1 + len(records), at_ms, [footer], _CONTROL),
        )
    )


def _feature(name: str, level: int) -> bytes:
    return _FRAME + _FEATURE + _compact(name.encode("ascii")) + pack(">h", level) + _NO_TAGS


def _user(secret: str, salt: bytes) -> bytes:
    """The only user, with the keys by which SCRAM proves the secret (RFC 5802, section 3)."""
    salted = hashlib.pbkdf2_hmac("sha512", secret.encode("ascii"), salt, ITERATIONS)
    stored = hashlib.sha512(hmac.digest(salted, b"Client Key", "sha512")).digest()
    server = hmac.digest(salted, b"Server Key", "sha512")
    name = _compact(own_brokers.OWNER.encode("ascii"))
    keys = b"".join(map(_compact, (salt, stored, server)))
    return _FRAME + _SCRAM + name + _SHA_512 + keys + pack(">i", ITERATIONS) + _NO_TAGS


def _compact(octets: bytes) -> bytes:
    """A text or bytes after their length and one."""
    return _unsigned(len(octets) + 1) + octets


def _unsigned(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _control_key(kind: int) -> bytes:
    return pack(">hh", 0, kind)


def _batch(first: int, at_ms: int, records: Sequence[_Pair], attributes: int = 0) -> bytes:
    """A record batch of magic 2, from offset `first` on: no producer, no compression."""
    last = len(records) - 1
    body = pack(">hiqqqhii", attributes, last, at_ms, at_ms, -1, -1, -1, len(records))
    body += b"".join(_record(offset, *pair) for offset, pair in enumerate(records))
    return pack(">qiibI", first, len(body) + 9, 0, 2, calc_crc32c(body)) + body


def _record(offset: int, key: bytes | None, value: bytes) -> bytes:
    named = _signed(-1) if key is None else _signed(len(key)) + key
    body = b"\x00" + _signed(0) + _signed(offset) + named + _signed(len(value)) + value + _signed(0)
    return _signed(len(body)) + body


def _signed(number: int) -> bytes:
    """A number as records have it, in zigzag form."""
    found = bytearray()
    encode_varint(number, found.append)
    return bytes(found)
