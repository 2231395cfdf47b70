"""The counts of all tables as one mapping with a digest, and the two ways to change it: add and restore.

Laws: fold(a + b) = merge(fold a, fold b); the order of events does not matter; a cell at zero is not there. The digest is
the sum mod 2²⁵⁶ of count × SHA-256(cell): linear, so that an increment costs one multiplication and the digest of a union
is the sum of the digests (docs/adr/0007). It detects damage, not malice.
"""

from array import array
from collections.abc import Hashable, Iterable, Mapping
from hashlib import sha256
from typing import Final, TypeVar

from exchange.core.cells import increments
from exchange.core.errors import StateDamaged
from exchange.core.events import Event

T = TypeVar("T", bound=Hashable)
MODULUS: Final = 1 << 256
_HASH: Final = 32


class Counts:
    """Cell → count, and their digest. Cells are kept in numbered slots, so that fast counting need not name them."""

    __slots__ = ("_counts", "_hashes", "_names", "_slots", "digest")

    def __init__(self) -> None:
        self._slots: dict[bytes, int] = {}
        self._names: list[bytes] = []
        self._counts = array("q")
        self._hashes = bytearray()
        self.digest = 0

    def slot(self, cell: bytes) -> int:
        """The number of a cell, the same for as long as these counts live."""
        slot = self._slots.get(cell)
        if slot is None:
            slot = self._slots[cell] = len(self._names)
            self._names.append(cell)
            self._counts.append(0)
            self._hashes += sha256(cell).digest()
        return slot

    def add(self, added: Mapping[int, int]) -> list[tuple[bytes, int]]:
        """Add increments by slot; returns the changed cells with their new counts (0: the cell is gone)."""
        counts, names, hashes = self._counts, self._names, self._hashes
        digest, number = self.digest, int.from_bytes
        changed = []
        for slot, n in added.items():
            if n:
                digest += n * number(hashes[slot * _HASH : slot * _HASH + _HASH], "big")
                counts[slot] = count = counts[slot] + n
                changed.append((names[slot], count))
        self.digest = digest % MODULUS
        return changed

    def add_cells(self, added: Iterable[tuple[bytes, int]]) -> list[tuple[bytes, int]]:
        """As `add`, by name."""
        return self.add(merge((self.slot(cell), n) for cell, n in added))

    def put(self, cell: bytes, count: int) -> None:
        """Take a cell from a snapshot, replacing what was there."""
        slot = self.slot(cell)
        self.add({slot: count - self._counts[slot]})

    def check(self, digest: int) -> None:
        """Hold the counts to a digest that was written with them; raises StateDamaged."""
        if self.digest != digest:
            raise StateDamaged

    def cells(self) -> dict[bytes, int]:
        """The counts that are not zero, by name."""
        return {name: count for name, count in zip(self._names, self._counts, strict=True) if count}


def fold(events: Iterable[tuple[str, Event]]) -> dict[bytes, int]:
    """The exact counts of (agency, event) pairs, slowly: the meaning that every faster way must equal."""
    total = merge(increment for agency, event in events for increment in increments(agency, event))
    return {cell: n for cell, n in total.items() if n}


def merge(added: Iterable[tuple[T, int]]) -> dict[T, int]:
    """Increments of equal cells summed."""
    total: dict[T, int] = {}
    for cell, n in added:
        total[cell] = total.get(cell, 0) + n
    return total
