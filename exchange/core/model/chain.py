"""An agency's chain: each event carries the SHA-256 of the value bytes before it.

`Digests` is the gate's memory of a chain: the first 8 bytes of the digest of every accepted
sequence, in blocks of 512 (4 KiB a block, about 6 MB in a national year). With it the gate tells a
repeated event from a forked one, and a correction from an invention. A retracted sequence is
zeroed: it can be neither corrected again nor told from its repetition.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from exchange.core.model.bodies import Heartbeat
from exchange.core.model.period import period_text

BLOCK: Final = 512
SHORT: Final = 8
_ZERO: Final = bytes(SHORT)
ED25519_CONTEXT: Final = b"exchange heartbeat 1"


def digest_of(value: bytes) -> bytes:
    """SHA-256 of an event's value bytes, schema id included."""
    return sha256(value).digest()


def heartbeat_message(agency: str, sequence: int, previous: bytes, period: int, state: str, beat: Heartbeat) -> bytes:  # noqa: PLR0917
    """The bytes that a `Heartbeat` signs: its place in the chain, and all that it states itself.

    Each field comes after its length, so none look alike. The signature in `beat` is not looked at.
    """
    answers = (beat.scheduled, beat.reporting_minutes, beat.on_time, beat.nothing_to_report)
    stated = "|".join((period_text(period), state, str(beat.key), *map(str, answers)))
    parts = (ED25519_CONTEXT, agency.encode("ascii"), sequence.to_bytes(8, "big"), previous, stated.encode("ascii"))
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


@dataclass(frozen=True, slots=True)
class Head:
    """The last accepted event of an agency: 0 and no digest before the first."""

    sequence: int = 0
    digest: bytes = b""


@dataclass(slots=True)
class Digests:
    """Short digests of an agency's accepted sequences, by block. `changed`: not yet stored."""

    blocks: dict[int, bytearray] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)

    def put(self, sequence: int, digest: bytes) -> None:
        """Remember the digest of an accepted sequence."""
        self._write(sequence, digest[:SHORT])

    def put_all(self, first: int, digests: Sequence[bytes]) -> None:
        """Remember the digests of accepted sequences, from the first one on."""
        shorts, at = b"".join([digest[:SHORT] for digest in digests]), 0
        while at < len(digests):
            number, place = divmod(first + at, BLOCK)
            many = min(BLOCK - place, len(digests) - at)
            block = self.blocks.setdefault(number, bytearray(BLOCK * SHORT))
            block[place * SHORT : (place + many) * SHORT] = shorts[at * SHORT : (at + many) * SHORT]
            self.changed.add(number)
            at += many

    def forget(self, sequence: int) -> None:
        """Zero a retracted sequence."""
        self._write(sequence, _ZERO)

    def holds(self, sequence: int, digest: bytes) -> bool:
        """Whether this sequence was accepted with this digest and has not been retracted."""
        return self._read(sequence) == digest[:SHORT]

    def is_retracted(self, sequence: int) -> bool:
        """Whether a sequence was retracted; true also if it was never accepted."""
        return self._read(sequence) == _ZERO

    def take_changed(self) -> list[tuple[int, bytes]]:
        """The blocks that changed since the last call, to be written down."""
        taken = [(number, bytes(self.blocks[number])) for number in sorted(self.changed)]
        self.changed.clear()
        return taken

    def _write(self, sequence: int, short: bytes) -> None:
        number = sequence // BLOCK
        begin = sequence % BLOCK * SHORT
        block = self.blocks.get(number)
        if block is None:
            block = self.blocks[number] = bytearray(BLOCK * SHORT)
        block[begin : begin + SHORT] = short
        self.changed.add(number)

    def _read(self, sequence: int) -> bytes:
        number, place = divmod(sequence, BLOCK)
        block = self.blocks.get(number)
        return _ZERO if block is None else bytes(block[place * SHORT : (place + 1) * SHORT])
